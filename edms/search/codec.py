"""How a segment of the Whoosh index is laid out: posting lists and columns as plain arrays that numpy reads at once.

Whoosh's own codec unpickles posting blocks of 128 and steps through them in Python. This one subclasses it, keeps its
term dictionary, and stores each posting list as one run of numbers: no pickle, and a list of 10,000 documents is read
in well under a millisecond. See docs/adr/0051 for the figures.
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import Column, ColumnReader, ColumnWriter
from whoosh.fields import FieldType
from whoosh.formats import Existence
from whoosh.matching import ListMatcher

from edms.search.errors import IndexDamaged
from edms.search.term_writer import TermWriter

Numbers = NDArray[Any]

_HEAD = struct.Struct("<IIBBBx")
_SHORT = 24
"""How many numbers are written faster one by one than by numpy."""
_LETTERS = {1: "B", 2: "H", 4: "I"}
SPREAD = 8
"""A term in more than one of so many documents is added up over all documents, which costs less than where it is."""
_NOWHERE = np.empty(0, dtype=np.uint32)
WIDTHS: dict[int, Any] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


def _narrow(values: Numbers) -> tuple[int, bytes]:
    """Return the smallest width that holds `values` and their bytes; width 0 when every one of them is 1."""
    highest = int(values.max()) if len(values) else 0
    if highest == 1 and bool((values == 1).all()):
        return 0, b""
    width = 1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4
    return width, values.astype(WIDTHS[width]).tobytes()


def _narrow_few(values: Sequence[int]) -> tuple[int, bytes]:
    """What `_narrow` returns, for a few numbers."""
    highest = values[0] if len(values) == 1 else max(values, default=0)
    if highest == 1 and min(values) == 1:
        return 0, b""
    width = 1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4
    return width, struct.pack(f"<{len(values)}{_LETTERS[width]}", *values)


def _widen(data: bytes, offset: int, width: int, count: int) -> tuple[Numbers, int]:
    if width == 0:
        return np.ones(count, dtype=np.uint8), offset
    return np.frombuffer(data, WIDTHS[width], count, offset), offset + count * width


class Postings:
    """The documents of one term in one segment: `ids` ascending (int64), `frequencies`, and where in each."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._spread: Numbers | None = None
        try:
            count, self._places, id_width, frequency_width, self._width = _HEAD.unpack_from(data)
            gaps, offset = _widen(data, _HEAD.size, id_width, count)
            self.ids = np.cumsum(gaps, dtype=np.int64) - 1
            self.frequencies, self._offset = _widen(data, offset, frequency_width, count)
        except (struct.error, KeyError, ValueError):
            raise IndexDamaged("a posting list of the index is not one") from None

    @cached_property
    def positions(self) -> Numbers:
        """The positions of all documents one after another; `ends` says where each document's stop."""
        try:
            return _widen(self._data, self._offset, self._width, self._places)[0]
        except (KeyError, ValueError):
            raise IndexDamaged("a posting list of the index is not one") from None

    @cached_property
    def ends(self) -> Numbers:
        return np.cumsum(self.frequencies, dtype=np.int64)

    def spread(self, count: int) -> Numbers | None:
        """Return how often each of the `count` documents of the segment has the term, None where few have it; kept."""
        if self._spread is None and len(self.ids) * SPREAD >= count:
            self._spread = spread(self.ids, self.frequencies, count)
        return self._spread

    def positions_in(self, document: int) -> Numbers:
        """Return the positions in one document of the segment, empty when the term is not in it."""
        index = int(self.ids.searchsorted(document))
        if index >= len(self.ids) or self.ids[index] != document or not self._places:
            return _NOWHERE
        end = int(self.ends[index])
        return self.positions[end - int(self.frequencies[index]) : end]


def spread(ids: Numbers, frequencies: Numbers, count: int) -> Numbers:
    """Return how often each of `count` documents has what the documents `ids` have so often."""
    every = np.zeros(count, frequencies.dtype)
    every[ids] = frequencies
    return every


def heads(data: Numbers, starts: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return of the posting lists that begin at `starts` of the bytes `data` what their heads say, and where these end:
    documents, bytes of a gap, bytes of a frequency. Raises IndexError, ValueError."""
    head = data[starts[:, None] + np.arange(_HEAD.size)]
    widths = head[:, 8:10].astype(np.int64)
    if len(starts) and not bool(np.isin(widths, (0, 1, 2, 4)).all()):
        raise ValueError("no width")
    counts = head[:, :4].astype(np.int64) @ (1 << np.arange(0, 32, 8))
    return counts, widths[:, 0], widths[:, 1], starts + _HEAD.size


def list_head(documents: int, positions: int, *widths: int) -> bytes:
    """Return what a posting list begins with; `widths`: bytes of a gap, a frequency, a position (0: all are 1)."""
    return _HEAD.pack(documents, positions, *widths)


def encode_postings(ids: Sequence[int], frequencies: Sequence[int], positions: Sequence[int]) -> bytes:
    """Return the bytes that `Postings` reads, of arrays. `ids` ascend strictly; `positions` may be empty."""
    if len(ids) + len(positions) <= _SHORT:
        return _encode_few(ids, frequencies, positions)
    id_width, id_bytes = _narrow(np.diff(np.asarray(ids, np.int64), prepend=-1))
    frequency_width, frequency_bytes = _narrow(np.asarray(frequencies))
    width, position_bytes = _narrow(np.asarray(positions)) if len(positions) else (1, b"")
    head = list_head(len(ids), len(positions), id_width, frequency_width, width)
    return head + id_bytes + frequency_bytes + position_bytes


def _encode_few(ids: Sequence[int], frequencies: Sequence[int], positions: Sequence[int]) -> bytes:
    """Most terms of a small segment are in one document: what numpy costs for each call is most of a commit."""
    gaps = [ids[0] + 1] if len(ids) == 1 else [after - before for before, after in pairwise([-1, *ids])]
    id_width, id_bytes = _narrow_few(gaps)
    frequency_width, frequency_bytes = _narrow_few(frequencies)
    width, position_bytes = _narrow_few(positions) if len(positions) else (1, b"")
    head = list_head(len(ids), len(positions), id_width, frequency_width, width)
    return head + id_bytes + frequency_bytes + position_bytes


def decode_postings(data: bytes) -> tuple[Any, Any, Any]:
    """Return ids, frequencies and positions: lists where they are few, else numpy arrays. Raises IndexDamaged."""
    if len(data) > _HEAD.size + 4 * _SHORT:
        found = Postings(data)
        return found.ids, found.frequencies, found.positions
    try:
        count, places, *widths = _HEAD.unpack_from(data)
        offset, lists = _HEAD.size, []
        for number, width in zip((count, count, places), widths, strict=True):
            lists.append(
                [1] * number if not width else [*struct.unpack_from(f"<{number}{_LETTERS[width]}", data, offset)]
            )
            offset += number * width
    except (struct.error, KeyError):
        raise IndexDamaged("a posting list of the index is not one") from None
    return [end - 1 for end in accumulate(lists[0])], lists[1], lists[2]


class ArrayCodec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec with the posting lists of this module."""

    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> TermWriter:
        return TermWriter(storage, segment, LexiconEntry.made)

    def postings_reader(self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None) -> Any:
        """Whoosh's own way to a posting list; the evaluation reads `Postings` instead."""
        offset, (length,) = terminfo.extent()
        postings = Postings(dbfile.get(offset, length))
        weights = [float(frequency) for frequency in postings.frequencies]
        return ListMatcher([int(i) for i in postings.ids], weights, [b""] * len(weights), format_, scorer, term)


class LexiconEntry:
    """Where the fields of a term's entry lie in the bytes of Whoosh's term dictionary.

    Whoosh 2.7.4's own reader leaves the length of a posting list wrapped in a tuple, so it is read here.
    """

    LENGTHS = struct.Struct("!ii")
    FIELD_BYTES = 2
    INFO = struct.Struct("!BfIBBfIIqi")
    """flags, weight, document frequency, two lengths, greatest weight, first id, last id, offset, length"""

    @classmethod
    def made(cls, ids: Sequence[int], frequencies: Sequence[int], offset: int, length: int) -> bytes:
        """Return the entry of a term; lengths and the greatest weight are not kept."""
        return cls.INFO.pack(0, float(sum(frequencies)), len(ids), 0, 0, 0.0, int(ids[0]), int(ids[-1]), offset, length)

    @classmethod
    def extent(cls, entry: bytes) -> tuple[int, int]:
        """Return offset and length of the posting list."""
        values = cls.INFO.unpack(entry)
        return values[8], values[9]


class AnalysedField(FieldType):  # type: ignore[misc]
    """A field whose value comes analysed: a mapping of terms to positions (`edms.search.analysis.terms`)."""

    format = Existence()
    analyzer = None
    scorable = True
    stored = False
    unique = False
    indexed = True

    def __init__(self) -> None:
        """Take nothing: Whoosh's own initialiser wants an analyzer."""

    def index(self, value: dict[bytes, Any], **_: Any) -> Any:
        return ((term, len(places), float(len(places)), places) for term, places in value.items())

    def to_bytes(self, value: bytes) -> bytes:
        return value

    def from_bytes(self, value: bytes) -> bytes:
        return value


class KeyField(AnalysedField):
    """The record id as a term, so that the document of a record is found."""

    scorable = False

    def index(self, value: str, **_: Any) -> Any:  # type: ignore[override]
        return [(value.encode(), 1, 1.0, array("I"))]


class NumberColumn(Column):  # type: ignore[misc]
    """One number, or short run of bytes, of a numpy type for each document; 0 or empty when not given."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def default_value(self, reverse: bool = False) -> int | bytes:
        return b"" if self.kind.startswith("S") else 0

    def writer(self, dbfile: Any) -> ColumnWriter:
        return _NumberWriter(dbfile, self.kind)

    def reader(self, dbfile: Any, basepos: int, length: int, doccount: int) -> ColumnReader:
        return _NumberReader(np.frombuffer(dbfile.get(basepos, length), self.kind))


class _NumberWriter(ColumnWriter):  # type: ignore[misc]
    def __init__(self, dbfile: Any, kind: str) -> None:
        self._file = dbfile
        self.kind = kind
        self._values: list[int | bytes] = []
        self._none: int | bytes = b"" if kind.startswith("S") else 0

    def add(self, docnum: int, value: int | bytes) -> None:
        self._values.extend([self._none] * (docnum - len(self._values)))
        self._values.append(value)

    def finish(self, doccount: int) -> None:
        self._values.extend([self._none] * (doccount - len(self._values)))
        self._file.write(np.array(self._values, self.kind).tobytes())


class _NumberReader(ColumnReader):  # type: ignore[misc]
    def __init__(self, values: Numbers) -> None:
        self.values = values

    def __getitem__(self, docnum: int) -> int | bytes:
        value: int | bytes = self.values[docnum].item()
        return value

    def __len__(self) -> int:
        return len(self.values)


class CodeColumn(Column):  # type: ignore[misc]
    """One short string for each document, kept once, and a number in its place: for filters and facets."""

    def default_value(self, reverse: bool = False) -> str:
        return ""

    def writer(self, dbfile: Any) -> ColumnWriter:
        return _CodeWriter(dbfile)

    def reader(self, dbfile: Any, basepos: int, length: int, doccount: int) -> ColumnReader:
        return CodeReader(dbfile.get(basepos, length), doccount)


class _CodeWriter(ColumnWriter):  # type: ignore[misc]
    def __init__(self, dbfile: Any) -> None:
        self._file = dbfile
        self._codes: list[int] = []
        self._values: dict[str, int] = {"": 0}

    def add(self, docnum: int, value: str) -> None:
        self._codes.extend([0] * (docnum - len(self._codes)))
        self._codes.append(self._values.setdefault(value, len(self._values)))

    def finish(self, doccount: int) -> None:
        self._codes.extend([0] * (doccount - len(self._codes)))
        self._file.write(np.array(self._codes, "<u4").tobytes())
        for value in self._values:
            encoded = value.encode()
            self._file.write(struct.pack("<I", len(encoded)) + encoded)


def _texts(data: bytes, offset: int) -> Iterator[str]:
    while offset < len(data):
        (length,) = struct.unpack_from("<I", data, offset)
        offset += 4 + length
        if offset > len(data):
            raise ValueError("the last value is cut")
        yield data[offset - length : offset].decode()


class CodeReader(ColumnReader):  # type: ignore[misc]
    """`codes` is one number for each document, `values` what the numbers stand for."""

    def __init__(self, data: bytes, count: int) -> None:
        try:
            codes = np.frombuffer(data, "<u4", count)
            self.values: Sequence[str] = list(_texts(data, 4 * count))
        except (struct.error, ValueError):
            raise IndexDamaged("a column of the index is not one") from None
        if count and int(codes.max()) >= len(self.values):
            raise IndexDamaged("a column of the index names a value that it does not hold")
        self.codes = codes.astype(np.int32)

    def __getitem__(self, docnum: int) -> str:
        return self.values[int(self.codes[docnum])]

    def __len__(self) -> int:
        return len(self.codes)
