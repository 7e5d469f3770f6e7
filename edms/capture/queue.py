"""The queue of documents that wait for their description, in the order of the inbox, with filters."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.capture.intake_model import Arrival
from edms.capture.states import Step
from edms.jobs.model import Job, JobState
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record, RecordState
from edms.records.proposal_model import RecordProposals
from edms.records.thumbnails import with_thumbnails
from edms.records.visible import visible_to

MOST_LISTED = 100


@dataclass(frozen=True)
class Sieve:
    """Which documents of the queue are wanted: of an office, a source, a day of receipt, with or without proposals."""

    office: str = ""
    source: str = ""
    day: date | None = None
    proposed: bool | None = None


@dataclass(frozen=True)
class Waiting:
    """One document in the queue."""

    record_id: UUID
    title: str
    office: str
    sender: str
    source: str
    received_at: datetime
    proposed: bool
    thumbnail: bool


@dataclass(frozen=True)
class Queue:
    """What waits: the first `items`, how many in all, and what can be asked for."""

    items: list[Waiting]
    total: int
    offices: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def queue(actor: Actor | None, archive: Archive, sieve: Sieve, offset: int = 0) -> Queue:
    """Return a window of the queue as the actor may see it; leaves an event."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        all_of_it = wanted(operation, archive, Sieve())
        sifted = wanted(operation, archive, sieve)
        operation.about("list", "filing", LISTED)
        operation.seldom()
        session = operation.session
        source = select(func.min(Arrival.source)).where(Arrival.record_id == Record.id).scalar_subquery()
        proposed = exists().where(RecordProposals.record_id == Record.id)
        query = waiting(select(Record, Office.code, source, proposed).join(Office)).where(sifted)
        rows = session.execute(query.order_by(*in_order(before=False)).limit(MOST_LISTED).offset(offset)).all()
        pictured = with_thumbnails(operation, [one.id for one, *_rest in rows])
        items = [
            Waiting(
                one.id, one.title, office, one.sender or "", came or "", one.received_at, bool(has), one.id in pictured
            )
            for one, office, came, has in rows
        ]
        total = session.scalar(waiting(select(func.count()).select_from(Record)).where(sifted)) or 0
        offices = session.scalars(
            waiting(select(Office.code).distinct().select_from(Record).join(Office)).where(all_of_it)
        )
        came = waiting(select(Arrival.source).distinct().select_from(Record)).join(Arrival).where(all_of_it)
        return Queue(items, total, sorted(offices), sorted(session.scalars(came)))


def neighbour(
    actor: Actor | None, archive: Archive, sieve: Sieve, of: UUID | None = None, *, before: bool = False
) -> UUID | None:
    """Return the document after (or before) `of` in the queue; beyond its end it begins again. None: no other."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        query = waiting(select(Record.id)).where(wanted(operation, archive, sieve))
        query = query.order_by(*in_order(before=before)).limit(1)
        if of is None:
            return cast(UUID | None, operation.session.scalar(query))
        query = query.where(Record.id != of)
        visible = visible_to(operation.scope())
        at = operation.session.scalar(select(Record.received_at).where(Record.id == of, visible))
        if at is not None:
            found = operation.session.scalar(query.where(_beyond(at, of, before=before)))
            if found is not None:
                return cast(UUID, found)
        return cast(UUID | None, operation.session.scalar(query))


def source_of(actor: Actor | None, archive: Archive, record_id: UUID) -> str:
    """Return by which watched folder, mailbox or batch a record came that the actor may see; "" for other ways."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        visible = visible_to(operation.scope())
        query = select(func.min(Arrival.source)).join(Record).where(Record.id == record_id, visible)
        return operation.session.scalar(query) or ""


def _beyond(at: datetime, of: UUID, *, before: bool) -> ColumnElement[bool]:
    if before:
        return or_(Record.received_at > at, and_(Record.received_at == at, Record.id > of))
    return or_(Record.received_at < at, and_(Record.received_at == at, Record.id < of))


def in_order(*, before: bool) -> tuple[ColumnElement[Any], ...]:
    """The order of the queue: the newest first, or the other way round."""
    columns = (Record.received_at, Record.id)
    return tuple(one.asc() if before else one.desc() for one in columns)


def waiting(query: Select[Any]) -> Select[Any]:
    """Join the jobs, in whose terms `wanted` speaks."""
    return query.join(Job, Job.subject_id == Record.id)


def wanted(operation: Operation, archive: Archive, sieve: Sieve) -> ColumnElement[bool]:
    """What waits for its description, passes the sieve and may be seen by the actor: takes the access decision."""
    parts: list[ColumnElement[bool]] = [
        Record.state == RecordState.PENDING.value,
        Job.state == JobState.WAITING.value,
        Job.step == Step.CLASSIFY.value,
        visible_to(operation.scope()),
    ]
    if sieve.office:
        parts.append(Record.office_id.in_(select(Office.id).where(Office.code == sieve.office)))
    if sieve.source:
        parts.append(exists().where(Arrival.record_id == Record.id, Arrival.source == sieve.source))
    if sieve.day:
        start = datetime.combine(sieve.day, time(), ZoneInfo(archive.settings.archive.time_zone))
        parts.append(Record.received_at.between(start, start + timedelta(days=1)))
    if sieve.proposed is not None:
        has = exists().where(RecordProposals.record_id == Record.id)
        parts.append(has if sieve.proposed else ~has)
    return and_(*parts)
