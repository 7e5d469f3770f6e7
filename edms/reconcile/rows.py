"""Holding rows against the audit trail: what was edited, removed or put in around the system is named.

Three tellings must agree: the row, the line of `row_states`, and the newest leaf that told the row's state. A leaf of
an earlier state tells that the two others were put back (docs/formats/row-states.md).
"""

from collections.abc import Generator, Iterable, Iterator
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from edms.audit.events import read_leaf
from edms.audit.model import AuditLeaf
from edms.operation.model import RowState
from edms.operation.states import DETAIL, PAGE, RowStates, Stated, Told, named, pages_of, states_of
from edms.reconcile.faults import Fault
from edms.records.archive import Archive

_LINES = cast(Table, RowState.__table__)
_MARK = f'"{DETAIL}":'.encode()
_UNREADABLE: dict[str, Any] = {"unreadable": True}


class RowInspection:
    """One look at all rows that are told to the trail; `checked` counts them."""

    def __init__(self, session: Session, archive: Archive) -> None:
        self._session = session
        self._trail = archive.trail
        self._states: RowStates = archive.door.states
        self._by_kind = {one.kind: one for one in self._states.stated}
        self._named: set[tuple[str, str]] = set()
        self.checked = 0

    def faults(self) -> Iterator[Fault]:
        """Yield every row that disagrees, each once."""
        for one in self._states.stated:
            rows = 0
            for page in pages_of(self._session, one):
                rows += len(page)
                yield from self._page(one, page)
            self.checked += rows
            yield from self._ended(one)
            yield from self._removed(one)
        yield from self._strangers()
        yield from self._told()

    def _page(self, one: Stated, page: dict[str, tuple[Any, ...]]) -> Iterator[Fault]:
        lines = self._lines(Told(one.kind, text, 0, "") for text in page)
        states = self._read(one, page)
        for text in page:
            line = lines.get((one.kind, text))
            if line is None or line.gone:
                yield from self._name(one.kind, text, "the row was put in around the system")
            elif self._states.code(one.kind, text, line.version, states.get(text)) != line.code:
                yield from self._name(one.kind, text, "the row was altered around the system")

    def _read(self, one: Stated, page: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
        """Read rows; one that holds what no such row can hold makes the database's driver fail, and is read alone."""
        try:
            return states_of(self._session, one, page)
        except (ValueError, TypeError, LookupError, ArithmeticError):
            if len(page) == 1:
                return dict.fromkeys(page, _UNREADABLE)
            return {text: state for name, key in page.items() for text, state in self._read(one, {name: key}).items()}

    def _ended(self, one: Stated) -> Iterator[Fault]:
        """What is kept of rows that were removed through the system."""
        ended = select(_LINES).where(_LINES.c.kind == one.kind, _LINES.c.gone)
        for line in self._session.execute(ended.execution_options(yield_per=PAGE)):
            if self._states.code(one.kind, line.key, line.version, None) != line.code:
                yield from self._name(one.kind, line.key, "what is kept of its end was altered")

    def _removed(self, one: Stated) -> Iterator[Fault]:
        """Rows that are not there. Where there are as many as lines, and each has its line, there are none."""
        lines = select(_LINES.c.key).where(_LINES.c.kind == one.kind, _LINES.c.gone.is_(False))
        rows = self._session.scalar(select(func.count()).select_from(one.table))
        if rows == self._session.scalar(select(func.count()).select_from(lines.subquery())) and not self._named:
            return
        present = {text for page in pages_of(self._session, one) for text in page}
        for text in self._session.scalars(lines.execution_options(yield_per=PAGE)):
            if text not in present:
                yield from self._name(one.kind, text, "the row was removed around the system")

    def _strangers(self) -> Iterator[Fault]:
        others = select(_LINES.c.kind, _LINES.c.key).where(_LINES.c.kind.not_in(self._by_kind))
        for kind, key in self._session.execute(others):
            yield from self._name(kind, key, "no row of this kind is ever told to the audit trail")

    def _told(self) -> Iterator[Fault]:
        """Hold every leaf that told a state against the lines: none may be newer, and each line must have one."""
        confirmed, waiting = 0, []
        for told in self._telling():
            waiting += told
            if len(waiting) >= PAGE:
                confirmed += yield from self._compare(waiting)
                waiting = []
        confirmed += yield from self._compare(waiting)
        if confirmed < (self._session.scalar(select(func.count()).select_from(_LINES)) or 0):
            yield from self._untold()

    def _telling(self) -> Iterator[list[Told]]:
        """Yield what each leaf tells of rows, then what each event does that waits for its place: on PostgreSQL acts
        are committed before their events are in the tree."""
        bodies = select(AuditLeaf.body).order_by(AuditLeaf.index).execution_options(yield_per=1000)
        yield from map(_told_by, self._session.scalars(bodies))
        yield from map(_told_in, self._trail.waiting(self._session))

    def _compare(self, told: list[Told]) -> Generator[Fault, None, int]:
        """Yield the rows whose lines are older than what a leaf told; return how many lines were found to be true."""
        lines, confirmed = self._lines(told), 0
        for one in told:
            line = lines.get((one.kind, one.key))
            if line is None:
                yield from self._name(one.kind, one.key, "the row was removed around the system, and its line with it")
            elif line.version < one.version:
                yield from self._name(one.kind, one.key, "the row was put back to an older state")
            elif line.version == one.version and line.code == one.code:
                confirmed += 1
            elif line.version == one.version:
                yield from self._name(one.kind, one.key, "its line is not what the audit trail was told")
        return confirmed

    def _untold(self) -> Iterator[Fault]:
        """Name the lines that no leaf told. Runs only when there are some, and then needs memory for all of them."""
        told = {(one.kind, one.key, one.version, one.code) for part in self._telling() for one in part}
        for line in self._session.execute(select(_LINES).execution_options(yield_per=PAGE)):
            if (line.kind, line.key, line.version, line.code) not in told:
                yield from self._name(line.kind, line.key, "the audit trail was never told of its state")

    def _lines(self, wanted: Iterable[Told]) -> dict[tuple[str, str], Any]:
        keys = {(one.kind, one.key) for one in wanted}
        found: dict[tuple[str, str], Any] = {}
        for kind in {kind for kind, _key in keys}:
            names = [key for own, key in keys if own == kind]
            for start in range(0, len(names), PAGE):
                part = select(_LINES).where(_LINES.c.kind == kind, _LINES.c.key.in_(names[start : start + PAGE]))
                found |= {(row.kind, row.key): row for row in self._session.execute(part)}
        return found

    def _name(self, kind: str, key: str, detail: str) -> Iterator[Fault]:
        """A row is named once, by the first thing that is wrong with it."""
        if (kind, key) not in self._named:
            self._named.add((kind, key))
            one = self._by_kind.get(kind)
            yield Fault(one.fault if one else "row", named(one, key) if one else f"{kind} {key}", detail)


def _told_by(body: bytes) -> list[Told]:
    """Return the states that a leaf tells; a leaf that cannot be read is named by the check of the trail."""
    if _MARK not in body:
        return []
    try:
        return _told_in(read_leaf(body))
    except (ValueError, TypeError, AttributeError):
        return []


def _told_in(event: dict[str, Any]) -> list[Told]:
    rows = event["details"].get(DETAIL, [])
    return [Told(str(kind), str(key), int(version), str(code)) for kind, key, version, code in rows]
