"""Dates as Indonesian offices write them, in figures, in words, old spelling and English, read from running text.

`12 Februari 2024`, `12 Pebruari 1987`, `05-09-2024`, `5/9/2024` (day first, as in Indonesia), `2024-09-05`,
`tanggal tiga puluh bulan November tahun dua ribu delapan belas`, `September 5, 2024`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from edms.proposals.months import MONTH_NUMBERS
from edms.proposals.numerals import number_in_words

EARLIEST_YEAR = 1800
LATEST_YEAR = 2199

_MONTH = "(" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_DIGIT = "[0-9OolI]"
_YEAR = rf"([12]{_DIGIT}{{3}})\b"
_WORDS = r"((?:[a-z]+[ \t\n]+){0,4}?[a-z]+)"

_NAMED = re.compile(rf"\b({_DIGIT}{{1,2}})[\s.]*{_MONTH},?\s*{_YEAR}", re.IGNORECASE)
_ENGLISH = re.compile(rf"\b{_MONTH}\s*(\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}", re.IGNORECASE)
_FIGURES = re.compile(r"(?<![\d./-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4})(?![\d/-]|\.\d)")
_ISO = re.compile(r"(?<![\d/-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
_IN_WORDS = re.compile(
    rf"\btanggal\s+{_WORDS}\s+bulan\s+{_MONTH}\s+tahun\s+((?:[a-z]+\s+){{0,7}}[a-z]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class FoundDate:
    """A date and the characters `[start, end)` of the text that say it."""

    day: date
    start: int
    end: int


def dates_in(text: str) -> list[FoundDate]:
    """Return every date in `text` in the order in which they stand, none twice at one place."""
    found: list[FoundDate] = []
    for one in sorted((*_spelled(text), *_in_words(text)), key=lambda one: (one.start, -one.end)):
        if not found or one.start >= found[-1].end:
            found.append(one)
    return found


def _spelled(text: str) -> Iterator[FoundDate]:
    for match in _NAMED.finditer(text):
        yield from _checked(match, match[3], MONTH_NUMBERS[match[2].lower()], match[1])
    for match in _ENGLISH.finditer(text):
        yield from _checked(match, match[3], MONTH_NUMBERS[match[1].lower()], match[2])
    for match in _FIGURES.finditer(text):
        yield from _checked(match, match[4], int(match[3]), match[1])
    for match in _ISO.finditer(text):
        yield from _checked(match, match[1], int(match[2]), match[3])


def _in_words(text: str) -> Iterator[FoundDate]:
    for match in _IN_WORDS.finditer(text):
        day = number_in_words(match[1].split())
        # The words of the year run on into the sentence: as many of them as still say a year of four figures.
        words = list(re.finditer(r"[a-z]+", match[3], re.IGNORECASE))
        for end in range(len(words), 0, -1):
            year = number_in_words([word.group() for word in words[:end]])
            if day and year and year >= 1000:
                said = _date(year, MONTH_NUMBERS[match[2].lower()], day)
                if said:
                    yield FoundDate(said, match.start(), match.start(3) + words[end - 1].end())
                break


def _checked(match: re.Match[str], year: str, month: int, day: str) -> Iterator[FoundDate]:
    said = _date(_figure(year), month, _figure(day))
    if said:
        yield FoundDate(said, match.start(), match.end())


def _figure(text: str) -> int:
    """Read figures in which OCR took 0 for an O and 1 for an l."""
    return int(text.translate(str.maketrans("OolI", "0011")))


def _date(year: int, month: int, day: int) -> date | None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
