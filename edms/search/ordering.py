"""From matching documents to the hits of one page: by score, date or title, from a number on, or beside a place."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edms.search.codec import Numbers
from edms.search.evaluation import Outcome
from edms.search.protocol import Sort
from edms.search.snapshot import Snapshot

SCORE_DECIMALS: Final = 5
"""Scores that differ by less are equal, so that the order does not hang on how sums were rounded."""
_UNDATED_LAST: Final = 2**31

After = tuple[int | float | str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Hits as (segment, document, score), and what the first and the last one were ordered by: `before` is None when
    nothing stands before them, `after` when nothing follows. `start`: how many stand before the first."""

    hits: tuple[tuple[int, int, float], ...]
    before: After | None = None
    after: After | None = None
    start: int = 0


def page(
    snapshot: Snapshot,
    outcome: Outcome,
    sort: Sort,
    *,
    offset: int = 0,
    limit: int,
    beside: After | None = None,
    back: bool = False,
) -> Page:
    """Return the hits from `offset`; or, of a place, those that follow it, the last before it when `back`.

    Equals: newest first, then by a digest of the id.
    """
    documents = [np.flatnonzero(mask) for mask in outcome.masks]
    scores = [score[part] for score, part in zip(outcome.scores, documents, strict=True)]
    last = offset + limit
    count = sum(map(len, documents))
    if beside is None and 0 < last < count and sort != "title":
        documents, scores = _near(documents, scores, _first(snapshot, documents, sort, _joined(scores)), last)
    first = _first(snapshot, documents, sort, _joined(scores))
    days = _column(snapshot, documents, "day").astype(np.int64)
    ties = _column(snapshot, documents, "tie").astype(np.int64)
    kept = np.arange(len(first)) if beside is None else _beside(first, -days, ties, sort, beside, back)
    start = offset if beside is None else max(len(kept) - limit, 0) if back else count - len(kept)
    ranks = np.unique(first[kept], return_inverse=True)[1] if sort == "title" else first[kept]
    if last and last < len(kept):
        edge = len(kept) - last if back else last - 1
        border = np.partition(ranks, edge)[edge]
        near = ranks >= border if back else ranks <= border
        kept, ranks = kept[near], ranks[near]
    order = kept[np.lexsort((ties[kept], -days[kept], ranks))]
    order = order[max(len(order) - limit, 0) :] if back else order[offset:last]
    segments = np.repeat(np.arange(len(documents)), [len(part) for part in documents])
    where, shown = _joined(documents), _joined(scores)
    hits = tuple((int(segments[i]), int(where[i]), float(shown[i])) for i in order)

    def place(at: int) -> After:
        key: Any = first[at].item()
        return key.decode() if sort == "title" else key, int(-days[at]), int(ties[at])

    return Page(
        hits,
        place(order[0]) if hits and start else None,
        place(order[-1]) if hits and start + len(hits) < count else None,
        start,
    )


def _near(
    documents: list[Numbers], scores: list[Numbers], first: Numbers, last: int
) -> tuple[list[Numbers], list[Numbers]]:
    """Return the documents, with their scores, that are not behind the `last`-th; the other columns are read for these
    alone."""
    near = first <= np.partition(first, last - 1)[last - 1]
    parts = np.split(near, np.cumsum([len(part) for part in documents])[:-1])
    return (
        [part[kept] for part, kept in zip(documents, parts, strict=True)],
        [part[kept] for part, kept in zip(scores, parts, strict=True)],
    )


def _first(snapshot: Snapshot, documents: list[Numbers], sort: Sort, scores: Numbers) -> Numbers:
    """Return what is ordered by first, ascending."""
    if sort in ("newest", "oldest"):
        days = _column(snapshot, documents, "day").astype(np.int64)
    if sort == "newest":
        return -days
    if sort == "oldest":
        return np.where(days == 0, _UNDATED_LAST, days)
    if sort == "title":
        return _column(snapshot, documents, "title_key")
    return -np.round(scores.astype(np.float64), SCORE_DECIMALS)


def _beside(first: Numbers, second: Numbers, third: Numbers, sort: Sort, place: After, back: bool) -> Numbers:
    """Return what follows a place; what stands before it when `back`."""
    key: Any = str(place[0]).encode() if sort == "title" else place[0]
    if back:
        earlier = (second < place[1]) | ((second == place[1]) & (third < place[2]))
        return np.flatnonzero((first < key) | ((first == key) & earlier))
    later = (second > place[1]) | ((second == place[1]) & (third > place[2]))
    return np.flatnonzero((first > key) | ((first == key) & later))


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0)


def _column(snapshot: Snapshot, documents: list[Numbers], name: str) -> Numbers:
    return _joined([view.numbers(name)[part] for view, part in zip(snapshot.views, documents, strict=True)])
