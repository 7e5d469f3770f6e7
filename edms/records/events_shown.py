"""Events that wait for a second person, and records that wait for an event, with the age of waiting (R31-R33)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from edms.access.actors import Actor
from edms.access.model import Office, Person
from edms.access.policy import Action
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.events_many import may_judge
from edms.records.model import Folder, Record, RecordState, TriggerEvent
from edms.records.offices import office_of
from edms.records.visible import visible_to
from edms.retention.explain import TRIGGERS
from edms.retention.types import TriggerType

__all__ = ["TriggerType"]  # so that faces need not know the mechanism

MOST_SHOWN = 500
AGES = (1, 3, 5, 10)
"""Years at which the bands of the age of waiting end; the last band is open."""


@dataclass(frozen=True)
class WaitingEvent:
    """An event that somebody noted and nobody has verified. `own`: by the reader, who may therefore not verify it."""

    id: UUID
    list_id: UUID | None
    kind: str
    label: str
    happened_on: date
    evidence: str
    evidence_record: UUID | None
    recorded_by: str
    recorded_at: datetime
    record: UUID | None
    subject: str
    own: bool

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms event list`."""
        return {
            "event": str(self.id),
            "list": str(self.list_id) if self.list_id else None,
            "type": self.kind,
            "label": self.label,
            "happened_on": self.happened_on.isoformat(),
            "evidence": self.evidence,
            "evidence_record": str(self.evidence_record) if self.evidence_record else None,
            "recorded_by": self.recorded_by,
            "recorded_at": self.recorded_at.isoformat(),
            "record": str(self.record) if self.record else None,
            "subject": self.subject,
        }


@dataclass(frozen=True)
class AwaitingRow:
    """A record that awaits events, since its declaration."""

    record: UUID
    title: str
    office: str
    class_code: str
    kinds: tuple[str, ...]
    since: date
    days: int

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms event awaiting`."""
        return {"record": str(self.record), "title": self.title, "office": self.office, "class": self.class_code,
                "awaiting": list(self.kinds), "since": self.since.isoformat(), "days": self.days}  # fmt: skip


@dataclass(frozen=True)
class AwaitingReport:
    """`total` records await; `by_kind` counts them by event (one that awaits two counts for both), `by_age` by the band
    of AGES that the years of waiting fall in. `rows` are those of the window, the longest waiting first."""

    as_of: date
    total: int
    by_kind: dict[str, int]
    by_age: tuple[int, ...]
    rows: tuple[AwaitingRow, ...]


def trigger_names(language: str) -> dict[str, str]:
    """Return the kinds of events in words."""
    return {kind: words for kind, words in awaited_names(language).items() if kind != TriggerType.CREATED.value}


def awaited_names(language: str) -> dict[str, str]:
    """Return what can be awaited in words: kinds of events, and the date of the document."""
    return {str(kind): words for kind, words in TRIGGERS[language].items()}


def waiting_events(actor: Actor | None, archive: Archive) -> list[WaitingEvent]:
    """Return the events of records and folders that the actor may judge and nobody has verified, oldest first."""
    with archive.door.disclose(actor, Action.EVENT_WORK) as operation:
        scope, session = operation.scope(), operation.session
        operation.about("list", "events", LISTED)
        operation.seldom()
        query = (
            select(TriggerEvent, Record.title, Folder.code, Folder.title, Office.code)
            .outerjoin(Record, Record.id == TriggerEvent.record_id)
            .outerjoin(Folder, Folder.id == TriggerEvent.folder_id)
            .outerjoin(Office, Office.id == Folder.office_id)
            .where(
                TriggerEvent.verified_at.is_(None),
                TriggerEvent.voided_at.is_(None),
                or_(TriggerEvent.folder_id.is_not(None), visible_to(scope)),
            )
            .order_by(TriggerEvent.recorded_at, TriggerEvent.id)
        )
        found = [row for row in session.execute(query) if may_judge(operation, row[0])][:MOST_SHOWN]
        names = _names(operation, [row[0].recorded_by for row in found])
        return [
            WaitingEvent(
                event.id, event.list_id, event.type, event.label, event.happened_on, event.evidence,
                event.evidence_record_id, names.get(event.recorded_by, event.recorded_by), event.recorded_at,
                event.record_id, title if event.record_id else f"{office}/{code} {folder}",
                event.recorded_by in (operation.actor.id, operation.actor.name),
            )
            for event, title, code, folder, office in found
        ]  # fmt: skip


def awaiting_report(
    actor: Actor | None, archive: Archive, kind: str = "", office: str = "", limit: int | None = 100, offset: int = 0
) -> AwaitingReport:
    """Return the declared records that the actor may see and that await an event, with the age of their waiting."""
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope, session, today = operation.scope(), operation.session, archive.clock.today()
        operation.about("archive", "", "retention.awaiting_reported")
        wanted = [Record.state == RecordState.DECLARED.value, Record.due_on.is_(None), Record.awaiting.is_not(None),
                  visible_to(scope)]  # fmt: skip
        if kind:
            wanted.append(("," + Record.awaiting + ",").contains(f",{kind},", autoescape=True))
        if office:
            wanted.append(Record.office_id == office_of(session, office).id)
        counted: Counter[str] = Counter()
        grouped = select(Record.awaiting, func.count()).where(*wanted).group_by(Record.awaiting)
        total = 0
        for kinds, count in session.execute(grouped):
            total += count
            counted.update(dict.fromkeys((kinds or "").split(","), count))
        ages = [0] * (len(AGES) + 1)
        days = func.date(Record.declared_at)
        for since, count in session.execute(select(days, func.count()).where(*wanted).group_by(days)):
            ages[_band(date.fromisoformat(str(since)), today)] += count
        query = select(Record.id, Record.title, Office.code, Record.class_code, Record.awaiting, Record.declared_at)
        query = query.join(Office, Office.id == Record.office_id).where(*wanted)
        query = query.order_by(Record.declared_at, Record.id).offset(offset)
        rows = tuple(
            _row(archive, found, today) for found in session.execute(query if limit is None else query.limit(limit))
        )
        operation.note(total=total, shown=len(rows), kind=kind or None, office=office or None)
        return AwaitingReport(today, total, dict(counted.most_common()), tuple(ages), rows)


def _row(archive: Archive, found: Any, today: date) -> AwaitingRow:
    record_id, title, office, class_code, awaiting, declared_at = found
    since = declared_at.astimezone(archive.clock.now().tzinfo).date()
    kinds = tuple(awaiting.split(","))
    return AwaitingRow(record_id, title, office, class_code or "", kinds, since, (today - since).days)


def _band(since: date, today: date) -> int:
    years = today.year - since.year - ((today.month, today.day) < (since.month, since.day))
    return sum(years >= age for age in AGES)


def _names(operation: Operation, told: list[str]) -> dict[str, str]:
    ids = {one for one in map(parse_id, told) if one is not None}
    rows = operation.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {str(one): name for one, name in rows}
