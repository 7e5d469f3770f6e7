"""The papers of a transfer, a review and a hand-over as editable drafts (DOCX): what their PDFs say."""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.exchange.drawing import file_stem, paper_text
from edms.exchange.removal_papers import STEM, is_removal, removal_text
from edms.records.archive import Archive
from edms.records.office_draft import NamedDraft, draft_of
from edms.records.oversight import looking
from edms.records.proceedings import decided_proceeding


def draft_proceeding_paper(actor: Actor | None, archive: Archive, proceeding_id: UUID, kind: str) -> NamedDraft:
    """Return a paper that is drawn up, as a DOCX, to whoever may have its record without a mark (R20).

    Raises NotFound for what is not drawn up, is of a proceeding that the actor may not see, or would be marked; for the
    receipt too, which is the receiver's.
    """
    with archive.door.disclose(actor, looking(actor, Action.CUSTODY_VIEW)) as operation:
        row = decided_proceeding(operation, proceeding_id)
        papers = {paper.kind: paper for paper in row.papers}
        if kind not in papers or kind == "receipt":
            raise NotFound()
        if is_removal(kind):
            text = removal_text(operation.session, archive, row, kind)
            return draft_of(operation, papers[kind].record, text, STEM)
        text = paper_text(row, kind, {name: paper.sha256 for name, paper in papers.items()})
        return draft_of(operation, papers[kind].record, text, file_stem(kind))
