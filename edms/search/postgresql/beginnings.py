"""Beginnings of words on sealed blocks: a stretch of the dictionary is counted as arrays, however many terms it has.

A beginning like `005/*` may stand for hundreds of thousands of letter numbers. Which of them the searcher may see, and
how often, is a sum over the stretch, block by block; only those that are kept are ever looked at one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from edms.search.codec import Numbers
from edms.search.postgresql.layout import Block, Postings


@dataclass(slots=True)
class BlockStretch:
    """Terms of one block that begin so, from `first` to before `last` (`edms.search.beginnings.Stretch`).

    `read` gives the postings of the term at a place of the block.
    """

    block: Block
    first: int
    last: int
    read: Callable[[int], Postings]
    kept: Numbers | None = None

    def __len__(self) -> int:
        return self.last - self.first

    def names(self) -> list[bytes]:
        """Return the terms, without their field."""
        return [key[1:] for key in self.block.keys[self.first : self.last]]

    def seen(self, mask: Numbers) -> Numbers:
        """Return how many documents of `mask` have each term."""
        starts = self.block.starts[self.first : self.last + 1]
        found = np.concatenate([[0], np.cumsum(mask[self.block.ids[starts[0] : starts[-1]]])])
        counts: Numbers = found[starts[1:] - starts[0]] - found[starts[:-1] - starts[0]]
        for at in np.flatnonzero(self.block.lists[self.first : self.last]).tolist():
            postings = self.read(self.first + at)
            counts[at] = int(np.count_nonzero(mask[postings.ids]))
        return counts

    def postings(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield documents and frequencies of the kept terms, of many terms at once."""
        start, end = self.block.starts[self.first], self.block.starts[self.last]
        ids, times = self.block.ids[start:end], self.block.frequencies[start:end]
        if self.kept is not None:
            inside = np.repeat(self.kept, self.block.own[self.first : self.last])
            ids, times = ids[inside], times[inside]
        yield ids, times
        lists = self.block.lists[self.first : self.last]
        for at in np.flatnonzero(lists if self.kept is None else lists * self.kept).tolist():
            postings = self.read(self.first + at)
            yield postings.ids, postings.frequencies
