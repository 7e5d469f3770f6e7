"""The lists of retention as reports: counted by office, class or year, page by page, and whole as a file (R50).

Every question is answered within what its reader may see, by the one condition that also decides on a record; counts
and rows come of the same condition. Counting reads an index alone. Of a list every row is given, however many.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.members import counts_of, sight
from edms.records.model import Record, RecordState
from edms.records.offices import office_of
from edms.records.report_lists import By, ListName, list_condition, list_day, list_parts, list_rules
from edms.records.report_model import RetentionExplanation
from edms.records.retention_facts import judgeables, options_of, select_facts
from edms.records.retention_report import ReportRow, narrow_index
from edms.records.rules import book_in_force
from edms.records.visible import visible_to
from edms.retention.decide import decide

PAGE = 50
MOST_OF_A_PAGE = 500


@dataclass(frozen=True)
class ListQuestion:
    """Which list, of which day (None: today), of which office (code), class (with those below it) and year."""

    name: ListName = ListName.DESTROY
    as_of: date | None = None
    office: str = ""
    class_code: str = ""
    year: int | None = None


@dataclass(frozen=True)
class Group:
    """One line of a count. `key` narrows the list to it: a code or a year, empty where there is none."""

    key: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A record on a list: the decision of the day, from when it is on it, for how many days, and what was explained."""

    row: ReportRow
    number: str
    since: date | None
    days: int | None
    explanation: str
    version: int

    def as_dict(self) -> dict[str, Any]:
        """One row of the stable JSON."""
        told = self.row.as_dict()
        active = self.row.decision.active_until
        return told | {
            "number": self.number,
            "active_until": active.isoformat() if active else None,
            "since": self.since.isoformat() if self.since else None,
            "days": self.days,
            "explanation": self.explanation,
        }


@dataclass(frozen=True)
class ListPage:
    """Some rows of a list in order and the cursor of what comes after (None: nothing). `total`: how many there are in
    all, told with the first page; to count anew for each would cost more than the page."""

    as_of: date
    total: int | None
    rows: tuple[ListedRow, ...]
    after: str | None


def list_counts(actor: Actor | None, archive: Archive, as_of: date | None, office: str) -> dict[ListName, int]:
    """Return how many records the actor may see on each list; `office` (a code) empty: of all. One statement."""
    day = as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        session = operation.session
        seen = sight(operation.scope(), narrow_index(session, archive))
        if office:
            seen = seen.of_office(office_of(session, office).id)
        found = counts_of(session, seen, lambda ask: list_parts(list_rules(session, archive, ask), day))
        operation.about("list", "retention", "retention.reported")
        operation.note(as_of=day.isoformat(), office=office or None, total=found[ListName.PAST_DUE])
        operation.seldom()
        return {name: found[name] for name in ListName}


def list_groups(actor: Actor | None, archive: Archive, question: ListQuestion, by: By) -> tuple[Group, ...]:
    """Return how many records of a list there are by office, class or year, in the order of these."""
    day = question.as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        condition = _condition(operation, archive, question, day)
        key = _key(question.name, by)
        query = select(key, func.count()).select_from(Record).where(condition).group_by(key)
        counted = {one: int(count) for one, count in operation.session.execute(query)}
        groups = _named(operation.session, counted, by, archive.clock.today())
        operation.about("list", question.name.value, "retention.reported")
        operation.note(as_of=day.isoformat(), office=question.office or None, by=by.value, total=sum(counted.values()))
        operation.seldom()
        return groups


def list_page(
    actor: Actor | None, archive: Archive, question: ListQuestion, after: str, limit: int, language: str
) -> ListPage:
    """Return `limit` rows of a list behind the cursor `after` (empty: from the first). Raises Refused for no cursor."""
    day = question.as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        condition = _condition(operation, archive, question, day)
        total = None if after else _count(operation.session, condition)
        limit = min(max(limit, 1), MOST_OF_A_PAGE)
        # The window is found in the index alone; only its own rows are then read.
        window = select(Record.id).where(and_(condition, *_behind(after))).order_by(*_order()).limit(limit + 1)
        ids = list(operation.session.scalars(window))
        rows = tuple(_rows(operation.session, archive, Record.id.in_(ids[:limit]), question.name, day, language))
        operation.about("list", question.name.value, "retention.reported")
        operation.note(as_of=day.isoformat(), office=question.office or None, total=total, shown=len(rows))
        more = len(ids) > limit and rows
        return ListPage(day, total, rows, _cursor(rows[-1]) if more else None)


@contextmanager
def open_list(
    actor: Actor | None, archive: Archive, question: ListQuestion, language: str
) -> Iterator[tuple[date, int, Iterator[ListedRow]]]:
    """Give the day, how many there are, and every row, read while it is asked for, within the block.

    Before the first row there is the event of who is given how many.
    """
    day = question.as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        condition = _condition(operation, archive, question, day)
        total = _count(operation.session, condition)
        operation.about("list", question.name.value, "retention.reported")
        operation.note(as_of=day.isoformat(), office=question.office or None, total=total, shown=total)
        operation.record_now()
        yield day, total, _rows(operation.session, archive, condition, question.name, day, language)


def _condition(operation: Operation, archive: Archive, question: ListQuestion, day: date) -> ColumnElement[bool]:
    within = _within(operation, question)
    rules = list_rules(operation.session, archive)
    # The list first: what is not on it need not be asked who may see it.
    return and_(list_condition(question.name, rules, day), within)


def _within(operation: Operation, question: ListQuestion) -> ColumnElement[bool]:
    """What the reader may see of what was asked. Raises Refused for an office that there is not."""
    parts = [Record.state == RecordState.DECLARED.value, visible_to(operation.scope())]
    if question.office:
        parts.append(Record.office_id == office_of(operation.session, question.office).id)
    if question.class_code:
        below = Record.class_code.startswith(question.class_code + ".", autoescape=True)
        parts.append(or_(Record.class_code == question.class_code, below))
    if question.year is not None:
        parts.append(_year(question.name) == question.year)
    return and_(*parts)


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return int(session.scalar(select(func.count()).select_from(Record).where(condition)) or 0)


def _key(name: ListName, by: By) -> ColumnElement[Any]:
    if by is By.YEAR:
        return _year(name)
    return Record.office_id.expression if by is By.OFFICE else Record.class_code.expression


def _year(name: ListName) -> ColumnElement[int]:
    return func.extract("year", list_day(name))


def _order() -> tuple[Any, ...]:
    return Record.due_on.nulls_last(), Record.id


def _cursor(last: ListedRow) -> str:
    """The place in the order behind a row: its day and its id, which tell no more than the row did."""
    due = last.row.due_on
    return f"{due.isoformat() if due else ''}_{last.row.record}"


def _behind(after: str) -> list[ColumnElement[bool]]:
    if not after:
        return []
    told, _, name = after.partition("_")
    record = parse_id(name)
    try:
        due = date.fromisoformat(told) if told else None
    except ValueError:
        raise Refused("there is no such page") from None
    if record is None:
        raise Refused("there is no such page")
    if due is None:
        return [Record.due_on.is_(None), Record.id > record]
    later = and_(Record.due_on >= due, or_(Record.due_on > due, Record.id > record))
    return [or_(later, Record.due_on.is_(None))]


def _named(session: Session, counted: dict[Any, int], by: By, today: date) -> tuple[Group, ...]:
    if by is By.OFFICE:
        offices = session.execute(select(Office.id, Office.code, Office.name).order_by(Office.name))
        return tuple(Group(code, name, counted[one]) for one, code, name in offices if one in counted)
    keys = sorted(counted, key=lambda key: (key is None, key))
    titles = _class_titles(session, [key for key in keys if key], today) if by is By.CLASS else {}
    return tuple(Group("" if key is None else str(key), titles.get(key, ""), counted[key]) for key in keys)


def _class_titles(session: Session, codes: list[str], today: date) -> dict[Any, str]:
    """The titles of the classification in force: a code that it does not have any more stands alone."""
    book = book_in_force(session) if codes else None
    found = {code: book.class_node(code, today) for code in codes} if book else {}
    return {code: node.title for code, node in found.items() if node is not None}


def _rows(
    session: Session, archive: Archive, condition: ColumnElement[bool], name: ListName, day: date, language: str
) -> Iterator[ListedRow]:
    """Decide on each record anew, and tell from when it is on the list."""
    options, today, zone = options_of(archive), archive.clock.today(), ZoneInfo(archive.settings.archive.time_zone)
    told = and_(RetentionExplanation.record_id == Record.id, RetentionExplanation.ended_at.is_(None))
    query = (
        select_facts()
        .outerjoin(RetentionExplanation, told)
        .add_columns(
            Record.number,
            Record.declared_at,
            Record.version,
            RetentionExplanation.text.label("explanation"),
        )
        .where(condition)
        .order_by(*_order())
    )
    for found in judgeables(session, query, today):
        row = found.row
        decision = decide(found.facts, found.rule, found.holds, day, options)
        shown = ReportRow(row.id, row.title, row.office, row.class_code or "", found.rule, decision, language)
        since = decision.due_on
        if name in (ListName.TRANSFER, ListName.UNEXPLAINED):
            since = decision.active_until
        elif name in (ListName.AWAITING, ListName.HELD, ListName.NO_RULE):
            declared = row.declared_at.astimezone(zone).date() if row.declared_at else None
            since = row.document_date or declared
        days = (day - since).days if since else None
        yield ListedRow(shown, row.number or "", since, days, row.explanation or "", row.version)
