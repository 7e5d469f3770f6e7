"""What a claim costs while 100,000 jobs of 50 offices wait, and how long an office with three files waits behind them.

On the embedded database: the offices that wait, the choice, the oldest job, the lease and the commit, then the end of
the job, as a worker does it. The limit is the same with a queue of 100 jobs; the peer a bare `SELECT DISTINCT`.
"""

import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

import edms.schema
from bench.measuring import figure
from edms.core.clock import SystemClock
from edms.core.database import Base, Database, open_database
from edms.core.ids import new_id
from edms.core.settings import DatabaseSettings
from edms.jobs.model import Job, JobState, Lane
from edms.jobs.queue import claim, finish, held, offices_waiting
from edms.jobs.turns import Turns

OFFICES, FEW, CLAIMS = 50, 3, 300
assert edms.schema


def run(large: bool) -> dict[str, Any]:
    """Measure with 100,000 waiting jobs, a million with `large`."""
    return measure(1_000_000 if large else 100_000)


def smoke() -> dict[str, Any]:
    """Measure with a thousand."""
    return measure(1000)


def measure(waiting: int) -> dict[str, Any]:
    """Return `figures`, each in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        database = open_database(DatabaseSettings(), Path(folder) / "edms.db", lambda: b"k" * 32)
        Base.metadata.create_all(database.engine)
        _add(database, [UUID(int=number % OFFICES + 1) for number in range(100)])
        small = _claims(database, 50)
        _add(database, [UUID(int=number % OFFICES + 1) for number in range(waiting)])
        distinct = _seconds(lambda: _distinct(database))
        full = _claims(database, CLAIMS)
        _add(database, [UUID(int=OFFICES + 1)] * FEW)
        served = _until_served(database, UUID(int=OFFICES + 1))
        database.close()
    name = f"{waiting:,} jobs of {OFFICES} offices wait"
    return {
        "figures": [
            figure(f"{name}: one claimed and ended", full * 1000, "ms", against=f"with 100: {small * 1000:.2f} ms",
                   ratio=full / small),
            figure(f"{name}: SELECT DISTINCT alone", distinct * 1000, "ms", against="our claim", ratio=distinct / full),
            figure("jobs of others before the third of an office that comes last", served, "jobs",
                   target=f"at most {FEW * OFFICES}"),
        ]
    }  # fmt: skip


def _add(database: Database, offices: list[UUID]) -> None:
    clock = SystemClock()
    now = clock.now()
    rows = [
        {"id": new_id(clock), "kind": "bench", "subject_id": new_id(clock), "step": "step",
         "state": JobState.READY.value, "lane": Lane.QUICK.value,
         "office_id": office, "attempts": 0, "not_before": now, "created_at": now}
        for office in offices
    ]  # fmt: skip
    with database.writer() as session:
        session.execute(insert(Job), rows)
        session.commit()


def _claims(database: Database, count: int) -> float:
    """Return seconds for each of `count` claims with what ends them."""
    turns = Turns()
    start = time.perf_counter()
    for _turn in range(count):
        turns.charge(_one(database, turns), 1.0)
    return (time.perf_counter() - start) / count


def _one(database: Database, turns: Turns) -> UUID:
    clock = SystemClock()
    with database.reader() as session:
        offices = turns.order(offices_waiting(session, Lane.QUICK))
    with database.writer() as session:
        found = claim(session, clock, Lane.QUICK, offices, 60, "bench/0")
        assert found is not None
        session.commit()
    with database.writer() as session:
        finish(held(session, found), clock)
        session.commit()
    return found.office_id


def _until_served(database: Database, office: UUID) -> int:
    """Return how many jobs of others were claimed before the last of `office`, by a worker in the middle of its day."""
    turns, left, others = Turns(), FEW, 0
    for _turn in range(OFFICES):
        turns.charge(_one(database, turns), 1.0)
    while left:
        served = _one(database, turns)
        turns.charge(served, 1.0)
        left, others = (left - 1, others) if served == office else (left, others + 1)
    return others


def _distinct(database: Database) -> None:
    query = select(Job.office_id).where(Job.state == JobState.READY.value, Job.lane == Lane.QUICK.value).distinct()
    with database.reader() as session:
        session.scalars(query).all()


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
