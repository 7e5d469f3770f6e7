"""Appending to the trail in the caller's transaction, checkpoints and proofs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Select, Table, and_, bindparam, insert, or_, select, text
from sqlalchemy.orm import Session

from edms.audit import tree
from edms.audit.events import AuditEvent, leaf_bytes
from edms.audit.inspection import Fault, faults
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import Checkpoint, sign_checkpoint, verifier_key
from edms.audit.publication import newest_checkpoint
from edms.core.clock import Clock
from edms.core.errors import IntegrityFault

# Any constant will do, as long as nothing else in the database takes the same advisory lock.
_APPENDING = 7_266_283_001

# Tables, not classes: an append costs half as much without the unit of work, which it does not need.
_LEAVES, _NODES = cast(Table, AuditLeaf.__table__), cast(Table, AuditNode.__table__)
_NEWEST = select(_LEAVES.c.index, _LEAVES.c.at).order_by(_LEAVES.c.index.desc()).limit(1)
_NEW_LEAVES, _NEW_NODES = insert(_LEAVES), insert(_NODES)


class AuditTrail:
    """One trail. Nothing here commits: a leaf stands or falls with the change that it tells of (invariant 4)."""

    def __init__(self, clock: Clock, origin: str, signing_seed: bytes) -> None:
        self._clock = clock
        self._seed = signing_seed
        self.origin = origin
        self.public_key = Ed25519PrivateKey.from_private_bytes(signing_seed).public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The public key as tools for transparency logs take it."""
        return verifier_key(self.origin, self.public_key)

    def append(self, session: Session, event: AuditEvent) -> int:
        """Append one leaf and return its index. Other appenders wait until this transaction ends."""
        return self.append_all(session, (event,))[0]

    def append_all(self, session: Session, events: Sequence[AuditEvent]) -> range:
        """Append a leaf for each event, in order, and return their indexes. Costs little more than appending one."""
        if not events:
            return range(0)
        _one_at_a_time(session)
        newest = session.execute(_NEWEST).one_or_none()
        start = newest[0] + 1 if newest else 0
        at = self._moment(newest[1] if newest else None)
        growing = _frontier(session, start)
        leaves, nodes = [], []
        for index, event in enumerate(events, start):
            body = leaf_bytes(event, index, at)
            leaves.append(_row(event, index, at, body))
            nodes += [_node(*made) for made in growing.add(tree.leaf_hash(body))]
        session.execute(_NEW_LEAVES, leaves)
        session.execute(_NEW_NODES, nodes)
        return range(start, start + len(events))

    def size(self, session: Session) -> int:
        """Return the number of leaves."""
        newest = session.execute(_NEWEST).one_or_none()
        return newest[0] + 1 if newest else 0

    def newest_time(self, session: Session) -> datetime | None:
        """Return the time of the newest leaf, None when there is none."""
        return session.scalar(select(AuditLeaf.at).order_by(AuditLeaf.index.desc()).limit(1))

    def checkpoint(self, session: Session) -> str:
        """Sign the trail as it stands in this transaction, keep the note, and return it."""
        _one_at_a_time(session)
        size = self.size(session)
        kept = session.get(AuditCheckpoint, size)
        if kept is not None:
            return kept.note
        note = sign_checkpoint(Checkpoint(self.origin, size, tree.root_at(_nodes(session), size)), self._seed)
        session.add(AuditCheckpoint(size=size, note=note, made_at=self._clock.now(), timestamp=None))
        session.flush()
        return note

    def latest_checkpoint(self, session: Session) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint, or None."""
        row = newest_checkpoint(session)
        return (row.size, row.note) if row else None

    def leaf(self, session: Session, index: int) -> bytes | None:
        """Return the bytes of leaf `index`, or None."""
        return session.scalar(select(AuditLeaf.body).where(AuditLeaf.index == index))

    def inclusion(self, session: Session, index: int, size: int) -> list[bytes]:
        """Return the audit path of leaf `index` in the tree of `size` leaves. Raises ValueError when not in it."""
        return tree.inclusion_path(_nodes(session), index, size)

    def consistency(self, session: Session, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `size` leaves begins with that of `old_size`."""
        return tree.consistency_path(_nodes(session), old_size, size)

    def history(self, session: Session, subject_kind: str, subject_id: str) -> list[dict[str, Any]]:
        """Return the events on one subject in order, as `{"index","at","action","actor","outcome","details"}`.

        Raises IntegrityFault when a leaf of it was altered so that it no longer parses.
        """
        leaves = session.execute(
            select(AuditLeaf.index, AuditLeaf.body)
            .where(AuditLeaf.subject_kind == subject_kind, AuditLeaf.subject_id == subject_id)
            .order_by(AuditLeaf.index)
        )
        return [_shown(index, body) for index, body in leaves]

    def faults(self, session: Session, kept: Iterable[str] = ()) -> Iterator[Fault]:
        """Compute everything anew from the leaves and yield what does not fit.

        `kept` are checkpoints that were kept outside this archive: against them a cut or rewritten end is found too.
        """
        return faults(session, self.origin, self.public_key, kept)

    def _moment(self, previous: datetime | None) -> datetime:
        """The time of the next leaves: the clock's, but never before the leaf in front (format, section 1)."""
        now = self._clock.now()
        return now if previous is None or now > previous else previous


def _row(event: AuditEvent, index: int, at: datetime, body: bytes) -> dict[str, Any]:
    return {
        "index": index,
        "body": body,
        "at": at,
        "action": event.action,
        "actor_id": event.actor_id,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
    }


def _node(level: int, position: int, value: bytes) -> dict[str, Any]:
    return {"level": level, "position": position, "hash": value}


def _shown(index: int, body: bytes) -> dict[str, Any]:
    try:
        leaf = json.loads(body)
        return {
            "index": leaf["index"],
            "at": leaf["at"],
            "action": leaf["action"],
            "actor": leaf["actor"]["name"],
            "outcome": leaf["outcome"],
            "details": leaf["details"],
        }
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityFault(f"leaf {index} of the audit trail was altered: it is no audit event any more") from error


def _one_at_a_time(session: Session) -> None:
    """On SQLite a writer is alone already (BEGIN IMMEDIATE); on PostgreSQL appenders queue at a lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:place)"), {"place": _APPENDING})


def _nodes(session: Session) -> tree.Nodes:
    def read(level: int, position: int) -> bytes:
        found = session.scalar(select(_NODES.c.hash).where(_NODES.c.level == level, _NODES.c.position == position))
        if found is None:
            raise ValueError(f"the trail has no node {level}/{position}")
        return bytes(found)

    return read


def _frontier(session: Session, size: int) -> tree.Frontier:
    """Return the tree of the first `size` leaves, ready to grow, with one read of at most log2(size) rows."""
    levels = tree.frontier_levels(size)
    if not levels:
        return tree.Frontier()
    places: dict[str, int] = {}
    for number, level in enumerate(levels):
        places |= {f"level{number}": level, f"position{number}": (size >> level) - 1}
    known = {row[0]: row[1] for row in session.execute(_frontier_query(len(levels)), places)}
    if len(known) != len(levels):
        raise ValueError(f"the trail has {size} leaves but not all nodes of its tree; run: edms verify --all")
    return tree.Frontier(size, [known[level] for level in levels])


@cache
def _frontier_query(count: int) -> Select[int, bytes]:
    """The query for `count` nodes, built once for each count: building it costs more than running it."""
    wanted = [
        and_(_NODES.c.level == bindparam(f"level{number}"), _NODES.c.position == bindparam(f"position{number}"))
        for number in range(count)
    ]
    return select(_NODES.c.level, _NODES.c.hash).where(or_(*wanted))
