"""Beginnings of words on sealed blocks: a stretch of the dictionary is counted as arrays, however many terms it has.

A beginning like `005/*` may stand for hundreds of thousands of letter numbers. Which of them the searcher may see, and
how often, is a sum over the stretch, block by block; only those that are kept are ever looked at one by one.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edms.search.codec import Numbers
from edms.search.postgresql.layout import Block
from edms.search.postgresql.reading import SegmentView, term_key


@dataclass(slots=True)
class Stretch:
    """Terms of one block that begin so, from `first` to before `last`; `kept` of them, all when it is None."""

    view: SegmentView
    number: int
    block: Block
    first: int
    last: int
    kept: Numbers | None = None

    def names(self) -> list[bytes]:
        """Return the terms, without their field."""
        return [key[1:] for key in self.block.keys[self.first : self.last]]

    def seen(self, mask: Numbers) -> Numbers:
        """Return how many documents of `mask` have each term."""
        starts = self.block.starts[self.first : self.last + 1]
        found = np.concatenate([[0], np.cumsum(mask[self.block.ids[starts[0] : starts[-1]]])])
        counts: Numbers = found[starts[1:] - starts[0]] - found[starts[:-1] - starts[0]]
        for at in np.flatnonzero(self.block.lists[self.first : self.last]).tolist():
            postings = self.view.postings_at(self.number, self.first + at)
            counts[at] = int(np.count_nonzero(mask[postings.ids]))
        return counts

    def places(self) -> list[int]:
        """Return at which places of the block the kept terms stand."""
        if self.kept is None:
            return list(range(self.first, self.last))
        return (np.flatnonzero(self.kept) + self.first).tolist()

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
            postings = self.view.postings_at(self.number, self.first + at)
            yield postings.ids, postings.frequencies


def stretches_of(view: SegmentView, field: str, prefix: bytes) -> list[Stretch]:
    """Return where the terms of a field stand that begin so."""
    key = term_key(field, prefix)
    found = []
    for number in view.segment.blocks_from(key):
        block = view.block(number)
        first, last = block.span(key)
        if first < last:
            found.append(Stretch(view, number, block, first, last))
    return found


def keep_commonest(stretches: list[Stretch], masks: list[Numbers], most: int) -> bool:
    """Keep the `most` terms that most documents of the masks (one for each stretch) have; return whether that is a cut.

    Terms that no document of the masks has do not count: neither the cut nor what it leaves tells of them.
    """
    if sum(stretch.last - stretch.first for stretch in stretches) <= most:
        return False
    totals: dict[bytes, int] = {}
    for stretch, mask in zip(stretches, masks, strict=True):
        names, counts = stretch.names(), stretch.seen(mask)
        for at in np.flatnonzero(counts).tolist():
            totals[names[at]] = totals.get(names[at], 0) + int(counts[at])
    if len(totals) <= most:
        return False
    kept = _commonest(totals, most)
    for stretch in stretches:
        stretch.kept = np.fromiter(map(kept.__contains__, stretch.names()), bool, stretch.last - stretch.first)
    return True


def _commonest(totals: dict[bytes, int], most: int) -> set[bytes]:
    """Return the names with the greatest totals; among equals the first by name."""
    counts = np.fromiter(totals.values(), np.int64, len(totals))
    least = int(np.partition(counts, -most)[-most])
    kept = {name for name, count in totals.items() if count > least}
    equals = (name for name, count in totals.items() if count == least)
    return kept.union(heapq.nsmallest(most - len(kept), equals))


def frequencies(stretches: list[Stretch], count: int) -> Numbers | None:
    """Return how often each of `count` documents has any of the kept terms, None when there are none."""
    parts = [part for stretch in stretches for part in stretch.postings()]
    if not any(len(ids) for ids, _ in parts):
        return None
    ids, times = (np.concatenate(column) for column in zip(*parts, strict=True))
    return np.bincount(ids, times, count).astype(np.float32)
