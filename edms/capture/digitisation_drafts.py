"""The papers of a digitisation as editable drafts (DOCX): what their PDFs say."""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.digitisation_close import file_stem, paper_text
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.digitisations import decided_digitisation
from edms.records.office_draft import NamedDraft, draft_of


def draft_digitisation_paper(actor: Actor | None, archive: Archive, digitisation_id: UUID, kind: str) -> NamedDraft:
    """Return list or berita acara, once it is drawn up, as a DOCX, to whoever may have its record without a mark (R20).

    Raises NotFound for what is not drawn up, is of a digitisation that the actor may not see, or would be marked.
    """
    with archive.door.disclose(actor, Action.DIGITISATION_VIEW) as operation:
        row = decided_digitisation(operation, digitisation_id)
        papers = {paper.kind: paper for paper in row.papers}
        if kind not in papers:
            raise NotFound()
        text = paper_text(archive, row, kind, {name: paper.sha256 for name, paper in papers.items()})
        return draft_of(operation, papers[kind].record, text, file_stem(kind))
