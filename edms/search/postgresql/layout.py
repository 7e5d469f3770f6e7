"""How a segment of the index is laid out in rows: all numbers are arrays that numpy reads at once.

head      the columns of all documents, and with which term each block begins
block     a stretch of the sorted dictionary, with the posting lists of its rare terms
list      documents and frequencies of one common term
places    the positions of one common term
body      what is shown of one document, and its text in pieces
forms     the very forms in one field, for finding those near another

Numbers are little endian and as narrow as the largest of them allows. A segment has 65,536 documents at most, so that
a document is two bytes in a posting list. See docs/formats/index-postgresql.md.
"""

import json
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

from edms.search.codec import SPREAD, Numbers, spread
from edms.search.errors import IndexDamaged

HEAD, BLOCK, LIST, PLACES, BODY, FORMS = range(6)
"""The kinds of pieces."""
MAX_DOCUMENTS: Final = 65_536
INLINE: Final = 32
"""A term in more documents than this has a list of its own."""
BLOCK_BYTES: Final = 4096

_BLOCK = struct.Struct("<IIIBB2x")
_LIST = struct.Struct("<IB3x")
_LENGTH = struct.Struct("<I")
_WIDTHS: Final[dict[int, Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


def narrow(values: Numbers) -> Numbers:
    """Return `values` (not negative) in the narrowest width that holds them."""
    highest = int(values.max()) if len(values) else 0
    return values.astype(_WIDTHS[1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4])


def pack(told: Mapping[str, Any], arrays: Mapping[str, Numbers]) -> bytes:
    """Return what `told` (JSON) and the arrays are as bytes."""
    shapes = [(name, array.dtype.str, len(array)) for name, array in arrays.items()]
    head = json.dumps({"told": told, "arrays": shapes}, ensure_ascii=False).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *(array.tobytes() for array in arrays.values())])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Numbers]]:
    """Return what was packed."""
    try:
        (length,) = _LENGTH.unpack_from(data)
        at = _LENGTH.size + length
        head = json.loads(data[_LENGTH.size : at])
        arrays: dict[str, Numbers] = {}
        for name, kind, count in head["arrays"]:
            arrays[name] = np.frombuffer(data, np.dtype(kind), count, at)
            at += arrays[name].nbytes
        return head["told"], arrays
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        raise IndexDamaged("the head of a segment of the index is not one") from None


class Postings:
    """The documents of one term in one segment: `ids` ascending, `frequencies`, and where in each (read when asked)."""

    def __init__(self, ids: Numbers, frequencies: Numbers, places: Callable[[], Numbers]) -> None:
        self.ids = ids.astype(np.int64)
        self.frequencies = frequencies
        self._read = places

    @cached_property
    def positions(self) -> Numbers:
        """The positions of all documents one after another; `ends` says where each document's stop."""
        found = self._read()
        if len(found) != (int(self.ends[-1]) if len(self.ids) else 0):
            raise IndexDamaged("a posting list of the index has other positions than it says")
        return found

    @cached_property
    def ends(self) -> Numbers:
        return np.cumsum(self.frequencies, dtype=np.int64)

    def spread(self, count: int) -> Numbers | None:
        """Return how often each of the `count` documents of the segment has the term, None where few have it."""
        return spread(self.ids, self.frequencies, count) if len(self.ids) * SPREAD >= count else None

    def positions_in(self, document: int) -> Numbers:
        """Return the positions in one document of the segment, empty when the term is not in it."""
        index = int(self.ids.searchsorted(document))
        if index >= len(self.ids) or self.ids[index] != document:
            return np.empty(0, dtype=np.uint32)
        end = int(self.ends[index])
        return self.positions[end - int(self.frequencies[index]) : end]


def encode_list(ids: Numbers, frequencies: Numbers) -> bytes:
    """Return the bytes of documents and frequencies of one term."""
    times = narrow(frequencies)
    return _LIST.pack(len(ids), times.itemsize) + ids.astype("<u2").tobytes() + times.tobytes()


def decode_list(data: bytes) -> tuple[Numbers, Numbers]:
    """Return documents and frequencies."""
    try:
        count, width = _LIST.unpack_from(data)
        if len(data) != _LIST.size + (2 + width) * count:
            raise ValueError
        ids = np.frombuffer(data, "<u2", count, _LIST.size)
        return ids, np.frombuffer(data, _WIDTHS[width], count, _LIST.size + 2 * count)
    except (struct.error, KeyError, ValueError):
        raise IndexDamaged("a posting list of the index is not one") from None


def encode_places(positions: Numbers) -> bytes:
    """Return the bytes of the positions of one term."""
    places = narrow(positions)
    return bytes([places.itemsize]) + places.tobytes()


def decode_places(data: bytes) -> Numbers:
    """Return the positions."""
    try:
        return np.frombuffer(data, _WIDTHS[data[0]], -1, 1)
    except (IndexError, KeyError, ValueError):
        raise IndexDamaged("a posting list of the index is not one") from None


def encode_forms(forms: Sequence[bytes]) -> bytes:
    """Return the bytes of the forms of one field."""
    return zlib.compress(b"\n".join(forms), 1)


def decode_forms(data: bytes) -> list[str]:
    """Return the forms."""
    try:
        return zlib.decompress(data).decode("utf-8", "replace").split("\n")
    except zlib.error:
        raise IndexDamaged("the forms of a field of the index are not such") from None


def encode_block(
    keys: Sequence[bytes], counts: Numbers, lists: Numbers, ids: Numbers, frequencies: Numbers, positions: Numbers
) -> bytes:
    """Return the bytes of a block: `lists` is one more than the number of a term's own list, 0 for one that has none;
    `ids`, `frequencies` and `positions` are those of the terms without, one after another."""
    ends = np.cumsum([len(key) for key in keys], dtype="<u4")
    times, places = narrow(frequencies), narrow(positions)
    head = _BLOCK.pack(len(keys), len(ids), len(positions), times.itemsize, places.itemsize)
    numbers = [ends, counts.astype("<u4"), lists.astype("<u4"), ids.astype("<u2"), times, places]
    return b"".join([head, *(array.tobytes() for array in numbers), *keys])


class Block:
    """A stretch of the dictionary."""

    def __init__(self, data: bytes) -> None:
        try:
            terms, postings, places, width, place_width = _BLOCK.unpack_from(data)
            at = _BLOCK.size
            made: list[Numbers] = []
            for kind, count in (
                ("<u4", terms), ("<u4", terms), ("<u4", terms), ("<u2", postings),
                (_WIDTHS[width], postings), (_WIDTHS[place_width], places),
            ):  # fmt: skip
                made.append(np.frombuffer(data, kind, count, at))
                at += made[-1].nbytes
            ends, self.counts, self.lists, self.ids, self.frequencies, self.positions = made
            starts = [0, *ends.tolist()]
            self.keys = [data[at + starts[i] : at + starts[i + 1]] for i in range(terms)]
        except (struct.error, KeyError, ValueError):
            raise IndexDamaged("a block of the index's dictionary is not one") from None
        self.size = 3 * len(data)
        whole = at + starts[-1] == len(data) and int(self.own.sum()) == postings
        if not whole or int(self.frequencies.sum(dtype=np.int64)) != places:
            raise IndexDamaged("a block of the index's dictionary is not one")

    @cached_property
    def own(self) -> Numbers:
        """How many postings of each term stand in the block."""
        return np.where(self.lists == 0, self.counts, 0).astype(np.int64)

    @cached_property
    def starts(self) -> Numbers:
        return np.concatenate([[0], np.cumsum(self.own)])

    @cached_property
    def place_ends(self) -> Numbers:
        return np.cumsum(self.frequencies, dtype=np.int64)

    def find(self, key: bytes) -> int | None:
        """Return at which place the term stands."""
        at = bisect_left(self.keys, key)
        return at if at < len(self.keys) and self.keys[at] == key else None

    def span(self, prefix: bytes) -> tuple[int, int]:
        """Return from which to before which place the terms stand that begin so."""
        first = bisect_left(self.keys, prefix)
        return first, bisect_left(self.keys, prefix + b"\xff" * 8, first)

    def postings(self, at: int) -> Postings:
        """Return the postings of a term that has no list of its own."""
        first, last = int(self.starts[at]), int(self.starts[at + 1])
        end = int(self.place_ends[last - 1])
        start = end - int(self.frequencies[first:last].sum())
        return Postings(self.ids[first:last], self.frequencies[first:last], lambda: self.positions[start:end])
