"""What a draft changes, counted: in all, by office and class, by month and fate, with a few samples."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from edms.records.impact_rows import Both
from edms.retention.compare import CHANGES, Change

SAMPLES_OF_EACH = 5


def name_of(change: Change) -> str:
    """Return the stable name of a change."""
    return str(change.name).lower()


# Whole numbers: to ask an enumeration costs as much as to decide.
_NAMED = tuple((int(change), name_of(change)) for change in CHANGES)
_ALL = sum(bit for bit, _name in _NAMED)


@dataclass
class Cell:
    """The records of one office and class: how many, and how many with each set of changes."""

    records: int = 0
    applied: Counter[int] = field(default_factory=Counter)
    reassigned: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Sample:
    """One record as an example of a change; its title is looked up for whoever may see it."""

    record: str
    change: str
    applied: bool
    rule_before: str | None
    rule_after: str | None
    fate_before: str | None
    fate_after: str | None
    due_before: date | None
    due_after: date | None

    def as_dict(self) -> dict[str, Any]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in vars(self).items()}


class Counts:
    """Adds up what `Comparison.rows` yields."""

    def __init__(self) -> None:
        self.cells: dict[tuple[Any, str], Cell] = {}
        self.declared = self.undeclared = self.reviewed = 0
        self.months: Counter[tuple[bool, int, int, str]] = Counter()
        self.samples: dict[tuple[str, bool], list[Sample]] = {}
        self._wanted = {True: _ALL, False: _ALL}

    def add(self, both: Both) -> None:
        cell = self.cells.get((both.office, both.class_code or ""))
        if cell is None:
            cell = self.cells[both.office, both.class_code or ""] = Cell()
        cell.records += 1
        if both.declared:
            self.declared += 1
        else:
            self.undeclared += 1
        self.reviewed += both.reviewed
        before, after = both.before, both.after
        if both.due_before is not None and before is not None:
            self.months[False, both.due_before.year, both.due_before.month, before.fate] += 1
        later = before if both.reviewed else after
        if both.due_after is not None and later is not None:
            self.months[True, both.due_after.year, both.due_after.month, later.fate] += 1
        if not both.changes:
            return
        cell.reassigned[both.changes] += 1
        if both.follows:
            cell.applied[both.changes] += 1
        if both.visible and both.changes & self._wanted[both.follows]:
            self._sample(both)

    def _sample(self, both: Both) -> None:
        """Keep a few of each change; of those that applying really reaches, apart from those it does not."""
        for bit, name in _NAMED:
            if not both.changes & self._wanted[both.follows] & bit:
                continue
            kept = self.samples.setdefault((name, both.follows), [])
            kept.append(_sampled(both, name))
            if len(kept) == SAMPLES_OF_EACH:
                self._wanted[both.follows] &= ~bit


def _sampled(both: Both, name: str) -> Sample:
    told = [(f"{one.edition}/{one.code}", one.fate.value) if one else (None, None) for one in (both.before, both.after)]
    (rule_before, fate_before), (rule_after, fate_after) = told
    return Sample(
        str(both.record), name, both.follows, rule_before, rule_after, fate_before, fate_after, both.due_before,
        both.due_after,
    )  # fmt: skip


def spread(counted: Counter[int]) -> dict[str, int]:
    """Return how many records have each change, and `any` how many have one at all."""
    told = {name_of(change): sum(n for bits, n in counted.items() if bits & change) for change in CHANGES}
    return {"any": counted.total(), **told}
