"""The steps of a redaction that workers make: its pages are covered and read anew some at a time, then joined, looked
at as a whole and sealed. What comes to nothing is a draft again, with the reason; the record stays what it is.
"""

import json
from functools import partial

from sqlalchemy.orm import joinedload, selectinload

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.capture.results import StepResult, Unfit
from edms.capture.states import Step
from edms.core.errors import Refused
from edms.core.sandbox import SandboxFault
from edms.jobs.model import Lane
from edms.jobs.queue import Claim, held
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import seal_bytes
from edms.records.contents import open_watched
from edms.records.model import Component, ComponentRole, Record
from edms.records.page_ranges import forget_ranges, ranges_of
from edms.records.range_model import PageRange
from edms.records.redaction_make import keep, left_in, redactor_of, sealed, sides_of
from edms.records.redaction_model import Redaction
from edms.records.redaction_work import fail, give_back, numbered
from edms.records.redactions import areas_in, base_of, terms_of
from edms.text.reader import problem_of
from edms.text.redactor import RedactedDocument
from edms.vault.model import StoredBlob
from edms.vault.rows import add_blob

NOT_MADE = "not_redacted"


def redact_pages(archive: Archive, claimed: Claim) -> StepResult:
    """Cover the next pages and read them anew; after the last ones the whole is joined."""
    row, ranges = _loaded(archive, claimed)
    todo = [one for one in ranges if one.pdf_id is None]
    part = _base(row)
    first, last, count = todo[0].first, todo[0].last, ranges[-1].last
    # Areas of other pages are not of this piece; whether they lie on a page at all is seen in its turn.
    areas = sides_of([one for one in areas_in(row) if first <= one.page <= last or one.page > count])
    try:
        with open_watched(archive, part.blob.sealed()) as stream:
            drawn = redactor_of(archive).draw(stream, part.media_type, areas, first, last)
    except Refused as refused:
        raise _unfit(refused) from refused
    if drawn.of != count:
        raise Unfit(NOT_MADE, "there is a newer copy of its pages")
    told = {"pages": drawn.told, "recognised": drawn.recognised}
    pieces = [
        seal_bytes(archive, content, ComponentRole.REDACTED) for content in (drawn.pdf, json.dumps(told).encode())
    ]

    def write(operation: Operation) -> Step:
        known = operation.session.get_one(PageRange, todo[0].id)
        for piece in pieces:
            add_blob(operation.session, archive.vault, piece, operation.now)
        operation.session.flush()
        known.pdf_id, known.text_id = (piece.blob_id for piece in pieces)
        return Step.REDACT_PAGES if todo[1:] else Step.REDACT_JOIN

    noted = {"redaction": str(row.id), "first": first, "last": last}
    return StepResult("redaction.pages_made", write, noted, Lane.LONG, row.record_id)


def redact_join(archive: Archive, claimed: Claim) -> StepResult:
    """Join the pieces, look at the whole, look for the terms, seal it, and bind it to the record."""
    row, ranges = _loaded(archive, claimed)
    _base(row)
    terms = terms_of(archive, row)
    try:
        made = _joined(archive, ranges)
    except Refused as refused:
        raise _unfit(refused) from refused
    left = left_in(made, terms)
    if left:
        named = {numbered(terms, term): pages for term, pages in left.items()}
        told = "; ".join(f"{name} ({pages})" if pages else name for name, pages in named.items())
        raise Unfit(NOT_MADE, f"it could still be read in what was made: {told}")
    kept = sealed(archive, made)
    noted: dict[str, object] = {}

    def write(operation: Operation) -> None:
        known = operation.session.get_one(Redaction, row.id, with_for_update=True)
        _base(known)
        noted.update(keep(operation, archive, known, made, kept), by=known.made_by)
        forget_ranges(operation.session, known.record_id)

    return StepResult("redaction.made", write, noted, record_id=row.record_id)


def not_made(archive: Archive, claimed: Claim, unfit: Unfit) -> None:
    """Make a draft of it again; the reason stays with the job, for whoever asked for it."""
    with archive.door.write(system_actor("capture"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        held(operation.session, claimed)
        row = operation.session.get_one(Redaction, claimed.subject_id, with_for_update=True)
        give_back(operation.session, row)
        fail(operation.session, archive, row.id, unfit.message)
        operation.about("record", row.record_id, "redaction.not_made")
        operation.note(redaction=str(row.id))


def _loaded(archive: Archive, claimed: Claim) -> tuple[Redaction, list[PageRange]]:
    with archive.database.reader() as session:
        parts = joinedload(Redaction.record).options(
            joinedload(Record.office), selectinload(Record.components).joinedload(Component.blob)
        )
        row = session.get_one(Redaction, claimed.subject_id, options=[parts])
        return row, ranges_of(session, row.record_id)


def _base(row: Redaction) -> Component:
    """Return the copy that is covered. Raises Unfit when it is not the one any more on which areas were marked."""
    try:
        part = base_of(row.record)
    except Refused as refused:
        raise _unfit(refused) from refused
    if part.blob.sha256 != row.base_sha256:
        raise Unfit(NOT_MADE, "there is a newer copy of its pages")
    return part


def _joined(archive: Archive, ranges: list[PageRange]) -> RedactedDocument:
    """Join the pieces and look at the whole. Raises Refused."""
    with archive.database.reader() as session:
        blobs = [(session.get_one(StoredBlob, one.pdf_id), session.get_one(StoredBlob, one.text_id)) for one in ranges]
    told = []
    for _pdf, beside in blobs:
        with archive.vault.open(beside.sealed()) as stream:
            told.append(json.loads(stream.read()))
    redactor = redactor_of(archive)
    content = redactor.join([partial(archive.vault.open, pdf.sealed()) for pdf, _beside in blobs])
    pages = [page for piece in told for page in piece["pages"]]
    return redactor.checked(content, pages, recognised=all(piece["recognised"] for piece in told))


def _unfit(refused: Refused) -> Unfit:
    """What a refusal means for the job: a parser that was killed has cost one attempt."""
    again = isinstance(refused.__cause__, SandboxFault) and problem_of(refused.__cause__).again
    return Unfit(NOT_MADE, refused.message, again=again)
