"""Words that are nearly the same: mistyped, or misread by recognition. Pure, and fast over a whole dictionary."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SHORTEST: Final = 4
"""Shorter words are never taken for another."""
LONG: Final = 8
LONGEST: Final = 32
MAX_CONFUSIONS: Final = 64

CONFUSED: Final = (("rn", "m"), ("cl", "d"), ("vv", "w"), ("0", "o"), ("1", "l"), ("1", "i"), ("i", "l"), ("5", "s"))
"""What recognition takes for each other."""


def farthest(form: str) -> int:
    """Return how many edits away a word may be: none below 4 characters, 1 below 8, then 2."""
    return 0 if len(form) < SHORTEST or form.isdecimal() else 1 if len(form) < LONG else 2


def confusions(form: str) -> list[str]:
    """Return what recognition may have made of `form`, with one or two confusions, the fewest first."""
    found = {form: None}
    for _ in range(2):
        for one in list(found):
            for other in _confused(one):
                if len(found) <= MAX_CONFUSIONS:
                    found.setdefault(other)
    return list(found)[1:]


def _confused(form: str) -> Iterator[str]:
    for pair in CONFUSED:
        for read, meant in (pair, pair[::-1]):
            at = form.find(read)
            while at >= 0:
                yield form[:at] + meant + form[at + len(read) :]
                at = form.find(read, at + 1)


class Forms:
    """A dictionary of forms, in which those near another are found without looking at each in turn."""

    def __init__(self, forms: Iterable[str]) -> None:
        kept = [form for form in forms if SHORTEST - 1 <= len(form) <= LONGEST and not form.isdecimal()]
        self._forms = np.array(kept, f"U{max(map(len, kept), default=1)}")
        points = self._points(self._forms)
        self._letters = points.astype(np.uint16)
        self._lengths = np.count_nonzero(points, axis=1)
        bits = np.left_shift(np.uint64(1), points.astype(np.uint64) & np.uint64(63))
        self._bits = np.bitwise_or.reduce(np.where(points > 0, bits, np.uint64(0)), axis=1, initial=0)

    @staticmethod
    def _points(forms: NDArray[Any]) -> NDArray[Any]:
        return forms.view(np.uint32).reshape(len(forms), forms.itemsize // 4)

    def near(self, form: str) -> list[tuple[int, str]]:
        """Return (edits, form) of those within `farthest(form)` edits, itself left out, nearest first."""
        most = farthest(form)
        if not most or not len(self._forms):
            return []
        own = np.uint64(sum({1 << (ord(letter) & 63) for letter in form}))
        likely = np.flatnonzero(
            (np.abs(self._lengths - len(form)) <= most)
            & (np.bitwise_count(self._bits & ~own) <= most)
            & (np.bitwise_count(own & ~self._bits) <= most)
        )
        return sorted(self._within(form, likely, most))

    def _within(self, form: str, likely: NDArray[Any], most: int) -> Iterator[tuple[int, str]]:
        edits = _distances(form, self._letters[likely, : len(form) + most], self._lengths[likely])
        for at in np.flatnonzero((edits <= most) & (edits > 0)):
            yield int(edits[at]), str(self._forms[likely[at]])


def _distances(form: str, letters: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Return the edits (insert, delete, replace, swap neighbours) from `form` to each row of `letters`."""
    count, width = letters.shape
    before = np.zeros((width + 1, count), np.int16)
    last = np.repeat(np.arange(width + 1, dtype=np.int16)[:, None], count, axis=1)
    columns = letters.T
    for row, letter in enumerate(form):
        here = np.empty_like(last)
        here[0] = row + 1
        for column in range(width):
            same = columns[column] == ord(letter)
            here[column + 1] = np.minimum(np.minimum(last[column + 1], here[column]) + 1, last[column] + (1 - same))
            if row and column:
                swapped = _swapped(columns, column, letter, form[row - 1])
                here[column + 1] = np.where(
                    swapped, np.minimum(here[column + 1], before[column - 1] + 1), here[column + 1]
                )
        before, last = last, here
    edits: NDArray[Any] = last[lengths, np.arange(count)]
    return edits


def _swapped(columns: NDArray[Any], column: int, letter: str, previous: str) -> NDArray[Any]:
    """Return where the letters at `column - 1` and `column` are `letter` and `previous`, the other way round."""
    swapped: NDArray[Any] = (columns[column - 1] == ord(letter)) & (columns[column] == ord(previous))
    return swapped
