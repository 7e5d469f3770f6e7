"""What the rules in force will ask for, and what there is: figures for the charts of a records officer.

Stored due dates are what `decide` says of the rules each record was declared under, so that the years to come are sums
over an index, within what the reader may see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, Record, RecordState
from edms.records.offices import office_of
from edms.records.visible import visible_to
from edms.retention.types import Fate
from edms.vault.model import StoredBlob

QUARTERS = 12
YEARS = 10
AGES = (1, 2, 5, 10)
"""Bounds in years of the age of what is past due."""


@dataclass(frozen=True)
class Outlook:
    """`quarters`: of (year, quarter), with the number of records that become due by fate, from the quarter of `as_of`.
    `backlog`: numbers past due for less than 1, 2, 5 and 10 years, and for longer. `holdings`: numbers by the first
    part of the class code and level. `freed`: bytes of records due for destruction by year."""

    as_of: date
    quarters: tuple[tuple[tuple[int, int], dict[str, int]], ...]
    backlog: tuple[int, ...]
    holdings: tuple[tuple[str, dict[str, int]], ...]
    freed: tuple[tuple[int, int], ...]


def outlook(actor: Actor | None, archive: Archive, as_of: date | None = None, office: str = "") -> Outlook:
    """Return the figures of the records the actor may see; `office` (a code) empty: of all."""
    day = as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        within = _within(operation, office)
        found = Outlook(
            day,
            _quarters(operation, within, day),
            _backlog(operation, within, day),
            _holdings(operation, within),
            _freed(operation, within, day),
        )
        operation.about("list", "outlook", "retention.reported")
        operation.note(as_of=day.isoformat(), office=office or None)
        operation.seldom()
        return found


def _within(operation: Operation, office: str) -> ColumnElement[bool]:
    within = and_(Record.state == RecordState.DECLARED.value, visible_to(operation.scope()))
    if not office:
        return within
    return and_(within, Record.office_id == office_of(operation.session, office).id)


def _quarters(
    operation: Operation, within: ColumnElement[bool], day: date
) -> tuple[tuple[tuple[int, int], dict[str, int]], ...]:
    first = (day.year, (day.month + 2) // 3)
    names = [_quarter_after(first, ahead) for ahead in range(QUARTERS)]
    begins, ends = _first_day(names[0]), _first_day(_quarter_after(first, QUARTERS))
    counted: dict[tuple[int, int], dict[str, int]] = {name: {} for name in names}
    year, month = _part("year", Record.due_on), _part("month", Record.due_on)
    query = (
        select(year, month, Record.fate, func.count())
        .where(within, Record.due_on >= begins, Record.due_on < ends)
        .group_by(year, month, Record.fate)
    )
    for in_year, in_month, fate, count in operation.session.execute(query):
        of = counted[int(in_year), (int(in_month) + 2) // 3]
        of[fate or ""] = of.get(fate or "", 0) + int(count)
    return tuple((name, counted[name]) for name in names)


def _quarter_after(first: tuple[int, int], ahead: int) -> tuple[int, int]:
    years, place = divmod(first[1] - 1 + ahead, 4)
    return first[0] + years, place + 1


def _first_day(quarter: tuple[int, int]) -> date:
    return date(quarter[0], 3 * quarter[1] - 2, 1) if quarter[0] <= date.max.year else date.max


def _part(name: str, column: InstrumentedAttribute[date | None]) -> ColumnElement[Any]:
    return func.extract(name, column)


def _backlog(operation: Operation, within: ColumnElement[bool], day: date) -> tuple[int, ...]:
    """A year is 365 days here: the age tells how bad it is, and decides on nothing."""
    bounds = [day, *(day - timedelta(days=365 * years) for years in AGES)]
    counts = [
        func.count().filter(Record.due_on <= newest, Record.due_on > oldest) for newest, oldest in pairwise(bounds)
    ]
    counts.append(func.count().filter(Record.due_on <= bounds[-1]))
    query = select(*counts).select_from(Record).where(within, Record.due_on <= day)
    return tuple(int(count) for count in operation.session.execute(query).one())


def _holdings(operation: Operation, within: ColumnElement[bool]) -> tuple[tuple[str, dict[str, int]], ...]:
    query = (
        select(Record.class_code, Record.level, func.count()).where(within).group_by(Record.class_code, Record.level)
    )
    found: dict[str, dict[str, int]] = {}
    for code, level, count in operation.session.execute(query):
        of = found.setdefault((code or "").partition(".")[0], {})
        of[level or ""] = of.get(level or "", 0) + int(count)
    return tuple(sorted(found.items()))


def _freed(operation: Operation, within: ColumnElement[bool], day: date) -> tuple[tuple[int, int], ...]:
    year = _part("year", Record.due_on)
    query = (
        select(year, func.sum(StoredBlob.size))
        .select_from(Record)
        .join(Component, Component.record_id == Record.id)
        .join(StoredBlob, StoredBlob.id == Component.blob_id)
        .where(within, Record.fate == Fate.DESTROY.value)
        .where(Record.due_on >= date(day.year, 1, 1), Record.due_on < date(min(day.year + YEARS, 9999), 1, 1))
        .group_by(year)
    )
    sums = {int(one): int(total) for one, total in operation.session.execute(query)}
    return tuple((one, sums.get(one, 0)) for one in range(day.year, min(day.year + YEARS, 9999)))


def fates_shown(quarters: Iterable[tuple[tuple[int, int], dict[str, int]]]) -> tuple[str, ...]:
    """Return the fates that occur, in the order of the law."""
    seen = {fate for _name, counted in quarters for fate in counted}
    return tuple(fate.value for fate in Fate if fate.value in seen)
