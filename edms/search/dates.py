"""Days, months and years as people write them in questions: `17 Agustus 2014`, `17-08-2014`, `2014-08`. Pure."""

import re
from datetime import date
from typing import Final

_NAMES: Final = (
    "januari january jan", "februari pebruari february feb peb", "maret march mar", "april apr", "mei may",
    "juni june jun", "juli july jul", "agustus august agu agt ags aug", "september sept sep",
    "oktober october okt oct", "november nopember nov nop", "desember december des dec",
)  # fmt: skip
MONTHS: Final = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}
"""The number of each month by its Indonesian and English names and short names."""

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = rf"\d{{1,2}}(?:[ .-]+(?:{_MONTH})\.?[ .-]+|[-/]\d{{1,2}}[-/])\d{{4}}"
_ONE = rf"{_DAY}|(?:{_MONTH})[ ]+\d{{4}}|\d{{4}}(?:-\d{{1,2}}(?:-\d{{1,2}})?)?"
SPAN: Final = re.compile(
    rf"(?:{_ONE})(?:[ ]*\.\.[ ]*(?:{_ONE})?)?(?![^\s)])|\.\.[ ]*(?:{_ONE})(?![^\s)])", re.IGNORECASE
)
"""A date or a range of dates, as far as it goes."""
WRITTEN: Final = re.compile(rf"(?:{_DAY}|\d{{4}}-\d{{1,2}}-\d{{1,2}})(?![^\s),.;:?!])", re.IGNORECASE | re.ASCII)
"""A whole day in running text."""

_NAMED = re.compile(rf"(?:(\d{{1,2}})[ .-]+)?({_MONTH})\.?[ .-]+(\d{{4}})", re.IGNORECASE | re.ASCII)
_NUMBERED = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})", re.ASCII)
_SORTED = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def ends(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of the year, month or day that `text` spells; None when it spells none."""
    text = text.strip()
    if found := _NAMED.fullmatch(text):
        return _span(found[3], MONTHS[found[2].lower()], found[1])
    if found := _NUMBERED.fullmatch(text):
        return _span(found[4], found[3], found[1])
    if found := _SORTED.fullmatch(text):
        return _span(*found.groups())
    return None


def _span(year: str | int, month: str | int | None, day: str | int | None) -> tuple[date, date] | None:
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        if day:
            return first, first
        if month:
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return first, date.fromordinal(following.toordinal() - 1)
        return first, date(first.year, 12, 31)
    except ValueError:
        return None


def spellings(day: date) -> list[tuple[str, ...]]:
    """Return the ways in which a text may spell a day, as the words and numbers that follow one another."""
    year, months = str(day.year), [name for name, number in MONTHS.items() if number == day.month]
    days, numbers = _written(day.day), _written(day.month)
    named = [(one, month, year) for one in days for month in months[:3]]
    numbered = [(one, number, year) for one, number in zip(days, numbers, strict=False)]
    ordered = (year, f"{day.month:02}", f"{day.day:02}")
    return list(dict.fromkeys([*named, *numbered, (days[-1], numbers[-1], year), ordered]))


def _written(number: int) -> list[str]:
    return list(dict.fromkeys([str(number), f"{number:02}"]))
