"""Events from which retention counts: noted by one person, verified by another, voided when wrong (R32, R88)."""

from datetime import date
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.folders import decided_folder, records_of
from edms.records.model import TriggerEvent
from edms.records.retention import store_due_dates
from edms.records.visible import decided_record
from edms.retention.types import TriggerType


def record_event(
    actor: Actor | None,
    archive: Archive,
    record_id: UUID,
    kind: TriggerType,
    happened_on: date,
    evidence: str,
    label: str = "",
) -> UUID:
    """Note an event of one record. It counts only once another person has verified it."""
    check_event(archive, kind, happened_on, evidence, label)
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        record = decided_record(operation, record_id, lock=True)
        event = TriggerEvent(record_id=record.id)
        operation.about("record", record.id, "record.event_recorded")
        return _note(operation, archive, event, kind, happened_on, evidence, label)


def record_folder_event(
    actor: Actor | None,
    archive: Archive,
    folder_id: UUID,
    kind: TriggerType,
    happened_on: date,
    evidence: str,
    label: str = "",
) -> UUID:
    """Note an event of a whole folder, such as the end of its contract: it counts for every record in it."""
    check_event(archive, kind, happened_on, evidence, label)
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        folder = decided_folder(operation, folder_id)
        event = TriggerEvent(folder_id=folder.id)
        operation.about("folder", folder.id, "folder.event_recorded")
        return _note(operation, archive, event, kind, happened_on, evidence, label)


def verify_event(actor: Actor | None, archive: Archive, event_id: UUID) -> None:
    """Confirm an event that somebody else noted; the due dates follow at once (R88)."""
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        event, records = _decided_event(operation, event_id, "event_verified")
        operation.apart(Duty.VERIFY_EVENT, {Duty.RECORD_EVENT: [event.recorded_by]}, "ask a colleague")
        if event.verified_at is not None or event.voided_at is not None:
            raise Refused("the event is verified or voided already")
        event.verified_by, event.verified_at = operation.actor.id, operation.now
        store_due_dates(operation.session, archive, records)


def void_event(actor: Actor | None, archive: Archive, event_id: UUID, reason: str) -> None:
    """Take an event back that was noted wrongly. It stays readable, counts no more, and the due dates follow."""
    if not reason.strip():
        raise Refused("voiding an event needs a reason")
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        event, records = _decided_event(operation, event_id, "event_voided")
        if event.voided_at is not None:
            raise Refused("the event is voided already")
        event.voided_at, event.void_reason = operation.now, reason[:500]
        store_due_dates(operation.session, archive, records)


def check_event(archive: Archive, kind: TriggerType, happened_on: date, evidence: str, label: str) -> None:
    """Raise Refused for what cannot be noted of anything: without evidence, of a day to come, without its label."""
    if not evidence.strip():
        raise Refused("an event needs its evidence", "name the decree, minutes or letter that shows it")
    if kind is TriggerType.CREATED:
        raise Refused("the date of the document belongs to its description and is not recorded as an event")
    if kind is TriggerType.OTHER and not label.strip():
        raise Refused("an event of kind OTHER needs a label that says what happened")
    if happened_on > archive.clock.today():
        raise Refused("an event is what has happened; this day has not come yet", "note it when it has")


def _note(
    operation: Operation,
    archive: Archive,
    event: TriggerEvent,
    kind: TriggerType,
    happened_on: date,
    evidence: str,
    label: str,
) -> UUID:
    event.id = new_id(archive.clock)
    event.type, event.label, event.happened_on = kind.value, label[:200], happened_on
    event.evidence = evidence[:500]
    event.recorded_by, event.recorded_at = operation.actor.id, operation.now
    operation.session.add(event)
    operation.note(event=str(event.id), type=kind.value, happened_on=happened_on.isoformat())
    return event.id


def _decided_event(operation: Operation, event_id: UUID, what: str) -> tuple[TriggerEvent, list[UUID]]:
    """Return the event and the records it counts for, after the decision on its record or folder."""
    event = operation.session.get(TriggerEvent, event_id, with_for_update=True)
    if event is None:
        operation.about("event", event_id)
        raise NotFound()
    if event.folder_id is not None:
        decided_folder(operation, event.folder_id)
        kind, subject, records = "folder", event.folder_id, records_of(operation.session, event.folder_id)
    else:
        assert event.record_id is not None, "the table's constraint: a record or a folder"
        decided_record(operation, event.record_id, lock=True)
        kind, subject, records = "record", event.record_id, [event.record_id]
    operation.about(kind, subject, f"{kind}.{what}")
    operation.note(event=str(event.id))
    return event, records
