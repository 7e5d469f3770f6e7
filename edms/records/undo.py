"""Taking back what was confirmed, until it is declared. What was said before lies sealed beside the record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotFound, Refused
from edms.jobs.model import Job, JobState
from edms.jobs.queue import wait
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.filing_model import EarlierDescription
from edms.records.model import Record, RecordState
from edms.records.sealed_rows import seal_row, unseal_row
from edms.records.searching import INDEX_TOPIC
from edms.records.visible import decided_record, visible_to

MOST_PENDING = 500
DESCRIBED = (
    "title", "class_code", "class_title", "class_edition", "level", "kip", "number", "document_date", "sender",
    "recipient", "record_type", "development", "medium", "language", "who_may",
)  # fmt: skip
SEALING = ("classify", "seal")
"""The steps of capture that a description is complete for; a record in an earlier one is still being read."""
_PURPOSE = b"edms:earlier-description:1:"


@dataclass(frozen=True)
class Described:
    """How a record was described at one time; dates as YYYY-MM-DD."""

    values: dict[str, str | None]

    @classmethod
    def of(cls, record: Record) -> "Described":
        found = {name: getattr(record, name) for name in DESCRIBED}
        return cls({name: str(value) if isinstance(value, date) else value for name, value in found.items()})

    def restore(self, record: Record) -> None:
        for name in DESCRIBED:
            value = self.values.get(name)
            setattr(record, name, date.fromisoformat(value) if value and name == "document_date" else value)


def locked_job(session: Session, record_id: UUID) -> Job | None:
    """Return the job of a record, held until the transaction ends. Taken before the record, as the worker does."""
    query = select(Job).where(Job.subject_id == record_id).with_for_update()
    return session.scalars(query).one_or_none()


def keep_earlier(operation: Operation, archive: Archive, record: Record, earlier: Described) -> datetime | None:
    """Keep what was said before, and return until when the seal is to wait; None when it need not.

    Of several confirmations the first one's earlier description stays: it is what the queue showed.
    """
    seconds = archive.settings.capture.undo_seconds
    if not seconds:
        return None
    until = operation.now + timedelta(seconds=seconds)
    kept = operation.session.get(EarlierDescription, record.id)
    if kept is not None:
        kept.until, kept.confirmed_by = until, operation.actor.id
        return until
    content = seal_row(archive, json.dumps(earlier.values).encode(), _PURPOSE + record.id.bytes)
    operation.session.add(
        EarlierDescription(record_id=record.id, confirmed_by=operation.actor.id, until=until, sealed=content)
    )
    return until


def forget_earlier(session: Session, record_id: UUID) -> None:
    """Nothing is to be taken back any more: the record is declared, or back in the queue."""
    session.execute(delete(EarlierDescription).where(EarlierDescription.record_id == record_id))


def undo(actor: Actor | None, archive: Archive, record_id: UUID) -> None:
    """Take back the confirmation of a record: it waits for its description again, as it was described before.

    Raises NotFound, or Refused when the record is declared or nothing of it was confirmed.
    """
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        job = locked_job(operation.session, record_id)
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record_id, "record.description_undone")
        if record.state == RecordState.DECLARED.value:
            raise Refused("the record stands as it was declared", "what is declared is evidence and cannot be edited")
        kept = operation.session.get(EarlierDescription, record_id)
        if kept is None or job is None or job.state != JobState.READY.value:
            raise Refused("there is nothing to take back", "describe the record again")
        Described(json.loads(unseal_row(archive, kept.sealed, _PURPOSE + record_id.bytes))).restore(record)
        if job.step in SEALING:
            wait(job, "classify")
        record.version += 1
        forget_earlier(operation.session, record_id)
        operation.outbox(INDEX_TOPIC, record_id)


def undo_many(actor: Actor | None, archive: Archive, record_ids: Sequence[UUID]) -> tuple[int, list[EdmsError]]:
    """Take back the confirmations of several records, each by itself; return how many, and why others were not."""
    archive.door.permit(actor, Action.RECORD_SEARCH)
    refused: list[EdmsError] = []
    for record_id in record_ids:
        try:
            undo(actor, archive, record_id)
        except (Refused, NotFound) as error:
            refused.append(error)
    return len(record_ids) - len(refused), refused


@dataclass(frozen=True)
class Pending:
    """Confirmed by one person and not yet sealed: `until`, the first of them can surely be taken back."""

    records: tuple[tuple[UUID, str], ...]
    until: datetime


def pending_of(actor: Actor | None, archive: Archive) -> Pending | None:
    """Return what the actor confirmed just now and can still take back, with titles; None for nothing."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("list", "confirmed", LISTED)
        operation.seldom()
        query = select(Record.id, Record.title, EarlierDescription.until).join(
            EarlierDescription, EarlierDescription.record_id == Record.id
        )
        query = query.where(
            EarlierDescription.confirmed_by == operation.actor.id,
            EarlierDescription.until > operation.now,
            Record.state == RecordState.PENDING.value,
            visible_to(scope),
        )
        rows = operation.session.execute(query.order_by(EarlierDescription.until.desc()).limit(MOST_PENDING)).all()
    if not rows:
        return None
    return Pending(tuple((one, title) for one, title, _until in rows), min(until for _one, _title, until in rows))


def undo_of(actor: Actor | None, archive: Archive, record_id: UUID) -> datetime | None:
    """Return until when the description of a record can surely be taken back; None when it cannot. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_CLASSIFY) as operation:
        decided_record(operation, record_id)
        return undoable_until(operation.session, [record_id]).get(record_id)


def undoable_until(session: Session, record_ids: list[UUID]) -> dict[UUID, datetime]:
    """Return which of these wait for their seal and can be taken back, and until when they surely can."""
    query = select(EarlierDescription).where(EarlierDescription.record_id.in_(record_ids))
    return {row.record_id: row.until for row in session.scalars(query)}
