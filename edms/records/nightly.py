"""The evaluation of each night: what became inactive, due or overdue since the last one, and what changed since (R77).

It reads the records whose day has come, by the indexes of those days, and those whose dates were changed, by a queue:
its cost follows what changed and not what the archive holds. Reports do not depend on it; it tells people in time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.core.ids import new_id
from edms.operation.model import OutboxEntry
from edms.records.alerts import RETENTION_LATE, VITAL_LATE, settle
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.nightly_model import RetentionEvaluation
from edms.records.retention import RETENTION_TOPIC
from edms.records.retention_facts import Judgeable, judgeables, options_of, select_facts
from edms.records.reviews_model import RetentionReview, ReviewKind
from edms.retention.decide import decide
from edms.retention.types import ActiveMode, Phase

NIGHT = system_actor("retention")
SCOPE = "retention"
_PART = 500


@dataclass(frozen=True)
class Evaluated:
    """What one evaluation found: records looked at, newly due for transfer, newly due, newly past the time to act."""

    day: date
    looked_at: int
    to_transfer: int
    due: int
    overdue: int


@dataclass(frozen=True)
class Overdue:
    """What an alert is raised for: an office with records that were due long ago, a vital record past its review."""

    kind: str
    id: str
    detail: str


def evaluate_when_due(archive: Archive) -> bool:
    """Evaluate once a day. For the worker."""
    with archive.database.reader() as session:
        last = _last_day(session)
    return (last is None or last < archive.clock.today()) and evaluate(NIGHT, archive) is not None


def evaluate(actor: Actor | None, archive: Archive) -> Evaluated | None:
    """Look at what came due or changed since the last evaluation; None when that was today or lies ahead.

    Each part of the records is one transaction. One that is interrupted begins anew, and may tell of a record twice.
    """
    today = archive.clock.today()
    with archive.door.read(actor, Action.RECORD_PROCESS) as operation:
        operation.decide()
        last = _last_day(operation.session)
        if last is not None and last >= today:
            return None
        ids = _wanted(operation.session, archive, last or date.min, today)
    counted: Counter[str] = Counter()
    for start in range(0, len(ids), _PART):
        counted += _part(actor, archive, ids[start : start + _PART], last or date.min, today)
    found = Evaluated(today, len(ids), counted["to_transfer"], counted["due"], counted["overdue"])
    with archive.door.write(actor, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.about("archive", "", "retention.evaluated")
        told = {"looked_at": found.looked_at, "to_transfer": found.to_transfer, "due": found.due}
        operation.note(day=today.isoformat(), **told, overdue=found.overdue)
        row = RetentionEvaluation(
            id=new_id(archive.clock), day=today, ended_at=operation.now, overdue=found.overdue, **told
        )
        operation.session.add(row)
        offices = {name.partition(" ")[2]: count for name, count in counted.items() if name.startswith("office ")}
        after = archive.settings.retention.confirmation_days
        faults = [
            Overdue(
                RETENTION_LATE, f"{office} {today}", f"{count} records were due {after} days ago, and nothing is begun"
            )
            for office, count in sorted(offices.items())
        ]
        settle(operation, SCOPE, [*faults, *_late_reviews(operation.session, last or date.min, today)], whole=False)
    return found


def _part(actor: Actor | None, archive: Archive, ids: list[UUID], last: date, today: date) -> Counter[str]:
    options, after = options_of(archive), timedelta(days=archive.settings.retention.confirmation_days)
    counted: Counter[str] = Counter()
    with archive.door.write(actor, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        session = operation.session
        for found in judgeables(session, select_facts().where(Record.id.in_(ids)), today):
            decision = decide(found.facts, found.rule, found.holds, today, options)
            if decision.phase is Phase.DUE:
                counted["due"] += 1
                overdue = decision.due_on is not None and decision.due_on + after <= today
                name = "record.retention_overdue" if overdue else "record.retention_due"
                operation.audit(
                    name, "record", found.row.id, due_on=str(decision.due_on), outcome=decision.outcome.value
                )
                if overdue and not found.holds:
                    counted["overdue"] += 1
                    counted[f"office {found.row.office}"] += 1
            elif decision.phase is Phase.INACTIVE and _was_active(found):
                counted["to_transfer"] += 1
                operation.audit("record.transfer_due", "record", found.row.id, active_until=str(decision.active_until))
        session.execute(
            delete(OutboxEntry).where(OutboxEntry.topic == RETENTION_TOPIC, OutboxEntry.subject_id.in_(ids))
        )
    return counted


def _was_active(found: Judgeable) -> bool:
    return found.rule is not None and found.rule.active_mode is not ActiveMode.NONE


def _wanted(session: Session, archive: Archive, last: date, today: date) -> list[UUID]:
    """The records whose day came after `last` and up to `today`, and those that were changed; each once, in order."""
    after = timedelta(days=archive.settings.retention.confirmation_days)
    earlier = last - after if last > date.min + after else date.min
    conditions: Iterable[ColumnElement[bool]] = (
        _came(Record.active_until, last, today),
        _came(Record.due_on, last, today),
        _came(Record.due_on, earlier, today - after),
    )
    found: set[UUID] = set()
    for condition in conditions:
        found |= set(session.scalars(select(Record.id).where(Record.state == RecordState.DECLARED.value, condition)))
    found |= set(session.scalars(select(OutboxEntry.subject_id).where(OutboxEntry.topic == RETENTION_TOPIC)))
    return sorted(found)


def _came(day: InstrumentedAttribute[date | None], last: date, today: date) -> ColumnElement[bool]:
    return (day > last) & (day <= today)


def _late_reviews(session: Session, last: date, today: date) -> list[Overdue]:
    """Vital records whose review came due; one that was reviewed since has a later day of its own."""
    query = select(RetentionReview.record_id).where(
        RetentionReview.kind == ReviewKind.VITAL_KEPT.value, RetentionReview.accepted.is_(True),
        RetentionReview.day > last, RetentionReview.day <= today,
    )  # fmt: skip
    return [
        Overdue(VITAL_LATE, f"records {one}", "the vital record is to be reviewed again")
        for one in session.scalars(query)
    ]


def _last_day(session: Session) -> date | None:
    return session.scalars(select(RetentionEvaluation.day).order_by(RetentionEvaluation.day.desc()).limit(1)).first()
