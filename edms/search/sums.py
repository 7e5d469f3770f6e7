"""Adding up and counting over the documents of a segment, each in the way that costs least for as many as match."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from edms.search.codec import SPREAD, Numbers
from edms.search.ranking import saturated
from edms.search.snapshot import SegmentView

_NONE: Final = np.empty(0, np.int64)


def scored(mask: Numbers, total: Numbers, weight: float) -> Numbers:
    """Return what these sums of frequencies count in the documents of the mask, 0 in the others."""
    if int(np.count_nonzero(mask)) * SPREAD >= len(mask):
        every: Numbers = weight * saturated(total) * mask
        return every
    score, found = np.zeros(len(mask), np.float32), np.flatnonzero(mask)
    score[found] = weight * saturated(total[found])
    return score


def seen_in(lists: Sequence[Numbers], seen: Numbers) -> int:
    """Return how many of the documents in any of the lists are seen."""
    if len(lists) == 1:
        return int(np.count_nonzero(seen[lists[0]]))
    mask = np.zeros(len(seen), bool)
    for ids in lists:
        mask[ids] = True
    return int(np.count_nonzero(mask & seen)) if lists else 0


def united(parts: Sequence[Numbers]) -> Numbers:
    """Return the numbers of all parts, each of which ascends, ascending."""
    return np.sort(np.concatenate([_NONE, *parts]), kind="stable")  # runs that ascend are merged; twice is no harm


def least_of(scores: list[Numbers], number: int) -> float:
    """Return the score of the `number`-th best document, 0 when there are fewer."""
    every = np.concatenate([_NONE, *(part[part > 0] for part in scores)])  # a partition of mostly zeros is slow
    return float(np.partition(every, -number)[-number]) if len(every) >= number else 0.0


def summed(parts: list[list[Numbers]], views: list[SegmentView]) -> list[Numbers]:
    """Return for each segment the sum of the scores that each part has in it."""
    return [sum((part[i] for part in parts), start=np.zeros(view.count, np.float32)) for i, view in enumerate(views)]
