"""Dates as Indonesian clerks write them, by formats that are named; nothing is guessed (R33)."""

import re
from datetime import date, datetime

MONTHS = {
    "januari": 1, "februari": 2, "pebruari": 2, "maret": 3, "april": 4, "mei": 5, "juni": 6, "juli": 7, "agustus": 8,
    "september": 9, "oktober": 10, "nopember": 11, "november": 11, "desember": 12,
    "jan": 1, "feb": 2, "peb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "agu": 8, "agt": 8, "agust": 8, "ags": 8,
    "sep": 9, "sept": 9, "okt": 10, "nop": 11, "nov": 11, "des": 12,
    "january": 1, "february": 2, "march": 3, "may": 5, "june": 6, "july": 7, "august": 8, "october": 10, "december": 12,
    "aug": 8, "oct": 10, "dec": 12,
}  # fmt: skip
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
    number = MONTHS.get(word.casefold())
    return f"{number:02}" if number else word
