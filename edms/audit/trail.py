"""Appending to the trail in the caller's transaction, checkpoints and proofs."""

import json
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from edms.audit import tree
from edms.audit.events import AuditEvent, leaf_bytes
from edms.audit.inspection import Fault, faults
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import Checkpoint, sign_checkpoint
from edms.core.clock import Clock

# Any constant will do, as long as nothing else in the database takes the same advisory lock.
_APPENDING = 7_266_283_001


class AuditTrail:
    """One trail. Nothing here commits: a leaf stands or falls with the change that it tells of (invariant 4)."""

    def __init__(self, clock: Clock, origin: str, signing_seed: bytes) -> None:
        self._clock = clock
        self._seed = signing_seed
        self.origin = origin
        self.public_key = Ed25519PrivateKey.from_private_bytes(signing_seed).public_key().public_bytes_raw()

    def append(self, session: Session, event: AuditEvent) -> int:
        """Append one leaf and return its index. Other appenders wait until this transaction ends."""
        _one_at_a_time(session)
        last = session.execute(
            select(AuditLeaf.index, AuditLeaf.at).order_by(AuditLeaf.index.desc()).limit(1)
        ).one_or_none()
        index = last[0] + 1 if last else 0
        at = self._clock.now()
        if last and last[1] > at:
            at = last[1]
        body = leaf_bytes(event, index, at)
        session.execute(
            insert(AuditLeaf),
            {
                "index": index,
                "body": body,
                "at": at,
                "action": event.action,
                "actor_id": event.actor_id,
                "subject_kind": event.subject_kind,
                "subject_id": event.subject_id,
            },
        )
        session.execute(insert(AuditNode), _new_nodes(session, index, tree.leaf_hash(body)))
        return index

    def size(self, session: Session) -> int:
        """Return the number of leaves."""
        last = session.scalar(select(AuditLeaf.index).order_by(AuditLeaf.index.desc()).limit(1))
        return 0 if last is None else last + 1

    def checkpoint(self, session: Session) -> str:
        """Sign the trail as it stands in this transaction, keep the note, and return it."""
        size = self.size(session)
        kept = session.get(AuditCheckpoint, size)
        if kept is not None:
            return kept.note
        note = sign_checkpoint(Checkpoint(self.origin, size, tree.root_at(_nodes(session), size)), self._seed)
        session.add(AuditCheckpoint(size=size, note=note))
        session.flush()
        return note

    def latest_checkpoint(self, session: Session) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint, or None."""
        row = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).one_or_none()
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
        """Return the events on one subject in order, as `{"index","at","action","actor","outcome","details"}`."""
        bodies = session.scalars(
            select(AuditLeaf.body)
            .where(AuditLeaf.subject_kind == subject_kind, AuditLeaf.subject_id == subject_id)
            .order_by(AuditLeaf.index)
        )
        return [_shown(json.loads(body)) for body in bodies]

    def faults(self, session: Session) -> Iterator[Fault]:
        """Compute everything anew from the leaves and yield what does not fit."""
        return faults(session, self.origin, self.public_key)


def _shown(leaf: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": leaf["index"],
        "at": leaf["at"],
        "action": leaf["action"],
        "actor": leaf["actor"]["name"],
        "outcome": leaf["outcome"],
        "details": leaf["details"],
    }


def _one_at_a_time(session: Session) -> None:
    """On SQLite a writer is alone already (BEGIN IMMEDIATE); on PostgreSQL appenders queue at a lock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:place)"), {"place": _APPENDING})


def _nodes(session: Session) -> tree.Nodes:
    def read(level: int, position: int) -> bytes:
        found = session.scalar(select(AuditNode.hash).where(AuditNode.level == level, AuditNode.position == position))
        if found is None:
            raise ValueError(f"the trail has no node {level}/{position}")
        return found

    return read


def _new_nodes(session: Session, index: int, leaf: bytes) -> list[dict[str, Any]]:
    """Return the leaf's node and every node that it completes."""
    nodes = _nodes(session)
    made = [{"level": 0, "position": index, "hash": leaf}]
    current = leaf
    for level in range(1, tree.completed_by(index) + 1):
        position = index >> level
        current = tree.node_hash(nodes(level - 1, position * 2), current)
        made.append({"level": level, "position": position, "hash": current})
    return made
