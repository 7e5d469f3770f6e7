"""One state of the index, open for reading: what stays in memory of each segment, and the pieces one question needs.

Of a segment the columns stay in memory (about 60 bytes a document). Blocks and lists are fetched when a question needs
them, many with one statement, and kept up to a bound.
"""

import json
import threading
import zlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np

from edms.search.analysis import EXACT, query_word
from edms.search.beginnings import Stretch
from edms.search.codec import Numbers
from edms.search.errors import IndexDamaged
from edms.search.nearness import Forms
from edms.search.nodes import Either, Node, OneOf, Phrase, Prefix, Word, parts
from edms.search.planning import Plan
from edms.search.postgresql import layout
from edms.search.postgresql.beginnings import BlockStretch
from edms.search.postgresql.building import INDEXED_FIELDS
from edms.search.postgresql.layout import BLOCK, BODY, FORMS, HEAD, LIST, PLACES, Block, Postings
from edms.search.postgresql.sealing import SegmentSeal, unwrap
from edms.search.postgresql.segments import opened_body
from edms.search.postgresql.server import Session

Piece = tuple["Segment", int, int]
"""A segment, a kind, a number."""
_NUMBERS: Final = {name: number for number, name in enumerate(INDEXED_FIELDS)}


class Segment:
    """What stays in memory of one segment."""

    def __init__(self, generation: int, number: int, seal: SegmentSeal, head: bytes) -> None:
        told, arrays = layout.unpack(head)
        self.generation, self.number, self.seal = generation, number, seal
        self.name = f"{generation}/{number}"
        self.count = int(told["documents"])
        self.columns = arrays
        self.values: dict[str, list[str]] = told["codes"]
        self.forms: dict[str, Forms] = {}
        self._lengths: dict[str, Numbers] = {}
        firsts, starts = arrays.pop("firsts").tobytes(), [0, *arrays.pop("first ends").tolist()]
        self.firsts = [firsts[a:b] for a, b in pairwise(starts)]

    def lengths(self, field: str) -> Numbers:
        found = self._lengths.get(field)
        if found is None:
            found = self._lengths[field] = self.columns[f"length {field}"].astype(np.float32)
        return found

    def block_of(self, key: bytes) -> int:
        """Return the block in which the term would stand, -1 when it would stand before all."""
        return bisect_right(self.firsts, key) - 1

    def blocks_from(self, prefix: bytes) -> range:
        """Return the blocks in which terms may stand that begin so."""
        first = max(self.block_of(prefix), 0)
        return range(first, max(self.block_of(prefix + b"\xff" * 8) + 1, first))


class PieceCache:
    """Opened pieces kept in memory up to `limit` bytes, the least recently used leave first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._kept: OrderedDict[tuple[str, int, int], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int, int]) -> Any:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: tuple[str, int, int], value: Any, size: int) -> None:
        with self._lock:
            if key in self._kept or size > self._limit // 4:
                return
            self._kept[key] = (value, size)
            self._held += size
            while self._held > self._limit:
                self._held -= self._kept.popitem(last=False)[1][1]


class Pieces:
    """The pieces one question needs; what it needs at once is fetched at once."""

    def __init__(self, session: Session, generation: int, cache: PieceCache) -> None:
        self._session, self._generation, self._cache = session, generation, cache
        self._own: dict[tuple[str, int, int], Any] = {}

    def fetch(self, wanted: Iterable[Piece]) -> None:
        """Fetch what is neither here nor in the cache."""
        lacking: dict[tuple[int, int, int], Segment] = {}
        for segment, kind, number in wanted:
            key = (segment.name, kind, number)
            if key not in self._own:
                found = self._cache.get(key)
                if found is None:
                    lacking[segment.number, kind, number] = segment
                else:
                    self._own[key] = found
        if not lacking:
            return
        query = (
            "SELECT p.segment, p.kind, p.number, p.data FROM {piece} AS p JOIN"
            " unnest(%s::bigint[], %s::smallint[], %s::int[]) AS w (s, k, n)"
            " ON p.segment = w.s AND p.kind = w.k AND p.number = w.n"
        )
        columns = [[place[i] for place in lacking] for i in range(3)]
        for number, kind, at, data in self._session.rows(query, columns, self._generation):
            segment = lacking[number, kind, at]
            content = segment.seal.open(kind, at, data)
            made: Any = Block(content) if kind == BLOCK else content
            self._own[segment.name, kind, at] = made
            self._cache.put((segment.name, kind, at), made, made.size if kind == BLOCK else len(content))

    def get(self, segment: Segment, kind: int, number: int) -> Any:
        """Return a piece. Raises IndexDamaged when it is missing."""
        key = (segment.name, kind, number)
        if key not in self._own:
            self.fetch([(segment, kind, number)])
        found = self._own.get(key)
        if found is None:
            raise IndexDamaged(f"piece {segment.name}/{kind}/{number} of the index is missing")
        return found


class SegmentView:
    """A segment as one question sees it: what `edms.search.evaluation` and `answers` ask of a segment."""

    def __init__(self, segment: Segment, pieces: Pieces) -> None:
        self.segment, self.pieces = segment, pieces
        self.name, self.count = segment.name, segment.count

    def numbers(self, name: str) -> Numbers:
        return self.segment.columns[name]

    def codes(self, name: str) -> tuple[Numbers, list[str]]:
        """Return the code of each document and what the codes stand for."""
        return self.segment.columns[name], self.segment.values[name]

    def lengths(self, field: str) -> Numbers:
        """Return the number of terms of a field in each document."""
        return self.segment.lengths(field)

    def length_codes(self, field: str) -> tuple[Numbers, Numbers]:
        """Return a code for each document, and the number of terms that each code stands for: the number itself."""
        codes = self.segment.columns[f"length {field}"]
        return codes, np.arange(int(codes.max(initial=0)) + 1, dtype=np.float32)

    def block(self, number: int) -> Block:
        found: Block = self.pieces.get(self.segment, BLOCK, number)
        return found

    def find(self, key: bytes) -> tuple[Block, int] | None:
        """Return the block of a term, and its place there."""
        number = self.segment.block_of(key)
        if number < 0:
            return None
        block = self.block(number)
        at = block.find(key)
        return None if at is None else (block, at)

    def postings(self, field: str, term: bytes) -> Postings | None:
        found = self.find(term_key(field, term))
        return self._postings_of(*found) if found else None

    def _postings_of(self, block: Block, at: int) -> Postings:
        if not block.lists[at]:
            return block.postings(at)
        number = int(block.lists[at]) - 1
        ids, frequencies = layout.decode_list(self.pieces.get(self.segment, LIST, number))
        return Postings(ids, frequencies, lambda: layout.decode_places(self.pieces.get(self.segment, PLACES, number)))

    def beginning(self, field: str, prefix: bytes) -> list[Stretch]:
        """Return the terms of a field that begin so."""
        key = term_key(field, prefix)
        found: list[Stretch] = []
        for block in map(self.block, self.segment.blocks_from(key)):
            first, last = block.span(key)
            if first < last:
                found.append(BlockStretch(block, first, last, partial(self._postings_of, block)))
        return found

    def forms(self, field: str) -> Forms:
        """Return the very forms in a field of this segment, hidden and dead documents' among them; they are kept."""
        found = self.segment.forms.get(field)
        if found is None:
            data = self.pieces.get(self.segment, FORMS, _NUMBERS[field])
            found = self.segment.forms[field] = Forms(layout.decode_forms(data))
        return found

    def record_id(self, document: int) -> str:
        return self._body(document)[0]

    def shown(self, document: int) -> dict[str, str]:
        """Return the short fields of a document as they were given."""
        return dict(json.loads(zlib.decompress(self._body(document)[1])))

    def passages(self, document: int) -> bytes:
        return self._body(document)[2]

    def _body(self, document: int) -> tuple[str, bytes, bytes]:
        return opened_body(self.pieces.get(self.segment, BODY, document))


def number_of(field: str) -> int:
    """Return the number of a field in the dictionary."""
    return _NUMBERS[field]


def term_key(field: str, term: bytes) -> bytes:
    """Return how a term of a field stands in the dictionary."""
    return bytes([_NUMBERS[field]]) + term


def fetch_for(plan: Plan, views: list[SegmentView], pieces: Pieces, *, nearness: bool) -> None:
    """Fetch what evaluating the plan will need: the blocks of all words with one statement, the lists with another.

    `nearness`: whether it is looked at how near the words come in the text.
    """
    plain, beside, beginnings = set[bytes](), set[bytes](), set[bytes]()
    for node in plan.nodes():
        _keys_of(node, plain, beside, beginnings)
    wanted: list[Piece] = []
    for view in views:
        numbers = {view.segment.block_of(key) for key in plain | beside} - {-1}
        for key in beginnings:
            numbers.update(view.segment.blocks_from(key))
        wanted += ((view.segment, BLOCK, number) for number in numbers)
    pieces.fetch(wanted)
    fetch_lists(plain | beside, views, pieces, (LIST,))
    words = [node.asked if isinstance(node, Either) else node for node in plan.words]
    near = [query_word(word.form) for word in words if isinstance(word, Word) and word.field in ("", "text")]
    if nearness and len(near) > 1:
        beside.update(term_key("text", term) for word in near for term in word.stems or (word.exact,))
    fetch_lists(beside, views, pieces, (PLACES,))
    pieces.fetch(
        (view.segment, LIST, int(number) - 1)
        for view in views
        for key in beginnings
        for block_number in view.segment.blocks_from(key)
        for block in (pieces.get(view.segment, BLOCK, block_number),)
        for number in block.lists[slice(*block.span(key))]
        if number
    )


def fetch_terms(places: Iterable[tuple[SegmentView, bytes]], pieces: Pieces) -> None:
    """Fetch blocks and lists of terms, each in one segment."""
    wanted = [(view, key, view.segment.block_of(key)) for view, key in places]
    pieces.fetch((view.segment, BLOCK, number) for view, _, number in wanted if number >= 0)
    found = ((view, view.find(key)) for view, key, _ in wanted)
    lists = ((view, int(place[0].lists[place[1]])) for view, place in found if place)
    pieces.fetch((view.segment, LIST, number - 1) for view, number in lists if number)


def fetch_lists(keys: Iterable[bytes], views: Iterable[SegmentView], pieces: Pieces, kinds: tuple[int, ...]) -> None:
    """Fetch the lists of their own that these terms have."""
    found = ((view, view.find(key)) for view in views for key in keys)
    numbers = ((view, int(place[0].lists[place[1]])) for view, place in found if place)
    pieces.fetch((view.segment, kind, number - 1) for view, number in numbers if number for kind in kinds)


def _keys_of(node: Node, plain: set[bytes], beside: set[bytes], beginnings: set[bytes]) -> None:
    if isinstance(node, Word):
        word = query_word(node.form)
        plain.update(term_key(name, term) for name in _fields(node.field) for term in (word.exact, *word.stems))
    elif isinstance(node, Phrase):
        forms = [EXACT + form.encode() for form in node.forms]
        beside.update(term_key(name, form) for name in _fields(node.field) for form in forms)
    elif isinstance(node, Prefix):
        names = (name for name in _fields(node.field) if name != "lead")
        beginnings.update(term_key(name, EXACT + node.form.encode()) for name in names)
    elif isinstance(node, OneOf):
        plain.update(term_key(name, EXACT + form.encode()) for name in _fields(node.field) for form in node.forms)
    for inner in parts(node):
        _keys_of(inner, plain, beside, beginnings)


def _fields(name: str) -> tuple[str, ...]:
    return ("text", "lead") if name == "text" else (name,) if name else INDEXED_FIELDS


def load_segments(session: Session, generation: int, numbers: list[int], index_key: bytes) -> list[Segment]:
    """Return segments, opened."""
    query = (
        "SELECT k.segment, k.wrapped, p.data FROM {key} AS k LEFT JOIN {piece} AS p"
        " ON p.segment = k.segment AND p.kind = %s AND p.number = 0 WHERE k.segment = ANY(%s)"
    )
    found: dict[int, Segment] = {}
    for number, wrapped, data in session.rows(query, [HEAD, numbers], generation):
        seal = unwrap(index_key, f"{generation}/{number}", wrapped)
        if data is None:
            raise IndexDamaged(f"piece {generation}/{number}/{HEAD}/0 of the index is missing")
        found[number] = Segment(generation, number, seal, seal.open(HEAD, 0, data))
    for number in numbers:
        if number not in found:
            raise IndexDamaged(f"the key of segment {generation}/{number} of the index is missing")
    return [found[number] for number in numbers]
