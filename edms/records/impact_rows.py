"""Every record of the archive under two rule books at once, a part at a time: what impact and forecast count.

A record is not read whole: what decides its dates is read in keyset parts, its verified events beside it by the range
of their ids, and each distinct combination of rule and dates is decided once while it is remembered. Memory does not
grow with the archive (docs/retention.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, and_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from edms.records.assignment_model import RetentionAssignment
from edms.records.model import Folder, Record, RecordState, TriggerEvent
from edms.records.rules import kept_books
from edms.retention.compare import Change, rule_changes, same_timing
from edms.retention.due import due_on
from edms.retention.rulebook import RuleBook
from edms.retention.types import EventFact, Options, RetentionFacts, Rule, TriggerType

PART = 20_000
_REMEMBERED = 100_000
_NONE: tuple[EventFact, ...] = ()
_NEED_NO_EVENT = {TriggerType.CREATED}
# Whole numbers: to ask an enumeration costs as much as to decide.
_MOVED = int(Change.DUE_DATE)
_COMES, _GOES = int(Change.DUE_DATE | Change.BECOMES_DUE), int(Change.DUE_DATE | Change.NO_LONGER_DUE)


class Both(NamedTuple):
    """One record under both books. `follows`: applying the later one reaches it (it is not declared, or had no rule);
    else it keeps the rule of its declaration, and `after` is what a re-assignment would do. `reviewed`: a review gave
    it terms of its own, which a re-assignment leaves alone."""

    record: Any
    office: Any
    class_code: str | None
    declared: bool
    follows: bool
    reviewed: bool
    visible: bool
    changes: int
    before: Rule | None
    after: Rule | None
    due_before: date | None
    due_after: date | None


@dataclass(frozen=True)
class Side:
    """What a book says of classes on a day."""

    book: RuleBook | None
    as_of: date

    def rule(self, class_code: str | None) -> Rule | None:
        return self.book.rule_for(class_code, self.as_of) if self.book and class_code else None

    def title(self, class_code: str | None) -> str | None:
        node = self.book.class_node(class_code, self.as_of) if self.book and class_code else None
        return node.title if node else None


@dataclass(frozen=True)
class _Plan:
    """All that is the same for records of one class under one kept rule."""

    before: Rule | None
    after: Rule | None
    follows: bool
    same_dates: bool
    bits: int
    needs_events: bool


class Comparison:
    """Holds what is read once: the kept books, events of folders, the day, and what was decided already."""

    def __init__(self, session: Session, now: Side, then: Side, options: Options, visible: ColumnElement[bool]) -> None:
        self._session, self._now, self._then, self._options, self._visible = session, now, then, options, visible
        self._books = {found: kept.book for found, kept in kept_books(session).items()}
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._of_folders = self._events(TriggerEvent.folder_id, TriggerEvent.folder_id.is_not(None))
        self._rules: dict[int, Rule] = {}
        self._due_of = self._remembering()

    def rows(self, part: Callable[[int], None] = lambda _count: None) -> Iterator[Both]:
        """Yield every record that has a class or a rule, in order of ids; `part` is told of each part that was read."""
        last: UUID | None = None
        while True:
            query = self._query(last)
            rows = self._session.execute(query).all()
            if not rows:
                return
            first, last = UUID(str(rows[0].id)), UUID(str(rows[-1].id))
            yield from self._part(rows, first, last)
            part(len(rows))
            if len(rows) < PART:
                return

    def _query(self, last: UUID | None) -> Any:
        # No condition but the key: with one on the state the database would sort the archive for each part.
        columns = (
            _plain(Record.id).label("id"), _plain(Record.office_id).label("office"), Record.class_code,
            Record.class_title, Record.state, Record.document_date, _plain(Record.folder_id).label("folder"),
            Folder.closed_on, Record.legacy_unverified, _plain(Record.rule_book_id).label("book"),
            Record.rule_edition, Record.rule_code, Record.due_on, self._visible.label("visible"),
        )  # fmt: skip
        query = select(*columns).outerjoin(Folder, Folder.id == Record.folder_id)
        return (query if last is None else query.where(Record.id > last)).order_by(Record.id).limit(PART)

    def _part(self, rows: Sequence[Row[Any]], first: UUID, last: UUID) -> Iterator[Both]:
        between = and_(TriggerEvent.record_id >= first, TriggerEvent.record_id <= last)
        events, reviewed = self._events(TriggerEvent.record_id, between), self._reviewed(first, last)
        states = {RecordState.DECLARED.value: True, RecordState.PENDING.value: False}
        for row in rows:
            declared = states.get(row.state)
            if declared is None or (row.class_code is None and row.rule_code is None):
                continue
            plan = self._plan(row, declared)
            told = _NONE
            if plan.needs_events:
                told = (*events.get(row.id, _NONE), *self._of_folders.get(row.folder, _NONE))
            due_before = row.due_on if declared else self._due(plan.before, row, told)
            of_review = declared and row.id in reviewed
            same = plan.same_dates or of_review
            due_after = due_before if same else self._due(plan.after, row, told)
            changes = 0 if of_review else plan.bits
            if due_before != due_after:
                changes |= self._dates_changed(due_before, due_after)
            yield Both(
                row.id, row.office, row.class_code, declared, plan.follows, of_review, bool(row.visible), changes,
                plan.before, plan.after, due_before, due_after,
            )  # fmt: skip

    def _dates_changed(self, before: date | None, after: date | None) -> int:
        was = before is not None and before <= self._then.as_of
        will = after is not None and after <= self._then.as_of
        return _MOVED if was == will else _COMES if will else _GOES

    def _plan(self, row: Row[Any], declared: bool) -> _Plan:
        key = (declared, row.class_code, row.class_title, row.book, row.rule_edition, row.rule_code)
        if key not in self._plans:
            self._plans[key] = self._planned(row, declared)
        return self._plans[key]

    def _planned(self, row: Row[Any], declared: bool) -> _Plan:
        after = self._then.rule(row.class_code)
        if declared:
            book = self._books.get(UUID(str(row.book))) if row.book else None
            before = book.rule(row.rule_edition or "", row.rule_code or "") if book else None
        else:
            before = self._now.rule(row.class_code)
        changes = rule_changes(before, after, self._options)
        if self._then.title(row.class_code) not in (None, row.class_title):
            changes |= Change.TITLE
        same = before is after or bool(before and after and same_timing(before, after))
        rules = [rule for rule in (before, after) if rule]
        for rule in rules:
            self._rules[id(rule)] = rule
        return _Plan(
            before, after, not declared or row.rule_code is None, same, int(changes),
            any(set(rule.triggers) - _NEED_NO_EVENT for rule in rules),
        )  # fmt: skip

    def _due(self, rule: Rule | None, row: Row[Any], events: tuple[EventFact, ...]) -> date | None:
        if rule is None:
            return None
        if not events:
            return self._due_of(id(rule), row.document_date, row.closed_on, row.legacy_unverified)
        facts = RetentionFacts(row.document_date, events, row.closed_on, legacy_unverified=row.legacy_unverified)
        return due_on(facts, rule, self._options)

    def _remembering(self) -> Callable[[int, date | None, date | None, bool], date | None]:
        @lru_cache(maxsize=_REMEMBERED)
        def due_of(rule: int, document_date: date | None, closed_on: date | None, unverified: bool) -> date | None:
            facts = RetentionFacts(document_date, (), closed_on, legacy_unverified=unverified)
            return due_on(facts, self._rules[rule], self._options)

        return due_of

    def _events(
        self, subject: InstrumentedAttribute[UUID | None], wanted: ColumnElement[bool]
    ) -> dict[Any, tuple[EventFact, ...]]:
        """The events that count, by what they happened to; only verified ones do."""
        query = select(_plain(subject), TriggerEvent.type, TriggerEvent.happened_on, TriggerEvent.label).where(
            wanted, TriggerEvent.voided_at.is_(None), TriggerEvent.verified_at.is_not(None)
        )
        found: dict[Any, tuple[EventFact, ...]] = {}
        for one, kind, happened_on, label in self._session.execute(query):
            found[one] = (*found.get(one, ()), EventFact(TriggerType(kind), happened_on, label=label))
        return found

    def _reviewed(self, first: UUID, last: UUID) -> frozenset[Any]:
        query = select(_plain(RetentionAssignment.record_id)).where(
            RetentionAssignment.record_id >= first, RetentionAssignment.record_id <= last,
            RetentionAssignment.stands.is_(True), RetentionAssignment.counts_from.is_not(None),
        )  # fmt: skip
        return frozenset(self._session.scalars(query))


def _plain(column: Any) -> ColumnElement[Any]:
    """The id as the database gives it: to make a million UUIDs takes longer than to read them."""
    return type_coerce(column, String)
