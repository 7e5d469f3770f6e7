"""Writes one segment for each commit and merges older ones: Whoosh's writer with a pool of whole posting lists.

Memory is bounded: past `limit` bytes the collected postings go to an encrypted scratch file as a sorted run.
"""

import heapq
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from edms.search.codec import ArrayCodec, LexiconEntry, Numbers, decode_postings, encode_postings
from edms.search.encrypted_storage import ScratchStorage
from edms.search.term_writer import TermWriter

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
_AHEAD = 256 * 1024


class Run(NamedTuple):
    """A piece of one term's posting list. Fields and terms sort; pieces of one term keep the order of their making."""

    field: str
    term: bytes
    ids: "array[int]"
    frequencies: "array[int]"
    positions: "array[int]"


class ListPool:
    """Collects postings by term, in order of document, and gives them back sorted by field and term."""

    def __init__(self, scratch: ScratchStorage, limit: int) -> None:
        self._scratch = scratch
        self._limit = limit
        self._size = 0
        self._runs: list[str] = []
        self._terms: dict[tuple[str, bytes], Run] = {}

    def add(self, item: tuple[str, bytes, int, float, Any]) -> None:
        """Take one posting from Whoosh: field, term, document, weight (the frequency) and the array of positions."""
        field, term, document, weight, places = item
        run = self._run(field, term)
        run.ids.append(document)
        run.frequencies.append(int(weight))
        run.positions.extend(places)
        self._grow(_POSTING_COST + 4 * len(places))

    def add_list(
        self, field: str, term: bytes, ids: Iterable[int], frequencies: Iterable[int], positions: Iterable[int]
    ) -> None:
        """Take the posting list of a segment that is merged, its documents under their new numbers."""
        run = self._run(field, term)
        before = len(run.ids), len(run.positions)
        for own, given in zip(run[2:], (ids, frequencies, positions), strict=True):
            if isinstance(given, np.ndarray):
                own.frombytes(given.astype(np.uint32).tobytes())
            else:
                own.extend(given)
        self._grow(_POSTING_COST + 4 * (2 * (len(run.ids) - before[0]) + len(run.positions) - before[1]))

    def _run(self, field: str, term: bytes) -> Run:
        run = self._terms.get((field, term))
        if run is None:
            run = self._terms[field, term] = Run(field, term, array("I"), array("I"), array("I"))
            self._size += _ENTRY_COST + len(term)
        return run

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            self._spill()

    def _sorted(self) -> Iterator[Run]:
        return (self._terms[key] for key in sorted(self._terms))

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
            yield Run(name_bytes.decode(), term_bytes, *(array("I", file.read(4 * count)) for count in counts))

    def lists(self) -> Iterator[Run]:
        """Yield the whole posting list of each term, in order of field and term."""
        if not self._runs:
            yield from self._sorted()
            return
        pieces: list[Run] = []
        for run in heapq.merge(*map(self._read, self._runs), self._sorted(), key=lambda piece: piece[:2]):
            if pieces and pieces[0][:2] != run[:2]:
                yield _joined(pieces)
                pieces = []
            pieces.append(run)
        yield _joined(pieces)

    def cleanup(self) -> None:
        """Forget everything."""
        self._terms.clear()
        self._runs.clear()


def _joined(pieces: list[Run]) -> Run:
    joined = pieces[0]
    for piece in pieces[1:]:
        for own, further in zip(joined[2:], piece[2:], strict=True):
            own.extend(further)
    return joined


class ListSegmentWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's segment writer on `ListPool` and `ArrayCodec`. The caller holds the writer lock."""

    def __init__(self, index: Any, memory: int) -> None:
        super().__init__(index, _lk=False, codec=ArrayCodec())
        self.pool = ListPool(self._tempstorage, memory)

    def add_postings_to_pool(self, reader: SegmentReader, startdoc: int, docmap: dict[int, int] | None) -> None:
        """Take the postings of a segment that is merged: `docmap` gives the new numbers where some are left out."""
        count = reader.doc_count_all()
        numbers = np.arange(startdoc, startdoc + count)
        if docmap is not None:
            numbers = np.full(count, -1, dtype=np.int64)
            numbers[list(docmap.keys())] = list(docmap.values())
        few = numbers.tolist()
        for field, term, data in posting_lists(reader):
            ids, frequencies, positions = decode_postings(data)
            if isinstance(ids, np.ndarray):
                ids, frequencies, positions = _renumbered(numbers[ids], frequencies, positions)
            else:
                ids, frequencies, positions = _renumbered_few([few[id_] for id_ in ids], frequencies, positions)
            if len(ids):
                self.pool.add_list(field, term, ids, frequencies, positions)

    def _flush_segment(self) -> None:
        self.perdocwriter.close()
        writer: TermWriter = self.fieldwriter
        for field, term, ids, frequencies, positions in self.pool.lists():
            writer.add_term(field, term, ids, frequencies, encode_postings(ids, frequencies, positions))
        writer.close()


def _renumbered(ids: Numbers, frequencies: Any, positions: Any) -> tuple[Any, Any, Any]:
    """Leave out the documents whose new number is -1, with their positions."""
    kept = ids >= 0
    if len(positions):
        positions = positions[np.repeat(kept, frequencies)]
    return ids[kept], frequencies[kept], positions


def _renumbered_few(ids: list[int], frequencies: Sequence[int], positions: Sequence[int]) -> tuple[Any, Any, Any]:
    """What `_renumbered` does, without numpy: most lists of a small segment have one document."""
    if min(ids) >= 0:
        return ids, frequencies, positions
    ends = accumulate(frequencies)
    kept = [(id_, count, end) for id_, count, end in zip(ids, frequencies, ends, strict=True) if id_ >= 0]
    places = [place for _id, count, end in kept for place in positions[end - count : end]]
    return [id_ for id_, _, _ in kept], [count for _, count, _ in kept], places


def posting_lists(reader: SegmentReader) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield every encoded posting list of a segment in order of field and term.

    Both files are in this order, so they are read in large pieces.
    """
    terms = reader._terms
    entries, lists = _Forward(terms._tindex.dbfile), _Forward(terms._postfile)
    at, end = terms._tindex.startofdata, terms._tindex.endofdata
    while at < end:
        key_length, entry_length = LexiconEntry.LENGTHS.unpack(entries.get(at, 8))
        both = entries.get(at + 8, key_length + entry_length)
        key, entry = both[:key_length], both[key_length:]
        yield *terms._keydecoder(key), lists.get(*LexiconEntry.extent(entry))
        at += 8 + key_length + entry_length


class _Forward:
    """Reads a file from its beginning to its end in pieces that follow each other."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._start, self._held = 0, b""

    def get(self, position: int, length: int) -> bytes:
        offset = position - self._start
        if not 0 <= offset <= len(self._held) - length:
            self._start, offset = position, 0
            self._held = self._file.get(position, max(length, _AHEAD))
        return self._held[offset : offset + length]


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
