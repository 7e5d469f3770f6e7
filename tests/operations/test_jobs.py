"""Leases: nothing is lost when a worker dies, nothing is done twice at once, and nothing is tried for ever."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import OWNER, pdf, settle
from own_processes import Forked
from sqlalchemy import event, select

from edms.access.actors import Actor
from edms.capture import work
from edms.capture.accept import Accepted
from edms.capture.quarantine import release, retry
from edms.capture.results import StepResult
from edms.capture.states import JOB_KIND, Step
from edms.capture.steps import STEPS
from edms.core.clock import Clock, FixedClock
from edms.core.database import Database
from edms.core.errors import EdmsError, NotFound, Refused
from edms.core.ids import new_id
from edms.jobs.model import Job, JobState, Lane
from edms.jobs.queue import (
    RETRY_SECONDS,
    Claim,
    LeaseLost,
    claim,
    enqueue,
    finish,
    held,
    offices_waiting,
    release_leases,
    renew,
    retry_later,
    unfinished,
)
from edms.jobs.turns import Turns
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.model import Record

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
LEASE = 60


OFFICE, OTHER = UUID(int=1), UUID(int=2)


def _enqueue(
    database: Database, clock: Clock, count: int = 1, office: UUID = OFFICE, lane: Lane = Lane.QUICK
) -> list[UUID]:
    with database.writer() as session:
        ids = [enqueue(session, clock, "test", new_id(clock), "step", office, lane).id for _ in range(count)]
        session.commit()
    return ids


def _claim(
    database: Database, clock: Clock, owner: str = "a", turns: Turns | None = None, lane: Lane = Lane.QUICK
) -> Claim | None:
    with database.writer() as session:
        offices = (turns or Turns()).order(offices_waiting(session, lane))
        found = claim(session, clock, lane, offices, LEASE, owner)
        session.commit()
    return found


def _claimed(database: Database, clock: Clock, owner: str = "a") -> Claim:
    found = _claim(database, clock, owner)
    assert found is not None
    return found


def _after(clock: FixedClock, seconds: float) -> None:
    clock.set(clock.now() + timedelta(seconds=seconds))


def test_a_leased_job_is_nobody_elses_until_the_lease_ends(database: Database, clock: FixedClock) -> None:
    (job,) = _enqueue(database, clock)
    first = _claimed(database, clock, "a")
    assert (first.job_id, first.attempts, first.until) == (job, 1, clock.now() + timedelta(seconds=LEASE))
    _after(clock, LEASE - 1)
    assert _claim(database, clock, "b") is None
    _after(clock, 1)
    second = _claimed(database, clock, "b")
    assert (second.job_id, second.attempts) == (job, 2)
    assert second.lease != first.lease


def test_who_lost_the_lease_can_record_nothing(database: Database, clock: FixedClock) -> None:
    _enqueue(database, clock)
    first = _claimed(database, clock)
    _after(clock, LEASE)
    second = _claimed(database, clock, "b")
    with database.writer() as session, pytest.raises(LeaseLost):
        held(session, first)
    with database.writer() as session:
        assert not renew(session, clock, first, LEASE)
        finish(held(session, second), clock)
        session.commit()
    with database.writer() as session, pytest.raises(LeaseLost):
        held(session, second)


def test_a_renewed_lease_holds(database: Database, clock: FixedClock) -> None:
    _enqueue(database, clock)
    first = _claimed(database, clock)
    for _round in range(3):
        _after(clock, LEASE - 1)
        with database.writer() as session:
            assert renew(session, clock, first, LEASE)
            session.commit()
        assert _claim(database, clock, "b") is None
    _after(clock, LEASE)
    assert _claimed(database, clock, "b").attempts == 2


def test_pauses_grow_and_the_last_one_repeats(database: Database, clock: FixedClock) -> None:
    _enqueue(database, clock)
    for pause in (*RETRY_SECONDS, RETRY_SECONDS[-1]):
        with database.writer() as session:
            found = claim(session, clock, Lane.QUICK, [OFFICE], LEASE, "a")
            assert found is not None
            retry_later(held(session, found), clock, "failed " * 1000)
            session.commit()
        _after(clock, pause - 1)
        assert _claim(database, clock) is None
        _after(clock, 1)
    with database.reader() as session:
        job = session.scalars(select(Job)).one()
    assert job.attempts == len(RETRY_SECONDS) + 1
    assert len(job.last_error or "") == 2000


def test_freeing_a_dead_workers_leases_spares_the_living(database: Database, clock: FixedClock) -> None:
    _enqueue(database, clock, 2)
    dead, living = _claimed(database, clock, "host/0"), _claimed(database, clock, "host/1")
    with database.writer() as session:
        assert release_leases(session, "host/0") == 1
        session.commit()
    again = _claimed(database, clock, "host/0")
    assert (again.job_id, again.attempts) == (dead.job_id, 2)
    with database.writer() as session:
        assert held(session, living).id == living.job_id


def test_oldest_first_and_the_other_lane_is_left_alone(database: Database, clock: FixedClock) -> None:
    ids = []
    for _one in range(3):
        ids += _enqueue(database, clock)
        _after(clock, 1)
    (scan,) = _enqueue(database, clock, lane=Lane.LONG)
    assert [_claimed(database, clock).job_id for _one in ids] == ids
    assert _claim(database, clock) is None
    found = _claim(database, clock, lane=Lane.LONG)
    assert found is not None
    assert (found.job_id, found.lane) == (scan, Lane.LONG)
    with database.reader() as session:
        assert unfinished(session, "test") == 4


def test_an_office_with_three_files_comes_between_those_of_one_with_many(database: Database, clock: FixedClock) -> None:
    """It hands them in last, and waits for one of the others before each of its own and no more."""
    _enqueue(database, clock, 300)
    few = _enqueue(database, clock, 3, OTHER)
    turns, taken = Turns(), []
    for _turn in range(7):
        found = _claim(database, clock, turns=turns)
        assert found is not None
        turns.charge(found.office_id, 1.0)
        taken.append(found)
    assert [one.job_id for one in taken if one.office_id == OTHER] == few
    assert [one.office_id for one in taken].count(OFFICE) == 4
    with database.writer() as session:
        finish(held(session, taken[0]), clock)
        session.commit()
        assert offices_waiting(session, Lane.QUICK) == [OFFICE, OTHER]
        assert offices_waiting(session, Lane.LONG) == []


def test_an_office_whose_files_wait_for_their_time_is_passed_over(database: Database, clock: FixedClock) -> None:
    (waits,) = _enqueue(database, clock)
    with database.writer() as session:
        found = claim(session, clock, Lane.QUICK, [OFFICE], LEASE, "a")
        assert found is not None
        retry_later(held(session, found), clock, "the disk is full")
        session.commit()
    (ready,) = _enqueue(database, clock, 1, OTHER)
    assert _claimed(database, clock).job_id == ready
    assert _claim(database, clock) is None
    _after(clock, RETRY_SECONDS[0])
    assert _claimed(database, clock).job_id == waits


def test_a_claim_reads_the_index_and_not_the_jobs(database: Database, clock: FixedClock) -> None:
    """That it scans none; what it costs with 100,000 waiting is measured by `python -m bench claim_cost`."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL scans small tables whatever indexes they have")
    told: list[str] = []
    with database.writer() as session:
        connection = session.connection()

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            if statement.startswith(("SELECT", "WITH")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                told.extend(row[3] for row in plan if "jobs" in row[3])

        event.listen(connection, "before_cursor_execute", note)
        offices_waiting(session, Lane.QUICK)
        claim(session, clock, Lane.QUICK, [OFFICE], LEASE, "a")
    assert len(told) == 3
    assert all("SEARCH" in line and "ix_jobs_claim" in line for line in told), told
    assert not any("TEMP B-TREE" in line for line in told), told


def test_threads_never_hold_one_job_at_once(database: Database, clock: FixedClock) -> None:
    jobs = _enqueue(database, clock, 40)
    taken: list[UUID] = []
    lock = threading.Lock()
    start = threading.Barrier(4)

    def work_on(owner: str) -> None:
        start.wait(timeout=120)
        while (found := _claim(database, clock, owner)) is not None:
            with lock:
                taken.append(found.job_id)

    threads = [threading.Thread(target=work_on, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    # PostgreSQL skips rows that are locked, so that a thread may stop early; what it left is still there.
    while (left := _claim(database, clock)) is not None:
        taken.append(left.job_id)
    assert Counter(taken) == Counter(jobs)


_WORKER = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from edms.core.clock import FixedClock
from edms.core.database import open_database
from edms.core.settings import DatabaseSettings
from edms.jobs.model import Lane
from edms.jobs.queue import claim, finish, held, offices_waiting
import edms.schema

url, file, owner = sys.argv[1:]
clock = FixedClock(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
database = open_database(DatabaseSettings(url=url), Path(file), lambda: b"k" * 32)
print("ready", flush=True)
sys.stdin.readline()
misses = 0
while misses < 3:
    with database.writer() as session:
        offices = offices_waiting(session, Lane.QUICK)
        found = claim(session, clock, Lane.QUICK, offices, 60, owner)
        session.commit()
    if found is None:
        misses += 1
        continue
    print(found.job_id, found.attempts, flush=True)
    with database.writer() as session:
        finish(held(session, found), clock)
        session.commit()
database.close()
"""


def test_processes_do_every_job_exactly_once(database: Database, clock: FixedClock) -> None:
    jobs = _enqueue(database, clock, 30)
    url = "" if database.is_sqlite else database.engine.url.render_as_string(hide_password=False)
    file = database.engine.url.database if database.is_sqlite else "none"
    workers = [Forked(_WORKER, url, file, f"p{number}") for number in range(3)]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.tell("go\n")
        outputs = [worker.ended().out for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    done = [line.split() for output in outputs for line in output.splitlines()]
    assert Counter(UUID(job) for job, _attempts in done) == Counter(jobs)
    assert {attempts for _job, attempts in done} == {"1"}


# The steps of capture, on a whole archive


def _state(archive: Archive, record_id: UUID) -> tuple[str, int, str, str | None]:
    with archive.database.reader() as session:
        record = session.get_one(Record, record_id)
        job = session.scalars(select(Job).where(Job.subject_id == record_id)).one()
        return record.state, job.attempts, job.state, record.problem_code


def _clock(archive: Archive) -> FixedClock:
    assert isinstance(archive.clock, FixedClock)
    return archive.clock


def test_a_step_that_kills_its_worker_ends_in_quarantine(archive: Archive, capture: Capture, person: Person) -> None:
    """A poison file: the process dies in the step every time, so that nobody is left to count a failure."""
    poison = capture(archive, pdf("Racun"), work=False)
    for attempt in range(1, archive.settings.worker.max_attempts + 1):
        claimed = work._claim(archive, f"dead/{attempt}", Lane.QUICK, Turns())
        assert claimed is not None
        assert claimed.attempts == attempt
        _after(_clock(archive), archive.settings.worker.lease_seconds)
    assert work.work_once(archive, OWNER)
    state, _attempts, job_state, code = _state(archive, poison.record_id)
    assert (state, job_state, code) == ("quarantined", JobState.FAILED.value, "processing_failed")
    details = record_details(person(archive, "clerk-dinkes"), archive, poison.record_id)
    assert "ended its worker 4 times" in (details.record.problem_text or "")
    retry(person(archive, "clerk-dinkes"), archive, poison.record_id)
    settle(archive)
    assert _state(archive, poison.record_id)[0] == "declared"


class _Broken:
    """A step that fails `times` times and then does what it should."""

    def __init__(self, step: Step, times: int) -> None:
        self.step, self.times, self.calls = step, times, 0
        self.real = STEPS[step]

    def __call__(self, archive: Archive, claimed: Claim) -> StepResult:
        self.calls += 1
        if self.calls <= self.times:
            raise EdmsError("the page cannot be drawn")
        return self.real(archive, claimed)


def _work_through_pauses(archive: Archive) -> None:
    for _round in range(8):
        work.work_until_idle(archive, OWNER)
        _after(_clock(archive), max(RETRY_SECONDS))


@pytest.mark.parametrize(("times", "state"), [(3, "declared"), (4, "quarantined")])
def test_every_step_has_its_own_attempts(
    archive: Archive, capture: Capture, monkeypatch: pytest.MonkeyPatch, times: int, state: str
) -> None:
    """Failures of an earlier step do not count against a later one; the last attempt sets the record aside."""
    first, second = _Broken(Step.EXAMINE, 3), _Broken(Step.SEAL, times)
    monkeypatch.setitem(STEPS, Step.EXAMINE, first)
    monkeypatch.setitem(STEPS, Step.SEAL, second)
    accepted = capture(archive, pdf("Surat"), work=False)
    _work_through_pauses(archive)
    assert _state(archive, accepted.record_id)[0] == state
    assert (first.calls, second.calls) == (4, 4)
    if state == "quarantined":
        with archive.database.reader() as session:
            assert session.get_one(Record, accepted.record_id).problem_text == "the page cannot be drawn"


def test_a_broken_step_does_not_hold_up_the_others(
    archive: Archive, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STEPS, Step.EXAMINE, _Broken(Step.EXAMINE, 1))
    unlucky, lucky = capture(archive, pdf("Satu"), work=False), capture(archive, pdf("Dua"), work=False)
    work.work_until_idle(archive, OWNER)
    states = {_state(archive, one.record_id)[:3] for one in (unlucky, lucky)}
    assert states == {("pending", 1, "ready"), ("declared", 1, "done")}
    _work_through_pauses(archive)
    assert {_state(archive, one.record_id)[0] for one in (unlucky, lucky)} == {"declared"}


def test_a_step_longer_than_its_lease_is_done_once(
    archive: Archive, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OCR of a thick file takes longer than a lease; a second worker must keep its hands off meanwhile."""
    worker = archive.settings.worker.model_copy(update={"lease_seconds": 1})
    accepted = capture(archive, pdf("Buku tebal"), work=False)
    live = replace(archive, settings=archive.settings.model_copy(update={"worker": worker}))
    started, calls, real = threading.Event(), [], STEPS[Step.EXAMINE]

    def slow(archive: Archive, claimed: Claim) -> StepResult:
        calls.append(claimed.lease)
        started.set()
        for _half in range(6):  # three leases: the point of the test
            _after(_clock(archive), 0.5)
            _wait_for_renewal(archive, claimed.job_id)
        return real(archive, claimed)

    monkeypatch.setitem(STEPS, Step.EXAMINE, slow)
    first = threading.Thread(target=work.work_once, args=(live, "a"))
    first.start()
    assert started.wait(120)
    while first.is_alive():
        work.work_once(live, "b")
        first.join(0.1)
    assert len(calls) == 1
    assert _state(archive, accepted.record_id)[0] == "declared"


def _wait_for_renewal(archive: Archive, job: UUID) -> None:
    """Wait until the lease is for a whole lease from now."""
    deadline = time.monotonic() + 120
    while True:
        with archive.database.reader() as session:
            until = session.get_one(Job, job).leased_until
        if until is not None and until - archive.clock.now() >= timedelta(seconds=1):
            return
        assert time.monotonic() < deadline, "the lease is not renewed"
        time.sleep(0.02)


def test_what_a_worker_did_after_losing_its_lease_is_dropped(
    archive: Archive, capture: Capture, person: Person
) -> None:
    accepted = capture(archive, pdf("Surat"), work=False)
    slow = work._claim(archive, "slow", Lane.QUICK, Turns())
    assert slow is not None
    result = STEPS[Step.EXAMINE](archive, slow)
    _after(_clock(archive), archive.settings.worker.lease_seconds)
    assert work.work_once(archive, "quick")
    before = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id)
    with pytest.raises(LeaseLost):
        work._settle(archive, slow, result)
    after = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id)
    assert [e["action"] for e in after.history if e["action"] != "record:view"] == [
        e["action"] for e in before.history if e["action"] != "record:view"
    ]
    assert after.record.version == before.record.version


def test_release_needs_quarantine_and_leaves_the_reason_in_the_trail(
    archive: Archive, capture: Capture, person: Person
) -> None:
    clerk, officer = person(archive, "clerk-dinkes"), person(archive, "records")
    sound = capture(archive, pdf("Surat"))
    for act in (
        lambda: retry(clerk, archive, sound.record_id),
        lambda: release(officer, archive, sound.record_id, "alasan"),
    ):
        with pytest.raises(Refused, match="not in quarantine"):
            act()
    broken = capture(archive, b"%PDF-1.4\nrusak")
    with pytest.raises(NotFound):
        release(clerk, archive, broken.record_id, "Diterima dalam keadaan rusak")
    release(officer, archive, broken.record_id, "Diterima dalam keadaan rusak")
    settle(archive)
    history = record_details(clerk, archive, broken.record_id).history
    released = next(event for event in history if event["action"] == "record.quarantine_released")
    assert released["details"]["reason_given"] == "Diterima dalam keadaan rusak"
    assert released["actor"].startswith("records")
    assert _state(archive, broken.record_id)[:3] == ("declared", 1, "done")


def test_unfinished_counts_ready_work_only(archive: Archive, capture: Capture) -> None:
    capture(archive, pdf("Menunggu kelas"), class_code=None, level=None)
    capture(archive, pdf("Siap"), work=False)
    with archive.database.reader() as session:
        assert unfinished(session, JOB_KIND) == 1
