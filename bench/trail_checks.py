"""Checking the audit trail: a million events verified from their bodies, and proofs in a tree of ten million leaves.

`python -m bench trail_checks` on the embedded database (SQLCipher), with the inspection and the proofs of the system
itself. The peer of the verification is the least that anybody must do: read the same rows and hash the bodies. The
tree of the proofs holds the hashes of all its nodes in the table where the system keeps them; its leaves have no
bodies, since a proof reads none.
"""

import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

import edms.schema
from bench.measuring import figure, rounded
from edms.audit import tree
from edms.audit.events import AuditEvent
from edms.audit.model import AuditLeaf
from edms.audit.trail import AuditTrail
from edms.core.clock import FixedClock
from edms.core.database import Database, open_database
from edms.core.settings import DatabaseSettings

BATCH = 20_000
PROOFS = 300


def run(large: bool) -> dict[str, Any]:
    """Return the figures; with `large` the tree of the proofs has ten million leaves, else one."""
    return _measured(1_000_000, 10_000_000 if large else 1_000_000)


def smoke() -> dict[str, Any]:
    """Does it work at all?"""
    return _measured(3_000, 5_000)


def _measured(events: int, leaves: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        figures = [*_verification(Path(folder), events), *_proofs(Path(folder), leaves)]
    return {"figures": figures}


def _verification(folder: Path, events: int) -> list[dict[str, Any]]:
    database, trail = _trail(folder / "events.db")
    began = time.perf_counter()
    fill(database, trail, events)
    appended = (time.perf_counter() - began) * 1000 / events
    figures = [*_one_by_one(database, trail), *verified(database, trail, events)]
    database.close()
    return [figure("an event appended, in batches", appended, "ms"), *figures]


def fill(database: Database, trail: AuditTrail, events: int) -> None:
    """Append so many events through the trail itself, with a checkpoint after each batch."""
    for start in range(0, events, BATCH):
        with database.writer() as session:
            trail.append_all(session, [_event(number) for number in range(start, min(start + BATCH, events))])
            trail.checkpoint(session)
            session.commit()


def verified(database: Database, trail: AuditTrail, events: int) -> list[dict[str, Any]]:
    """Return the figures of an inspection that finds nothing, beside reading the same bodies and hashing them."""
    began, worked = time.perf_counter(), time.process_time()
    with database.reader() as session:
        bodies = session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index).execution_options(yield_per=1000))
        root = tree.root_of(tree.leaf_hash(body) for body in bodies)
    bare, bare_used = time.perf_counter() - began, time.process_time() - worked
    began, worked = time.perf_counter(), time.process_time()
    with database.reader() as session:
        faults = list(trail.faults(session))
    taken, used = time.perf_counter() - began, time.process_time() - worked
    if faults or len(root) != tree.HASH_BYTES:
        raise RuntimeError(f"the trail has faults: {faults[:3]}")
    return [
        figure(
            f"{events:,} events verified", taken, "s", against=f"bare: rows read and hashed, {bare:.1f} s",
            ratio=taken / bare, target="a million in under 30 s",
        ),
        figure("CPU time of that", used, "s", against=f"bare: {bare_used:.1f} s", ratio=used / bare_used),
    ]  # fmt: skip


def _one_by_one(database: Database, trail: AuditTrail) -> list[dict[str, Any]]:
    taken, used = [], []
    for number in range(PROOFS):
        with database.writer() as session:
            session.execute(select(1))
            began, worked = time.perf_counter(), time.process_time()
            trail.append(session, _event(number))
            used.append((time.process_time() - worked) * 1000)
            taken.append((time.perf_counter() - began) * 1000)
            session.commit()
    alone = statistics.median(taken)
    return [
        figure("an event appended alone, besides the commit", alone, "ms", target="under 1 ms median"),
        figure("CPU time of that", statistics.median(used), "ms"),
    ]


def _proofs(folder: Path, leaves: int) -> list[dict[str, Any]]:
    file = folder / "nodes.db"
    database, trail = _trail(file)
    began, root = time.perf_counter(), grow(database, leaves)
    built = time.perf_counter() - began
    figures = proofs(database, trail, leaves, root)
    database.close()
    size = file.stat().st_size / 2**20
    return [*figures, figure("the nodes on disk", size, "MiB"), figure("the nodes built", built, "s")]


def grow(database: Database, leaves: int) -> bytes:
    """Store every node of a tree of so many leaves, in the table and the columns of the system; return its root."""
    growing = tree.Frontier()
    for start in range(0, leaves, BATCH):
        made = [row for index in range(start, min(start + BATCH, leaves)) for row in growing.add(_hash(index))]
        made.sort()  # levels one after the other: the key's index grows at few places
        with database.writer() as session:
            session.connection().exec_driver_sql("INSERT INTO audit_nodes (level, position, hash) VALUES (?,?,?)", made)
            session.commit()
    return growing.root()


def proofs(database: Database, trail: AuditTrail, leaves: int, root: bytes) -> list[dict[str, Any]]:
    """Return the figures of proofs of leaves by chance, each of which is checked."""
    chance, taken, used = random.Random(14), [], []
    for _proof in range(PROOFS):
        index = chance.randrange(leaves)
        with database.reader() as session:
            began, worked = time.perf_counter(), time.process_time()
            path = trail.inclusion(session, index, leaves)
            used.append((time.process_time() - worked) * 1000)
            taken.append((time.perf_counter() - began) * 1000)
        if not tree.included(_hash(index), index, leaves, path, root):
            raise RuntimeError(f"the proof of leaf {index} is wrong")
    taken.sort()
    median = figure(f"a proof among {leaves:,} leaves", statistics.median(taken), "ms", target="under 10 ms")
    return [
        {**median, "p95": rounded(taken[int(PROOFS * 0.95)])},
        figure("CPU time of that", statistics.median(used), "ms"),
    ]


def _hash(index: int) -> bytes:
    return tree.leaf_hash(index.to_bytes(8, "big"))


def _event(number: int) -> AuditEvent:
    return AuditEvent(
        "record:view", "person", f"01900000-0000-7000-8000-{number % 500:012}", "Siti Aminah", "record",
        f"01900000-0000-7000-8000-{number % 100_000:012}", details={"manifest_sha256": "ab" * 32, "number": number},
    )  # fmt: skip


def _trail(file: Path) -> tuple[Database, AuditTrail]:
    database = open_database(DatabaseSettings(), file, lambda: bytes(32))
    edms.schema.metadata.create_all(database.engine)
    return database, AuditTrail(FixedClock(datetime(2026, 11, 24, 3, tzinfo=UTC)), "edms/bench", bytes(range(32)))
