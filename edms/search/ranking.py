"""How documents are ranked: the weights and the formula, the same for every engine (docs/adr/0080).

BM25F (Robertson, Zaragoza and Taylor 2004): how often a word stands in each field is weighted, normalised by length and
added up before it saturates once. `lead`, the beginning of the text (`analysis.lead`), is a field beside `text`, of
which it is a part: what stands there counts again. A word counts as its stem, and again, less, as the very form that
was asked for. Every statistic is taken over the documents that the searcher may see. Pure: numbers, or arrays of them.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

FIELD_WEIGHTS: Final = {
    "title": 3.0, "subject": 3.0, "number": 4.0, "sender": 1.5, "recipient": 1.5, "text": 1.0, "lead": 2.0,
}  # fmt: skip
K1: Final = 1.2
B: Final = {
    "title": 0.5, "subject": 0.5, "number": 0.0, "sender": 0.2, "recipient": 0.2, "text": 0.75, "lead": 0.0,
}  # fmt: skip
"""How much the length of a field counts against it."""
LEAST_NORM: Final = 0.05

EXACT_WEIGHT: Final = 0.3
"""What the very form that was asked for counts beside its stem."""
EXPANSION_WEIGHT: Final = 0.4
"""What a word that means the same counts, against the word that was asked for."""

PROXIMITY_CANDIDATES: Final = 200
"""How many of the best documents are looked at for words that stand near each other."""
PROXIMITY_WINDOW: Final = 8
PROXIMITY_WEIGHT: Final = 0.2

RECENCY_WEIGHT: Final = 0.02
"""By how much of its score the newest document is preferred, and one that is very old put back."""
RECENCY_DAYS: Final = 3653.0
"""A document so much older than the newest stands where one without a date stands."""


def norm(field: str, length: Any, average: float) -> Any:
    """Return what the frequency of a word in a field of `length` is divided by; `average` is 0 when nobody has it."""
    share = 1 - B[field] + B[field] * length / (average or 1.0)
    return share + (share < LEAST_NORM) * (LEAST_NORM - share)


def rarity(count: int, found: int) -> float:
    """Return the weight of a word that `found` of `count` documents have (never negative)."""
    return math.log(1 + max(count - found + 0.5, 0.5) / (found + 0.5))


def saturated(weighted: Any) -> Any:
    """Return what a sum of weighted and normalised frequencies counts: 0 for 0, growing towards K1 + 1."""
    return (K1 + 1) * weighted / (K1 + weighted)


def nearness(first: Sequence[int], second: Sequence[int]) -> float:
    """Return how near two words come in one document: 1 beside each other, 0 past the window; positions ascend."""
    best = PROXIMITY_WINDOW + 1
    for place in first:
        before, after = bisect_left(second, place) - 1, bisect_right(second, place)
        if before >= 0:
            best = min(best, place - second[before])
        if after < len(second):
            best = min(best, second[after] - place)
    return 1 / best if best <= PROXIMITY_WINDOW else 0.0


def proximity(rarities: Sequence[float], places: Sequence[Sequence[int]]) -> float:
    """Return what is added for words of a question that stand near each other in the text of one document.

    Words that follow each other in the question are looked at; the rarer they are the more it counts. `places` are the
    positions of each word in the text, in the order of the question.
    """
    pairs = zip(rarities, rarities[1:], places, places[1:], strict=False)
    return PROXIMITY_WEIGHT * sum(min(one, two) * nearness(at, to) for one, two, at, to in pairs)


def recency(days_older: Any) -> Any:
    """Return the factor for a document so many days older than the newest that the searcher may see.

    1 is for a document without a date, which is neither preferred nor put back.
    """
    return 1 + RECENCY_WEIGHT * (2.0 ** (1 - days_older / RECENCY_DAYS) - 1)


UNDATED: Final = -1
"""Where `recencies` has the factor of a document without a date."""


def recencies(most: int) -> Any:
    """Return `recency` of 0 days to at least `most`, and at the end that of a document without a date."""
    return _recencies(1 << max(most, 1).bit_length())


@lru_cache(maxsize=4)
def _recencies(count: int) -> Any:
    return np.append(recency(np.arange(count)), 1.0)
