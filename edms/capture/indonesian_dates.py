"""Dates as Indonesian clerks write them, by formats that are named; nothing is guessed (R33)."""

import re
from datetime import date, datetime

from edms.proposals.months import MONTH_NUMBERS

_WORD = re.compile(r"[^\W\d_]+")
_DAY_NAMES = frozenset(("senin", "selasa", "rabu", "kamis", "jumat", "jum'at", "sabtu", "minggu", "ahad"))


def parse_date(text: str, formats: tuple[str, ...]) -> date | None:
    """Return the day that `text` names in the first of `formats` (as `strptime` knows them) that fits, or None.

    Names and abbreviations of months may be Indonesian or English, whatever their case; a day's name in front
    ("Senin, 3 Mei 2021") is passed over. A year of two digits is refused: its century would be a guess.
    """
    spelled = _spelled(" ".join(text.split()))
    for shape in formats:
        try:
            # Months are numbers by now, so that nothing depends on the language of the machine.
            return datetime.strptime(spelled, shape.replace("%b", "%m").replace("%B", "%m")).date()  # noqa: DTZ007 - a civil date
        except ValueError:
            continue
    return None


def _spelled(text: str) -> str:
    head, comma, rest = text.partition(",")
    if comma and head.strip().casefold() in _DAY_NAMES:
        text = rest.strip()
    return _WORD.sub(lambda found: _month(found.group()), text)


def _month(word: str) -> str:
    number = MONTH_NUMBERS.get(word.casefold())
    return f"{number:02}" if number else word
