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
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

import edms.schema
from bench.measuring import figure
from edms.audit import tree
from edms.audit.events import AuditEvent
from edms.audit.model import AuditLeaf, AuditNode
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
    for start in range(0, events, BATCH):
        with database.writer() as session:
            trail.append_all(session, [_event(number) for number in range(start, min(start + BATCH, events))])
            trail.checkpoint(session)
            session.commit()
    appended = (time.perf_counter() - began) * 1000 / events
    alone = _one_by_one(database, trail)
    began = time.perf_counter()
    with database.reader() as session:
        bodies = session.scalars(select(AuditLeaf.body).order_by(AuditLeaf.index).execution_options(yield_per=1000))
        root = tree.root_of(tree.leaf_hash(body) for body in bodies)
    bare = time.perf_counter() - began
    began = time.perf_counter()
    with database.reader() as session:
        faults = list(trail.faults(session))
    taken = time.perf_counter() - began
    database.close()
    if faults or len(root) != tree.HASH_BYTES:
        raise RuntimeError(f"the trail has faults: {faults[:3]}")
    return [
        figure("an event appended, in batches", appended, "ms"),
        figure("an event appended alone, besides the commit", alone, "ms", target="under 1 ms median"),
        figure(
            f"{events:,} events verified", taken, "s", against=f"bare: rows read and hashed, {bare:.1f} s",
            ratio=taken / bare, target="a million in under 30 s",
        ),
    ]  # fmt: skip


def _one_by_one(database: Database, trail: AuditTrail) -> float:
    taken = []
    for number in range(PROOFS):
        with database.writer() as session:
            session.execute(select(1))
            began = time.perf_counter()
            trail.append(session, _event(number))
            taken.append((time.perf_counter() - began) * 1000)
            session.commit()
    return statistics.median(taken)


def _proofs(folder: Path, leaves: int) -> list[dict[str, Any]]:
    database, trail = _trail(folder / "nodes.db")
    nodes = _nodes(leaves)
    while rows := list(islice(nodes, 10 * BATCH)):
        with database.writer() as session:
            session.execute(insert(AuditNode.__table__), rows)  # type: ignore[arg-type]
            session.commit()
    chance, taken = random.Random(14), []
    with database.reader() as session:
        root = tree.root_of(_hash(index) for index in range(leaves))
        for _proof in range(PROOFS):
            index = chance.randrange(leaves)
            began = time.perf_counter()
            path = trail.inclusion(session, index, leaves)
            taken.append((time.perf_counter() - began) * 1000)
            if not tree.included(_hash(index), index, leaves, path, root):
                raise RuntimeError(f"the proof of leaf {index} is wrong")
    database.close()
    taken.sort()
    median = figure(f"a proof among {leaves:,} leaves", statistics.median(taken), "ms", target="under 10 ms")
    return [{**median, "p95": round(taken[int(PROOFS * 0.95)], 2)}]


def _nodes(leaves: int) -> Iterator[dict[str, Any]]:
    growing = tree.Frontier()
    for index in range(leaves):
        for level, position, value in growing.add(_hash(index)):
            yield {"level": level, "position": position, "hash": value}


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
