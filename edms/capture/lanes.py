"""What the workers have before them, lane by lane: for the operator of the machine, who need see no record."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import Scope
from edms.jobs.model import Job, JobState, Lane
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record
from edms.records.range_model import PageRange
from edms.records.redaction_model import Redaction
from edms.records.visible import visible_to

MOST_LISTED = 100


@dataclass(frozen=True)
class OfficeTurn:
    """One office in a lane, where offices take turns: jobs that could be taken up, `since` when the oldest of them
    could; jobs under way; and jobs that pause before another attempt."""

    office: str
    waiting: int
    running: int
    pausing: int
    since: datetime | None


@dataclass(frozen=True)
class LaneState:
    """One lane, and the offices that have work in it, the one that waits longest first."""

    lane: str
    offices: list[OfficeTurn]

    @property
    def waiting(self) -> int:
        return sum(one.waiting for one in self.offices)

    @property
    def running(self) -> int:
        return sum(one.running for one in self.offices)

    @property
    def pausing(self) -> int:
        return sum(one.pausing for one in self.offices)

    @property
    def since(self) -> datetime | None:
        return min((one.since for one in self.offices if one.since), default=None)


@dataclass(frozen=True)
class JobAtWork:
    """One job: under way by `worker` until `until` at the longest, or pausing until then.

    `title` and `error` are empty where the actor may not see the record. `first` and `last`: the pages that are read,
    0 where it is the whole document. `attempts` counts this one; 0 when its surroundings failed and not the job.
    """

    lane: str
    record_id: UUID
    office: str
    step: str
    worker: str
    attempts: int
    until: datetime
    title: str = ""
    error: str = ""
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class LongScan:
    """A scan that is read, or a record that is redacted, some pages at a time: how many of its pages are done."""

    record_id: UUID
    office: str
    title: str
    pages: int
    done: int


@dataclass(frozen=True)
class LanesNow:
    """`running` and `failing` are the first MOST_LISTED of theirs; the lanes count all."""

    lanes: list[LaneState]
    running: list[JobAtWork]
    failing: list[JobAtWork]
    scans: list[LongScan]

    def as_dict(self) -> dict[str, Any]:
        lanes = [
            {**_plain(one), "waiting": one.waiting, "running": one.running, "pausing": one.pausing,
             "since": _text(one.since), "offices": [_plain(office) for office in one.offices]}
            for one in self.lanes
        ]  # fmt: skip
        lists = {name: [_plain(one) for one in getattr(self, name)] for name in ("running", "failing", "scans")}
        return {"lanes": lanes, **lists}


def lanes_now(actor: Actor | None, archive: Archive) -> LanesNow:
    """Return what waits, what is under way and what failed, with titles of such records only as the actor may see."""
    with archive.door.disclose(actor, Action.QUEUE_READ) as operation:
        scope, now, session = operation.scope(), operation.now, operation.session
        operation.about("list", "lanes", LISTED)
        operation.seldom()
        leased = and_(Job.leased_until.is_not(None), Job.leased_until > now)
        tried = and_(Job.last_error.is_not(None), ~leased)
        return LanesNow(
            [LaneState(lane.value, list(_turns(session, lane, leased, now))) for lane in Lane],
            list(_jobs(session, scope, leased)),
            list(_jobs(session, scope, tried)),
            list(_scans(session, scope)),
        )


def _turns(session: Session, lane: Lane, leased: ColumnElement[bool], now: datetime) -> Iterator[OfficeTurn]:
    ready = and_(~leased, Job.not_before <= now)
    counts = [func.sum(case((what, 1), else_=0)) for what in (ready, leased, and_(~leased, Job.not_before > now))]
    since = func.min(case((ready, Job.not_before)))
    query = select(Office.code, *counts, since).join(Office, Office.id == Job.office_id)
    query = query.where(Job.state == JobState.READY.value, Job.lane == lane.value).group_by(Office.code)
    for code, waiting, running, pausing, oldest in session.execute(query.order_by(since.is_(None), since, Office.code)):
        yield OfficeTurn(code, int(waiting), int(running), int(pausing), oldest)


def _jobs(session: Session, scope: Scope, which: ColumnElement[bool]) -> Iterator[JobAtWork]:
    """The jobs of records, of ranges of their pages, and of their redactions."""
    visible = visible_to(scope)
    query = (
        select(Job, Record.id, Office.code, case((visible, Record.title)), PageRange)
        .outerjoin(PageRange, PageRange.id == Job.subject_id)
        .outerjoin(Redaction, Redaction.id == Job.subject_id)
        .join(Record, Record.id == func.coalesce(PageRange.record_id, Redaction.record_id, Job.subject_id))
        .join(Office, Office.id == Job.office_id)
        .where(Job.state == JobState.READY.value, which)
        .order_by(Job.not_before, Job.id)
        .limit(MOST_LISTED)
    )
    for job, record_id, office, title, pages in session.execute(query):
        yield JobAtWork(
            job.lane,
            record_id,
            office,
            job.step,
            job.lease_owner or "",
            job.attempts,
            job.leased_until or job.not_before,
            title or "",
            (job.last_error or "") if title is not None else "",
            pages.first if pages else 0,
            pages.last if pages else 0,
        )


def _scans(session: Session, scope: Scope) -> Iterator[LongScan]:
    visible = visible_to(scope)
    size = PageRange.last - PageRange.first + 1
    done = func.sum(case((PageRange.pdf_id.is_not(None), size), else_=0))
    query = (
        select(Record.id, Office.code, case((visible, Record.title)), func.sum(size), done)
        .join(PageRange, PageRange.record_id == Record.id)
        .join(Office, Office.id == Record.office_id)
        .group_by(Record.id, Office.code)
        .order_by(Record.id)
        .limit(MOST_LISTED)
    )
    for record_id, office, title, pages, through in session.execute(query):
        yield LongScan(record_id, office, title or "", int(pages), int(through))


def _plain(told: Any) -> dict[str, Any]:
    return {name: _text(value) for name, value in vars(told).items() if name != "offices"}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
