"""Counts of many lists at once, and of which records other tables say something: on hold, on loan, brought away.

What most lists ask stands in the row of a record, so that it is counted over a narrow index. What other tables say of
few records is looked up from their side: those records alone are counted a second time, as if nothing were said of them
and as it is, and the difference is what the first count was wrong by. Both stand in one statement, of one moment.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from edms.access.filters import sql_filter
from edms.access.scope import Scope
from edms.records.disposal_model import DisposalItem
from edms.records.dossier_facts import filed_in_dossiers
from edms.records.loans_model import Loan
from edms.records.model import Hold, HoldLink, Record, RecordState
from edms.records.proceedings_model import ProceedingItem
from edms.records.report_model import RetentionExplanation
from edms.records.visible import RECORDS, granted, visible_to
from edms.retention.proceedings import ItemState


class Said(StrEnum):
    """What is said of a record elsewhere. `TAKEN`: it is in a disposal or a procedure that goes on. `FILED`: it belongs
    to the file of one."""

    HELD = "held"
    LENT = "lent"
    TAKEN = "taken"
    FILED = "filed"
    MOVED = "moved"
    HANDED_OVER = "handed_over"
    EXPLAINED = "explained"


class Narrow(StrEnum):
    """Indexes that have what is counted by due dates, or by class and level, what the access rule asks, no ids, and
    no more: in SQLCipher each page that is read is authenticated and decrypted first."""

    DUE = "ix_records_counted"
    CLASS = "ix_records_class"


Among = Callable[..., ColumnElement[bool]]
"""Gives of some `Said` the condition that at least one of them is said of the record."""
Parts = Callable[[Among], Sequence[tuple[ColumnElement[bool], Mapping[str, ColumnElement[bool]]]]]
"""Gives ranges of the index that have no record in common, and by name what is counted within each of them."""


@dataclass(frozen=True)
class Sight:
    """The declared records that a reader may see: `within` says so, `narrow` for that index on SQLite."""

    within: ColumnElement[bool]
    narrow: ColumnElement[bool]
    index: Narrow | None

    def of_office(self, office_id: UUID) -> "Sight":
        """Return those of one office."""
        own = Record.office_id == office_id
        return replace(self, within=and_(self.within, own), narrow=and_(self.narrow, own))

    def count(self, part: ColumnElement[bool], columns: Sequence[Any]) -> Select[Any]:
        """Return the statement of `columns` over the records that `part` is true of."""
        query: Select[Any] = select(*columns).select_from(Record).where(self.narrow, part)
        return query.with_hint(Record, f"INDEXED BY {self.index}", "sqlite") if self.index else query


def sight(scope: Scope, index: Narrow | None) -> Sight:
    """Return the declared records that `scope` covers, to be counted by `index` (None: as the database likes)."""
    within = and_(Record.state == RecordState.DECLARED.value, visible_to(scope))
    return Sight(within, within if index is None else _without_ids(scope), index)


def by_id(*kinds: Said) -> ColumnElement[bool]:
    """Return the condition that something of `kinds` is said of the record of that id."""
    return or_(*(Record.id.in_(query) for kind in kinds for query in _said(kind)))


def counts_of(session: Session, seen: Sight, parts: Parts) -> dict[str, int]:
    """Return how many records each name of `parts` counts, in one statement."""
    marked = _marked()
    plain = parts(_nothing)
    found = [
        seen.count(part, [func.count().filter(one).label(name) for name, one in counted.items()]).subquery()
        for part, counted in plain
    ]
    found.append(_difference(seen, marked, _whole(plain), _whole(parts(_said_in(marked)))))
    columns = [column for one in found for column in one.c]
    beside = reduce(lambda one, other: one.join(other, true()), found[1:], cast(FromClause, found[0]))
    row = session.execute(select(*columns).select_from(beside)).one()
    counts: Counter[str] = Counter()
    for column, count in zip(columns, row, strict=True):
        counts[column.name] += count
    return counts


def _whole(
    parts: Sequence[tuple[ColumnElement[bool], Mapping[str, ColumnElement[bool]]]],
) -> dict[str, ColumnElement[bool]]:
    """By name what is counted, its range included."""
    names = dict.fromkeys(name for _part, counted in parts for name in counted)
    return {name: or_(*(and_(part, counted[name]) for part, counted in parts if name in counted)) for name in names}


def _difference(
    seen: Sight, marked: Subquery, plain: Mapping[str, ColumnElement[bool]], told: Mapping[str, ColumnElement[bool]]
) -> Subquery:
    """How much more there is of each name than if nothing were said of any record."""
    there = Record.id.is_not(None)
    columns = [
        (func.count().filter(there, told[name]) - func.count().filter(there, one)).label(name)
        for name, one in plain.items()
        if not one.compare(told[name])
    ]
    # An outer join, since SQLite goes through one from the left: from the few to their rows.
    own = and_(Record.id == marked.c.record_id, seen.within)
    return select(*columns).select_from(marked).outerjoin(Record, own).subquery()


def _said(kind: Said) -> tuple[Select[Any], ...]:
    held = select(HoldLink.record_id).join(Hold).where(Hold.released_at.is_(None))
    done = {Said.MOVED: ItemState.MOVED, Said.HANDED_OVER: ItemState.HANDED_OVER}
    if kind in done:
        return (select(ProceedingItem.record_id).where(ProceedingItem.state == done[kind].value),)
    return {
        Said.HELD: (held,),
        Said.LENT: (select(Loan.record_id).where(Loan.is_out.is_(True)),),
        Said.TAKEN: tuple(
            select(item.record_id).where(item.standing_key.is_not(None)) for item in (DisposalItem, ProceedingItem)
        ),
        Said.FILED: filed_in_dossiers(),
        Said.EXPLAINED: (select(RetentionExplanation.record_id).where(RetentionExplanation.ended_at.is_(None)),),
    }[kind]


def _nothing(*_kinds: Said) -> ColumnElement[bool]:
    return false()


def _marked() -> Subquery:
    """The records of which anything is said, each once and in their order, with a count for each kind."""
    each = [query.add_columns(literal(kind.value).label("kind")) for kind in Said for query in _said(kind)]
    told = union_all(*each).subquery()
    kinds = (func.count().filter(told.c.kind == kind.value).label(kind.value) for kind in Said)
    return select(told.c.record_id, *kinds).group_by(told.c.record_id).subquery()


def _said_in(marked: Subquery) -> Among:
    def among(*kinds: Said) -> ColumnElement[bool]:
        return or_(*(marked.c[kind.value] > 0 for kind in kinds))

    return among


def _without_ids(scope: Scope) -> ColumnElement[bool]:
    """What is declared and `scope` covers, as `visible_to` says: with grants by the place of the row, not by its id.

    The state is written out, for the index is of declared records alone, and taken for no value that comes later.
    """
    declared = Record.state == bindparam("declared", RecordState.DECLARED.value, literal_execute=True)
    columns = replace(RECORDS, stage=literal(RecordState.DECLARED.value))
    if scope.whole_archive:
        return and_(declared, sql_filter(scope, columns))
    named = aliased(Record, name="granted_records")
    rows = select(literal_column("granted_records.rowid", Integer)).select_from(named).where(granted(scope, named))
    return and_(declared, sql_filter(scope, columns, literal_column("records.rowid", Integer).in_(rows)))
