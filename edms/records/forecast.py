"""What the rules in force will ask for, and what there is: figures for the charts of a records officer.

Stored due dates are what `decide` says of the rules each record was declared under, so that the years to come are sums
over an index, within what the reader may see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import ColumnElement, and_, func, select, true

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.members import Sight, one_row, sight
from edms.records.model import Component, Record
from edms.records.narrow import Narrow
from edms.records.offices import office_of
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
        narrow = (Narrow.DUE, Narrow.CLASS) if archive.database.is_sqlite else (None, None)
        by_due, by_class, wide = (_within(operation, office, index) for index in (*narrow, None))
        found = Outlook(
            day,
            _quarters(operation, by_due, day),
            _backlog(operation, by_due, day),
            _holdings(operation, by_class),
            _freed(operation, wide.within, day),
        )
        operation.about("list", "outlook", "retention.reported")
        operation.note(as_of=day.isoformat(), office=office or None)
        operation.seldom()
        return found


def _within(operation: Operation, office: str, index: Narrow | None) -> Sight:
    within = sight(operation.scope(), index)
    return within.of_office(office_of(operation.session, office).id) if office else within


def _quarters(operation: Operation, within: Sight, day: date) -> tuple[tuple[tuple[int, int], dict[str, int]], ...]:
    first = (day.year, (day.month + 2) // 3)
    names = [_quarter_after(first, ahead) for ahead in range(QUARTERS)]
    counted: dict[str, ColumnElement[bool]] = {fate.value: within.fate == fate.value for fate in Fate}
    numbers = [func.count().filter(one).label(name) for name, one in (counted | {"": true()}).items()]
    # Each quarter is a range of the index: to sort its days would take longer than to count them.
    parts = (and_(within.due >= _first_day(name), within.due < _first_day(_quarter_after(name, 1))) for name in names)
    found = one_row(operation.session, [within.count(part, numbers) for part in parts])
    return tuple((name, _by_fate(row)) for name, row in zip(names, found, strict=True))


def _by_fate(row: tuple[int, ...]) -> dict[str, int]:
    """How many there are of each fate that occurs; those without one stand under an empty name."""
    *numbers, every = row
    counts = {fate.value: count for fate, count in zip(Fate, numbers, strict=True)} | {"": every - sum(numbers)}
    return {name: count for name, count in counts.items() if count}


def _quarter_after(first: tuple[int, int], ahead: int) -> tuple[int, int]:
    years, place = divmod(first[1] - 1 + ahead, 4)
    return first[0] + years, place + 1


def _first_day(quarter: tuple[int, int]) -> date:
    return date(quarter[0], 3 * quarter[1] - 2, 1) if quarter[0] <= date.max.year else date.max


def _backlog(operation: Operation, within: Sight, day: date) -> tuple[int, ...]:
    """A year is 365 days here: the age tells how bad it is, and decides on nothing."""
    bounds = [day, *(day - timedelta(days=365 * years) for years in AGES)]
    parts = [and_(within.due <= newest, within.due > oldest) for newest, oldest in pairwise(bounds)]
    parts.append(within.due <= bounds[-1])
    counts = (within.count(part, [func.count()]).scalar_subquery() for part in parts)
    return tuple(operation.session.execute(select(*counts)).one())


def _holdings(operation: Operation, within: Sight) -> tuple[tuple[str, dict[str, int]], ...]:
    query = within.count(true(), (Record.class_code, Record.level, func.count())).group_by(
        Record.class_code, Record.level
    )
    found: dict[str, dict[str, int]] = {}
    for code, level, count in operation.session.execute(query):
        of = found.setdefault((code or "").partition(".")[0], {})
        of[level or ""] = of.get(level or "", 0) + int(count)
    return tuple(sorted(found.items()))


def _freed(operation: Operation, within: ColumnElement[bool], day: date) -> tuple[tuple[int, int], ...]:
    year = func.extract("year", Record.due_on).label("year")
    ends = date(min(day.year + YEARS, 9999), 1, 1)
    found = select(Record.id, year).where(within, Record.fate == Fate.DESTROY.value)
    found = found.where(Record.due_on >= date(day.year, 1, 1), Record.due_on < ends)
    # In the order of their coming, in which components and blobs lie too, and from indexes that hold all that is asked:
    # so that a page is read once, for many.
    due = found.order_by(Record.id).cte("due").prefix_with("MATERIALIZED", dialect="sqlite")
    query = (
        select(due.c.year, func.sum(StoredBlob.size))
        .select_from(due)
        .join(Component, Component.record_id == due.c.id)
        .join(StoredBlob, StoredBlob.id == Component.blob_id)
        .with_hint(Component, "INDEXED BY ix_components_record_id_blob_id", "sqlite")
        .with_hint(StoredBlob, "INDEXED BY ix_blobs_id_size", "sqlite")
        .group_by(due.c.year)
    )
    sums = {int(one): int(total) for one, total in operation.session.execute(query)}
    return tuple((one, sums.get(one, 0)) for one in range(day.year, min(day.year + YEARS, 9999)))


def fates_shown(quarters: Iterable[tuple[tuple[int, int], dict[str, int]]]) -> tuple[str, ...]:
    """Return the fates that occur, in the order of the law."""
    seen = {fate for _name, counted in quarters for fate in counted}
    return tuple(fate.value for fate in Fate if fate.value in seen)
