"""Numbers in Indonesian words, as decrees spell their dates: `dua ribu delapan belas` is 2018."""

from collections.abc import Sequence

_UNITS = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
}  # fmt: skip
_THOUSAND, _A_THOUSAND = "ribu", "seribu"


def number_in_words(words: Sequence[str]) -> int | None:
    """Return the number that `words` spell, 1 to 999,999, or None when they spell none."""
    words = [word.lower() for word in words]
    if words[:1] == [_A_THOUSAND]:
        return _sum(1000, words[1:])
    if _THOUSAND in words:
        at = words.index(_THOUSAND)
        thousands = _below_thousand(words[:at])
        return _sum(thousands * 1000, words[at + 1 :]) if thousands else None
    return _below_thousand(words)


def _sum(thousands: int, rest: Sequence[str]) -> int | None:
    if not rest:
        return thousands
    remainder = _below_thousand(rest)
    return thousands + remainder if remainder else None


def _below_thousand(words: Sequence[str]) -> int | None:
    match list(words):
        case ["seratus"]:
            return 100
        case ["seratus", *rest]:
            below = _below_hundred(rest)
            return 100 + below if below else None
        case [unit, "ratus"] if unit in _UNITS:
            return _UNITS[unit] * 100
        case [unit, "ratus", *rest] if unit in _UNITS:
            below = _below_hundred(rest)
            return _UNITS[unit] * 100 + below if below else None
    return _below_hundred(words)


def _below_hundred(words: Sequence[str]) -> int | None:
    match list(words):
        case ["sepuluh"]:
            return 10
        case ["sebelas"]:
            return 11
        case [unit] if unit in _UNITS:
            return _UNITS[unit]
        case [unit, "belas"] if unit in _UNITS and unit != "satu":
            return 10 + _UNITS[unit]
        case [ten, "puluh"] if ten in _UNITS and ten != "satu":
            return _UNITS[ten] * 10
        case [ten, "puluh", unit] if ten in _UNITS and ten != "satu" and unit in _UNITS:
            return _UNITS[ten] * 10 + _UNITS[unit]
    return None
