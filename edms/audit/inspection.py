"""Verifying the trail: everything is computed anew from the leaf bodies, in one pass and in constant memory.

Three tellings of the same history must agree: the leaf bodies, the stored nodes, and the signed checkpoints. Where
two agree against the third, the third is named; what follows from one fault is not reported again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, and_, func, or_, select
from sqlalchemy.orm import Session

from edms.audit import tree
from edms.audit.events import instant, read_leaf
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import Checkpoint, open_checkpoint
from edms.audit.waiting import missing_before, waiting_faults
from edms.core.errors import IntegrityFault

# A power of two, so that all but the last leaf of a batch have their parent node in it.
BATCH = 1024
_LEAVES, _NODES = cast(Table, AuditLeaf.__table__), cast(Table, AuditNode.__table__)
_NO_NUMBER: dict[str, None] = {"lane": None, "number": None}
_MOST_LEVELS = 53
_MOST_STRAYS = 100


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the trail. `kind`: "audit" (`id` an index or a node) or "checkpoint" (a size)."""

    kind: str
    id: str
    detail: str


def faults(
    session: Session, origin: str, public_key: bytes, kept: Iterable[str], waiting_key: bytes
) -> Iterator[Fault]:
    """Yield every fault of the trail; docs/formats/audit.md, section 6, says what cannot be seen.

    `public_key` is the raw Ed25519 key (32 bytes), `kept` are notes that were kept outside this archive, `waiting_key`
    is the key of events that wait for their place.
    """
    yield from _Inspection(session, origin, public_key, tuple(kept)).run()
    for where, what in waiting_faults(session, waiting_key):
        yield Fault("audit", where, what)


# A row of `audit_leaves`, its columns in their order.
_Row = tuple[int, bytes, datetime, str, str, str, str, int | None, int | None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the database tells of the leaves from `start` up to `end`: rows and the hashes of their bodies by index,
    stored nodes by (level, position)."""

    start: int
    end: int
    rows: dict[int, _Row]
    told: dict[int, bytes]
    nodes: dict[tuple[int, int], bytes]


class _Inspection:
    """One pass. `_fits` is the size of the newest checkpoint that agreed, `_broken` that one did not."""

    def __init__(self, session: Session, origin: str, public_key: bytes, kept: Sequence[str]) -> None:
        self._session = session
        self._origin = origin
        self._public = public_key
        self._kept_notes = kept
        self._kept: dict[int, list[Checkpoint]] = {}
        self._growing = tree.Frontier()
        self._previous = ""
        self._lanes: dict[int, int] = {}
        self._every_leaf_read = True
        self._fits = 0
        self._broken = False

    def run(self) -> Iterator[Fault]:
        yield from self._open_kept()
        yield from self._checkpoints_at(0, self._notes(-1, 0))
        while batch := self._batch(self._growing.size):
            yield from self._inspect(batch)
            if self._growing.size < batch.end:
                return
        yield from self._beyond()

    def _batch(self, start: int) -> _Batch | None:
        """Return the next leaves, at most BATCH of them; None behind the last."""
        newest = self._session.scalar(select(func.max(_LEAVES.c.index)).where(_LEAVES.c.index >= start))
        if newest is None:
            return None
        end = min(newest + 1, start + BATCH)
        query = select(_LEAVES).where(_LEAVES.c.index >= start, _LEAVES.c.index < end)
        rows = {row[0]: cast(_Row, row) for row in self._session.execute(query).all()}
        told = {index: tree.leaf_hash(row[1]) for index, row in rows.items()}
        return _Batch(start, end, rows, told, self._stored(start, end))

    def _stored(self, start: int, end: int) -> dict[tuple[int, int], bytes]:
        """Return the stored nodes that the leaves from `start` to `end` complete."""
        ranges = [
            and_(_NODES.c.level == level, _NODES.c.position >= start >> level, _NODES.c.position < end >> level)
            for level in range(end.bit_length())
            if start >> level < end >> level
        ]
        query = select(_NODES.c.level, _NODES.c.position, _NODES.c.hash).where(or_(*ranges))
        return {(level, position): value for level, position, value in self._session.execute(query).all()}

    def _inspect(self, batch: _Batch) -> Iterator[Fault]:
        notes = self._notes(batch.start, batch.end)
        if self._agrees(batch):
            yield from self._inspect_rows(batch, notes)
            return
        yield from _gaps(batch)
        for index in range(batch.start, batch.end):
            row = batch.rows.get(index)
            if row is not None:
                yield from self._row_faults(row)
            else:
                self._every_leaf_read = False
            known, found = _leaf_hash(batch, index)
            yield from found
            if known is None:
                yield Fault("audit", str(index), "nothing tells what stood here, so what follows was not checked")
                return
            yield from _node_faults(batch, self._growing.add(known))
            yield from self._checkpoints_at(self._growing.size, notes)

    def _agrees(self, batch: _Batch) -> bool:
        """True when every leaf is there and all stored nodes are what the bodies make: as a rule, and quickly seen."""
        if len(batch.rows) != batch.end - batch.start:
            return False
        made = self._growing.copy().extend([batch.told[index] for index in range(batch.start, batch.end)])
        return batch.nodes == {
            (level, position): value for level, first, row in made for position, value in enumerate(row, first)
        }

    def _inspect_rows(self, batch: _Batch, notes: dict[int, str]) -> Iterator[Fault]:
        """Inspect the rows of a batch whose hashes agree, and the checkpoints among them."""
        start = batch.start
        signed = {size for size in (*notes, *self._kept) if start < size < batch.end}
        for end in (*sorted(signed), batch.end):
            for index in range(start, end):
                yield from self._row_faults(batch.rows[index])
            self._growing.extend([batch.told[index] for index in range(start, end)])
            yield from self._checkpoints_at(end, notes)
            start = end

    def _row_faults(self, row: _Row) -> Iterable[Fault]:
        try:
            at = _dated(row)
        except ValueError as problem:
            self._every_leaf_read = False
            return [Fault("audit", str(row[0]), str(problem))]
        found = []
        if at < self._previous:
            found.append(Fault("audit", str(row[0]), "the leaf is dated before the one in front of it"))
        else:
            self._previous = at
        lane, number = row[-2:]
        if lane is not None and number is not None:
            found += self._lane_faults(row[0], lane, number)
        return found

    def _lane_faults(self, index: int, lane: int, number: int) -> Iterator[Fault]:
        """Numbers of a lane follow each other. Where a leaf could not be read nobody knows whose number it had; that
        leaf was named already."""
        expected = self._lanes.get(lane, 0) + 1
        if number < expected or (number > expected and self._every_leaf_read):
            yield Fault("audit", str(index), missing_before(lane, expected, number))
        self._lanes[lane] = max(expected - 1, number)

    def _notes(self, after: int, upto: int) -> dict[int, str]:
        """Return the stored notes by size."""
        sizes = AuditCheckpoint.size
        query = select(sizes, AuditCheckpoint.note).where(sizes > after, sizes <= upto)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def _checkpoints_at(self, size: int, notes: dict[int, str]) -> Iterator[Fault]:
        note = notes.get(size)
        if note is None and size not in self._kept:
            return
        root = self._growing.root()
        if note is not None:
            yield from self._checkpoint_faults(size, note, root)
        for checkpoint in self._kept.pop(size, ()):
            if checkpoint.root != root:
                yield Fault(
                    "checkpoint", str(size), "the trail up to here is not the one of the checkpoint kept outside"
                )

    def _checkpoint_faults(self, size: int, note: str, root: bytes) -> Iterator[Fault]:
        try:
            checkpoint = open_checkpoint(note, self._public)
        except IntegrityFault as fault:
            yield Fault("checkpoint", str(size), fault.message)
            return
        if checkpoint.size != size or checkpoint.origin != self._origin:
            yield Fault("checkpoint", str(size), "the checkpoint is of another size or another archive")
        elif checkpoint.root == root:
            self._fits = size
        elif not self._broken:
            self._broken = True
            yield Fault(
                "checkpoint",
                str(size),
                f"the trail up to here is not the one that was signed: something from leaf {self._fits} on was altered",
            )

    def _open_kept(self) -> Iterator[Fault]:
        for number, note in enumerate(self._kept_notes, 1):
            try:
                checkpoint = open_checkpoint(note, self._public)
            except IntegrityFault as fault:
                yield Fault("checkpoint", f"kept {number}", fault.message)
                continue
            if checkpoint.origin != self._origin:
                yield Fault("checkpoint", f"kept {number}", "the checkpoint is of another archive")
                continue
            self._kept.setdefault(checkpoint.size, []).append(checkpoint)

    def _beyond(self) -> Iterator[Fault]:
        """What lies behind the end. Sizes are asked anew in each statement: others may append meanwhile."""
        ended = select(func.coalesce(func.max(_LEAVES.c.index) + 1, 0)).scalar_subquery()
        sizes = select(AuditCheckpoint.size, ended).where(AuditCheckpoint.size > ended).order_by(AuditCheckpoint.size)
        for size, end in self._session.execute(sizes.limit(_MOST_STRAYS)):
            yield Fault("checkpoint", str(size), f"the trail was cut: it has {end} leaves, and {size} were signed")
        for size in sorted(self._kept):
            detail = f"the trail was cut: it has {self._growing.size} leaves, and a checkpoint kept outside has {size}"
            yield Fault("checkpoint", str(size), detail)
        reach = (_NODES.c.position + 1).bitwise_lshift(_NODES.c.level)
        stray = or_(_NODES.c.level < 0, _NODES.c.level > _MOST_LEVELS, _NODES.c.position < 0, reach > ended)
        strays = select(_NODES.c.level, _NODES.c.position).where(stray).order_by(_NODES.c.level, _NODES.c.position)
        for level, position in self._session.execute(strays.limit(_MOST_STRAYS)):
            yield Fault("audit", f"node {level}/{position}", "the node belongs to no leaf: leaves were cut off")
        for index in self._session.scalars(select(_LEAVES.c.index).where(_LEAVES.c.index < 0).limit(_MOST_STRAYS)):
            yield Fault("audit", str(index), "the leaf lies before the first")


def _dated(row: _Row) -> str:
    """Return the time that a leaf tells. Raises ValueError, in words for a person, when the row is wrong in itself."""
    index, body, at, *columns = row
    leaf = read_leaf(body)
    subject, numbered = leaf["subject"], leaf.get("sequence", _NO_NUMBER)
    told = [leaf["action"], leaf["actor"]["id"], subject["kind"], subject["id"], numbered["lane"], numbered["number"]]
    if told != columns or leaf["index"] != index or not _is_at(at, leaf["at"]):
        raise ValueError("the columns of the row are not what its leaf says")
    return str(leaf["at"])


def _is_at(at: datetime, spelling: str) -> bool:
    try:
        return instant(spelling) == at
    except ValueError:
        return False  # a day that no calendar has


def _gaps(batch: _Batch) -> Iterator[Fault]:
    """Yield one fault for each run of leaves that are not there."""
    first = None
    for index in range(batch.start, batch.end + 1):
        missing = index < batch.end and index not in batch.rows
        if missing and first is None:
            first = index
        elif not missing and first is not None:
            many = f"leaves {first} to {index - 1} are missing" if index - 1 > first else "the leaf is missing"
            yield Fault("audit", str(first), many)
            first = None


def _leaf_hash(batch: _Batch, index: int) -> tuple[bytes | None, list[Fault]]:
    """Return the hash to go on with, and the fault when leaf and node differ.

    Which of the two was altered tells the parent node: one of them leads to it.
    """
    told, stored = batch.told.get(index), batch.nodes.get((0, index))
    if told == stored or told is None:
        return stored, []
    if stored is None:
        return told, [Fault("audit", f"node 0/{index}", "the node is missing")]
    parent = batch.nodes.get((1, index >> 1))
    for sibling in (batch.told.get(index ^ 1), batch.nodes.get((0, index ^ 1))):
        if sibling is not None and _pair(index, told, sibling) == parent:
            return told, [Fault("audit", f"node 0/{index}", "the node was altered: it is not the hash of its leaf")]
    return stored, [Fault("audit", str(index), "the leaf was altered: it is not what was hashed when it was appended")]


def _pair(index: int, value: bytes, sibling: bytes) -> bytes:
    return tree.node_hash(sibling, value) if index & 1 else tree.node_hash(value, sibling)


def _node_faults(batch: _Batch, made: list[tuple[int, int, bytes]]) -> Iterator[Fault]:
    """Compare the inner nodes; the lowest that differs is named, those above follow from it."""
    for level, position, expected in made[1:]:
        stored = batch.nodes.get((level, position))
        if stored != expected:
            what = "is missing" if stored is None else "was altered: it is not the hash of its children"
            yield Fault("audit", f"node {level}/{position}", f"the node {what}")
            return
