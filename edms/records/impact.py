"""Impact before act: what a rule book would change, before anybody puts it into force (R3, R75).

Two answers, kept apart. `applied`: what `apply_rules` really reaches, the records that follow the book in force (those
not declared yet, and declared ones without a rule). `reassigned`: what would be if every declared record were given the
rule of its class in the new book as well, which is an act of its own (edms/records/reassigning.py).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import String, case, select, type_coerce
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.impact_counts import Cell, Counts, Sample, spread
from edms.records.impact_rows import Comparison, Side
from edms.records.model import Record
from edms.records.retention_facts import options_of
from edms.records.rules import book_in_force
from edms.records.visible import visible_to
from edms.retention.rulebook import RuleBook
from edms.retention.types import EditionState

IMPACT_SHOWN = "retention.impact_shown"
Part = Callable[[int], None]


@dataclass(frozen=True)
class ImpactRow:
    """One office and class: codes, how many records, and how many with each change."""

    office: str
    class_code: str
    records: int
    applied: dict[str, int]
    reassigned: dict[str, int]


@dataclass(frozen=True)
class Impact:
    """What a book of hash `sha256` would change on `as_of` against the one in force (`against`; empty: none was).

    `months`: `(year, month, fate)` to how many fall due then now, and by the draft. `later`: editions of the draft that
    begin only after the day. `drafts`: those that are marked as drafts and change nothing.
    """

    sha256: str
    against: str
    as_of: date
    records: int
    declared: int
    undeclared: int
    reviewed: int
    applied: dict[str, int]
    reassigned: dict[str, int]
    rows: tuple[ImpactRow, ...]
    months: dict[tuple[int, int, str], tuple[int, int]]
    samples: tuple[Sample, ...] = ()
    titles: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    later: tuple[tuple[str, date], ...] = ()
    drafts: tuple[str, ...] = ()

    def years(self) -> dict[int, dict[str, tuple[int, int]]]:
        """Return how many fall due in each year by fate: now, and by the draft."""
        found: dict[int, dict[str, tuple[int, int]]] = {}
        for (year, _month, fate), (now, then) in sorted(self.months.items()):
            before = found.setdefault(year, {}).get(fate, (0, 0))
            found[year][fate] = (before[0] + now, before[1] + then)
        return found

    def summed(self, by: str) -> list[dict[str, Any]]:
        """Return the rows added up by `office` or `class_code`, those with most changes first."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.rows:
            name = getattr(row, by)
            one = found.setdefault(name, {by: name, "records": 0, "applied": Counter(), "reassigned": Counter()})
            one["records"] += row.records
            one["applied"].update(row.applied)
            one["reassigned"].update(row.reassigned)
        return sorted(found.values(), key=lambda one: (-one["reassigned"]["any"], one[by]))

    def as_dict(self) -> dict[str, Any]:
        """Return the stable JSON; samples by id alone, with the title where whoever asked may see it."""
        return {
            "sha256": self.sha256, "against": self.against, "as_of": self.as_of.isoformat(), "records": self.records,
            "declared": self.declared, "undeclared": self.undeclared, "reviewed": self.reviewed,
            "applied": self.applied, "reassigned": self.reassigned,
            "by": [
                {"office": row.office, "class": row.class_code, "records": row.records, "applied": row.applied,
                 "reassigned": row.reassigned}
                for row in self.rows
            ],
            "years": {str(year): {fate: list(two) for fate, two in one.items()} for year, one in self.years().items()},
            "samples": [
                {**one.as_dict(), **dict(zip(("title", "office", "class"), self.titles[one.record], strict=True))}
                for one in self.samples if one.record in self.titles
            ],
            "later": {name: day.isoformat() for name, day in self.later}, "drafts": list(self.drafts),
        }  # fmt: skip


def impact_of(
    actor: Actor | None, archive: Archive, book: RuleBook, as_of: date | None = None, part: Part = lambda _count: None
) -> Impact:
    """Return what `book` would change on a day (None: today). Reads only; that it was shown is an event.

    Counts are over the whole archive, since applying concerns the whole; titles only of what the actor may see. For
    those who hand in and review rules. Raises NotPermitted. `part` is told how many records were read, as they are.
    """
    with archive.door.disclose(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        asked = as_of or archive.clock.today()
        operation.about("rule_book", book.sha256, IMPACT_SHOWN)
        found = _counted(operation, archive, book, asked, part)
        operation.note(as_of=asked.isoformat(), records=found.records, reassigned=found.reassigned["any"])
        return found


def _counted(operation: Operation, archive: Archive, book: RuleBook, as_of: date, part: Part) -> Impact:
    session, current = operation.session, book_in_force(operation.session)
    options, visible = options_of(archive), case((visible_to(operation.viewing), 1), else_=0)
    comparison = Comparison(session, Side(current, as_of), Side(book, as_of), options, visible)
    counts = Counts()
    for both in comparison.rows(part):
        counts.add(both)
    samples = tuple(one for kept in counts.samples.values() for one in kept)
    return Impact(
        sha256=book.sha256,
        against=current.sha256 if current else "",
        as_of=as_of,
        records=counts.declared + counts.undeclared,
        declared=counts.declared,
        undeclared=counts.undeclared,
        reviewed=counts.reviewed,
        applied=spread(_all(cell.applied for cell in counts.cells.values())),
        reassigned=spread(_all(cell.reassigned for cell in counts.cells.values())),
        rows=_rows(session, counts.cells),
        months=_months(counts),
        samples=samples,
        titles=titles_of(session, operation, [one.record for one in samples]),
        later=tuple(
            (edition.id, edition.effective_from)
            for edition in book.editions.values()
            if edition.state is EditionState.ACTIVE and edition.effective_from > as_of
        ),
        drafts=tuple(sorted(one.id for one in book.editions.values() if one.state is EditionState.DRAFT)),
    )


def titles_of(session: Session, operation: Operation, ids: list[str]) -> dict[str, tuple[str, str, str]]:
    """Return title, office and class of those records that the operation's actor may see, by the id as it was given."""
    wanted = {UUID(one): one for one in ids}
    query = select(Record.id, Record.title, Office.code, Record.class_code).join(Office, Office.id == Record.office_id)
    rows = session.execute(query.where(Record.id.in_(list(wanted)), visible_to(operation.viewing)))
    return {wanted[row[0]]: (row[1], row[2], row[3] or "") for row in rows}


def _rows(session: Session, cells: dict[tuple[Any, str], Cell]) -> tuple[ImpactRow, ...]:
    codes = {row[0]: row[1] for row in session.execute(select(type_coerce(Office.id, String), Office.code))}
    made = (
        ImpactRow(codes.get(office, ""), code, cell.records, spread(cell.applied), spread(cell.reassigned))
        for (office, code), cell in cells.items()
    )
    return tuple(sorted(made, key=lambda row: (-row.reassigned["any"], row.office, row.class_code)))


def _months(counts: Counts) -> dict[tuple[int, int, str], tuple[int, int]]:
    keys = {key[1:] for key in counts.months}
    return {key: (counts.months[(False, *key)], counts.months[(True, *key)]) for key in sorted(keys)}


def _all(counters: Iterator[Counter[int]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for one in counters:
        found.update(one)
    return found
