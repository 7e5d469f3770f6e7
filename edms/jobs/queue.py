"""Claiming and moving jobs. Functions work in the caller's transaction and never commit.

A claim is for one lane and one office: which office is chosen from those that wait (`edms.jobs.turns`), and both
questions are answered from the index, whatever the number of jobs that wait.

A claim takes a lease, which its holder renews while it works; when the holder dies the lease runs out and another
worker takes the step up again. Attempts count claims, so that whoever claims sees when a step has killed its worker
too often and can end the job as `FAILED`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, aliased

from edms.core.clock import Clock
from edms.core.ids import new_id
from edms.jobs.model import Job, JobState, Lane

RETRY_SECONDS = (2, 15, 60, 300)
"""Pause before the second, third … attempt; the last one repeats."""
POSTPONE_SECONDS = 60
SOON_SECONDS = 2
"""Pause of a job whose surroundings failed; of one that met what is known to be over."""


@dataclass(frozen=True)
class Claim:
    """A job that the holder of `lease` may work on until `until`."""

    job_id: UUID
    kind: str
    subject_id: UUID
    office_id: UUID
    lane: Lane
    step: str
    lease: UUID
    attempts: int
    until: datetime


class LeaseLost(RuntimeError):
    """Another worker has taken the job over; the work done under the old lease must not be recorded."""


def enqueue(
    session: Session, clock: Clock, kind: str, subject_id: UUID, step: str, office_id: UUID, lane: Lane = Lane.QUICK
) -> Job:
    """Add a job that is ready at once."""
    now = clock.now()
    job = Job(id=new_id(clock), kind=kind, subject_id=subject_id, step=step, not_before=now, created_at=now, attempts=0)
    job.state, job.lane, job.office_id = JobState.READY.value, lane.value, office_id
    session.add(job)
    return job


def offices_waiting(session: Session, lane: Lane) -> list[UUID]:
    """Return the offices that have a job in this lane which is ready or under way, by one probe of the index for each.

    A skip scan: the least office, then the least one beyond it, and so on. `SELECT DISTINCT` reads every job.
    """
    return list(session.scalars(_waiting_in(lane)))


@cache
def _waiting_in(lane: Lane) -> Any:
    """The query, which costs more to be put together than to be run, and is asked before every job."""
    first = select(_least_office(lane, None)).cte("waiting", recursive=True)
    step = select(_least_office(lane, first.c.office_id)).where(first.c.office_id.is_not(None))
    found = first.union_all(step)
    return select(found.c.office_id).where(found.c.office_id.is_not(None))


def _least_office(lane: Lane, beyond: Any) -> Any:
    job = aliased(Job)
    query = select(job.office_id).where(job.state == JobState.READY.value, job.lane == lane.value)
    if beyond is not None:
        query = query.where(job.office_id > beyond)
    return query.order_by(job.office_id).limit(1).scalar_subquery().label("office_id")


def claim(
    session: Session, clock: Clock, lane: Lane, offices: Sequence[UUID], lease_seconds: int, owner: str
) -> Claim | None:
    """Take the oldest job of the first of `offices` that has one which is ready and not leased, or None.

    On PostgreSQL rows locked by others are skipped.
    """
    for office_id in offices:
        job = _oldest(session, clock.now(), lane, office_id)
        if job is not None:
            return _leased(job, clock, lease_seconds, owner)
    return None


def _oldest(session: Session, now: datetime, lane: Lane, office_id: UUID) -> Job | None:
    query = (
        select(Job)
        .where(
            Job.state == JobState.READY.value,
            Job.lane == lane.value,
            Job.office_id == office_id,
            Job.not_before <= now,
            or_(Job.leased_until.is_(None), Job.leased_until <= now),
        )
        .order_by(Job.not_before)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).one_or_none()


def _leased(job: Job, clock: Clock, lease_seconds: int, owner: str) -> Claim:
    job.lease = new_id(clock)
    job.lease_owner = owner
    job.leased_until = clock.now() + timedelta(seconds=lease_seconds)
    job.attempts += 1
    return Claim(
        job.id, job.kind, job.subject_id, job.office_id, Lane(job.lane), job.step, job.lease, job.attempts,
        job.leased_until,
    )  # fmt: skip


def held(session: Session, held_claim: Claim) -> Job:
    """Return the claimed job, locked for this transaction. Raises LeaseLost when somebody else has it."""
    job = session.get(Job, held_claim.job_id, with_for_update=True, populate_existing=True)
    if job is None or job.lease != held_claim.lease or job.state != JobState.READY.value:
        raise LeaseLost(f"job {held_claim.job_id} is no longer ours")
    return job


def renew(session: Session, clock: Clock, held_claim: Claim, lease_seconds: int) -> bool:
    """Hold the lease for `lease_seconds` from now; False when somebody else has the job, or it has ended.

    A step may take longer than a lease (a scan of many pages). Without renewal a second worker would take it up while
    the first is still at it, and neither would ever come to its end.
    """
    statement = (
        update(Job)
        .where(Job.id == held_claim.job_id, Job.lease == held_claim.lease, Job.state == JobState.READY.value)
        .values(leased_until=clock.now() + timedelta(seconds=lease_seconds))
    )
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def advance(job: Job, clock: Clock, step: str, lease_seconds: int) -> None:
    """Move on to the next step under the same lease, with fresh attempts."""
    job.step = step
    job.lane = Lane.QUICK.value
    job.attempts = 1
    job.last_error = None
    job.leased_until = clock.now() + timedelta(seconds=lease_seconds)


def hand_over(job: Job, clock: Clock, step: str) -> None:
    """Leave the next step to whoever serves the long lane, with fresh attempts."""
    resume(job, clock, step, lane=Lane.LONG)


def wait(job: Job, step: str) -> None:
    """Stop at `step` until a person has done their part."""
    job.step = step
    job.state = JobState.WAITING.value
    _let_go(job)


def wait_for_parts(job: Job, step: str) -> None:
    """Stop before `step` until the last of the jobs that do its parts makes it ready again."""
    job.step = step
    job.state = JobState.PARTS.value
    _let_go(job)


def finish(job: Job, clock: Clock, state: JobState = JobState.DONE) -> None:
    """End the job."""
    job.state = state.value
    job.finished_at = clock.now()
    _let_go(job)


def resume(job: Job, clock: Clock, step: str, not_before: datetime | None = None, lane: Lane = Lane.QUICK) -> None:
    """Make a waiting or ended job ready again at `step`, at once or from `not_before`."""
    job.step = step
    job.lane = lane.value
    job.state = JobState.READY.value
    job.attempts = 0
    job.last_error = None
    job.not_before = not_before or clock.now()
    job.finished_at = None
    _let_go(job)


def retry_later(job: Job, clock: Clock, error: str) -> None:
    """Give the job back, to be tried again after a pause that grows with the attempts."""
    pause = RETRY_SECONDS[min(job.attempts, len(RETRY_SECONDS)) - 1]
    job.not_before = clock.now() + timedelta(seconds=pause)
    job.last_error = error[:2000]
    _let_go(job)


def postpone(job: Job, clock: Clock, error: str, *, passed: bool = False) -> None:
    """Give the job back because of its surroundings (a full disk, an authority that is away): no attempt is counted.

    `passed`: they are well again, so the job need not wait long.
    """
    job.attempts = 0
    job.not_before = clock.now() + timedelta(seconds=SOON_SECONDS if passed else POSTPONE_SECONDS)
    job.last_error = error[:2000]
    _let_go(job)


def postponed(job: Job) -> bool:
    """Whether the job waits for its surroundings: taken up and given back without a counted attempt."""
    return job.state == JobState.READY.value and job.attempts == 0 and job.last_error is not None


def release_leases(session: Session, owner: str) -> int:
    """Free what a dead predecessor of `owner` held, so that its work goes on at once and not after the lease.

    The caller holds the operating system's lock on the place `owner`, so the predecessor is known to be dead.
    """
    statement = (
        update(Job)
        .where(Job.lease_owner == owner, Job.state == JobState.READY.value)
        .values(lease=None, leased_until=None, lease_owner=None)
    )
    return session.execute(statement).rowcount or 0  # type: ignore[attr-defined]


def unfinished(session: Session, kind: str) -> int:
    """How many jobs of `kind` are ready or under way."""
    query = select(func.count()).select_from(Job).where(Job.kind == kind, Job.state == JobState.READY.value)
    return session.scalar(query) or 0


def _let_go(job: Job) -> None:
    job.lease = None
    job.lease_owner = None
    job.leased_until = None
