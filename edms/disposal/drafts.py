"""The papers of a destruction as editable drafts (DOCX): what their PDFs say, for an office with a form of its own."""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.disposal.batches import decided_batch
from edms.disposal.papers import file_stem, paper_text
from edms.records.archive import Archive
from edms.records.office_draft import NamedDraft, draft_of
from edms.records.oversight import looking


def draft_paper(actor: Actor | None, archive: Archive, batch_id: UUID, kind: str) -> NamedDraft:
    """Return a paper that is drawn up, as a DOCX, to whoever may have its record without a mark (R20).

    Raises NotFound for what is not drawn up, is of a batch that the actor may not see, or would be marked.
    """
    with archive.door.disclose(actor, looking(actor, Action.DISPOSAL_VIEW)) as operation:
        batch = decided_batch(operation, batch_id)
        papers = {paper.kind: paper for paper in batch.papers}
        if kind not in papers:
            raise NotFound()
        text = paper_text(archive, batch, kind, {name: paper.sha256 for name, paper in papers.items()})
        return draft_of(operation, papers[kind].record, text, file_stem(kind))
