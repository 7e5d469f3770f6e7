"""Words beside each other: how often a phrase stands in each document, from the positions of its words."""

import numpy as np

from edms.search.codec import Numbers, Postings


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
    documents, times = np.unique(keys >> 33, return_counts=True)
    counts[documents] = times
    return counts


def _keys(postings: Postings, documents: Numbers, shift: int) -> Numbers:
    """Return (document, position + shift) packed in one number, for each place of the term in the documents."""
    index = np.searchsorted(postings.ids, documents)
    counts = postings.frequencies[index].astype(np.int64)
    starts = postings.ends[index] - counts
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    places = postings.positions[np.repeat(starts, counts) + steps].astype(np.int64)
    keys: Numbers = (np.repeat(documents, counts) << 33) | (places + shift)
    return keys
