"""Documents that are photographed: photographs on their way in, looked at, and made one record in the order given.

A photograph comes like every upload in pieces and then waits, sealed in the staging folder, until its document is
sent. The photographs are the original, bit for bit; the straightened PDF is a copy made of them (ADR 0063).
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import PHOTOGRAPH, IncomingFile, Placement
from edms.capture.model import Upload
from edms.capture.uploads import PAGE, ChecksumMismatch, UploadState, decided_upload, note_outcome, unfinished
from edms.core.errors import LimitExceeded, Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, Record
from edms.text.photograph_reader import LONGEST_PREVIEW, Look, PageParameters, PhotographFault, PhotographReader

__all__ = ["PageParameters"]


@dataclass(frozen=True)
class ChosenPage:
    """A photograph of a document, and how its page is made."""

    upload_id: UUID
    parameters: PageParameters


def waiting_photographs(actor: Actor | None, archive: Archive) -> list[UploadState]:
    """Return the actor's photographs that have no document yet, oldest first; those under way too."""
    return unfinished(actor, archive, PAGE)


def look_at_photograph(actor: Actor | None, archive: Archive, upload_id: UUID) -> Look:
    """Find the page in one's own photograph. Raises NotFound, Refused (not all there, no picture)."""
    row = _whole(actor, archive, upload_id)
    with _opened(archive, row) as stream:
        return reader_of(archive).look(stream)


def preview_page(actor: Actor | None, archive: Archive, upload_id: UUID, told: PageParameters | None) -> bytes:
    """Return the page of one's own photograph as it will be, small, as JPEG. Raises NotFound, Refused."""
    row = _whole(actor, archive, upload_id)
    if told is None:
        raise Refused("the corners do not enclose a page", "move them to the corners of the page")
    with _opened(archive, row) as stream:
        return reader_of(archive).page(stream, told, LONGEST_PREVIEW).jpeg


def send_photographs(
    actor: Actor | None, archive: Archive, pages: list[ChosenPage], title: str, placement: Placement
) -> Accepted:
    """Make one record of photographs, in this order; durable when it returns. Sent again it is the same record.

    `title` may be empty and follow later. Raises NotFound, Refused, UploadBusy and whatever `accept` raises.
    """
    facts = RecordFacts(placement.office_id, placement.level, Stage.PENDING)
    archive.door.permit(actor, Action.RECORD_CAPTURE, facts)
    _require_countable(archive, pages)
    rows = [_whole(actor, archive, page.upload_id) for page in pages]
    sent = {row.record_id for row in rows}
    if None not in sent and len(sent) == 1:
        return _as_before(actor, archive, facts, rows)
    if sent != {None}:
        raise Refused("a photograph is in another document already", "take it out, or photograph the page again")
    with contextlib.ExitStack() as held:
        for row in sorted(rows, key=lambda row: row.id):
            held.enter_context(archive.staging.held(row.id))
        files = [
            IncomingFile(row.name, held.enter_context(_staged(archive, row)), row.length,
                         facts={PHOTOGRAPH: {"page": number, **page.parameters.as_dict()}})
            for number, (row, page) in enumerate(zip(rows, pages, strict=True), 1)
        ]  # fmt: skip
        described = replace(placement, description=replace(placement.description, title=title.strip()[:500] or None))
        accepted = accept(actor, archive, files[0], described, _settling(rows), None, files[1:])
    _forget(archive, rows)
    return accepted


def reader_of(archive: Archive) -> PhotographReader:
    return PhotographReader(archive.sandbox, archive.settings.text)


def _require_countable(archive: Archive, pages: list[ChosenPage]) -> None:
    if not pages:
        raise Refused("no page was photographed")
    if len({page.upload_id for page in pages}) != len(pages):
        raise Refused("a photograph can be one page only")
    most = archive.settings.capture.max_photographs
    if len(pages) > most:
        raise LimitExceeded(
            f"a document has at most {most} photographs", "divide it, or raise [capture] max_photographs"
        )


def _whole(actor: Actor | None, archive: Archive, upload_id: UUID) -> Upload:
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        row = decided_upload(operation, upload_id)
    if row.purpose != PAGE:
        raise Refused("this upload is no photograph")
    if row.record_id is None and archive.staging.offset(row.id) != row.length:
        raise Refused("the photograph is not all here yet", "wait until it has been sent")
    return row


@contextlib.contextmanager
def _opened(archive: Archive, row: Upload) -> Iterator[BinaryIO]:
    """Open a photograph for the sandbox; what the sandbox cannot do is told as a refusal."""
    if row.record_id is not None:
        raise Refused("a photograph is in another document already", "take it out, or photograph the page again")
    try:
        with _staged(archive, row) as stream:
            yield stream
    except PhotographFault as fault:
        raise Refused(fault.problem.message, "take it again, or leave it out") from fault


def _staged(archive: Archive, row: Upload) -> BinaryIO:
    return archive.staging.open(row.id, row.length)


def _forget(archive: Archive, rows: list[Upload]) -> None:
    """Remove what was staged: the record has it now."""
    for row in rows:
        archive.staging.remove(row.id)


def _as_before(actor: Actor | None, archive: Archive, facts: RecordFacts, rows: list[Upload]) -> Accepted:
    """The answer that was lost. Nothing is done again but what a kill after the commit left undone."""
    row = rows[0]
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(facts)
        record = operation.session.get_one(Record, row.record_id)
    _forget(archive, rows)
    return Accepted(record.id, record.state, row.sha256 or "", row.length, row.outcome == "duplicate", repeated=True)


def _settling(rows: list[Upload]):  # type: ignore[no-untyped-def]
    """Let every photograph learn of its record in the transaction that makes it."""

    def settle(operation: Operation, accepted: Accepted) -> None:
        ids = [row.id for row in rows]
        query = select(Upload).where(Upload.id.in_(ids)).order_by(Upload.id).with_for_update()
        found = {row.id: row for row in operation.session.scalars(query)}
        if len(found) != len(ids) or any(row.record_id is not None for row in found.values()):
            raise Refused("a photograph is in another document already", "take it out, or photograph the page again")
        if not accepted.duplicate:
            _require_digests(operation, accepted, [found[one] for one in ids])
        for row in found.values():
            note_outcome(row, accepted)
        operation.note(photographs=len(ids))

    return settle


def _require_digests(operation: Operation, accepted: Accepted, rows: list[Upload]) -> None:
    operation.session.flush()
    parts = select(Component).where(Component.record_id == accepted.record_id).order_by(Component.position)
    for part, row in zip(operation.session.scalars(parts), rows, strict=True):
        if row.claimed_sha256 is not None and row.claimed_sha256 != part.blob.sha256:
            raise ChecksumMismatch("the file did not arrive as it was sent", "send it again from its beginning")
