"""What the evaluation reads of the FTS5 engine's file: packed segments, and the newest documents from FTS5 itself.

Both look like a segment of the Whoosh index, so one evaluation answers for every engine (`edms.search.evaluation`).
"""

import copy
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from edms.search.analysis import EXACT
from edms.search.beginnings import SMALL, ListStretch, ReadLists, Stretch
from edms.search.codec import CodeReader, Numbers, Postings, encode_postings
from edms.search.errors import IndexDamaged
from edms.search.nearness import Forms
from edms.search.packing import INDEXED, NUMBERS, kept_fields, numbers_of
from edms.search.protocol import IndexDocument
from edms.search.snapshot import CODE_FIELDS, LENGTHS, SHOWN_FIELDS, SegmentView, Snapshot, plain_fields
from edms.search.sqlcipher_file import SqlcipherFile, unsummed

STRIDE: Final = 4
"""Places that FTS5 counts for one position: a word's form and stem, a whole number's and its part's."""
FILLER: Final = "~"
FIELD_NUMBER: Final = {name: number for number, name in enumerate(INDEXED)}
_LOCATED: Final = 64
_SPLITS: Final = [code for code in range(128) if not (chr(code).isalnum() or chr(code) in "-/.:_~'")]
_SPELLED: Final = {code: 0xE000 + code for code in _SPLITS}
_PLAIN: Final = {other: code for code, other in _SPELLED.items()}


def spelled(term: bytes) -> str:
    """Return a term as FTS5 keeps it whole: signs at which it would split stand as code points for private use.

    A term has them where one character of a text folds to several, as a number in brackets does.
    """
    return term.decode().translate(_SPELLED)


def plain(token: str) -> bytes:
    """Return the term that `spelled` was given."""
    return token.translate(_PLAIN).encode()


class PostingsCache:
    """Posting lists read lately, bounded by the bytes that they take; shared by the threads of a process."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._size = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> tuple[Any, int] | None:
        with self._lock:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[object, ...], found: Any, size: int) -> None:
        """Keep what was found; `size`: about how many bytes it takes."""
        size += 400
        if size > self._bound // 4:
            return
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = (found, size)
            self._size += size
            while self._size > self._bound:
                self._size -= self._kept.popitem(last=False)[1][1]


class Located:
    """Where records stand in one commit; somebody's grants are looked up once for all segments."""

    def __init__(self, file: SqlcipherFile) -> None:
        self._file = file
        self._kept: OrderedDict[frozenset[str], Numbers] = OrderedDict()

    def documents(self, record_ids: frozenset[str]) -> Numbers:
        """Return the numbers of the documents of these records."""
        found = self._kept.get(record_ids)
        if found is None:
            statement = "SELECT doc FROM records WHERE record = ? AND doc > 0"
            rows = (self._file.rows(statement, one) for one in record_ids)
            found = np.array([row[0][0] for row in rows if row], np.int64)
            self._kept[record_ids] = found
            while len(self._kept) > _LOCATED:
                self._kept.popitem(last=False)
        return found


class FileView(SegmentView):
    """What both kinds of segment have in common: documents `[first, first + count)` of one file."""

    def __init__(self, file: SqlcipherFile, located: Located, name: str, first: int, count: int) -> None:
        self._located = located
        self.name = name
        self.count = count
        self.first = first
        self._file = file
        self._last: tuple[int, tuple[str, bytes, bytes]] = (-1, ("", b"", b""))
        self._numbers: dict[str, Numbers] = {}
        self._codes: dict[str, tuple[Numbers, list[str]]] = {}
        self._lengths: dict[str, Numbers] = {}
        self._forms: dict[str, Forms] = {}
        self._found: dict[frozenset[str], Numbers] = {}

    def record_id(self, document: int) -> str:
        return str(self._row(document)[0])

    def shown(self, document: int) -> dict[str, str]:
        """Return the short fields of a document as they were given."""
        told = kept_fields(self._row(document)[1])
        return {name: told[name] for name in SHOWN_FIELDS if name in told}

    def passages(self, document: int) -> bytes:
        return bytes(self._row(document)[2])

    def find(self, record_id: str) -> Numbers:
        """Return the document that a record has in this segment, if it stands here."""
        return self.find_all(frozenset({record_id}))

    def _row(self, document: int) -> tuple[str, bytes, bytes]:
        """Return record id, short fields and passages. A hit is asked for all three, one after another."""
        kept = self._last
        if kept[0] == document:
            return kept[1]
        statement = "SELECT record, short, passages FROM documents WHERE doc = ?"
        found = self._file.rows(statement, self.first + document)
        if not found:
            raise IndexDamaged("a document of the index is missing")
        record_id, short, passages = found[0]
        row = record_id, unsummed(short), unsummed(passages)
        self._last = (document, row)
        return row

    def find_all(self, record_ids: frozenset[str]) -> Numbers:
        """Return the documents of all these records that stand in this segment."""
        documents = self._located.documents(record_ids)
        found: Numbers = documents[(documents >= self.first) & (documents < self.first + self.count)] - self.first
        return found


class PackedView(FileView):
    """A packed segment. It never changes; columns are kept, posting lists only in the bounded cache."""

    def __init__(
        self, file: SqlcipherFile, cache: PostingsCache, name: str, place: tuple[int, int, int], located: Located
    ) -> None:
        self.segment, first, count = place
        super().__init__(file, located, name, first, count)
        self._cache = cache

    def at(self, located: Located) -> "PackedView":
        """Return the same segment at another commit: what was read of it is shared, where records stand is not."""
        view = copy.copy(self)
        view._located = located
        return view

    def _column(self, name: str) -> bytes:
        found = self._file.rows("SELECT data FROM columns WHERE segment = ? AND name = ?", self.segment, name)
        if not found:
            raise IndexDamaged("a column of the index is missing")
        return unsummed(found[0][0])

    def numbers(self, name: str) -> Numbers:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = np.frombuffer(self._column(name), NUMBERS[name].kind)
        return found

    def codes(self, name: str) -> tuple[Numbers, list[str]]:
        """Return the code of each document and what the codes stand for."""
        found = self._codes.get(name)
        if found is None:
            reader = CodeReader(self._column(name), self.count)
            found = self._codes[name] = (reader.codes, list(reader.values))
        return found

    def length_codes(self, field: str) -> tuple[Numbers, Numbers]:
        found = self._lengths.get(field)
        if found is None:
            found = self._lengths[field] = np.frombuffer(self._column(f"length-{field}"), "u1")
        return found, LENGTHS

    def postings(self, field: str, term: bytes) -> Postings | None:
        key = (self.name, field, term)
        kept = self._cache.get(key)
        if kept:
            known: Postings | None = kept[0]
            return known
        statement = "SELECT data FROM postings WHERE segment = ? AND field = ? AND term = ?"
        rows = self._file.rows(statement, self.segment, FIELD_NUMBER[field], term)
        found = Postings(unsummed(rows[0][0])) if rows else None
        self._cache.put(key, found, 4 * len(rows[0][0]) if rows else 0)  # ids are 8 bytes, a gap was 1 or 2
        return found

    def beginning(self, field: str, prefix: bytes) -> list[Stretch]:
        """Return the terms that begin so: the small lists from one read, the others from the cache where they are.

        They are kept, since the next page and a narrower question ask for the same beginning again.
        """
        key = (self.name, field, prefix, "beginning")
        kept = self._cache.get(key)
        if kept is None:
            made = self._read_lists(field, prefix)
            self._cache.put(key, made, made.held)
            return [ListStretch(made)]
        return [ListStretch(kept[0])]

    def _read_lists(self, field: str, prefix: bytes) -> ReadLists:
        statement = (
            "SELECT term, CASE WHEN documents <= ? THEN data END FROM postings"
            " WHERE segment = ? AND field = ? AND term >= ? AND term < ?"
        )
        rows = self._file.rows(statement, SMALL, self.segment, FIELD_NUMBER[field], prefix, prefix + b"\xff")
        small = [(term, unsummed(data)) for term, data in rows if data is not None]
        large = [(term, self.postings(field, term)) for term, data in rows if data is None]
        return ReadLists(small, [(term, found) for term, found in large if found])

    def _every_form(self, field: str) -> Iterator[str]:
        statement = "SELECT term FROM postings WHERE segment = ? AND field = ? AND term >= ? AND term < ?"
        last = EXACT + b"\xff"
        for (term,) in self._file.rows(statement, self.segment, FIELD_NUMBER[field], EXACT, last):
            yield term[len(EXACT) :].decode()


class FreshView(FileView):
    """The documents that came since the last packing, as FTS5 has them at one commit."""

    def __init__(self, file: SqlcipherFile, located: Located, known: "FreshView | None") -> None:
        first, end = file.number("fresh"), file.number("next")
        self._rows: dict[int, dict[str, Any]] = known._rows if known and known.first == first else {}
        last = max(self._rows, default=first - 1)
        for doc, short in file.rows("SELECT doc, short FROM documents WHERE doc > ? ORDER BY doc", last):
            self._rows[doc] = plain_fields(IndexDocument(**kept_fields(unsummed(short))))
        super().__init__(file, located, "fresh", first, end - first)
        self._terms: dict[bytes, dict[str, Postings]] = {}
        self._given = [self._rows[first + document] for document in range(self.count)]

    def numbers(self, name: str) -> Numbers:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = numbers_of(NUMBERS[name], [row[name] for row in self._given])
        return found

    def codes(self, name: str) -> tuple[Numbers, list[str]]:
        """Return the code of each document and what the codes stand for."""
        found = self._codes.get(name)
        if found is None:
            assert name in CODE_FIELDS
            values = {"": 0}
            codes = [values.setdefault(row[name], len(values)) for row in self._given]
            found = self._codes[name] = (np.array(codes, np.int32), list(values))
        return found

    def length_codes(self, field: str) -> tuple[Numbers, Numbers]:
        found = self._lengths.get(field)
        if found is None:
            sizes = self._file.rows("SELECT doc, data FROM fresh_lengths")
            found = self._lengths[field] = np.zeros(self.count, np.uint8)
            for doc, data in sizes:
                found[doc - self.first] = data[FIELD_NUMBER[field]]
        return found, LENGTHS

    def postings(self, field: str, term: bytes) -> Postings | None:
        found = self._terms.get(term)
        if found is None:
            rows = self._file.rows(
                "SELECT col, doc, offset FROM fresh_terms WHERE term = ? ORDER BY doc, offset", spelled(term)
            )
            found = self._terms[term] = self._lists(rows)
        return found.get(field)

    def _lists(self, rows: list[tuple[str, int, int]]) -> dict[str, Postings]:
        made = {}
        for name in {row[0] for row in rows}:
            places = np.array([row[1:] for row in rows if row[0] == name], np.int64)
            ids, counts = np.unique(places[:, 0] - self.first, return_counts=True)
            made[name] = Postings(encode_postings(ids, counts, places[:, 1] // STRIDE))  # type: ignore[arg-type]
        return made

    def beginning(self, field: str, prefix: bytes) -> list[Stretch]:
        """Return the terms that begin so."""
        start = spelled(prefix)
        statement = "SELECT DISTINCT term FROM fresh_terms WHERE term >= ? AND term < ?"
        terms = [plain(term) for (term,) in self._file.rows(statement, start, start + "\U0010ffff")]
        found = [(term, self.postings(field, term)) for term in terms]
        return [ListStretch(ReadLists([], [(term, postings) for term, postings in found if postings]))]

    def _every_form(self, field: str) -> Iterator[str]:
        statement = "SELECT DISTINCT term FROM fresh_terms WHERE term >= ? AND term < ? AND col = ?"
        start = spelled(EXACT)
        for (term,) in self._file.rows(statement, start, start + "\U0010ffff", field):
            yield plain(term[len(start) :]).decode()


def token_stream(terms: "dict[bytes, Any]") -> str:
    """Return the terms of a field as FTS5 takes them in: `STRIDE` tokens for each position."""
    last = max((places[-1] for places in terms.values()), default=-1)
    slots = [FILLER] * (STRIDE * (int(last) + 2))
    for term, places in terms.items():
        token = spelled(term)
        for place in places:
            at = STRIDE * place
            while at < len(slots) - 1 and slots[at] is not FILLER:
                at += 1
            slots[at] = token
    return " ".join(slots)


@dataclass(frozen=True)
class Loaded:
    """One commit in memory, and what the next one can go on with. `file`: whose connections the views read through."""

    file: SqlcipherFile | None = None
    identity: int = 0
    commits: int = 0
    packed: dict[int, PackedView] = field(default_factory=dict)
    fresh: FreshView | None = None
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(0, [], []))


def load(file: SqlcipherFile, cache: PostingsCache, known: Loaded, identity: int, commits: int) -> Loaded:
    """Return the commit that the file's transaction sees; segments in `known` are used again."""
    located = Located(file)
    packed: dict[int, PackedView] = {}
    for segment, first, count in file.rows("SELECT segment, first, count FROM segments ORDER BY segment"):
        before = known.packed.get(segment)
        place = (segment, first, count)
        name = f"{identity}-{segment}"
        packed[segment] = before.at(located) if before else PackedView(file, cache, name, place, located)
    fresh = FreshView(file, located, known.fresh)
    gone = np.array([row[0] for row in file.rows("SELECT DISTINCT doc FROM gone ORDER BY doc")], np.int64)
    views: list[FileView] = [*packed.values(), *([fresh] if fresh.count else [])]
    deleted = []
    for view in views:
        low, high = np.searchsorted(gone, (view.first, view.first + view.count))
        deleted.append(set((gone[low:high] - view.first).tolist()))
    return Loaded(file, identity, commits, packed, fresh, Snapshot(commits, list(views), deleted))
