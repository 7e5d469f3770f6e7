"""Writes one segment for each commit and merges older ones: Whoosh's writer with a pool of whole posting lists.

Memory is bounded: past `limit` bytes the collected postings go to an encrypted scratch file as a sorted run.
"""

import heapq
import struct
from array import array
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from edms.search.codec import ArrayCodec, LexiconEntry, Numbers, Postings
from edms.search.encrypted_storage import ScratchStorage

MERGE_FACTOR = 8
"""How many segments of about one size are let stand before they become one; a document is rewritten log8(n) times."""
SMALLEST_TIER = 64
LARGEST_MERGE = 10_000
"""Documents a merge may write at most, so that no commit takes long; larger segments stay as they are."""
DELETED_SHARE = 0.25
"""A segment of which more than this is deleted is rewritten, so that what was taken out leaves the disk."""

_RUN_HEAD = struct.Struct("<HHIII")
_ENTRY_COST = 300
_POSTING_COST = 40


class Run(NamedTuple):
    """A piece of one term's posting list. Fields and terms sort; pieces of one term keep the order of their making."""

    field: str
    term: bytes
    ids: Numbers
    frequencies: Numbers
    positions: Numbers


class ListPool:
    """Collects postings by term, in order of document, and gives them back sorted by field and term."""

    def __init__(self, scratch: ScratchStorage, limit: int) -> None:
        self._scratch = scratch
        self._limit = limit
        self._size = 0
        self._runs: list[str] = []
        self._terms: dict[tuple[str, bytes], tuple[Any, Any, Any]] = {}

    def add(self, item: tuple[str, bytes, int, float, Any]) -> None:
        """Take one posting from Whoosh: field, term, document, weight (the frequency) and the array of positions."""
        field, term, document, weight, places = item
        entry = self._terms.get((field, term))
        if entry is None:  # written out here: this is the innermost loop of indexing
            entry = self._entry(field, term)
        entry[0].append(document)
        entry[1].append(int(weight))
        entry[2].extend(places)
        self._size += _POSTING_COST + 4 * len(places)
        if self._size > self._limit:
            self._spill()

    def add_list(self, field: str, term: bytes, ids: Numbers, postings: Postings, kept: Numbers | None) -> None:
        """Take the posting list of a segment that is merged: `ids` are the new numbers of the documents kept."""
        frequencies, positions = postings.frequencies, postings.positions
        if kept is not None:
            if len(positions):
                positions = positions[np.repeat(kept, postings.frequencies)]
            frequencies = frequencies[kept]
        if not len(ids):
            return
        own_ids, own_frequencies, own_positions = self._entry(field, term)
        own_ids.frombytes(ids.astype(np.uint32).tobytes())
        own_frequencies.frombytes(frequencies.astype(np.uint32).tobytes())
        own_positions.frombytes(positions.astype(np.uint32).tobytes())
        self._grow(_POSTING_COST + 4 * (2 * len(ids) + len(positions)))

    def _entry(self, field: str, term: bytes) -> tuple[Any, Any, Any]:
        entry = self._terms.get((field, term))
        if entry is None:
            entry = self._terms[field, term] = (array("I"), array("I"), array("I"))
            self._size += _ENTRY_COST + len(term)
        return entry

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            self._spill()

    def _sorted(self) -> Iterator[Run]:
        for (field, term), lists in sorted(self._terms.items()):
            ids, frequencies, positions = (np.frombuffer(part, np.uint32) for part in lists)
            yield Run(field, term, ids, frequencies, positions)

    def _spill(self) -> None:
        name = f"run{len(self._runs)}"
        with self._scratch.create_file(name) as file:
            for run in self._sorted():
                field = run.field.encode()
                file.write(_RUN_HEAD.pack(len(field), len(run.term), *(len(part) for part in run[2:])))
                file.write(field + run.term + b"".join(part.tobytes() for part in run[2:]))
        self._runs.append(name)
        self._terms.clear()
        self._size = 0

    def _read(self, name: str) -> Iterator[Run]:
        file = self._scratch.open_file(name)
        while head := file.read(_RUN_HEAD.size):
            field, term, *counts = _RUN_HEAD.unpack(head)
            name_bytes, term_bytes = file.read(field), file.read(term)
            parts = [np.frombuffer(file.read(4 * count), np.uint32) for count in counts]
            yield Run(name_bytes.decode(), term_bytes, *parts)

    def lists(self) -> Iterator[Run]:
        """Yield the whole posting list of each term, in order of field and term."""
        sources = [*map(self._read, self._runs), self._sorted()]
        pieces: list[Run] = []
        for run in heapq.merge(*sources, key=lambda piece: piece[:2]):
            if pieces and pieces[0][:2] != run[:2]:
                yield _joined(pieces)
                pieces = []
            pieces.append(run)
        if pieces:
            yield _joined(pieces)

    def cleanup(self) -> None:
        """Forget everything."""
        self._terms.clear()
        self._runs.clear()


def _joined(pieces: list[Run]) -> Run:
    if len(pieces) == 1:
        return pieces[0]
    first = pieces[0]
    return Run(first.field, first.term, *(np.concatenate([piece[i] for piece in pieces]) for i in (2, 3, 4)))


class ListSegmentWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's segment writer on `ListPool` and `ArrayCodec`. The caller holds the writer lock."""

    def __init__(self, index: Any, memory: int) -> None:
        super().__init__(index, _lk=False, codec=ArrayCodec())
        self.pool = ListPool(self._tempstorage, memory)

    def add_postings_to_pool(self, reader: SegmentReader, startdoc: int, docmap: dict[int, int] | None) -> None:
        numbers = None
        if docmap is not None:
            numbers = np.full(reader.doc_count_all(), -1, dtype=np.int64)
            numbers[list(docmap.keys())] = list(docmap.values())
        for field, term, postings in posting_lists(reader):
            if numbers is None:
                self.pool.add_list(field, term, postings.ids + startdoc, postings, None)
                continue
            renumbered = numbers[postings.ids]
            kept = renumbered >= 0
            self.pool.add_list(field, term, renumbered[kept], postings, kept)

    def _flush_segment(self) -> None:
        self.perdocwriter.close()
        writer, field = self.fieldwriter, None
        for run in self.pool.lists():
            if run.field != field:
                if field is not None:
                    writer.finish_field()
                field = run.field
                writer.start_field(field, self.schema[field])
            writer.start_term(run.term)
            writer.add_list(run.ids, run.frequencies, run.positions)
            writer.finish_term()
        if field is not None:
            writer.finish_field()
        writer.close()


def posting_lists(reader: SegmentReader) -> Iterator[tuple[str, bytes, Postings]]:
    """Yield every posting list of a segment in order of field and term."""
    terms = reader._terms
    for key, entry in terms._tindex.items():
        field, term = terms._keydecoder(key)
        yield field, term, Postings(terms._postfile.get(*LexiconEntry.extent(entry)))


def merge_tiers(writer: ListSegmentWriter, segments: list[Any]) -> list[Any]:
    """A Whoosh merge policy: tiers of sizes by powers of `MERGE_FACTOR`, and segments with much deleted."""
    return merge_chosen(writer, segments, _chosen(segments))


def merge_chosen(writer: ListSegmentWriter, segments: list[Any], chosen: list[Any]) -> list[Any]:
    """Write the chosen segments into the new one and return the others."""
    for segment in chosen:
        if not segment.doc_count():
            continue  # nothing of it is kept
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return [segment for segment in segments if segment not in chosen]


def merge_named(name: str) -> Callable[[ListSegmentWriter, list[Any]], list[Any]]:
    """Return a Whoosh merge policy that rewrites the one segment of this name."""

    def policy(writer: ListSegmentWriter, segments: list[Any]) -> list[Any]:
        return merge_chosen(writer, segments, [one for one in segments if one.segment_id() == name])

    return policy


def merge_nothing(_writer: ListSegmentWriter, segments: list[Any]) -> list[Any]:
    """A Whoosh merge policy that leaves every segment as it is."""
    return segments


def _tier(segment: Any) -> int:
    size, tier = SMALLEST_TIER, 0
    while segment.doc_count() > size:
        size *= MERGE_FACTOR
        tier += 1
    return tier


def _chosen(segments: list[Any]) -> list[Any]:
    chosen = [s for s in segments if s.deleted_count() > DELETED_SHARE * s.doc_count_all()]
    tiers: dict[int, list[Any]] = {}
    for segment in segments:
        if segment not in chosen:
            tiers.setdefault(_tier(segment), []).append(segment)
    for tier in sorted(tiers):
        total = sum(segment.doc_count() for segment in tiers[tier])
        if len(tiers[tier]) >= MERGE_FACTOR and total <= LARGEST_MERGE:
            chosen += tiers[tier]
    return chosen
