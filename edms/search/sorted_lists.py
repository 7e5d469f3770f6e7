"""Sorted places of many terms into their posting lists: what `encode_postings` writes for one term, for all at once.

A segment has some hundred thousand terms, most of them in a few documents, and what numpy costs for each call was most
of sorting them in. Here every number of a block is narrowed by a handful of calls, and a list is cut out of the bytes.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from edms.search.codec import WIDTHS, Numbers, list_head

DOCUMENT_BITS: Final = 15
POSITION_BITS: Final = 25
LAST_POSITION: Final = (1 << POSITION_BITS) - 1
_TERM: Final = DOCUMENT_BITS + POSITION_BITS
_BLOCK: Final = 1 << 20


def posting_lists(keys: Numbers) -> Iterator[tuple[int, int, bytes]]:
    """Yield (term, documents, posting list) in order of terms.

    `keys` ascend, one for each place: the number of the term, of the document and the position, of 15 and 25 bits.
    Beside the keys some tens of MiB are needed, and what the most frequent term takes.
    """
    first = 0
    while first < len(keys):
        last = min(first + _BLOCK, len(keys))
        if last < len(keys):
            term = int(keys[last]) >> _TERM
            begin, end = (int(np.searchsorted(keys, one << _TERM)) for one in (term, term + 1))
            last = begin if begin > first else end
        yield from _block(keys[first:last])
        first = last


def _block(keys: Numbers) -> Iterator[tuple[int, int, bytes]]:
    pairs = keys >> POSITION_BITS
    begins = np.flatnonzero(np.concatenate(([True], pairs[1:] != pairs[:-1])))
    pairs = pairs[begins]
    terms = pairs >> DOCUMENT_BITS
    starts = np.flatnonzero(np.concatenate(([True], terms[1:] != terms[:-1])))
    documents = pairs & ((1 << DOCUMENT_BITS) - 1)
    gaps = np.diff(documents, prepend=-1)
    gaps[starts] = documents[starts] + 1
    place_starts = begins[starts]
    parts = (
        _Narrowed(gaps, starts),
        _Narrowed(np.diff(begins, append=len(keys)), starts),
        _Narrowed(keys & LAST_POSITION, place_starts),
    )
    counts = np.diff(starts, append=len(terms)).tolist()
    places = np.diff(place_starts, append=len(keys)).tolist()
    for number, term in enumerate(terms[starts].tolist()):
        head = list_head(counts[number], places[number], *(part.widths[number] for part in parts))
        yield term, counts[number], head + b"".join([part.cut(number) for part in parts])


class _Narrowed:
    """Runs of numbers, each run in the smallest width that holds it: 0 where every one is 1."""

    def __init__(self, values: Numbers, starts: Numbers) -> None:
        highest = np.maximum.reduceat(values, starts)
        widths = np.where(highest < 1 << 8, 1, np.where(highest < 1 << 16, 2, 4))
        widths[(highest == 1) & (np.minimum.reduceat(values, starts) == 1)] = 0
        self.widths: list[int] = widths.tolist()
        self._ends = [*starts.tolist(), len(values)]
        used = set(self.widths) - {0}
        self._bytes = {width: values.astype(WIDTHS[width]).tobytes() for width in used}

    def cut(self, number: int) -> bytes:
        """Return the bytes of a run."""
        width = self.widths[number]
        return self._bytes[width][width * self._ends[number] : width * self._ends[number + 1]] if width else b""
