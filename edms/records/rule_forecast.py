"""Forecast: what falls due in a year, by month and fate, how much storage that is, and how much work (R50).

Under the rules as they are kept, or as if every record were given the rule of its class in a draft. Records yet
to come are not in it, nor those that wait for an event: they are counted apart.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.impact_rows import Both, Comparison, Side
from edms.records.model import Component
from edms.records.retention_facts import options_of
from edms.records.rules import book_in_force
from edms.retention.rulebook import RuleBook
from edms.retention.types import Fate
from edms.vault.model import StoredBlob

FORECAST_SHOWN = "retention.forecast_shown"
_SIZED_AT_ONCE = 500


@dataclass(frozen=True)
class Volume:
    """Records and the bytes of what is stored of them."""

    records: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Forecast:
    """One year: `months[(month, fate)]`; `backlog`: due before the year and still here, by fate; `awaiting`: without a
    due date; `years[(year, fate)]`: records due in every year there is. `sha256`: the draft's, empty for the rules as
    they are kept. `minutes_each`: the work that one record is taken to cost."""

    year: int
    sha256: str
    months: dict[tuple[int, str], Volume]
    years: dict[tuple[int, str], int]
    backlog: dict[str, int]
    awaiting: int
    minutes_each: float

    @property
    def freed(self) -> int:
        """Bytes that destruction frees in the year, when all that is due is destroyed."""
        return sum(volume.bytes for (_month, fate), volume in self.months.items() if fate == Fate.DESTROY)

    def month(self, number: int) -> Volume:
        told = [volume for (month, _fate), volume in self.months.items() if month == number]
        return Volume(sum(one.records for one in told), sum(one.bytes for one in told))

    def hours(self, number: int) -> float:
        """The hours of work that a month brings."""
        return round(self.month(number).records * self.minutes_each / 60, 1)

    def as_dict(self) -> dict[str, Any]:
        """Return the stable JSON."""
        return {
            "year": self.year,
            "sha256": self.sha256,
            "months": [
                {
                    "month": number,
                    "records": self.month(number).records,
                    "bytes": self.month(number).bytes,
                    "hours": self.hours(number),
                    "by_fate": {
                        fate: {"records": one.records, "bytes": one.bytes}
                        for (month, fate), one in sorted(self.months.items())
                        if month == number
                    },
                }
                for number in range(1, 13)
            ],
            "freed_bytes": self.freed,
            "backlog": self.backlog,
            "awaiting": self.awaiting,
            "minutes_each": self.minutes_each,
        }


def forecast(
    actor: Actor | None,
    archive: Archive,
    year: int,
    draft: RuleBook | None = None,
    minutes_each: float = 3.0,
    part: Callable[[int], None] = lambda _count: None,
) -> Forecast:
    """Return what falls due in `year`, counted over the whole archive. Raises Refused for a
    year outside 1900 to 2200, or for work of no or more than 600 minutes; NotPermitted."""
    with archive.door.disclose(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        if not (1900 <= year <= 2200 and 0 < minutes_each <= 600):
            raise Refused("a forecast is for a year from 1900 to 2200, and for at most 600 minutes a record")
        session = operation.session
        operation.about("archive", "", FORECAST_SHOWN)
        day = date(year, 1, 1)
        current = book_in_force(session)
        sides = Side(current, day), Side(draft or current, day)
        rows = Comparison(session, *sides, options_of(archive), false()).rows(part)
        found = _Falling(year, as_kept=draft is None)
        months = _sized(session, found.of_the_year(rows))
        operation.note(
            year=year, draft=draft.sha256 if draft else None, due=sum(one.records for one in months.values())
        )
        return Forecast(
            year, draft.sha256 if draft else "", months, dict(found.years), dict(found.backlog), found.awaiting,
            minutes_each,
        )  # fmt: skip


class _Falling:
    """Counts what falls due when, and gives out what falls into the year."""

    def __init__(self, year: int, *, as_kept: bool) -> None:
        self._year, self._as_kept = year, as_kept
        self.years: Counter[tuple[int, str]] = Counter()
        self.backlog: Counter[str] = Counter()
        self.awaiting = 0

    def of_the_year(self, rows: Iterable[Both]) -> Iterator[tuple[Any, int, str]]:
        """Yield the id, month and fate of each record that falls due in the year."""
        for both in rows:
            kept = both.declared and (self._as_kept or both.reviewed)
            rule, due = (both.before, both.due_before) if kept else (both.after, both.due_after)
            if rule is None or due is None:
                self.awaiting += 1
                continue
            fate = rule.fate.value
            self.years[due.year, fate] += 1
            if due.year < self._year:
                self.backlog[fate] += 1
            elif due.year == self._year:
                yield both.record, due.month, fate


def _sized(session: Session, found: Iterable[tuple[Any, int, str]]) -> dict[tuple[int, str], Volume]:
    """Add up records and bytes by month and fate, some hundred records at a time."""
    records: Counter[tuple[int, str]] = Counter()
    sizes: Counter[tuple[int, str]] = Counter()
    waiting: dict[UUID, tuple[int, str]] = {}

    def weigh() -> None:
        query = (
            select(Component.record_id, func.sum(StoredBlob.size))
            .join(StoredBlob, StoredBlob.id == Component.blob_id)
            .where(Component.record_id.in_(list(waiting)))
            .group_by(Component.record_id)
        )
        for record_id, size in session.execute(query):
            sizes[waiting[record_id]] += int(size)
        waiting.clear()

    for record, month, fate in found:
        records[month, fate] += 1
        waiting[UUID(str(record))] = (month, fate)
        if len(waiting) == _SIZED_AT_ONCE:
            weigh()
    weigh()
    return {key: Volume(count, sizes[key]) for key, count in sorted(records.items())}
