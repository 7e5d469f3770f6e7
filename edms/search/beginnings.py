"""Beginnings of words: what begins alike is counted as arrays, however many terms it is.

A beginning like `per*` stands for a thousand terms, one like `005/*` for hundreds of thousands of letter numbers,
nearly all of them in a handful of documents. Their posting lists are taken apart together; a term is looked at alone
only where more begin so than are expanded.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from edms.search.codec import Numbers, Postings, heads
from edms.search.errors import IndexDamaged

SMALL: Final = 512
"""Lists of so many documents at most are taken apart together."""


class Stretch(Protocol):
    """Terms of one field of one segment that begin alike. `kept`: which of them count, all when it is None."""

    kept: Numbers | None

    def __len__(self) -> int: ...

    def names(self) -> list[bytes]:
        """Return the terms."""

    def seen(self, mask: Numbers) -> Numbers:
        """Return how many documents of `mask` have each term."""

    def postings(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield documents and frequencies of the kept terms, of many terms at once."""


class ReadLists:
    """Posting lists of terms that begin alike; nothing in it changes, so it may be kept for the next question.

    `small`: encoded lists, each of `SMALL` documents at most. `held`: about how many bytes of memory it takes.
    """

    def __init__(self, small: Sequence[tuple[bytes, bytes]], large: Sequence[tuple[bytes, Postings]]) -> None:
        self.names = [name for name, _ in (*small, *large)]
        self.large = [postings for _, postings in large]
        self.counts, self.ids, self.times = _decoded([data for _, data in small])
        self.held = 80 * len(self.names) + self.counts.nbytes + self.ids.nbytes + self.times.nbytes
        self.held += sum(16 * len(postings.ids) for postings in self.large)


class ListStretch:
    """A stretch whose posting lists were read, as one question sees it."""

    def __init__(self, lists: ReadLists) -> None:
        self.kept: Numbers | None = None
        self._names, self._large = lists.names, lists.large
        self._counts, self._ids, self._times = lists.counts, lists.ids, lists.times

    def __len__(self) -> int:
        return len(self._names)

    def names(self) -> list[bytes]:
        return self._names

    def seen(self, mask: Numbers) -> Numbers:
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(mask[self._ids])])
        ends = np.cumsum(self._counts)
        few = sums[ends] - sums[ends - self._counts]
        many = np.array([int(np.count_nonzero(mask[one.ids])) for one in self._large], np.int64)
        counts: Numbers = np.concatenate([few, many])
        return counts

    def postings(self) -> Iterator[tuple[Numbers, Numbers]]:
        if self.kept is None:
            yield self._ids, self._times
        else:
            inside = np.repeat(self.kept[: len(self._counts)], self._counts)
            yield self._ids[inside], self._times[inside]
        for number, one in enumerate(self._large, len(self._counts)):
            if self.kept is None or self.kept[number]:
                yield one.ids, one.frequencies


def _decoded(lists: Sequence[bytes]) -> tuple[Numbers, Numbers, Numbers]:
    """Return of posting lists how many documents each has, and documents and frequencies of all one after another.

    Raises IndexDamaged.
    """
    if not lists:
        return (np.zeros(0, np.int64),) * 3
    sizes = np.fromiter(map(len, lists), np.int64, len(lists))
    data = np.frombuffer(b"".join(lists), np.uint8)
    starts = np.cumsum(sizes) - sizes
    try:
        counts, id_widths, time_widths, begins = heads(data, starts)
        fits = begins + counts * (id_widths + time_widths) <= starts + sizes
        if not bool((fits & (counts > 0)).all()):
            raise ValueError
    except (IndexError, ValueError):
        raise IndexDamaged("a posting list of the index is not one") from None
    ends = np.cumsum(counts)
    firsts = ends - counts
    within = np.arange(int(counts.sum())) - np.repeat(firsts, counts)
    gaps = _widened(data, np.repeat(begins, counts), within, np.repeat(id_widths, counts))
    times = _widened(data, np.repeat(begins + counts * id_widths, counts), within, np.repeat(time_widths, counts))
    ids = np.cumsum(gaps)
    ids -= np.repeat(ids[firsts] - gaps[firsts], counts) + 1
    return counts, ids, times.astype(np.uint16) if times.max() < 1 << 16 else times


def _widened(data: Numbers, begins: Numbers, within: Numbers, widths: Numbers) -> Numbers:
    """Return for each place the number `within` places after `begins`, of so many bytes; 1 where it has none."""
    found = np.ones(len(begins), np.int64)
    for width in (1, 2, 4):
        where = np.flatnonzero(widths == width)
        if len(where):
            at = begins[where] + width * within[where]
            found[where] = data[at]
            for byte in range(1, width):
                found[where] |= data[at + byte].astype(np.int64) << 8 * byte
    return found


def keep_commonest(stretches: Sequence[Stretch], masks: Sequence[Numbers], most: int) -> bool:
    """Keep the `most` terms that most documents of the masks (one for each stretch) have; return whether that is a cut.

    Terms that no document of the masks has do not count: neither the cut nor what it leaves tells of them. While the
    terms are few enough nobody looks at what the documents have.
    """
    if sum(map(len, stretches)) <= most or len({name for one in stretches for name in one.names()}) <= most:
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
        stretch.kept = np.fromiter(map(kept.__contains__, stretch.names()), bool, len(stretch))
    return True


def _commonest(totals: dict[bytes, int], most: int) -> set[bytes]:
    """Return the names with the greatest totals; among equals the first by name."""
    counts = np.fromiter(totals.values(), np.int64, len(totals))
    least = int(np.partition(counts, -most)[-most])
    kept = {name for name, count in totals.items() if count > least}
    equals = (name for name, count in totals.items() if count == least)
    return kept.union(heapq.nsmallest(most - len(kept), equals))


def kept_names(stretch: Stretch, most: int) -> list[bytes]:
    """Return the first of the kept terms by their spelling, `most` of them at most."""
    names = stretch.names()
    if stretch.kept is not None:
        names = [names[at] for at in np.flatnonzero(stretch.kept).tolist()]
    return heapq.nsmallest(most, names)


def frequencies(stretches: Sequence[Stretch], count: int) -> Numbers | None:
    """Return how often each of `count` documents has any of the kept terms, None when there are none."""
    parts = [part for stretch in stretches for part in stretch.postings() if len(part[0])]
    if not parts:
        return None
    ids, times = (np.concatenate(column) for column in zip(*parts, strict=True))
    return np.bincount(ids, times, count).astype(np.float32)
