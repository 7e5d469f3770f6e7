"""One committed state of the index, open for reading by many threads, and what a searcher may see of it."""

import hashlib
import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.fields import COLUMN, Schema
from whoosh.reading import SegmentReader
from whoosh.util.numeric import byte_to_length

from edms.search import analysis, passages
from edms.search.beginnings import SMALL, ListStretch, ReadLists, Stretch
from edms.search.codec import AnalysedField, CodeColumn, KeyField, LexiconEntry, NumberColumn, Numbers, Postings
from edms.search.coding import Codes
from edms.search.encrypted_storage import EncryptedStorage
from edms.search.nearness import Forms
from edms.search.protocol import EVERYTHING, FEATURES, Access, Everything, IndexDocument

TEXT_FIELDS: Final = ("title", "subject", "number", "sender", "recipient", "text")
CODE_FIELDS: Final = ("access", "office", "class_code", "level", "record_type", "state", "language")
SHOWN_FIELDS: Final = ("title", "subject", "number", "sender", "recipient")
MAX_LEXICON_SCAN: Final = 8 * 1024 * 1024
ACCESS_VIEWS: Final = 64

SCHEMA: Final = Schema(
    **{name: AnalysedField() for name in TEXT_FIELDS},
    lead=AnalysedField(),
    **{name: COLUMN(CodeColumn()) for name in CODE_FIELDS},
    key=KeyField(),
    record=COLUMN(VarBytesColumn()),
    shown=COLUMN(VarBytesColumn()),
    passages=COLUMN(VarBytesColumn()),
    version=COLUMN(NumberColumn("<i8")),
    year=COLUMN(NumberColumn("<i4")),
    day=COLUMN(NumberColumn("<i4")),
    tie=COLUMN(NumberColumn("<i8")),
    features=COLUMN(NumberColumn("<u4")),
    title_key=COLUMN(NumberColumn(f"S{analysis.TITLE_KEY_BYTES}")),
    live=COLUMN(NumberColumn("u1")),
)
"""`live` is 0 for the mark of a deletion, which keeps only the record id and the version; `day` is a day number;
`features` has a bit for each name of `FEATURES`; `title_key` orders by title; `tie`
orders equals by a digest of the record id, so that order says nothing about when, or what else, was indexed."""

LENGTHS = np.array([byte_to_length(code) for code in range(256)], np.float32)


def document_fields(document: IndexDocument) -> dict[str, Any]:
    """Return what Whoosh is given for a document; half surrogates, which extraction may leave, are replaced."""
    document = storable(document)
    language = analysis.language_of(document.language, document.text or document.title)
    fields: dict[str, Any] = {}
    for name in TEXT_FIELDS:
        if value := getattr(document, name):
            fields[name] = analysis.terms(value, language)
            fields[f"_stored_{name}"] = None
    if document.text:
        fields["lead"] = analysis.terms(analysis.lead(document.text), language)
        fields["_stored_lead"] = None
    shown = {name: getattr(document, name) for name in SHOWN_FIELDS if getattr(document, name)}
    return {
        **fields,
        **plain_fields(document),
        "key": document.record_id,
        "record": document.record_id.encode(),
        "shown": zlib.compress(json.dumps(shown, ensure_ascii=False).encode(), 1),
        "passages": passages.pack(document.text),
    }


def plain_fields(document: IndexDocument) -> dict[str, Any]:
    """Return the columns of a storable document."""
    year = document.year if document.year is not None else document.date.year if document.date else 0
    fields: dict[str, Any] = {name: getattr(document, name) for name in CODE_FIELDS}
    return {
        **fields,
        "version": document.version,
        "year": year,
        "day": document.date.toordinal() if document.date else 0,
        "tie": tie_of(document.record_id),
        "features": sum(1 << bit for bit, name in enumerate(FEATURES) if name in document.features),
        "title_key": analysis.title_key(document.title).encode(),
        "live": 1,
    }


def tie_of(record_id: str) -> int:
    """Return the digest of a record id by which equals are ordered."""
    return int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=8).digest(), "big", signed=True)


def storable(document: IndexDocument) -> IndexDocument:
    """Return a document of which every field can be kept: half surrogates replaced, a year that is none left out."""
    changed: dict[str, Any] = {}
    for name in (*TEXT_FIELDS, *CODE_FIELDS):
        value = getattr(document, name)
        try:
            value.encode()
        except UnicodeEncodeError:
            changed[name] = value.encode("utf-8", "replace").decode()
    if document.year is not None and not 0 < document.year < 10_000:
        changed["year"] = 0
    return replace(document, **changed) if changed else document


def deletion_fields(record_id: str, version: int) -> dict[str, Any]:
    """Return what Whoosh is given in place of a deleted document."""
    return {"key": record_id, "record": record_id.encode(), "version": version}


class SegmentView:
    """A segment of the index: its arrays are read when first asked for and kept."""

    def __init__(self, storage: EncryptedStorage, segment: Any) -> None:
        self.name = str(segment.segment_id())
        self.count = int(segment.doc_count_all())
        self._segment = segment
        self._reader = SegmentReader(storage, SCHEMA, segment)
        self._columns: dict[str, Any] = {}
        self._lengths: dict[str, Numbers] = {}
        self._forms: dict[str, Forms] = {}
        self._found: dict[frozenset[str], Numbers] = {}

    def column(self, name: str) -> Any:
        """Return a column's reader: `.values` of numbers, `.codes` and `.values` of codes, `[document]` of bytes."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self._reader.column_reader(name, translate=False)
        return column

    def numbers(self, name: str) -> Numbers:
        values: Numbers = getattr(self.column(name), "values", np.zeros(0))
        return values if len(values) == self.count else np.zeros(self.count, np.int64)

    def codes(self, name: str) -> tuple[Numbers, list[str]]:
        """Return the code of each document and what the codes stand for."""
        column = self.column(name)
        if not hasattr(column, "codes"):
            return np.zeros(self.count, np.int32), [""]
        return column.codes, column.values

    def lengths(self, field: str) -> Numbers:
        """Return the number of terms of a field in each document (as Whoosh rounds it)."""
        codes, lengths = self.length_codes(field)
        return lengths[codes]

    def length_codes(self, field: str) -> tuple[Numbers, Numbers]:
        """Return a code for each document, and the number of terms that each code stands for."""
        found = self._lengths.get(field)
        if found is None:
            found = np.zeros(self.count, np.uint8)
            files = self._reader.storage()
            name = W3Codec.column_filename(self._segment, f"_{field}_len")
            if files.file_exists(name):
                data = np.frombuffer(files.open_file(name).read(), np.uint8)
                found[: len(data)] = data
            self._lengths[field] = found
        return found, LENGTHS

    def postings(self, field: str, term: bytes) -> Postings | None:
        terms = self._reader._terms
        entry = terms._tindex.get(terms._keycoder(field, term))
        return Postings(terms._postfile.get(*LexiconEntry.extent(entry))) if entry else None

    def beginning(self, field: str, prefix: bytes) -> list[Stretch]:
        """Return the terms that begin so."""
        lists = self._reader._terms._postfile
        small, large = list[tuple[bytes, bytes]](), list[tuple[bytes, Postings]]()
        for term, count, offset, length in self._beginning_with(field, prefix):
            data = lists.get(offset, length)
            if count <= SMALL:
                small.append((term, data))
            else:
                large.append((term, Postings(data)))
        return [ListStretch(ReadLists(small, large))]

    def _beginning_with(self, field: str, prefix: bytes) -> Iterator[tuple[bytes, int, int, int]]:
        """Yield (term, document frequency, offset, length) of the terms that begin so, from one read."""
        terms = self._reader._terms
        index, start_key = terms._tindex, terms._keycoder(field, prefix)
        start = index.closest_key_pos(start_key)
        if start is None:
            return
        end = index.closest_key_pos(start_key + b"\xff") or index.endofdata
        data = index.dbfile.get(start, min(end - start, MAX_LEXICON_SCAN))
        at, lengths, info = 0, LexiconEntry.LENGTHS, LexiconEntry.INFO
        while at + lengths.size <= len(data):
            key_length, value_length = lengths.unpack_from(data, at)
            key_at = at + lengths.size
            at = key_at + key_length + value_length
            if at > len(data):
                return
            values = info.unpack_from(data, key_at + key_length)
            yield data[key_at + LexiconEntry.FIELD_BYTES : key_at + key_length], values[2], values[8], values[9]

    def forms(self, field: str) -> Forms:
        """Return the very forms in a field of this segment, hidden and deleted documents' among them; they are kept."""
        found = self._forms.get(field)
        if found is None:
            found = self._forms[field] = Forms(self._every_form(field))
        return found

    def _every_form(self, field: str) -> Iterator[str]:
        index, coder = self._reader._terms._tindex, self._reader._terms._keycoder
        at = index.closest_key_pos(coder(field, analysis.EXACT))
        end = index.closest_key_pos(coder(field, analysis.EXACT) + b"\xff") or index.endofdata
        size, prefix = LexiconEntry.LENGTHS.size, LexiconEntry.FIELD_BYTES + len(analysis.EXACT)
        while at is not None and at < end:
            data = index.dbfile.get(at, min(end - at, MAX_LEXICON_SCAN))
            here = 0
            while here + size <= len(data):
                key_length, value_length = LexiconEntry.LENGTHS.unpack_from(data, here)
                if here + size + key_length + value_length > len(data):
                    break
                yield data[here + size + prefix : here + size + key_length].decode("utf-8", "replace")
                here += size + key_length + value_length
            if not here:
                return
            at += here

    def record_id(self, document: int) -> str:
        return str(bytes(self.column("record")[document]).decode())

    def shown(self, document: int) -> dict[str, str]:
        """Return the short fields of a document as they were given."""
        data = self.column("shown")[document]
        return dict(json.loads(zlib.decompress(data))) if data else {}

    def passages(self, document: int) -> bytes:
        return bytes(self.column("passages")[document])

    def find(self, record_id: str) -> Numbers:
        """Return the documents, deleted ones included, that a record has had in this segment."""
        found = self.postings("key", record_id.encode())
        return found.ids if found else np.empty(0, np.int64)

    def find_all(self, record_ids: frozenset[str]) -> Numbers:
        """Return the documents of all these records. A segment never changes, so what was looked up is kept: somebody's
        grants are the same at the next question, and after the next commit too."""
        found = self._found.get(record_ids)
        if found is None:
            empty = np.empty(0, np.int64)
            found = np.concatenate([empty, *(self.find(one) for one in record_ids)]).astype(np.int64)
            self._found[record_ids] = found
            while len(self._found) > ACCESS_VIEWS:
                self._found.pop(next(iter(self._found)), None)
        return found


_Seen: TypeAlias = tuple[Access, frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class Visible:
    """What one set of access tokens may see: a mask for each segment, and statistics of those documents alone, so
    that scores say nothing about the others (REQUIREMENTS R27). `newest` is the newest day, 0 when none has one."""

    masks: tuple[Numbers, ...]
    count: int
    averages: dict[str, float]
    newest: int = 0


class Snapshot:
    """The segments of one commit. Nothing in it changes."""

    def __init__(self, number: int, views: list[SegmentView], deleted: list[set[int]]) -> None:
        self.number = number
        self.views = views
        self._standing = [_standing(view, gone) for view, gone in zip(views, deleted, strict=True)]
        self.coded = Codes(lambda name: [view.codes(name)[1] for view in views])
        self.alive = [mask & (view.numbers("live") == 1) for view, mask in zip(views, self._standing, strict=True)]
        self._lock = threading.Lock()
        self._visible: OrderedDict[_Seen, Visible] = OrderedDict()

    def visible(
        self, access: Access, granted: frozenset[str] = frozenset(), withheld: frozenset[str] = frozenset()
    ) -> Visible:
        """Return what is seen by tokens and by what is `granted`, without what is `withheld`; kept for the next time.

        Ids that this state does not hold are passed over.
        """
        key = (access, granted, withheld)
        with self._lock:
            found = self._visible.get(key)
            if found:
                self._visible.move_to_end(key)
                return found
        made = self._make_visible(*key)
        with self._lock:
            self._visible[key] = made
            while len(self._visible) > ACCESS_VIEWS:
                self._visible.popitem(last=False)
        return made

    def _make_visible(self, access: Access, granted: frozenset[str], withheld: frozenset[str]) -> Visible:
        masks = []
        for view, alive in zip(self.views, self.alive, strict=True):
            if isinstance(access, Everything):
                seen = alive.copy()
            else:
                codes, values = view.codes("access")
                seen = np.array([bool(value) and value in access for value in values], bool)[codes]
            seen[view.find_all(granted)] = True
            seen[view.find_all(withheld)] = False
            masks.append(alive & seen)
        count = sum(int(mask.sum()) for mask in masks)
        averages = {
            field: sum(float(view.lengths(field)[mask].sum()) for view, mask in zip(self.views, masks, strict=True))
            / max(count, 1)
            for field in TEXT_FIELDS
        }
        days = [int(view.numbers("day")[mask].max(initial=0)) for view, mask in zip(self.views, masks, strict=True)]
        return Visible(tuple(masks), count, averages, max(days, default=0))

    def versions(self) -> Iterator[tuple[str, int]]:
        """Yield (record id, version) of every document that is not deleted."""
        for view, mask in zip(self.views, self.visible(EVERYTHING).masks, strict=True):
            versions = view.numbers("version")
            for document in np.flatnonzero(mask):
                yield view.record_id(int(document)), int(versions[document])

    def held(self, record_id: str) -> Iterator[tuple[int, int, int]]:
        """Yield (segment, document, version) where the record, or the mark of its deletion, now stands."""
        for number, view in enumerate(self.views):
            for document in view.find(record_id):
                if self._standing[number][document]:
                    yield number, int(document), int(view.numbers("version")[document])


def _standing(view: SegmentView, deleted: set[int]) -> Numbers:
    mask = np.ones(view.count, bool)
    mask[list(deleted)] = False
    return mask
