"""The text of a record inside the index, in pieces that can be read alone, and the snippets made from them.

A snippet costs the same for one page and for a thousand: the positions in the posting lists say which piece to open.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

import numpy as np

from edms.search.analysis import (
    EXACT,
    LANGUAGES,
    MAX_TERM,
    STEM,
    fold,
    part_start,
    part_starts,
    stem,
    surface_matches,
    tokens,
)
from edms.search.codec import Numbers
from edms.search.protocol import MOST_PAGES, Highlight

PIECE = 1200
"""Characters of text in one piece."""
SNIPPET = 240
WINDOW = 40
"""Words within which hits count as near each other."""

PAGE_END = "\f"
_MOST_PLACES, _MOST_PIECES = 2000, 5000

_BETWEEN = re.compile(r"(?<=[^\W_])\s")
"""A place where no token goes on: a broken word has its hyphen before the white space."""
_COUNT = struct.Struct("<I")
_ENTRY = struct.Struct("<II")


def pack(text: str) -> bytes:
    """Return `text` in compressed pieces, each with the position of its first token; no token is cut."""
    cut = list(pieces(text))
    return pack_pieces(cut, [sum(1 for _ in part_starts(piece)) for piece in cut])


def pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces of about `PIECE` characters; no token is cut, and there is at least one piece."""
    start = 0
    while start < len(text) or not start:
        cut = _BETWEEN.search(text, start + PIECE)
        end = cut.start() if cut else len(text)
        yield text[start:end]
        if end == len(text):
            return
        start = end


def pack_pieces(cut: Sequence[str], counts: Sequence[int]) -> bytes:
    """Return pieces as they are stored; `counts`: how many positions each takes."""
    compressed = [zlib.compress(piece.encode(), 6) for piece in cut]
    firsts = accumulate(counts, initial=0)
    entries = [_ENTRY.pack(first, len(piece)) for first, piece in zip(firsts, compressed, strict=False)]
    return _COUNT.pack(len(cut)) + b"".join(entries) + b"".join(compressed)


def unpack(packed: bytes) -> str:
    """Return the whole text again."""
    (count,) = _COUNT.unpack_from(packed)
    table = [_ENTRY.unpack_from(packed, _COUNT.size + i * _ENTRY.size) for i in range(count)]
    start, pieces = _COUNT.size + count * _ENTRY.size, []
    for _first, length in table:
        pieces.append(zlib.decompress(packed[start : start + length]))
        start += length
    return b"".join(pieces).decode()


def piece_at(packed: bytes, position: int) -> tuple[str, int, int, int]:
    """Return the piece that holds the token at `position`: text, position of its first token, its number, how many."""
    (count,) = _COUNT.unpack_from(packed)
    table = [_ENTRY.unpack_from(packed, _COUNT.size + i * _ENTRY.size) for i in range(count)]
    number = max(int(np.searchsorted([first for first, _ in table], position, side="right")) - 1, 0)
    start = _COUNT.size + count * _ENTRY.size + sum(length for _, length in table[:number])
    return zlib.decompress(packed[start : start + table[number][1]]).decode(), table[number][0], number, count


@dataclass(frozen=True, slots=True)
class Wanted:
    """The terms whose words are marked: as the index spells them, and beginnings of exact forms."""

    terms: frozenset[bytes]
    prefixes: tuple[str, ...] = ()
    _ranges: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict, compare=False, repr=False)

    def matches(self, form: str) -> bool:
        """Return whether a folded form is wanted."""
        if EXACT + form.encode() in self.terms or (self.prefixes and form.startswith(self.prefixes)):
            return True
        return form.isalpha() and not self.terms.isdisjoint(_stem_terms(form))

    def ranges(self, surface: str) -> tuple[tuple[int, int], ...]:
        """Return which characters are wanted of what stands between two separators; kept, since words come again."""
        found = self._ranges.get(surface)
        if found is None:
            found = self._ranges[surface] = tuple(self._looked_at(surface))
        return found

    def _looked_at(self, surface: str) -> Iterator[tuple[int, int]]:
        if surface.isalnum():
            form, terms = _found_by(surface)
            if not self.terms.isdisjoint(terms) or (self.prefixes and form.startswith(self.prefixes)):
                yield 0, len(surface)
            return
        for token in tokens(surface):
            if token.whole and self.matches(token.whole):
                yield token.parts[0].start, token.parts[-1].end
            else:
                yield from ((part.start, part.end) for part in token.parts if self.matches(part.form))


@lru_cache(maxsize=50_000)
def _stem_terms(form: str) -> tuple[bytes, ...]:
    return tuple(STEM[language] + stem(form, language).encode() for language in LANGUAGES)


@lru_cache(maxsize=50_000)
def _found_by(surface: str) -> tuple[str, tuple[bytes, ...]]:
    """Return the folded form of a word and every term that it may be found by."""
    form = fold(surface)[:MAX_TERM]
    exact = EXACT + form.encode()
    return form, (exact, *_stem_terms(form)) if form.isalpha() else (exact,)


def marks(text: str, wanted: Wanted) -> list[tuple[int, int]]:
    """Return the character ranges of the words of `text` that are wanted, ascending and apart from each other.

    A page of hits has some thousand words: one look-up for each.
    """
    ranges = wanted.ranges
    return [
        (match.start() + first, match.start() + last)
        for match in surface_matches(text)
        for first, last in ranges(match.group())
    ]


def densest(groups: Iterable[Numbers]) -> int | None:
    """Return the first position of the `WINDOW` words that hold the most different groups (then the most hits)."""
    pairs = sorted((int(position), number) for number, places in enumerate(groups) for position in places[:2000])
    best, best_score, left = None, (0, 0), 0
    inside: dict[int, int] = {}
    for right, (position, group) in enumerate(pairs):
        inside[group] = inside.get(group, 0) + 1
        while position - pairs[left][0] >= WINDOW:
            old = pairs[left][1]
            inside[old] -= 1
            if not inside[old]:
                del inside[old]
            left += 1
        score = (len(inside), right - left)
        if best is None or score > best_score:
            best, best_score = pairs[left][0], score
    return best


def snippet(packed: bytes, position: int | None, wanted: Wanted) -> Highlight:
    """Return about `SNIPPET` characters of the text around the token at `position` (the beginning when None)."""
    text, first, number, count = piece_at(packed, position or 0)
    centre = 0
    if position is not None:
        centre = part_start(text, position - first)
    start = max(0, min(centre - SNIPPET // 4, len(text) - SNIPPET))
    start, end = _at_word(text, start, min(len(text), start + SNIPPET))
    shown = text[start:end]
    return Highlight(
        shown, tuple(marks(shown, wanted)), before=number > 0 or start > 0, after=number + 1 < count or end < len(text)
    )


def pages(packed: bytes, groups: Sequence[Numbers]) -> tuple[int, ...]:
    """Return the pages, from 1, on which tokens of the most different `groups` of positions stand, ascending.

    A form feed begins a page. () for a text of one page; what stands behind `_MOST_PIECES` pieces is not looked at.
    """
    places = sorted((int(at), number) for number, group in enumerate(groups) for at in np.unique(group)[:_MOST_PLACES])
    (count,) = _COUNT.unpack_from(packed)
    table = [_ENTRY.unpack_from(packed, _COUNT.size + i * _ENTRY.size) for i in range(count)]
    start, feeds, next_place = _COUNT.size + count * _ENTRY.size, 0, 0
    found: dict[int, set[int]] = {}
    for number, (first, length) in enumerate(table[:_MOST_PIECES]):
        text = zlib.decompress(packed[start : start + length]).decode()
        start += length
        end = table[number + 1][0] if number + 1 < count else None
        here = []
        while next_place < len(places) and (end is None or places[next_place][0] < end):
            here.append(places[next_place])
            next_place += 1
        inside = text.count(PAGE_END)
        starts = list(part_starts(text)) if inside and here else []
        for at, group in here:
            before = text.count(PAGE_END, 0, starts[at - first]) if inside else 0
            found.setdefault(feeds + before + 1, set()).add(group)
        feeds += inside
        if next_place == len(places) and feeds:
            break
    most = max(map(len, found.values()), default=0)
    return tuple(sorted(page for page, some in found.items() if len(some) == most)[:MOST_PAGES]) if feeds else ()


def _at_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Move the cut to the next space so that no word is cut, if one is near."""
    if start > 0 and (space := text.find(" ", start, start + 40)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", max(end - 40, start), end)) >= 0:
        end = space
    return start, end


def whole_field(value: str, wanted: Wanted) -> Highlight | None:
    """Return a short field with its wanted words marked, or None when it has none."""
    found = marks(value, wanted)
    return Highlight(value, tuple(found)) if found else None


def folded_prefix(text: str) -> str:
    """Return the beginning a prefix query asks for, folded as terms are."""
    return fold(text)
