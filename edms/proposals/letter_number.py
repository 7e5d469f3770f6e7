"""The number of a letter (nomor naskah), taken apart. Real forms: R15; placeholders of templates are no number: R16.

`000.1.2.3/4461/107.1/2025`, `36/INSP/000.1.2.3/I/2025` (month in Roman figures), `B-302/INSP/800.1.2/X/2025` (security
in front), `17 TAHUN 2019`, `445/ 123 /Dinkes`. The code of the file plan is not always the first part.
"""

import re
from dataclasses import dataclass

_ROMAN = {
    "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10, "XI": 11, "XII": 12,
}  # fmt: skip
# Who sees it, as letter numbers say it in front (R15, R18): sangat rahasia, rahasia, terbatas, biasa.
_PREFIX = {"SR": "top_secret", "R": "secret", "T": "restricted", "B": "open"}

_PLACEHOLDER = re.compile(r"\$\{|\{\{|\{[a-z_]|<[a-z_]|\[[a-z_]|_{2,}|\.{3,}|…|x{3,}", re.IGNORECASE)
_CODE = re.compile(r"^\d{3}(?:\.\d{1,3})*$")
_YEAR = re.compile(r"^(?:19|20|21)\d\d$")
_IN_YEAR = re.compile(r"^(\d{1,5})\s+tahun\s+((?:19|20|21)\d\d)\b", re.IGNORECASE)
_PREFIXED = re.compile(r"^(SR|R|T|B)\s?[-.]\s?(\d{1,6})$", re.IGNORECASE)
_SHAPE = re.compile(r"^[A-Za-z0-9][\w.\- ()&]*(?:\s?/\s?[\w.\-()& ]*[\w)])+")
_MOST_CHARACTERS = 120


@dataclass(frozen=True)
class LetterNumber:
    """`text` as written, without stray spaces; its parts where they can be told. `level` is said by the prefix."""

    text: str
    code: str | None = None
    sequence: int | None = None
    month: int | None = None
    year: int | None = None
    level: str | None = None


def read_number(text: str) -> LetterNumber | None:
    """Return the number at the start of `text`, or None when there is none or it is an unfilled template (R16)."""
    text = " ".join(text.split()).strip(" .,:;-")
    ordinance = _IN_YEAR.match(text)
    if ordinance:
        return LetterNumber(ordinance.group().upper(), None, int(ordinance[1]), None, int(ordinance[2]))
    shaped = _SHAPE.match(text)
    if shaped is None or _PLACEHOLDER.search(text[: shaped.end() + 3]):
        return None
    return _parts(re.sub(r"\s*/\s*", "/", shaped.group()).strip()[:_MOST_CHARACTERS])


def _parts(text: str) -> LetterNumber | None:
    parts = text.split("/")
    if not any(char.isdigit() for char in text):
        return None
    code = next((part for part in parts if _CODE.match(part) and (len(part) > 3 or part is parts[0])), None)
    prefixed = _PREFIXED.match(parts[0])
    year = next((int(part[:4]) for part in reversed(parts) if _YEAR.match(part[:4]) and not part[4:].isdigit()), None)
    month = next((_ROMAN[part.upper()] for part in parts[1:] if part.upper() in _ROMAN), None)
    return LetterNumber(
        text,
        code,
        int(prefixed[2]) if prefixed else _sequence(parts, code),
        month,
        year,
        _PREFIX[prefixed[1].upper()] if prefixed else None,
    )


def _sequence(parts: list[str], code: str | None) -> int | None:
    """The running number: the first part of figures alone that is neither the code nor the year."""
    for part in parts:
        if part.isdigit() and part != code and not (_YEAR.match(part) and part is parts[-1]):
            return int(part)
    return None
