"""Where terms stand in a text, however they are written there. Pure.

A term is held against the text by letters and figures alone: case, accents, ligatures, wide and mathematical letters,
letters of other alphabets that look the same, hyphens, marks without width, ends of lines and spaces between single
letters hide nothing. A match begins and ends where a word does.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edms.redaction.tokens import misread

_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\u00ad¬")
_NUMBER_SIGNS = frozenset(" .-/\u00a0\u2007\u202f\u2009")
_LEAST_FIGURES = 6
_LEAST_IN_BYTES = 5
MOST_TERM = 100
# Letters that look like a Latin one, Cyrillic and Greek (a part of the confusables of Unicode TR 39).
_ALIKE = {
    0x430: "a", 0x432: "b", 0x435: "e", 0x43E: "o", 0x440: "p", 0x441: "c", 0x443: "y", 0x445: "x", 0x43A: "k",
    0x43C: "m", 0x43D: "h", 0x442: "t", 0x433: "r", 0x456: "i", 0x458: "j", 0x455: "s", 0x501: "d", 0x4BB: "h",
    0x4CF: "l", 0x51B: "q", 0x51D: "w", 0x3B1: "a", 0x3B5: "e", 0x3BF: "o", 0x3C1: "p", 0x3C5: "y", 0x3C7: "x",
    0x3BA: "k", 0x3B9: "i", 0x3BD: "v", 0x3C4: "t", 0x3B2: "b", 0x131: "i",
}  # fmt: skip


@dataclass(frozen=True)
class Folded:
    """The letters and figures of a text, folded, and at which character of the text each stands."""

    letters: str
    places: tuple[int, ...]


def fold(text: str) -> Folded:
    """Return the letters and figures of `text` in one spelling."""
    letters: list[str] = []
    places: list[int] = []
    for at, character in enumerate(text):
        for one in folded_letter(character):
            letters.append(one)
            places.append(at)
    return Folded("".join(letters), tuple(places))


def folded_letter(character: str) -> str:
    """Return what a character is for comparing: "" for signs, spaces and marks."""
    if "a" <= character <= "z" or "0" <= character <= "9":
        return character
    plain = unicodedata.normalize("NFKD", character).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_ALIKE)
    return "".join(one for one in plain if one.isalnum())


@dataclass(frozen=True)
class Match:
    """Where a term stands: first and last character, the last excluded. `whole`: as words of their own."""

    term: str
    start: int
    end: int
    whole: bool


def matches(text: str, terms: Sequence[str]) -> list[Match]:
    """Return where each of `terms` stands in `text`, also within longer words."""
    folded = fold(text)
    return [one for term in terms for one in _found(folded, text, term[:MOST_TERM])]


def occurrences(text: str, term: str) -> list[tuple[int, int]]:
    """Return where `term` stands in `text` as words of their own."""
    return [(one.start, one.end) for one in matches(text, (term,)) if one.whole]


def within_words(text: str, terms: Sequence[str]) -> list[str]:
    """Return the longer words of `text` that hold one of `terms`: not covered, for a person to look at."""
    return sorted({_word_around(text, one) for one in matches(text, terms) if not one.whole})


def _found(folded: Folded, text: str, term: str) -> Iterator[Match]:
    wanted = fold(term)
    if not wanted.letters:
        return
    numeric = len(wanted.letters) >= _LEAST_FIGURES and wanted.letters.isdecimal()
    letters = _figures(folded.letters) if numeric else folded.letters
    gaps = frozenset(at for at in range(1, len(wanted.letters)) if wanted.places[at] - wanted.places[at - 1] > 1)
    at = letters.find(wanted.letters)
    while at >= 0:
        span = _span(folded, text, at, len(wanted.letters), gaps, numeric=numeric)
        if span is not None:
            edges = (at, at + len(wanted.letters))
            yield Match(term, *span, all(_is_edge(text, folded, edge) for edge in edges))
        at = letters.find(wanted.letters, at + (1 if span is None else len(wanted.letters)))


def _figures(letters: str) -> str:
    """Return folded letters with those as figures that recognition takes for one another."""
    return misread(letters.replace("i", "1"))


def _span(
    folded: Folded, text: str, at: int, length: int, gaps: frozenset[int], *, numeric: bool
) -> tuple[int, int] | None:
    """Return the characters of a match, or None where what lies between its letters parts them."""
    places = folded.places[at : at + length]
    between = {step: text[places[step - 1] + 1 : places[step]] for step in range(1, length)}
    spaced = length > 2 and all(_is_space(gap) for gap in between.values() if gap is not None)
    for step, gap in between.items():
        gap = "".join(one for one in gap if not _is_nothing(one))
        if not gap or step in gaps or spaced or (numeric and set(gap) <= _NUMBER_SIGNS):
            continue
        if "\n" in gap or "\r" in gap:
            continue  # a word goes on behind the end of a line, with a hyphen or without
        if len(gap) == 1 and gap in _HYPHENS:
            continue
        return None
    return places[0], places[-1] + 1


def _is_space(gap: str) -> bool:
    return bool(gap) and gap.isspace()


def _is_nothing(one: str) -> bool:
    """Soft hyphens, marks without width, and marks that stand on the letter before."""
    return one == "\u00ad" or (unicodedata.category(one) in ("Cf", "Mn", "Me", "Cc") and one not in "\n\r\t")


def _is_edge(text: str, folded: Folded, at: int) -> bool:
    """Whether a word begins or ends before the folded letter at `at`."""
    if at in (0, len(folded.letters)):
        return True
    before, after = folded.places[at - 1], folded.places[at]
    if before == after:
        return False
    if any(not _is_nothing(one) for one in text[before + 1 : after]):
        return True
    first, second = text[before], text[after]
    return (first.isdecimal() != second.isdecimal()) or (first.islower() and second.isupper())


def _word_around(text: str, match: Match) -> str:
    start, end = match.start, match.end
    while start > 0 and folded_letter(text[start - 1]) and match.start - start < MOST_TERM:
        start -= 1
    while end < len(text) and folded_letter(text[end]) and end - match.end < MOST_TERM:
        end += 1
    return text[start:end]


def survivors(texts: Sequence[str], raw: bytes, terms: Sequence[str]) -> list[str]:
    """Return those of `terms` that stand in one of `texts`, or by their bytes in `raw`, in order.

    In bytes only longer terms are looked for: a short one stands in a font by chance.
    """
    found = {one.term for text in texts for one in matches(text, terms) if one.whole}
    lowered = raw.lower()
    for term in terms:
        plain = term.strip().casefold()
        if len(fold(plain).letters) >= _LEAST_IN_BYTES:
            spellings = {plain.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-be", "utf-16-le")}
            spellings |= {plain.encode("utf-16-be").hex().encode(), plain.encode().hex().encode()}
            if any(spelling and spelling in lowered for spelling in spellings):
                found.add(term)
    return [term for term in terms if term in found]
