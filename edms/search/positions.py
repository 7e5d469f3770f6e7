"""Words beside each other: how often a phrase stands in each document, from the positions of its words."""

from typing import Final

import numpy as np

from edms.search.codec import Numbers, Postings
from edms.search.ranking import PROXIMITY_WINDOW

_SHIFT: Final = 33
_NONE: Final = np.empty(0, np.int64)


def phrase_frequencies(lists: list[Postings], seen: Numbers) -> Numbers | None:
    """Return how often each document has the words one after another; positions are read for shared documents only."""
    shared = seen.copy()
    for found in lists:
        holds = np.zeros(len(seen), bool)
        holds[found.ids] = True
        shared &= holds
    documents = np.flatnonzero(shared)
    if not len(documents):
        return None
    wanted = [_held_in(found, shared) for found in lists]
    # A place is the document's number among the shared ones and the position, less the word's own in the phrase.
    width = max(int(places.max()) for _, places in wanted) + len(lists) + 1
    keys: Numbers | None = None
    for number in sorted(range(len(lists)), key=lambda i: len(wanted[i][1])):
        times, places = wanted[number]
        own = np.repeat(np.arange(len(documents)), times) * width + (places + (len(lists) - number))
        keys = own if keys is None else own[_among(own, keys)]
        if not len(keys):
            return None
    counts = np.zeros(len(seen), np.float32)
    assert keys is not None
    counts[documents] = np.bincount(keys // width, minlength=len(documents))
    return counts


def _held_in(postings: Postings, shared: Numbers) -> tuple[Numbers, Numbers]:
    """Return how often the shared documents, all of which have the term, hold it, and its positions in them."""
    kept = shared[postings.ids]
    if kept.all():
        return postings.frequencies.astype(np.int64), postings.positions.astype(np.int64)
    times = postings.frequencies.astype(np.int64)
    return times[kept], postings.positions[np.repeat(kept, times)].astype(np.int64)


def _among(keys: Numbers, others: Numbers) -> Numbers:
    """Return which of `keys` are among `others`; both ascend."""
    at = np.searchsorted(others, keys)
    at[at == len(others)] = 0
    found: Numbers = others[at] == keys
    return found


def places(postings: Postings, documents: Numbers) -> Numbers:
    """Return (document, position) packed in one number, ascending, for each place of the term in these documents."""
    return _keys(postings, documents[_among(documents, postings.ids)] if len(postings.ids) else _NONE, 0)


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
