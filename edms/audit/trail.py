"""Appending to the trail in the caller's transaction, giving places in the tree, checkpoints and proofs."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Select, Table, and_, bindparam, insert, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edms.audit import tree
from edms.audit.events import AuditEvent, instant, leaf_at, spelled, told_of
from edms.audit.inspection import Fault, faults
from edms.audit.model import AuditCheckpoint, AuditLeaf, AuditNode
from edms.audit.note import Checkpoint, sign_checkpoint, verifier_key
from edms.audit.publication import newest_checkpoint
from edms.audit.typed import TYPED_LABEL, derived_key, typed_digest
from edms.audit.waiting import WAITING_LABEL, batches, genuine_waiting, put, told_waiting
from edms.core.clock import Clock
from edms.core.errors import IntegrityFault

Made = TypeVar("Made")

# Any constant will do, as long as nothing else in the database takes the same advisory lock.
_PLACING = 7_266_283_001

# Tables, not classes: an append costs half as much without the unit of work, which it does not need.
_LEAVES, _NODES = cast(Table, AuditLeaf.__table__), cast(Table, AuditNode.__table__)
_NEWEST = select(_LEAVES.c.index, _LEAVES.c.at).order_by(_LEAVES.c.index.desc()).limit(1)
_NEW_LEAVES, _NEW_NODES = insert(_LEAVES), insert(_NODES)


class AuditTrail:
    """One trail. Nothing here commits: an event stands or falls with the change that it tells of (invariant 4).

    On SQLite, where one writes at a time, an event gets its place in the tree at once. On PostgreSQL it is put down to
    wait, so that writers do not queue, and `integrate` gives it its place (docs/formats/audit.md, section 5). Whatever
    needs places, here and above, integrates first.
    """

    def __init__(self, clock: Clock, origin: str, signing_seed: bytes) -> None:
        self._clock = clock
        self._seed = signing_seed
        self._waiting_key = derived_key(signing_seed, WAITING_LABEL)
        self._typed_key = derived_key(signing_seed, TYPED_LABEL)
        self.origin = origin
        self.public_key = Ed25519PrivateKey.from_private_bytes(signing_seed).public_key().public_bytes_raw()

    @property
    def verifier_key(self) -> str:
        """The public key as tools for transparency logs take it."""
        return verifier_key(self.origin, self.public_key)

    def append(self, session: Session, event: AuditEvent) -> None:
        """Append one event in the caller's transaction."""
        self.append_all(session, (event,))

    def append_all(self, session: Session, events: Sequence[AuditEvent]) -> None:
        """Append events, in order. Costs little more than appending one. Raises ValueError for one that is too long."""
        if not events:
            return
        if _many_writers(session):
            put(session, self._waiting_key, events, self._clock.now())
        else:
            self._place(session, [told_of(event, self._clock.now()) for event in events])

    def integrate(self, session: Session, *, wait: bool = True) -> int:
        """Give every event that waits, as far as this transaction sees, its place in the tree; return how many.

        One does so at a time: others wait until this transaction ends, or return 0 at once without `wait`.
        """
        if not _many_writers(session) or not _turn(session, wait=wait):
            return 0
        return sum(self._place(session, told) for told in batches(session, self._waiting_key))

    def _place(self, session: Session, acts: Sequence[dict[str, Any]]) -> int:
        """Append a leaf for each of `acts` (what it says, without its index) and the nodes that these complete."""
        if not acts:
            return 0
        newest = session.execute(_NEWEST).one_or_none()
        start, before = (newest[0] + 1, spelled(newest[1])) if newest else (0, "")
        growing = _frontier(session, start)
        leaves, nodes = [], []
        for index, told in enumerate(acts, start):
            # Order and time never contradict each other (format, section 1); the spelling sorts as the time does.
            before = max(before, told["at"])
            body = leaf_at({**told, "at": before}, index)
            leaves.append(_row(told, index, before, body))
            nodes += [_node(*made) for made in growing.add(tree.leaf_hash(body))]
        session.execute(_NEW_LEAVES, leaves)
        try:
            session.execute(_NEW_NODES, nodes)
        except IntegrityError:
            raise IntegrityFault(
                f"the audit trail ends at leaf {start - 1} and its tree does not: newer leaves were removed",
                "restore the trail from a backup; nothing is written until then",
            ) from None
        return len(acts)

    def waiting(self, session: Session) -> Iterator[dict[str, Any]]:
        """Yield what the events say that wait for their place; those that no writer of ours left are passed over."""
        return genuine_waiting(session, self._waiting_key)

    def size(self, session: Session) -> int:
        """Return the number of leaves in the tree; events that wait for their place are not among them."""
        newest = session.execute(_NEWEST).one_or_none()
        return newest[0] + 1 if newest else 0

    def newest_time(self, session: Session) -> datetime | None:
        """Return the time of the newest leaf, None when there is none."""
        return session.scalar(select(AuditLeaf.at).order_by(AuditLeaf.index.desc()).limit(1))

    def checkpoint(self, session: Session) -> str:
        """Sign the trail as it stands in this transaction, all its events in place; keep the note, and return it."""
        self.integrate(session)
        size = self.size(session)
        kept = session.get(AuditCheckpoint, size)
        if kept is not None:
            return kept.note
        root = _made(session, lambda nodes: tree.root_at(nodes, size))
        note = sign_checkpoint(Checkpoint(self.origin, size, root), self._seed)
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
        return _made(session, lambda nodes: tree.inclusion_path(nodes, index, size))

    def consistency(self, session: Session, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `size` leaves begins with that of `old_size`."""
        return _made(session, lambda nodes: tree.consistency_path(nodes, old_size, size))

    def history(
        self,
        session: Session,
        subject_kind: str,
        subject_id: str,
        *,
        only: Collection[str] = (),
        without: Collection[str] = (),
        newest: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return the events on one subject in order, as `{"index","at","action","actor","outcome","details"}`.

        `only` names the actions wanted, `without` those that are not; of more than `newest` the older are left out.
        `index` is None while an event waits for its place. Raises IntegrityFault when a leaf of it was altered so that
        it no longer parses.
        """
        waiting = told_waiting(session, subject_kind, subject_id)  # asked first: what is placed meanwhile is seen twice
        query = select(AuditLeaf.index, AuditLeaf.body, AuditLeaf.lane, AuditLeaf.number)
        query = query.where(AuditLeaf.subject_kind == subject_kind, AuditLeaf.subject_id == subject_id)
        query = query.where(AuditLeaf.action.in_(only)) if only else query
        query = query.where(AuditLeaf.action.not_in(without)) if without else query
        found, placed = [], set()
        for index, body, lane, number in session.execute(query.order_by(AuditLeaf.index.desc()).limit(newest)):
            found.append(_shown(index, body))
            placed.add((lane, number))
        for told in waiting:
            numbered, action = told["sequence"], told["action"]
            wanted = (not only or action in only) and action not in without
            if wanted and (numbered["lane"], numbered["number"]) not in placed:
                found.insert(0, _entry(None, told))
        return found[:newest][::-1]

    def typed_digest(self, typed: str) -> str:
        """Return the keyed digest under which the trail speaks of what somebody typed (format, section 10)."""
        return typed_digest(self._typed_key, typed)

    def faults(self, session: Session, kept: Iterable[str] = ()) -> Iterator[Fault]:
        """Compute everything anew from the leaves and yield what does not fit.

        `kept` are checkpoints that were kept outside this archive: against them a cut or rewritten end is found too.
        """
        return faults(session, self.origin, self.public_key, kept, self._waiting_key)


def _row(told: dict[str, Any], index: int, at: str, body: bytes) -> dict[str, Any]:
    numbered = told.get("sequence", {})
    return {
        "index": index,
        "body": body,
        "at": instant(at),
        "action": told["action"],
        "actor_id": told["actor"]["id"],
        "subject_kind": told["subject"]["kind"],
        "subject_id": told["subject"]["id"],
        "lane": numbered.get("lane"),
        "number": numbered.get("number"),
    }


def _node(level: int, position: int, value: bytes) -> dict[str, Any]:
    return {"level": level, "position": position, "hash": value}


def _shown(index: int, body: bytes) -> dict[str, Any]:
    try:
        return _entry(index, json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityFault(f"leaf {index} of the audit trail was altered: it is no audit event any more") from error


def _entry(index: int | None, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": index,
        "at": told["at"],
        "action": told["action"],
        "actor": told["actor"]["name"],
        "outcome": told["outcome"],
        "details": told["details"],
    }


def _many_writers(session: Session) -> bool:
    """On SQLite a writer is alone already (BEGIN IMMEDIATE)."""
    return bool(session.get_bind().dialect.name == "postgresql")


def _turn(session: Session, *, wait: bool) -> bool:
    """Take the one place there is for somebody who gives places; it is free again when the transaction ends."""
    if wait:
        session.execute(text("SELECT pg_advisory_xact_lock(:place)"), {"place": _PLACING})
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:place)"), {"place": _PLACING}))


def _made(session: Session, make: Callable[[tree.Nodes], Made]) -> Made:
    """Return what `make` makes of the nodes, all of them read by one statement. ValueError when one is not there."""
    known = _read(session, tree.places_read(make))

    def read(level: int, position: int) -> bytes:
        if (level, position) not in known:
            raise ValueError(f"the trail has no node {level}/{position}")
        return known[level, position]

    return make(read)


def _frontier(session: Session, size: int) -> tree.Frontier:
    """Return the tree of the first `size` leaves, ready to grow, with one read of at most log2(size) rows."""
    places = [(level, (size >> level) - 1) for level in tree.frontier_levels(size)]
    known = _read(session, places)
    if len(known) != len(places):
        raise ValueError(f"the trail has {size} leaves but not all nodes of its tree; run: edms verify --all")
    return tree.Frontier(size, [known[place] for place in places])


def _read(session: Session, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the nodes at these places, as far as they are there, with one statement (none for no place)."""
    if not places:
        return {}
    bound: dict[str, int] = {}
    for number, (level, position) in enumerate(places):
        bound |= {f"level{number}": level, f"position{number}": position}
    found = session.execute(_query_of(len(places)), bound).all()
    return {(level, position): value for level, position, value in found}


@cache
def _query_of(count: int) -> Select[int, int, bytes]:
    """The query for `count` nodes, built once for each count: building it costs more than running it."""
    wanted = [
        and_(_NODES.c.level == bindparam(f"level{number}"), _NODES.c.position == bindparam(f"position{number}"))
        for number in range(count)
    ]
    return select(_NODES.c.level, _NODES.c.position, _NODES.c.hash).where(or_(*wanted))
