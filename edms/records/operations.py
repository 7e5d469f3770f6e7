"""What people do with records: describe, hold, note events, folders. Each takes the actor first."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action, RecordFacts, Stage
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.jobs.model import Job, JobState
from edms.jobs.queue import resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import check_kip, checked_class
from edms.records.facts import decided_record
from edms.records.model import Folder, Record, RecordState, TriggerEvent
from edms.records.retention import store_due_date
from edms.records.searching import INDEX_TOPIC
from edms.retention.types import TriggerType


@dataclass(frozen=True)
class Changes:
    """What a clerk says of a record before it is declared. None leaves a field as it is."""

    title: str | None = None
    class_code: str | None = None
    level: Level | None = None
    kip: str | None = None
    number: str | None = None
    document_date: date | None = None
    sender: str | None = None
    recipient: str | None = None
    record_type: str | None = None
    development: str | None = None
    medium: str | None = None
    language: str | None = None


_PLAIN_FIELDS = (
    "title", "kip", "number", "document_date", "sender", "recipient", "record_type", "development", "medium",
    "language",
)  # fmt: skip


def describe(actor: Actor | None, archive: Archive, record_id: UUID, changes: Changes) -> None:
    """Describe and classify a record that is not yet declared; with class and level given it goes on to be sealed.

    Raises NotFound, or Refused when the record is declared already or the description contradicts itself.
    """
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        record = decided_record(operation, record_id, lock=True)
        if record.state != RecordState.PENDING.value:
            raise Refused("the record stands as it was declared", "what is declared is evidence and cannot be edited")
        changed = _apply(operation, archive, record, changes)
        if record.class_code and record.level:
            _resume_after_classification(operation, archive, record)
        record.version += 1
        operation.outbox(INDEX_TOPIC, record.id)
        operation.note(fields=sorted(changed))


def _apply(operation: Operation, archive: Archive, record: Record, changes: Changes) -> set[str]:
    changed = set()
    if changes.class_code:
        chosen = checked_class(operation.session, changes.class_code, archive.clock.today())
        record.class_code, record.class_title, record.class_edition = chosen.code, chosen.title, chosen.edition
        if record.level is None and changes.level is None and chosen.default_level:
            _set_level(operation, record, Level(chosen.default_level))
        changed.add("class")
    if changes.level:
        _set_level(operation, record, changes.level)
        changed.add("level")
    for name in _PLAIN_FIELDS:
        value = getattr(changes, name)
        if value is not None and value != getattr(record, name):
            setattr(record, name, value)
            changed.add(name)
    check_kip(Level(record.level) if record.level else None, record.kip)
    return changed


def _set_level(operation: Operation, record: Record, level: Level) -> None:
    """Nobody may put a record above the own clearance, where it would vanish from the own sight."""
    operation.decide(RecordFacts(record.office_id, level, Stage(record.state)))
    record.level = level.value


def _resume_after_classification(operation: Operation, archive: Archive, record: Record) -> None:
    job = operation.session.scalars(select(Job).where(Job.subject_id == record.id)).one_or_none()
    if job is not None and job.state == JobState.WAITING.value:
        resume(job, archive.clock, job.step)


def record_event(
    actor: Actor | None,
    archive: Archive,
    record_id: UUID,
    kind: TriggerType,
    happened_on: date,
    evidence: str,
    label: str = "",
) -> UUID:
    """Note an event from which retention counts. It counts only once another person has verified it."""
    if not evidence.strip():
        raise Refused("an event needs its evidence", "name the decree, minutes or letter that shows it")
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        record = decided_record(operation, record_id, lock=True)
        event = TriggerEvent(
            id=new_id(archive.clock),
            record_id=record.id,
            type=kind.value,
            label=label,
            happened_on=happened_on,
            evidence=evidence[:500],
            recorded_by=operation.actor.id,
            recorded_at=operation.now,
        )
        operation.session.add(event)
        operation.about("record", record.id, "record.event_recorded")
        operation.note(event=str(event.id), type=kind.value, happened_on=happened_on.isoformat())
        return event.id


def verify_event(actor: Actor | None, archive: Archive, event_id: UUID) -> None:
    """Confirm an event that somebody else noted; the record's due date follows at once (R88)."""
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        event = operation.session.get(TriggerEvent, event_id, with_for_update=True)
        if event is None:
            raise NotFound()
        record = decided_record(operation, event.record_id, lock=True)
        if event.recorded_by == operation.actor.id:
            raise Refused("an event is verified by somebody else than the one who noted it", "ask a colleague")
        if event.verified_at is not None or event.voided_at is not None:
            raise Refused("the event is verified or voided already")
        event.verified_by, event.verified_at = operation.actor.id, operation.now
        operation.session.flush()
        store_due_date(operation.session, archive, record)
        operation.about("record", record.id, "record.event_verified")
        operation.note(event=str(event.id))


def open_folder(
    actor: Actor | None, archive: Archive, office_id: UUID, code: str, title: str, class_code: str, level: Level
) -> UUID:
    """Open a folder (berkas) of one matter; records filed in it inherit its class (R10)."""
    with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
        operation.decide(RecordFacts(office_id, level, Stage.PENDING))
        checked_class(operation.session, class_code, archive.clock.today())
        folder = Folder(
            id=new_id(archive.clock),
            office_id=office_id,
            code=code[:80],
            title=title[:300],
            class_code=class_code,
            level=level.value,
            opened_on=archive.clock.today(),
            closed_on=None,
        )
        operation.session.add(folder)
        operation.about("folder", folder.id, "folder.open")
        return folder.id


def close_folder(actor: Actor | None, archive: Archive, folder_id: UUID) -> None:
    """Close a folder today: the cut-off from which `FILE_CLOSED` retention of its records counts."""
    with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
        folder = operation.session.get(Folder, folder_id, with_for_update=True)
        operation.about("folder", folder_id, "folder.close")
        if folder is None:
            raise NotFound()
        operation.decide(RecordFacts(folder.office_id, Level(folder.level), Stage.PENDING))
        if folder.closed_on is not None:
            raise Refused("the folder is closed already")
        folder.closed_on = archive.clock.today()
        operation.session.flush()
        for record in operation.session.scalars(select(Record).where(Record.folder_id == folder.id)):
            store_due_date(operation.session, archive, record)
