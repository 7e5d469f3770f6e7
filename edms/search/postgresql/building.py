"""Making segments: from documents, and from segments that become one.

Postings are gathered as flat arrays (term, document, frequency, positions) and sorted by term with numpy. What does not
fit in memory at a time is joined stretch by stretch of the dictionary.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final

import numpy as np

from edms.search.analysis import EXACT, TITLE_KEY_BYTES
from edms.search.codec import Numbers
from edms.search.postgresql import layout
from edms.search.postgresql.layout import BLOCK, BLOCK_BYTES, BODY, FORMS, HEAD, INLINE, LIST, PLACES
from edms.search.snapshot import CODE_FIELDS, TEXT_FIELDS

NUMBER_COLUMNS: Final = {
    "version": "<i8", "year": "<i2", "day": "<i4", "tie": "<i8", "features": "<u4",
    "title_key": f"S{TITLE_KEY_BYTES}",
}  # fmt: skip
INDEXED_FIELDS: Final = (*TEXT_FIELDS, "lead")
"""The fields of the dictionary, in its order; `lead` is the beginning of the text."""
STRETCH: Final = 4_000_000
"""Postings that are joined at a time."""
Put = Callable[[int, int, bytes], None]
"""Takes kind, number and content of a piece."""


@dataclass(frozen=True, slots=True)
class Run:
    """Sorted terms, and their postings one after another."""

    keys: list[bytes]
    counts: Numbers
    ids: Numbers
    frequencies: Numbers
    positions: Numbers

    def part(self, first: int, last: int) -> "Run":
        """Return the terms from `first` to before `last`."""
        ends = np.concatenate([[0], np.cumsum(self.counts)])
        one, two = int(ends[first]), int(ends[last])
        start = int(self.frequencies[:one].sum(dtype=np.int64))
        end = start + int(self.frequencies[one:two].sum(dtype=np.int64))
        return Run(
            self.keys[first:last], self.counts[first:last], self.ids[one:two], self.frequencies[one:two],
            self.positions[start:end],
        )  # fmt: skip


def sorted_run(keys: list[bytes], terms: Numbers, ids: Numbers, frequencies: Numbers, positions: Numbers) -> Run:
    """Return a run of postings that stand in order of document; `terms` are places in `keys`, which is sorted."""
    order = np.argsort(terms, kind="stable")
    times = frequencies[order].astype(np.int64)
    starts = (np.cumsum(frequencies, dtype=np.int64) - frequencies)[order]
    begins = np.cumsum(times) - times
    places = positions[np.repeat(starts - begins, times) + np.arange(int(times.sum()))]
    counts = np.bincount(terms, minlength=len(keys)) if len(keys) else np.zeros(0, np.int64)
    return Run(keys, counts, ids[order], layout.narrow(frequencies[order]), layout.narrow(places))


class _Numbering(dict[bytes, int]):
    """Numbers the terms of one field as they come; `keys` are those of all fields by number."""

    def __init__(self, field: int, keys: list[bytes]) -> None:
        super().__init__()
        self._mark, self._keys = bytes([field]), keys

    def __missing__(self, term: bytes) -> int:
        number = self[term] = len(self._keys)
        self._keys.append(self._mark + term)
        return number


class Gathering:
    """Documents on their way into a run. `postings` says how many there are."""

    def __init__(self) -> None:
        self._keys: list[bytes] = []
        self._numbers = [(name, _Numbering(field, self._keys)) for field, name in enumerate(INDEXED_FIELDS)]
        self._term, self._times, self._places = array("I"), array("I"), array("I")
        self._per_document = array("I")

    @property
    def postings(self) -> int:
        return len(self._term)

    def add(self, fields: dict[str, Any]) -> None:
        """Take the analysed text fields of one document (`edms.search.snapshot.document_fields`)."""
        before = len(self._term)
        for name, numbers in self._numbers:
            terms = fields.get(name)
            if terms:
                self._term.extend(map(numbers.__getitem__, terms))
                self._times.extend(map(len, terms.values()))
                self._places.frombytes(b"".join(terms.values()))
        self._per_document.append(len(self._term) - before)

    def run(self, first: int) -> Run:
        """Return what was gathered; its documents are numbered from `first`."""
        order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        keys = [self._keys[number] for number in order]
        ranks = np.empty(len(keys), np.uint32)
        ranks[order] = np.arange(len(keys))
        ids = np.repeat(np.arange(first, first + len(self._per_document), dtype=np.uint16), self._per_document)
        made = (np.frombuffer(one, np.uint32) for one in (self._term, self._times, self._places))
        term, times, places = made
        return sorted_run(keys, ranks[term], ids, times, places)


def stretches(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Yield the same stretch of every run, ascending, about `STRETCH` postings at a time."""
    total = sum(len(run.ids) for run in runs)
    largest = max(runs, key=lambda run: len(run.ids))
    cuts = total // STRETCH
    ends = np.cumsum(largest.counts)
    at = np.searchsorted(ends, [len(largest.ids) * (n + 1) // (cuts + 1) for n in range(cuts)])
    keys = sorted({largest.keys[i] for i in at.tolist() if 0 < i < len(largest.keys)})
    places = [[0, *(bisect_left(run.keys, key) for key in keys), len(run.keys)] for run in runs]
    for number in range(len(keys) + 1):
        yield [run.part(own[number], own[number + 1]) for run, own in zip(runs, places, strict=True)]


def joined(runs: Sequence[Run], numbers: Sequence[Numbers | None]) -> Run:
    """Return one run of several, in order. `numbers` gives each document's new number, -1 to leave it out; None: as it
    is."""
    if len(runs) == 1 and numbers[0] is None:
        return runs[0]
    keys = sorted(set(chain.from_iterable(run.keys for run in runs)))
    rank = {key: number for number, key in enumerate(keys)}
    parts = [_renumbered(run, rank, new) for run, new in zip(runs, numbers, strict=True)]
    terms, ids, frequencies, positions = (np.concatenate(column) for column in zip(*parts, strict=True))
    made = sorted_run(keys, terms, ids, frequencies, positions)
    if len(made.counts) and not made.counts.all():
        kept = np.flatnonzero(made.counts)
        return Run([keys[i] for i in kept.tolist()], made.counts[kept], made.ids, made.frequencies, made.positions)
    return made


def _renumbered(run: Run, rank: dict[bytes, int], new: Numbers | None) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    ranks = np.fromiter((rank[key] for key in run.keys), np.uint32, len(run.keys))
    terms = np.repeat(ranks, run.counts)
    if new is None:
        return terms, run.ids, run.frequencies, run.positions
    ids = new[run.ids]
    kept = ids >= 0
    return (
        terms[kept], ids[kept].astype(np.uint16), run.frequencies[kept],
        run.positions[np.repeat(kept, run.frequencies)],
    )  # fmt: skip


class SegmentMaker:
    """Puts the pieces of one segment. Terms come ascending by `terms`, documents in order by `document`."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._firsts: list[bytes] = []
        self._forms: list[list[bytes]] = [[] for _ in TEXT_FIELDS]
        self._lists = 0
        self._codes: dict[str, list[str]] = {name: [] for name in CODE_FIELDS}
        self._numbers: dict[str, list[Any]] = {name: [] for name in NUMBER_COLUMNS}
        self._lengths: dict[str, list[int]] = {name: [] for name in TEXT_FIELDS}
        self.count = 0

    def document(self, columns: dict[str, Any], body: bytes) -> None:
        """Take a document's columns: its codes, its numbers, and `lengths` of its fields."""
        for name, codes in self._codes.items():
            codes.append(columns[name])
        for name, numbers in self._numbers.items():
            numbers.append(columns[name])
        for name, lengths in self._lengths.items():
            lengths.append(columns["lengths"].get(name, 0))
        self._put(BODY, self.count, body)
        self.count += 1

    def terms(self, run: Run) -> None:
        """Write the dictionary and the postings of a stretch of terms."""
        if not run.keys:
            return
        for key in run.keys:
            if key[1:2] == EXACT and key[0] < len(self._forms):
                self._forms[key[0]].append(key[2:])
        starts = np.concatenate([[0], np.cumsum(run.counts)])
        place_starts = np.concatenate([[0], np.cumsum(run.frequencies, dtype=np.int64)])
        common = run.counts > INLINE
        lists = np.zeros(len(run.keys), np.int64)
        for at in np.flatnonzero(common).tolist():
            first, last = starts[at], starts[at + 1]
            self._put(LIST, self._lists, layout.encode_list(run.ids[first:last], run.frequencies[first:last]))
            own = run.positions[place_starts[first] : place_starts[last]]
            self._put(PLACES, self._lists, layout.encode_places(own))
            self._lists += 1
            lists[at] = self._lists
        sizes = np.fromiter((len(key) for key in run.keys), np.int64, len(run.keys)) + 12
        sizes += np.where(common, 0, run.counts * 6)
        blocks = np.cumsum(sizes) // BLOCK_BYTES
        cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(run.keys)]
        for first_term, last_term in pairwise(cuts):
            self._block(run, slice(first_term, last_term), lists, starts, place_starts)

    def _block(self, run: Run, at: slice, lists: Numbers, starts: Numbers, place_starts: Numbers) -> None:
        first, last = starts[at.start], starts[at.stop]
        own = np.repeat(lists[at] == 0, run.counts[at])
        times = run.frequencies[first:last]
        positions = run.positions[place_starts[first] : place_starts[last]]
        keys = run.keys[at]
        data = layout.encode_block(
            keys, run.counts[at], lists[at], run.ids[first:last][own], times[own], positions[np.repeat(own, times)]
        )
        self._put(BLOCK, len(self._firsts), data)
        self._firsts.append(keys[0])

    def finish(self) -> None:
        """Write the head, and the forms of each field."""
        for number, forms in enumerate(self._forms):
            self._put(FORMS, number, layout.encode_forms(forms))
        told: dict[str, Any] = {"documents": self.count, "lists": self._lists, "codes": {}}
        arrays: dict[str, Numbers] = {}
        for name, values in self._codes.items():
            known: dict[str, int] = {"": 0}
            codes = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int64, self.count)
            arrays[name] = layout.narrow(codes)
            told["codes"][name] = list(known)
        for name, kind in NUMBER_COLUMNS.items():
            arrays[name] = np.array(self._numbers[name], kind)
        for name, lengths in self._lengths.items():
            arrays[f"length {name}"] = layout.narrow(np.array(lengths, np.int64))
        arrays["first ends"] = np.cumsum([len(key) for key in self._firsts], dtype="<u4")
        arrays["firsts"] = np.frombuffer(b"".join(self._firsts), np.uint8)
        self._put(HEAD, 0, layout.pack(told, arrays))
