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
    return _coded(codes, [bool(value) and test(value) for value in values])


def _coded(codes: Numbers, passes: Sequence[bool]) -> Numbers:
    mask: Numbers = np.array(passes, bool)[codes]
    return mask


def below_mask(view: SegmentView, prefix: str) -> Numbers:
    """Return the documents of the class `prefix` and of those below it."""
    codes, values = view.codes("class_code")
    below = f"{prefix}."  # some hundred classes in each segment: one comparison for each
    return _coded(codes, [f"{value}.".startswith(below) for value in values])


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
        mask &= below_mask(view, prefix)
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
    matching = [np.flatnonzero(mask) for mask in masks]
    return {
        name: _years(snapshot, matching) if name == "year" else _values(snapshot, matching, name)
        for name in wanted
        if name in FACETS
    }


def _years(snapshot: Snapshot, matching: Sequence[Numbers]) -> dict[str, int]:
    years = [view.numbers("year")[documents] for view, documents in zip(snapshot.views, matching, strict=True)]
    times = np.bincount(np.concatenate([np.zeros(1, np.int64), *years]))
    found = sorted(np.flatnonzero(times[1:]) + 1, key=str)
    return _counted([str(year) for year in found], times[found])


def _values(snapshot: Snapshot, matching: Sequence[Numbers], name: str) -> dict[str, int]:
    names, places = snapshot.coded.of(name)
    times = np.zeros(len(names), np.int64)
    for view, documents, own in zip(snapshot.views, matching, places, strict=True):
        if len(documents):
            times[own] += np.bincount(view.codes(name)[0][documents], minlength=len(own))
    return _counted(names, times)


def _counted(names: Sequence[str], times: Numbers) -> dict[str, int]:
    """Return the names, which ascend, with how often each was met: the most frequent first, "" and what was not left
    out."""
    order = np.argsort(-times, kind="stable")[: int(np.count_nonzero(times))]
    pairs = zip(order.tolist(), times[order].tolist(), strict=True)
    return {names[place]: count for place, count in pairs if names[place]}
