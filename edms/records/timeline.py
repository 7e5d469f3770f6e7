"""The course of one record as a picture: where its periods begin and end, and where the day of the question lies."""

from dataclasses import dataclass
from datetime import date

from edms.records.retention_report import ReportRow

WIDTH = 600
"""Units of the picture from its first day to its last."""


@dataclass(frozen=True)
class Timeline:
    """Days, and their places from 0 to WIDTH. `told`: all of it in words, for whoever does not see the picture."""

    start: date
    active_until: date
    due_on: date
    asked: date
    at_active: int
    at_due: int
    at_asked: int
    told: str

    @property
    def stops(self) -> tuple[tuple[date, int], ...]:
        """The days to be written below, each once, with their places."""
        return tuple({self.start: 0, self.active_until: self.at_active, self.due_on: self.at_due}.items())


def timeline_of(row: ReportRow | None, asked: date) -> Timeline | None:
    """Return the picture of a decision whose start is known; None for one that still awaits it."""
    if row is None or row.decision.active_until is None or row.decision.due_on is None:
        return None
    start = next((step.on for step in row.decision.steps if step.name == "start" and step.on), None)
    if start is None:
        return None
    until, due = row.decision.active_until, row.decision.due_on
    last = max(due, min(asked, date.fromordinal(due.toordinal() + max((due - start).days // 3, 1))))
    length = max((last - start).days, 1)

    def place(day: date) -> int:
        return min(WIDTH, max(0, round((day - start).days * WIDTH / length)))

    told = "; ".join((row.headline, *row.step_texts[1:]))
    return Timeline(start, until, due, asked, place(until), place(due), place(asked), told)
