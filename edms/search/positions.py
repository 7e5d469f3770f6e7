"""Words beside each other: how often a phrase stands in each document, from the positions of its words."""

from typing import Final

import numpy as np

from edms.search.codec import Numbers, Postings
from edms.search.ranking import PROXIMITY_WINDOW

_SHIFT: Final = 33


def phrase_frequencies(lists: list[Postings], seen: Numbers) -> Numbers | None:
    """Return how often each document has the words one after another; positions are read for shared documents only."""
    shared = lists[0].ids
    for found in sorted(lists[1:], key=lambda postings: len(postings.ids)):
        shared = np.intersect1d(shared, found.ids, assume_unique=True)
    shared = shared[seen[shared]]
    if not len(shared):
        return None
    keys: Numbers | None = None
    order = sorted(range(len(lists)), key=lambda i: len(lists[i].positions))
    for place in order:
        own = _keys(lists[place], shared, len(lists) - place)
        keys = own if keys is None else np.intersect1d(keys, own, assume_unique=True)
        if not len(keys):
            return None
    counts = np.zeros(len(seen), np.float32)
    assert keys is not None
    documents, times = np.unique(keys >> _SHIFT, return_counts=True)
    counts[documents] = times
    return counts


def places(postings: Postings, documents: Numbers) -> Numbers:
    """Return (document, position) packed in one number, ascending, for each place of the term in these documents."""
    return _keys(postings, np.intersect1d(postings.ids, documents, assume_unique=True), 0)


def nearest(first: Numbers, second: Numbers, count: int) -> Numbers:
    """Return for each of `count` documents how near two words come (`ranking.nearness`), from their packed places."""
    distances = np.full(count, PROXIMITY_WINDOW + 1, np.int64)
    if len(first) and len(second):
        for side, step in (("left", -1), ("right", 0)):
            at = np.searchsorted(second, first, side=side) + step  # type: ignore[call-overload]
            inside = (at >= 0) & (at < len(second))
            here, there = first[inside], second[at[inside]]
            same = here >> _SHIFT == there >> _SHIFT
            np.minimum.at(distances, here[same] >> _SHIFT, np.abs(here[same] - there[same]))
    near: Numbers = np.where(distances <= PROXIMITY_WINDOW, 1 / distances, 0).astype(np.float32)
    return near


def _keys(postings: Postings, documents: Numbers, shift: int) -> Numbers:
    """Return (document, position + shift) packed in one number, for each place of the term in the documents."""
    index = np.searchsorted(postings.ids, documents)
    counts = postings.frequencies[index].astype(np.int64)
    starts = postings.ends[index] - counts
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    places = postings.positions[np.repeat(starts, counts) + steps].astype(np.int64)
    keys: Numbers = (np.repeat(documents, counts) << _SHIFT) | (places + shift)
    return keys
