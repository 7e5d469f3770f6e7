"""What people say of a record before it is declared. Each operation takes the actor first."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import Refused
from edms.jobs.model import Job, JobState
from edms.jobs.queue import resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import check_kip, checked_class
from edms.records.model import Record, RecordState
from edms.records.proposals import taken_over
from edms.records.searching import INDEX_TOPIC
from edms.records.undo import SEALING, Described, keep_earlier, locked_job
from edms.records.visible import decided_record


@dataclass(frozen=True)
class Changes:
    """What a clerk says of a record before it is declared. None leaves a field as it is; `cleared` names those that are
    to be empty, never title, class or level."""

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
    cleared: frozenset[str] = frozenset()


_PLAIN_FIELDS = (
    "title", "kip", "number", "document_date", "sender", "recipient", "record_type", "development", "medium",
    "language",
)  # fmt: skip
_DESCRIBING = ("record:classify", "record.description_undone")


class Changed(Refused):
    """Somebody else has described the record since it was shown."""


def describe(
    actor: Actor | None,
    archive: Archive,
    record_id: UUID,
    changes: Changes,
    *,
    seen_version: int | None = None,
) -> None:
    """Describe and classify a record that is not yet declared; with class and level given it goes on to be sealed.

    The seal waits for `[capture] undo_seconds`. `seen_version`: the version that the person saw; another one raises
    Changed. Raises NotFound, or Refused when the record is declared or the description contradicts itself.
    """
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        job = locked_job(operation.session, record_id)
        record = describable(operation, archive, record_id, seen_version)
        apply_changes(operation, archive, record, job, changes)


def describable(operation: Operation, archive: Archive, record_id: UUID, seen_version: int | None) -> Record:
    """Return the record, decided and locked, if it can be described as seen. Raises NotFound, Refused, Changed."""
    record = decided_record(operation, record_id, lock=True)
    if record.state != RecordState.PENDING.value:
        raise Refused("the record stands as it was declared", "what is declared is evidence and cannot be edited")
    if seen_version is not None and seen_version != record.version:
        told = archive.trail.history(operation.session, "record", str(record_id), only=_DESCRIBING, newest=1)
        who = told[-1]["actor"] if told else "capture"
        raise Changed(
            f"{who} has described this document since you opened it", "look at what it says now, then save again"
        )
    return record


def apply_changes(operation: Operation, archive: Archive, record: Record, job: Job | None, changes: Changes) -> None:
    """Put the changes into the row and the event, and send the record on when it has what its seal needs.

    That can be taken back for a while, whoever says it and on whatever page: nothing is declared by a slip. A record
    that is still being read waits for the rest of that time when it comes to its seal.
    """
    earlier = Described.of(record)
    changed = _apply(operation, archive, record, changes)
    if record.class_code and record.level and job is not None:
        until = keep_earlier(operation, archive, record, earlier)
        if job.state == JobState.WAITING.value or (until is not None and job.step in SEALING):
            resume(job, archive.clock, job.step, until)
    record.version += 1
    operation.outbox(INDEX_TOPIC, record.id)
    operation.note(fields=sorted(changed), as_proposed=taken_over(archive, operation.session, record))


def _apply(operation: Operation, archive: Archive, record: Record, changes: Changes) -> set[str]:
    changed = set()
    if changes.class_code:
        chosen = checked_class(operation.session, changes.class_code, archive.clock.today())
        record.class_code, record.class_title, record.class_edition = chosen.code, chosen.title, chosen.edition
        record.who_may, record.personal_data = chosen.who_may, record.personal_data or chosen.personal_data
        if record.level is None and changes.level is None and chosen.default_level:
            _set_level(operation, record, Level(chosen.default_level))
        changed.add("class")
    if changes.level:
        _set_level(operation, record, changes.level)
        changed.add("level")
    for name in _PLAIN_FIELDS:
        value = None if name in changes.cleared else getattr(changes, name)
        if (value is not None or name in changes.cleared) and value != getattr(record, name):
            setattr(record, name, value)
            changed.add(name)
    check_kip(Level(record.level) if record.level else None, record.kip)
    return changed


def _set_level(operation: Operation, record: Record, level: Level) -> None:
    """Nobody may put a record above the own clearance, where it would vanish from the own sight."""
    operation.decide(RecordFacts(record.office_id, level, Stage(record.state)))
    record.level = level.value
