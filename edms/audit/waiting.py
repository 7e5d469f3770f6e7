"""Events that wait for their place in the tree: numbered without gaps, authenticated, and found when one is taken away.

Where many write at a time (PostgreSQL), an act's transaction only puts its event here; places are given later, in
batches. docs/formats/audit.md, section 5, says what order and completeness follow from.
"""

import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from edms.audit.events import MOST_INDEX, AuditEvent, Numbered, leaf_at, told_of
from edms.audit.model import AuditLane, AuditLeaf, AuditWaiting
from edms.core.canonical import canonical_json

BATCH = 1000
_LANES, _WAITING = cast(Table, AuditLane.__table__), cast(Table, AuditWaiting.__table__)
_LEAVES = cast(Table, AuditLeaf.__table__)
WAITING_LABEL = b"edms audit waiting 1"
# The inner query skips lanes that another transaction holds; what it returns is ours until we end.
_FREE = select(_LANES.c.lane).order_by(_LANES.c.lane).limit(1).with_for_update(skip_locked=True).scalar_subquery()
_NEW = insert(_WAITING)


class WaitingEvent(NamedTuple):
    """A row that waits, and the last number of its lane that is in the tree (0: none)."""

    sequence: int
    lane: int
    number: int
    body: bytes
    mac: bytes
    placed: int


def put(session: Session, key: bytes, events: Sequence[AuditEvent], at: datetime) -> None:
    """Number the events and let them wait, in the caller's transaction. No other transaction waits for this one.

    Raises ValueError for an event that would not fit a leaf.
    """
    lane, last = _own_lane(session, len(events))
    rows = []
    for number, event in enumerate(events, last - len(events) + 1):
        told = told_of(event, at, Numbered(lane, number))
        leaf_at(told, MOST_INDEX)  # what waits must fit wherever it is placed
        body = canonical_json(told)
        rows.append(
            {
                "lane": lane,
                "number": number,
                "body": body,
                "mac": _mac(key, lane, number, body),
                "subject_kind": event.subject_kind,
                "subject_id": event.subject_id,
            }
        )
    session.execute(_NEW, rows)


def batches(session: Session, key: bytes) -> Iterator[list[dict[str, Any]]]:
    """Yield what waits, in the order in which it is to be placed, as what each leaf will say; each batch is removed.

    What is not genuine, or is in the tree already, stays where it is, for the inspection to name.
    """
    for rows in _pages(session):
        placed = {row.lane: row.placed for row in rows}
        batch, done = [], []
        for row in rows:
            if genuine(key, row) and row.number > placed[row.lane]:
                placed[row.lane] = row.number
                batch.append(json.loads(row.body))
                done.append(row.sequence)
        session.execute(delete(_WAITING).where(_WAITING.c.sequence.in_(done)))
        yield batch


def genuine_waiting(session: Session, key: bytes) -> Iterator[dict[str, Any]]:
    """Yield, in order, what each waiting event says that a holder of the key left."""
    for row in _every_row(session):
        if genuine(key, row):
            yield json.loads(row.body)


def told_waiting(session: Session, subject_kind: str, subject_id: str) -> list[dict[str, Any]]:
    """Return what waits about one subject, in order."""
    query = select(_WAITING.c.body).where(_WAITING.c.subject_kind == subject_kind, _WAITING.c.subject_id == subject_id)
    return [json.loads(body) for body in session.scalars(query.order_by(_WAITING.c.sequence))]


def waiting_faults(session: Session, key: bytes) -> Iterator[tuple[str, str]]:
    """Yield (where, what) for every row that is not what a writer left, and for every number that is missing.

    What is placed meanwhile is no fault: how far its lane has come is asked in the statement that reads a row.
    """
    reached: dict[int, int] = {}
    for row in _every_row(session):
        before = max(reached.get(row.lane, 0), row.placed)
        if not genuine(key, row):
            yield f"waiting {row.sequence}", "the waiting event is not what a writer of ours left"
            continue
        if row.number <= before:
            yield f"waiting {row.sequence}", "the waiting event is there twice, or in the tree already"
        elif row.number > before + 1:
            yield f"waiting {row.sequence}", _missing(row.lane, before + 1, row.number - 1)
        reached[row.lane] = max(before, row.number)
    yield from _lane_faults(session)


def missing_before(lane: int, first: int, number: int) -> str:
    """Say, of a leaf with this number, what is missing or wrong when `first` was to come."""
    if number < first:
        return f"the leaf has number {number} of lane {lane}, which stood before it already"
    return _missing(lane, first, number - 1)


def genuine(key: bytes, row: WaitingEvent) -> bool:
    """True when the row's body was left by a holder of the key under this lane and number."""
    return hmac.compare_digest(_mac(key, row.lane, row.number, row.body), row.mac)


def _own_lane(session: Session, count: int) -> tuple[int, int]:
    """Take a free lane until the transaction ends; return it and its last number, raised by `count`."""
    counted = update(_LANES).where(_LANES.c.lane == _FREE).values(number=_LANES.c.number + count)
    found = session.execute(counted.returning(_LANES.c.lane, _LANES.c.number)).one_or_none()
    if found is None:
        found = session.execute(insert(_LANES).values(number=count).returning(_LANES.c.lane, _LANES.c.number)).one()
    return found[0], found[1]


def _every_row(session: Session) -> Iterator[WaitingEvent]:
    for rows in _pages(session):
        yield from rows


def _pages(session: Session) -> Iterator[list[WaitingEvent]]:
    """Yield the waiting events in order, at most BATCH at a time; each page is what one statement saw."""
    query = select(
        _WAITING.c.sequence, _WAITING.c.lane, _WAITING.c.number, _WAITING.c.body, _WAITING.c.mac,
        _last_placed(_WAITING.c.lane),
    )  # fmt: skip
    query = query.order_by(_WAITING.c.sequence).limit(BATCH)
    rows: list[WaitingEvent] = []
    while not rows or len(rows) == BATCH:
        later = query.where(_WAITING.c.sequence > rows[-1].sequence) if rows else query
        rows = [WaitingEvent(*row) for row in session.execute(later)]
        if not rows:
            return
        yield rows


def _last_placed(lane: ColumnElement[int]) -> ColumnElement[int]:
    """The largest number of a lane in the tree, 0 for none: the end of an index, not a count."""
    newest = select(func.max(_LEAVES.c.number)).where(_LEAVES.c.lane == lane).correlate(lane.table)
    return func.coalesce(newest.scalar_subquery(), 0)


def _lane_faults(session: Session) -> Iterator[tuple[str, str]]:
    """Compare what each lane has counted to with the last of its events, waiting or in the tree."""
    waiting = select(func.max(_WAITING.c.number)).where(_WAITING.c.lane == _LANES.c.lane).correlate(_LANES)
    query = select(_LANES.c.lane, _LANES.c.number, _last_placed(_LANES.c.lane), waiting.scalar_subquery())
    known = set()
    for lane, number, placed, last in session.execute(query.order_by(_LANES.c.lane)):
        known.add(lane)
        last = max(placed, last or 0)
        if last < number:
            yield f"lane {lane}", _missing(lane, last + 1, number)
        elif last > number:
            yield f"lane {lane}", f"the lane counts to {number}, and there are events up to {last}: it was set back"
    for table in (_WAITING, _LEAVES):
        for lane in _lanes_of(session, table):
            if lane not in known:
                known.add(lane)
                yield f"lane {lane}", "the lane is missing, and there are events that it has numbered"


def _lanes_of(session: Session, table: Table) -> Iterator[int]:
    """Yield the lanes that occur in a table, each found by a step along its index."""
    lane = session.scalar(select(func.min(table.c.lane)).where(table.c.lane.is_not(None)))
    while lane is not None:
        yield lane
        lane = session.scalar(select(func.min(table.c.lane)).where(table.c.lane > lane))


def _missing(lane: int, first: int, last: int) -> str:
    if last > first:
        return f"events {first} to {last} of lane {lane} are missing: removed before they had a place in the tree"
    return f"event {first} of lane {lane} is missing: removed before it had a place in the tree"


def _mac(key: bytes, lane: int, number: int, body: bytes) -> bytes:
    return hmac.digest(key, lane.to_bytes(8, "big", signed=True) + number.to_bytes(8, "big", signed=True) + body,
                       "sha256")  # fmt: skip
