"""Time is an argument: the only place where the current time is asked for (DESIGN invariant 12)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives the time.

    `now` MUST return an aware datetime in UTC; `today` MUST return the civil date at the archive's own
    place, because retention periods are civil dates (REQUIREMENTS section 2.2).
    """

    def now(self) -> datetime: ...

    def today(self) -> date: ...

    def midnight_after(self, day: date) -> datetime:
        """MUST return the moment, aware, at which the civil `day` is over at the archive's own place."""
        ...


class SystemClock:
    """The machine's clock, read in the archive's civil time zone."""

    def __init__(self, zone: str = "Asia/Jakarta") -> None:
        self._zone = ZoneInfo(zone)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return datetime.now(self._zone).date()

    def midnight_after(self, day: date) -> datetime:
        return _midnight_after(day, self._zone)


class FixedClock:
    """A clock that stands still until it is set: for tests, replays and "what would 2031 look like"."""

    def __init__(self, instant: datetime, zone: str = "Asia/Jakarta") -> None:
        if instant.tzinfo is None:
            raise ValueError("FixedClock needs an aware datetime")
        self._instant = instant.astimezone(UTC)
        self._zone = ZoneInfo(zone)

    def now(self) -> datetime:
        return self._instant

    def today(self) -> date:
        return self._instant.astimezone(self._zone).date()

    def midnight_after(self, day: date) -> datetime:
        return _midnight_after(day, self._zone)

    def set(self, instant: datetime) -> None:
        """Move the clock to `instant` (aware), forwards or backwards."""
        if instant.tzinfo is None:
            raise ValueError("FixedClock needs an aware datetime")
        self._instant = instant.astimezone(UTC)


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
