"""Which documents of a segment have a value, and how many have each: filters and facets on coded columns."""

from collections.abc import Callable, Sequence

import numpy as np

from edms.search.codec import Numbers
from edms.search.nodes import Range, Value
from edms.search.protocol import FACETS, FEATURES, Filters
from edms.search.snapshot import SegmentView, Snapshot


def code_mask(view: SegmentView, name: str, test: Callable[[str], bool]) -> Numbers:
    """Return the documents whose value of a coded field passes `test`."""
    codes, values = view.codes(name)
    passes: Numbers = np.array([bool(value) and test(value) for value in values], bool)
    return passes[codes]


def number_mask(view: SegmentView, name: str, low: int | None, high: int | None) -> Numbers:
    """Return the documents whose number is given (not 0) and between the ends."""
    values = view.numbers(name)
    mask: Numbers = values != 0
    if low is not None:
        mask &= values >= low
    if high is not None:
        mask &= values <= high
    return mask


def value_mask(view: SegmentView, node: Value) -> Numbers:
    """Return the documents that have the value of the node."""
    if node.field == "features":
        if node.value not in FEATURES:
            return np.zeros(view.count, bool)
        mask: Numbers = (view.numbers("features") >> FEATURES.index(node.value)) & 1 == 1
        return mask
    wanted = node.value.casefold()

    def test(value: str) -> bool:
        own = value.casefold()
        return own == wanted or (node.field == "class_code" and own.startswith(wanted.rstrip(".") + "."))

    return code_mask(view, node.field, test)


def range_mask(view: SegmentView, node: Range) -> Numbers:
    """Return the documents whose year or day lies in the range of the node."""
    return number_mask(view, "day" if node.field == "date" else "year", node.low, node.high)


def filter_mask(view: SegmentView, filters: Filters) -> Numbers:
    """Return the documents that pass the filters."""
    mask = np.ones(view.count, bool)
    prefix = filters.class_prefix.rstrip(".")
    if prefix:
        mask &= code_mask(view, "class_code", lambda value: value == prefix or value.startswith(prefix + "."))
    chosen = (
        ("office", filters.offices),
        ("level", filters.levels),
        ("record_type", filters.record_types),
        ("state", filters.states),
    )
    for name, values in chosen:
        if values:
            mask &= code_mask(view, name, values.__contains__)
    if filters.year_from is not None or filters.year_to is not None:
        mask &= number_mask(view, "year", filters.year_from, filters.year_to)
    return mask


def facet_counts(snapshot: Snapshot, masks: Sequence[Numbers], wanted: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each field how many matching documents have each value; documents without one are not counted."""
    answer: dict[str, dict[str, int]] = {}
    matching = [np.flatnonzero(mask) for mask in masks]
    for name in (name for name in wanted if name in FACETS):
        counts: dict[str, int] = {}
        for view, documents in zip(snapshot.views, matching, strict=True):
            if name == "year":
                times = np.bincount(view.numbers("year")[documents])
                pairs = [(str(year), int(times[year])) for year in np.flatnonzero(times) if year]
            else:
                codes, names = view.codes(name)
                times = np.bincount(codes[documents])
                pairs = [(names[code], int(times[code])) for code in np.flatnonzero(times)]
            for value, number in pairs:
                if value:
                    counts[value] = counts.get(value, 0) + number
        answer[name] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return answer
