"""Counts of many lists at once, and of which records other tables say something: on hold, on loan, brought away.

What most lists ask stands in the row of a record, so that it is counted over a narrow index. What other tables say of
few records is put together once, from their side, and stands beside the row of each; all in one statement, of one
moment.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import reduce
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
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
from edms.records.narrow import ACTIVE_UNTIL, ALLOWED, DUE, FATE, OFFICE, PLACE, RANK, RULE, Allowed, Narrow, rule_name
from edms.records.proceedings_model import ProceedingItem
from edms.records.report_model import RetentionExplanation
from edms.records.visible import RECORDS, granted, visible_to
from edms.retention.proceedings import ItemState
from edms.retention.types import Fate


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


class Ask:
    """How conditions ask: of the row of a record, and of other tables by its id."""

    due: ColumnElement[date | None] = Record.due_on.expression
    active_until: ColumnElement[date | None] = Record.active_until.expression

    def said(self, *kinds: Said) -> ColumnElement[bool]:
        """Return the condition that something of `kinds` is said of the record."""
        return or_(*(Record.id.in_(query) for kind in kinds for query in _said(kind)))

    def allows(self, what: Allowed) -> ColumnElement[bool]:
        """Return the condition that nothing in its own row stands in the way of it, but for its day."""
        fate = {Allowed.DESTROY: Fate.DESTROY, Allowed.REVIEW: Fate.REVIEW, Allowed.HAND_OVER: Fate.PERMANENT}[what]
        # What is cheap to ask and true of few stands first.
        kept = (~Record.terjaga, ~Record.vital) if what is Allowed.DESTROY else ()
        return and_(Record.fate == fate.value, *kept, ~Record.legacy_unverified, ~Record.fixity_failed)

    def ruled(self) -> ColumnElement[bool]:
        """Return the condition that it was declared under a rule."""
        return Record.rule_code.is_not(None)

    def under(self, rules: Mapping[str, Sequence[str]]) -> ColumnElement[bool]:
        """Return the condition that it was declared under one of `rules`, which are codes by edition."""
        # By edition, for a list of pairs is asked pair by pair in PostgreSQL, and a list of codes by one look.
        named = (and_(Record.rule_edition == edition, Record.rule_code.in_(codes)) for edition, codes in rules.items())
        return or_(false(), *named)


@dataclass(frozen=True)
class Beside(Ask):
    """The same, where what other tables say of each record stands beside its row."""

    marked: CTE

    def said(self, *kinds: Said) -> ColumnElement[bool]:
        return or_(*(self.marked.c[kind.value].is_not(None) for kind in kinds))


class OfNarrow(Beside):
    """The same, of what the narrow index has."""

    due = DUE
    active_until = ACTIVE_UNTIL

    def allows(self, what: Allowed) -> ColumnElement[bool]:
        return literal_column(str(what.value), Integer) == ALLOWED

    def ruled(self) -> ColumnElement[bool]:
        return RULE.is_not(None)

    def under(self, rules: Mapping[str, Sequence[str]]) -> ColumnElement[bool]:
        return RULE.in_([rule_name(edition, code) for edition, codes in rules.items() for code in codes])


BY_ID = Ask()
Parts = Callable[[Ask], Sequence[tuple[ColumnElement[bool], Mapping[str, ColumnElement[bool]]]]]
"""Gives ranges of the index that have no record in common, and by name what is counted within each of them."""


@dataclass(frozen=True)
class Sight:
    """The declared records that a reader may see: `within` says so, `narrow` for that index on SQLite."""

    within: ColumnElement[bool]
    narrow: ColumnElement[bool]
    index: Narrow | None

    @property
    def due(self) -> ColumnElement[date | None]:
        return DUE if self.index is Narrow.DUE else Record.due_on.expression

    @property
    def fate(self) -> ColumnElement[str | None]:
        return FATE if self.index is Narrow.DUE else Record.fate.expression

    def of_office(self, office_id: UUID) -> "Sight":
        """Return those of one office."""
        office = OFFICE if self.index is Narrow.DUE else Record.office_id
        within, narrow = and_(self.within, Record.office_id == office_id), and_(self.narrow, office == office_id)
        return replace(self, within=within, narrow=narrow)

    def count(self, part: ColumnElement[bool], columns: Sequence[Any], marked: CTE | None = None) -> Select[Any]:
        """Return the statement of `columns` over the records that `part` is true of, beside what is said of each."""
        query: Select[Any] = select(*columns).select_from(Record).where(self.narrow, part)
        if marked is not None:
            query = query.outerjoin(marked, marked.c.record_id == (Record.id if self.index is None else PLACE))
        return query.with_hint(Record, f"INDEXED BY {self.index}", "sqlite") if self.index else query


def sight(scope: Scope, index: Narrow | None) -> Sight:
    """Return the declared records that `scope` covers, to be counted by `index` (None: as the database likes)."""
    within = and_(Record.state == RecordState.DECLARED.value, visible_to(scope))
    return Sight(within, within if index is None else _without_ids(scope, index), index)


def counts_of(session: Session, seen: Sight, parts: Parts, kinds: Sequence[Said] = tuple(Said)) -> dict[str, int]:
    """Return how many records each name of `parts` counts, in one statement. `kinds`: all that they ask of."""
    marked = _marked(seen, kinds)
    ranges = parts(Beside(marked) if seen.index is None else OfNarrow(marked))
    found = one_row(session, [seen.count(part, _named(counted), marked) for part, counted in ranges])
    counts: Counter[str] = Counter()
    for (_part, counted), row in zip(ranges, found, strict=True):
        counts.update(dict(zip(counted, row, strict=True)))
    return counts


def one_row(session: Session, queries: Sequence[Select[Any]]) -> list[tuple[int, ...]]:
    """Return what each of `queries`, which give one row of numbers each, has found; in one statement, of one moment."""
    each = [query.subquery() for query in queries]
    beside = reduce(lambda one, other: one.join(other, true()), each[1:], cast(FromClause, each[0]))
    numbers = iter(session.execute(select(*(column for one in each for column in one.c)).select_from(beside)).one())
    return [tuple(next(numbers) for _column in one.c) for one in each]


def _named(counted: Mapping[str, ColumnElement[bool]]) -> list[ColumnElement[int]]:
    return [func.count().filter(one).label(name) for name, one in counted.items()]


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


def _marked(seen: Sight, kinds: Sequence[Said]) -> CTE:
    """The records of which any of it is said, each once, with a 1 for each kind (else NULL), and where its row is."""
    each = [query.add_columns(literal(kind.value).label("kind")) for kind in kinds for query in _said(kind)]
    told = union_all(*each).subquery()
    said = [func.max(1).filter(told.c.kind == kind.value).label(kind.value) for kind in kinds]
    once = select(told.c.record_id, *said).group_by(told.c.record_id)
    if seen.index is None:
        return once.cte("marked")
    one, named = once.subquery(), aliased(Record, name="marked_records")
    row = literal_column("marked_records.rowid", Integer).label("record_id")
    return select(row, *(one.c[kind.value] for kind in kinds)).join(named, named.id == one.c.record_id).cte("marked")


def _without_ids(scope: Scope, index: Narrow) -> ColumnElement[bool]:
    """What is declared and `scope` covers, as `visible_to` says: with grants by the place of the row, not by its id.

    The state is written out, for the index is of declared records alone, and taken for no value that comes later.
    """
    declared = Record.state == bindparam("declared", RecordState.DECLARED.value, literal_execute=True)
    columns = replace(RECORDS, stage=literal(RecordState.DECLARED.value))
    if index is Narrow.DUE:
        columns = replace(columns, office_id=OFFICE, rank=RANK)
    if scope.whole_archive:
        return and_(declared, sql_filter(scope, columns))
    named = aliased(Record, name="granted_records")
    rows = select(literal_column("granted_records.rowid", Integer)).select_from(named).where(granted(scope, named))
    return and_(declared, sql_filter(scope, columns, PLACE.in_(rows)))
