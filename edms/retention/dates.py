"""Civil date arithmetic of retention (REQUIREMENTS section 2.2, steps 2 to 4)."""

import calendar
from datetime import date, timedelta

from edms.retention.types import Cutoff, Period


def add_period(start: date, period: Period) -> date:
    """Return the same day of the target month, or that month's last day (29 February + 1 year = 28 February)."""
    months = start.year * 12 + start.month - 1 + period.years * 12 + period.months
    year, month = divmod(months, 12)
    if year > date.max.year:
        return date.max
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    try:
        return date(year, month + 1, day) + timedelta(days=period.days)
    except OverflowError:
        return date.max


def cutoff_date(start: date, cutoff: Cutoff, fiscal_year_end: tuple[int, int]) -> date:
    """Return the last day of the cut-off period that contains `start`; for NONE, `start` itself."""
    if cutoff is Cutoff.NONE:
        return start
    if cutoff is Cutoff.MONTH:
        return date(start.year, start.month, calendar.monthrange(start.year, start.month)[1])
    if cutoff is Cutoff.QUARTER:
        month = (start.month - 1) // 3 * 3 + 3
        return date(start.year, month, calendar.monthrange(start.year, month)[1])
    if cutoff is Cutoff.CALENDAR_YEAR:
        return date(start.year, 12, 31)
    return _fiscal(start, fiscal_year_end)


def _fiscal(start: date, fiscal_year_end: tuple[int, int]) -> date:
    month, day = fiscal_year_end
    for year in (start.year, start.year + 1):
        end = date(year, month, min(day, calendar.monthrange(year, month)[1]))
        if end >= start:
            return end
    raise AssertionError("a fiscal year has no more than twelve months")
