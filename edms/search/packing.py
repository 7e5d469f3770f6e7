"""Many documents at once into the arrays of one segment: what the FTS5 engine keeps of all but the newest records.

Whoever counts word by word in Python reaches some 800 documents a second. Here a text becomes a list of numbers, one
for each surface form, by one look-up each; the rest (positions, terms, the sorting into posting lists) is numpy's.
"""

import io
import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final

import numpy as np

from edms.search import analysis, passages
from edms.search.analysis import EXACT
from edms.search.codec import AnalysedField, CodeColumn, KeyField, NumberColumn, Numbers
from edms.search.protocol import IndexDocument
from edms.search.snapshot import CODE_FIELDS, LENGTHS, SCHEMA, plain_fields, storable
from edms.search.sorted_lists import DOCUMENT_BITS, LAST_POSITION, POSITION_BITS, posting_lists

SEGMENT_DOCUMENTS: Final = 1 << 15
SEGMENT_CHARACTERS: Final = 96 * 1024 * 1024
"""A segment holds no more of either."""
_MAX_SURFACES: Final = 250_000
"""So many surface forms are known at a time, some 400 bytes each: an archive of letters meets a new number in each."""
_GROUP: Final = 1024

NUMBERS: Final[dict[str, NumberColumn]] = {
    name: kept.column_type for name, kept in SCHEMA.items() if isinstance(kept.column_type, NumberColumn)
}
"""The columns of one number for each document."""
INDEXED: Final = tuple(
    name for name, kept in SCHEMA.items() if isinstance(kept, AnalysedField) and not isinstance(kept, KeyField)
)
"""The fields whose words are found, in the order of their numbers."""


def indexed_text(document: IndexDocument, name: str) -> str:
    """Return the text of an indexed field."""
    return analysis.lead(document.text) if name == "lead" else str(getattr(document, name))


class Surfaces:
    """The surface forms met so far, and what each stands for; one for each process that packs."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: memory does not grow with all that was ever read."""
        self._known: dict[analysis.Language, dict[str, int]] = {name: {} for name in analysis.LANGUAGES}
        self._terms: dict[bytes, int] = {}
        self.spelled: list[bytes] = []
        self._widths, self._starts, self._counts = array("I"), array("I"), array("I")
        self._flat, self._offsets = array("I"), array("I")

    def numbers(self, text: str, language: analysis.Language) -> list[int]:
        """Return the number of each surface form of `text`, in order."""
        known, found = self._known[language], analysis.surfaces(text)
        try:
            return list(map(known.__getitem__, found))
        except KeyError:
            return [known[surface] if surface in known else self._add(surface, language) for surface in found]

    def _add(self, surface: str, language: analysis.Language) -> int:
        width, terms = analysis.surface_terms(surface, language)
        number = len(self._widths)
        self._widths.append(width)
        self._starts.append(len(self._flat))
        self._counts.append(len(terms))
        for term, offset in terms:
            if term not in self._terms:
                self._terms[term] = len(self.spelled)
                self.spelled.append(term)
            self._flat.append(self._terms[term])
            self._offsets.append(offset)
        self._known[language][surface] = number
        return number

    def positions(self, numbers: Sequence[int]) -> int:
        """Return how many positions these surface forms take."""
        return sum(map(self._widths.__getitem__, numbers))

    def full(self) -> bool:
        return len(self._widths) > _MAX_SURFACES

    def tables(self) -> tuple[Numbers, ...]:
        """Return, for each surface form, its positions, where its terms begin and how many; then terms and offsets."""
        parts = (self._widths, self._starts, self._counts, self._flat, self._offsets)
        return tuple(np.array(part, np.int64) for part in parts)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One row of `documents`: `short` is everything but the text, `passages` the text in pieces."""

    record_id: str
    version: int
    short: bytes
    passages: bytes


@dataclass(slots=True)
class Packed:
    """A segment that is not stored yet. `postings`: (field, term, documents, posting list), ascending, read once."""

    documents: list[StoredDocument] = field(default_factory=list)
    columns: dict[str, bytes] = field(default_factory=dict)
    postings: Iterable[tuple[int, bytes, int, bytes]] = field(default_factory=list)


_json = json.JSONEncoder(ensure_ascii=False).encode


def short_fields(document: IndexDocument) -> bytes:
    """Return a document without its text, as it is stored."""
    kept = {one.name: getattr(document, one.name) for one in fields(document) if one.name != "text"}
    told = {name: _plain(value) for name, value in kept.items() if value not in ("", None)}
    return zlib.compress(_json(told).encode(), 1)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.toordinal()
    return sorted(value) if isinstance(value, frozenset) else value


def stored_document(document: IndexDocument, packed: bytes) -> StoredDocument:
    """Return the row of a storable document; `packed`: its text in pieces."""
    return StoredDocument(document.record_id, document.version, short_fields(document), packed)


def kept_fields(short: bytes) -> dict[str, Any]:
    """Return the fields that `short_fields` kept."""
    told = json.loads(zlib.decompress(short))
    told.setdefault("access", "")
    if "date" in told:
        told["date"] = date.fromordinal(told["date"])
    if "features" in told:
        told["features"] = frozenset(told["features"])
    return dict(told)


def kept_document(short: bytes, packed: bytes) -> IndexDocument:
    """Return the document again as it was taken in."""
    return IndexDocument(**kept_fields(short), text=passages.unpack(packed))


class Columns:
    """The columns of a segment, gathered document by document."""

    def __init__(self) -> None:
        self._values: dict[str, list[Any]] = {name: [] for name in (*NUMBERS, *CODE_FIELDS)}

    def add(self, document: IndexDocument) -> None:
        row = plain_fields(document)
        for name, values in self._values.items():
            values.append(row[name])

    def encoded(self) -> dict[str, bytes]:
        """Return the bytes of each column by its name."""
        made = {name: numbers_of(column, self._values[name]).tobytes() for name, column in NUMBERS.items()}
        for name in CODE_FIELDS:
            content = io.BytesIO()
            writer = CodeColumn().writer(content)
            for number, value in enumerate(self._values[name]):
                writer.add(number, value)
            writer.finish(len(self._values[name]))
            made[name] = content.getvalue()
        return made


def encoded_lengths(counts: Numbers | Sequence[int]) -> bytes:
    """Return numbers of terms as the evaluation knows them: rounded, one byte each."""
    return bytes(np.searchsorted(LENGTHS, counts).clip(0, 255).astype("u1").tobytes())


def numbers_of(column: NumberColumn, values: Sequence[Any]) -> Numbers:
    return np.array(values, column.kind)


class Packer:
    """Takes documents one by one and makes a segment of them."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._packed = Packed()
        self._columns = Columns()
        self._numbers = {name: array("I") for name in INDEXED}
        self._counts = {name: array("I") for name in INDEXED}
        self._characters = 0

    def add(self, document: IndexDocument) -> None:
        document = storable(document)
        language = analysis.language_of(document.language, document.text or document.title)
        for name in INDEXED:
            if name != "text":
                value = indexed_text(document, name)
                found = self._surfaces.numbers(value, language) if value else []
                self._numbers[name].extend(found)
                self._counts[name].append(len(found))
        self._packed.documents.append(stored_document(document, self._add_text(document.text, language)))
        self._columns.add(document)
        self._characters += len(document.text)

    def _add_text(self, text: str, language: analysis.Language) -> bytes:
        """Take the text in piece by piece, which are to be stored with their positions anyway; return it packed."""
        cut, places, count = list(passages.pieces(text)), list[int](), 0
        for piece in cut:
            found = self._surfaces.numbers(piece, language)
            self._numbers["text"].extend(found)
            places.append(self._surfaces.positions(found))
            count += len(found)
        self._counts["text"].append(count)
        return passages.pack_pieces(cut, places)

    def __len__(self) -> int:
        return len(self._packed.documents)

    def full(self) -> bool:
        return len(self) >= SEGMENT_DOCUMENTS or self._characters >= SEGMENT_CHARACTERS

    def finish(self) -> Packed:
        """Return the segment; nothing can be added any more."""
        packed = self.documents()
        packed.postings = list(self.postings())
        return packed

    def documents(self) -> Packed:
        """Return the segment without its posting lists, which `postings` yields once, after this."""
        self._tables = self._surfaces.tables()
        self._packed.columns = self._columns.encoded()
        for name in INDEXED:
            self._packed.columns[f"length-{name}"] = encoded_lengths(self._terms_of_documents(name))
        packed, self._packed = self._packed, Packed()
        return packed

    def postings(self) -> Iterator[tuple[int, bytes, int, bytes]]:
        """Yield the posting lists in the order of their storing, sorted by field and term; in memory, the stems or the
        exact forms of one field, of which the stems come first."""
        spelled = self._surfaces.spelled
        exact = np.fromiter((term.startswith(EXACT) for term in spelled), bool, len(spelled))
        halves = [_only(kept, self._tables) for kept in (~exact, exact)]
        for number, name in enumerate(INDEXED):
            for tables in halves:
                keys = self._keys(name, tables)
                keys.sort()
                found = [(number, spelled[term], documents, data) for term, documents, data in posting_lists(keys)]
                del keys
                found.sort(key=lambda row: row[1])
                yield from found
                del found
            del self._numbers[name]
        if self._surfaces.full():
            self._surfaces.forget()

    def _groups(self, name: str) -> Iterator[tuple[int, Numbers, Numbers]]:
        """Yield the first of some documents, the surface forms of a field in them, and how many in each: what is made
        of all of a segment at once takes several times its memory."""
        surfaces = np.frombuffer(self._numbers[name], np.uint32) if self._numbers[name] else np.zeros(0, np.uint32)
        counts = np.array(self._counts[name], np.int64)
        ends = np.cumsum(counts)
        for first in range(0, len(counts), _GROUP):
            last = min(first + _GROUP, len(counts))
            yield first, surfaces[ends[first] - counts[first] : ends[last - 1]], counts[first:last]

    def _terms_of_documents(self, name: str) -> Numbers:
        """Return how many terms a field has in each document."""
        found = [np.zeros(0, np.int64)]
        for _, surfaces, counts in self._groups(name):
            sizes = np.concatenate(([0], np.cumsum(self._tables[2][surfaces])))
            ends = np.cumsum(counts)
            found.append(sizes[ends] - sizes[ends - counts])
        return np.concatenate(found)

    def _keys(self, name: str, tables: tuple[Numbers, ...]) -> Numbers:
        """Return (term, document, position) of every place of a field in one number each."""
        total = sum(int(tables[2][surfaces].sum()) for _, surfaces, _ in self._groups(name))
        keys, at = np.empty(total, np.int64), 0
        for first, surfaces, counts in self._groups(name):
            made = _places(surfaces, counts, tables)
            keys[at : at + len(made)] = made + (first << POSITION_BITS)
            at += len(made)
        return keys


def _only(kept: Numbers, tables: tuple[Numbers, ...]) -> tuple[Numbers, ...]:
    """Return the tables of the surface forms with those of their terms alone that are kept."""
    widths, starts, sizes, flat, offsets = tables
    inside = kept[flat]
    places = np.concatenate(([0], np.cumsum(inside)))
    return widths, places[starts], places[starts + sizes] - places[starts], flat[inside], offsets[inside]


def _places(surfaces: Numbers, counts: Numbers, tables: tuple[Numbers, ...]) -> Numbers:
    widths, starts, sizes, flat, offsets = tables
    width = widths[surfaces]
    document = np.repeat(np.arange(len(counts)), counts)
    position = np.cumsum(width) - width
    first = np.cumsum(counts) - counts
    # Positions begin at 0 in every document; where one has no words its first surface is another's, and nobody asks.
    begin = position[np.minimum(first, max(len(position) - 1, 0))] if len(position) else np.zeros(len(counts), np.int64)
    position = position - begin[document]
    size = sizes[surfaces]
    place = np.repeat(starts[surfaces] - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
    document = np.repeat(document, size)
    position = np.minimum(np.repeat(position, size) + offsets[place], LAST_POSITION)
    keys: Numbers = (flat[place] << (DOCUMENT_BITS + POSITION_BITS)) | (document << POSITION_BITS) | position
    return keys
