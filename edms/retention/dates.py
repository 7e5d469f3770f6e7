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
    day = start.day if start.day <= 28 else min(start.day, _last_day(year, month + 1))
    target = date(year, month + 1, day)
    try:
        return target + timedelta(days=period.days) if period.days else target
    except OverflowError:
        return date.max


def cutoff_date(start: date, cutoff: Cutoff, fiscal_year_end: tuple[int, int]) -> date:
    """Return the last day of the cut-off period that contains `start`; for NONE, `start` itself."""
    if cutoff is Cutoff.NONE:
        return start
    if cutoff is Cutoff.MONTH:
        return date(start.year, start.month, _last_day(start.year, start.month))
    if cutoff is Cutoff.QUARTER:
        month = (start.month - 1) // 3 * 3 + 3
        return date(start.year, month, _last_day(start.year, month))
    if cutoff is Cutoff.CALENDAR_YEAR:
        return date(start.year, 12, 31)
    return _fiscal_year_end(start, fiscal_year_end)


def _fiscal_year_end(start: date, fiscal_year_end: tuple[int, int]) -> date:
    """The end of the fiscal year that contains `start`; a day that the month lacks means the month's last day."""
    month, day = fiscal_year_end
    end = date(start.year, month, min(day, _last_day(start.year, month)))
    if end >= start:
        return end
    if start.year == date.max.year:
        return date.max
    return date(start.year + 1, month, min(day, _last_day(start.year + 1, month)))


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
