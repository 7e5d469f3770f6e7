"""What the mark on a copy says (R20), in Indonesian as the law has it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from edms.access.levels import Level

LEVEL_WORDS = {
    Level.RESTRICTED: "TERBATAS",
    Level.SECRET: "RAHASIA",
    Level.TOP_SECRET: "SANGAT RAHASIA",
}
_RED = (Level.SECRET, Level.TOP_SECRET)


@dataclass(frozen=True)
class Mark:
    """The mark of one copy: `level` in words, `red` or black, `told` as parts: person, time, number of the copy."""

    level: str
    red: bool
    told: tuple[str, ...]

    @property
    def across(self) -> str:
        """The same in one line, for the middle of a page."""
        return " · ".join((self.level, *self.told))

    @property
    def line(self) -> str:
        """The same as the first line of a text."""
        return f"[{self.across}]"


def numbered_mark(level: Level, person: str, at: datetime, zone: str, number: int) -> Mark:
    """Return the mark of copy `number`, handed out to `person` at that time, told in the time of the zone (WIB)."""
    local = at.astimezone(ZoneInfo(zone))
    moment = f"{format_datetime(local, 'd MMM y HH.mm', locale='id')} {local:%Z}"
    return Mark(LEVEL_WORDS[level], level in _RED, (person, moment, f"salinan nomor {number}"))


def list_mark(level: Level, person: str, at: datetime, zone: str) -> Mark:
    """Return the mark of a small picture on a list: it has no number, and names person and day."""
    day = format_datetime(at.astimezone(ZoneInfo(zone)), "d MMM y", locale="id")
    return Mark(LEVEL_WORDS[level], level in _RED, (person, day))
