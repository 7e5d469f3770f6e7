"""Verifying the trail: everything is computed anew from the leaf bodies, in one pass and in constant memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.audit import tree
from edms.audit.events import spelled
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import open_checkpoint
from edms.core.canonical import canonical_json
from edms.core.errors import IntegrityFault

_AT_ONCE = 1000


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the trail."""

    kind: str
    id: str
    detail: str


class _Growing:
    """The tree as it grows leaf by leaf: the frontier of complete subtrees, and the root at any moment."""

    def __init__(self) -> None:
        self._stack: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> list[tuple[int, bytes]]:
        """Add a leaf hash; return the (level, hash) of it and of all nodes it completes."""
        made = [(0, leaf)]
        level, current = 0, leaf
        while self._stack and self._stack[-1][0] == level:
            current = tree.node_hash(self._stack.pop()[1], current)
            level += 1
            made.append((level, current))
        self._stack.append((level, current))
        return made

    def root(self) -> bytes:
        if not self._stack:
            return tree.EMPTY_ROOT
        root = self._stack[-1][1]
        for _level, left in reversed(self._stack[:-1]):
            root = tree.node_hash(left, root)
        return root


def faults(session: Session, origin: str, public_key: bytes) -> Iterator[Fault]:
    """Yield every fault of the trail; see docs/formats/audit.md, section 5, for what cannot be seen."""
    notes = {row.size: row.note for row in session.scalars(select(AuditCheckpoint))}
    growing = _Growing()
    size = nodes = 0
    previous = ""
    yield from _checkpoint_faults(notes, 0, growing, origin, public_key)
    for leaf in session.scalars(select(AuditLeaf).order_by(AuditLeaf.index).execution_options(yield_per=_AT_ONCE)):
        if leaf.index != size:
            yield Fault("audit", str(size), f"leaves {size} to {leaf.index - 1} are missing")
            return
        yield from _leaf_faults(leaf, previous)
        made = growing.add(tree.leaf_hash(leaf.body))
        nodes += len(made)
        yield from _node_faults(session, leaf.index, made)
        size += 1
        previous = spelled(leaf.at)
        yield from _checkpoint_faults(notes, size, growing, origin, public_key)
    for beyond in sorted(noted for noted in notes if noted > size):
        yield Fault(
            "audit", str(beyond), f"the trail was cut: a checkpoint covers {beyond} leaves and there are {size}"
        )
    if session.scalar(select(func.count()).select_from(AuditNode)) != nodes:
        yield Fault("audit", str(size), "there are nodes that belong to no leaf, or nodes are missing")


def _leaf_faults(leaf: AuditLeaf, previous: str) -> Iterator[Fault]:
    try:
        body: dict[str, Any] = json.loads(leaf.body)
        canonical = canonical_json(body) == leaf.body
        told = (
            body["index"],
            body["at"],
            body["action"],
            body["actor"]["id"],
            body["subject"]["kind"],
            body["subject"]["id"],
        )
    except (ValueError, KeyError, TypeError):
        yield Fault("audit", str(leaf.index), "the leaf is not readable")
        return
    if not canonical:
        yield Fault("audit", str(leaf.index), "the leaf is not in canonical form")
    row = (leaf.index, spelled(leaf.at), leaf.action, leaf.actor_id, leaf.subject_kind, leaf.subject_id)
    if told != row:
        yield Fault("audit", str(leaf.index), "the columns of the row are not what its leaf says")
    if body["at"] < previous:
        yield Fault("audit", str(leaf.index), "the leaf is dated before the one in front of it")


def _node_faults(session: Session, index: int, made: list[tuple[int, bytes]]) -> Iterator[Fault]:
    for level, expected in made:
        query = select(AuditNode.hash).where(AuditNode.level == level, AuditNode.position == index >> level)
        if session.scalar(query) != expected:
            yield Fault(
                "audit", str(index), f"the leaf or the tree above it was altered (node {level}/{index >> level})"
            )


def _checkpoint_faults(
    notes: dict[int, str], size: int, growing: _Growing, origin: str, public_key: bytes
) -> Iterator[Fault]:
    note = notes.get(size)
    if note is None:
        return
    try:
        checkpoint = open_checkpoint(note, public_key)
    except IntegrityFault as fault:
        yield Fault("checkpoint", str(size), fault.message)
        return
    if checkpoint.size != size or checkpoint.origin != origin:
        yield Fault("checkpoint", str(size), "the checkpoint is of another size or another archive")
    elif checkpoint.root != growing.root():
        yield Fault("checkpoint", str(size), "the trail up to here is not the one that was signed")
