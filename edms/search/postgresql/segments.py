"""Segments in the tables of a generation: written whole, read whole when they are merged."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edms.search.codec import Numbers
from edms.search.errors import IndexDamaged
from edms.search.postgresql import layout, sealing
from edms.search.postgresql.building import INDEXED_FIELDS, NUMBER_COLUMNS, Run, SegmentMaker, joined, stretches
from edms.search.postgresql.layout import BLOCK, BODY, HEAD, LIST, PLACES, Block
from edms.search.postgresql.sealing import SegmentSeal
from edms.search.postgresql.server import Session
from edms.search.protocol import IndexDocument
from edms.search.snapshot import CODE_FIELDS, TEXT_FIELDS, document_fields

_BODY: Final = struct.Struct("<HI")
_BUFFER: Final = 8 * 1024 * 1024
_BODIES: Final = 2000
_PIECE_KINDS: Final = ("int8", "int2", "int4", "bytea")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One document, analysed: its terms by field, its columns, its body."""

    record_id: str
    version: int
    fields: dict[str, Any]
    columns: dict[str, Any]
    body: bytes


def prepared(document: IndexDocument) -> Prepared:
    """Return a document as a segment takes it."""
    fields = document_fields(document)
    terms: dict[str, Any] = {name: fields[name] for name in INDEXED_FIELDS if name in fields}
    columns = {name: fields[name] for name in (*CODE_FIELDS, *NUMBER_COLUMNS)}
    columns["lengths"] = {name: sum(map(len, found.values())) for name, found in terms.items()}
    record: bytes = fields["record"]
    body = _BODY.pack(len(record), len(fields["shown"])) + record + fields["shown"] + fields["passages"]
    return Prepared(document.record_id, document.version, terms, columns, body)


def opened_body(data: bytes) -> tuple[str, bytes, bytes]:
    """Return record id, shown fields and passages of a body."""
    try:
        first, second = _BODY.unpack_from(data)
        record = data[_BODY.size : _BODY.size + first].decode()
    except (struct.error, ValueError):
        raise IndexDamaged("a document of the index is not one") from None
    at = _BODY.size + first
    if at + second > len(data):
        raise IndexDamaged("a document of the index is not one")
    return record, data[at : at + second], data[at + second :]


class SegmentWriter:
    """Seals pieces and sends them on in large portions."""

    def __init__(self, session: Session, generation: int, number: int, index_key: bytes) -> None:
        self.number = number
        self._session, self._generation, self._index_key = session, generation, index_key
        self._place = f"{generation}/{number}"
        self._seal = sealing.new_seal(self._place)
        self._rows: list[tuple[int, int, int, bytes]] = []
        self._held = self._pieces = 0
        self.maker = SegmentMaker(self._put)

    def _put(self, kind: int, number: int, content: bytes) -> None:
        sealed = self._seal.seal(kind, number, content)
        self._rows.append((self.number, kind, number, sealed))
        self._held += len(sealed)
        if self._held > _BUFFER:
            self._send()

    def _send(self) -> None:
        statement = "COPY {piece} (segment, kind, number, data) FROM STDIN (FORMAT binary)"
        with self._session.copying(statement, self._generation, _PIECE_KINDS) as copy:
            for row in self._rows:
                copy.write_row(row)
        self._pieces += len(self._rows)
        self._rows, self._held = [], 0

    def finish(self) -> None:
        """Write the head and the key; the segment is not in service before `register`."""
        self.maker.finish()
        self._send()
        wrapped = sealing.wrap(self._index_key, self._place, self._seal.key)
        self._session.run("INSERT INTO {key} VALUES (%s, %s)", [self.number, wrapped], self._generation)

    def register(self, session: Session) -> None:
        """Put the segment in service."""
        values = [self.number, self.maker.count, self._pieces]
        session.run("INSERT INTO {segment} VALUES (%s, %s, %s)", values, self._generation)


class StoredSegment:
    """One segment as it stands in the tables, opened for whoever reads all of it."""

    def __init__(self, session: Session, generation: int, number: int, index_key: bytes) -> None:
        self.number = number
        self._session, self._generation = session, generation
        self.seal = open_seal(session, generation, number, index_key)
        self.told, self.arrays = layout.unpack(self._piece(HEAD, 0))
        self.documents = int(self.told["documents"])

    def _piece(self, kind: int, number: int) -> bytes:
        query = "SELECT data FROM {piece} WHERE segment = %s AND kind = %s AND number = %s"
        found = self._session.rows(query, [self.number, kind, number], self._generation)
        if not found:
            raise IndexDamaged(f"piece {self._generation}/{self.number}/{kind}/{number} of the index is missing")
        return self.seal.open(kind, number, found[0][0])

    def pieces(self, kind: int, first: int = 0, last: int = 2**31 - 1) -> Iterator[bytes]:
        """Yield the pieces of a kind, from `first` to before `last`."""
        query = "SELECT number, data FROM {piece} WHERE segment = %s AND kind = %s AND number >= %s AND number < %s"
        values = [self.number, kind, first, last]
        for number, data in self._session.rows(query + " ORDER BY number", values, self._generation):
            yield self.seal.open(kind, number, data)

    def alive(self) -> Numbers:
        """Return which documents were not replaced or deleted."""
        mask = np.ones(self.documents, bool)
        gone = self._session.rows("SELECT number FROM {dead} WHERE segment = %s", [self.number], self._generation)
        mask[[number for (number,) in gone]] = False
        return mask

    def columns(self, document: int) -> dict[str, Any]:
        """Return what `SegmentMaker.document` took."""
        codes = {name: self.told["codes"][name][int(self.arrays[name][document])] for name in CODE_FIELDS}
        numbers = {name: self.arrays[name][document].item() for name in NUMBER_COLUMNS}
        lengths = {name: int(self.arrays[f"length {name}"][document]) for name in TEXT_FIELDS}
        return {**codes, **numbers, "lengths": lengths}

    def run(self) -> Run:
        """Return all of its postings."""
        lists = [layout.decode_list(data) for data in self.pieces(LIST)]
        places = [layout.decode_places(data) for data in self.pieces(PLACES)]
        parts = [_whole(Block(data), lists, places) for data in self.pieces(BLOCK)]
        empty = np.zeros(0, np.int64)
        columns = zip(*(part[1:] for part in parts), strict=True) if parts else [(empty,)] * 4
        counts, ids, frequencies, positions = (np.concatenate(column) for column in columns)
        return Run([key for part in parts for key in part[0]], counts, ids, frequencies, positions)


def _whole(
    block: Block, lists: list[tuple[Numbers, Numbers]], places: list[Numbers]
) -> tuple[list[bytes], Numbers, Numbers, Numbers, Numbers]:
    """Return the terms of a block with all of their postings, also those in lists of their own."""
    counts = block.counts.astype(np.int64)
    common = np.flatnonzero(block.lists).tolist()
    if not common:
        return block.keys, counts, block.ids, block.frequencies, block.positions
    id_parts: list[Numbers] = []
    time_parts: list[Numbers] = []
    place_parts: list[Numbers] = []
    done, place_done = 0, 0
    for at in [*common, len(block.keys)]:
        end = int(block.starts[at])
        place_end = int(block.place_ends[end - 1]) if end else 0
        id_parts.append(block.ids[done:end])
        time_parts.append(block.frequencies[done:end])
        place_parts.append(block.positions[place_done:place_end])
        done, place_done = end, place_end
        if at < len(block.keys):
            number = int(block.lists[at]) - 1
            if number >= min(len(lists), len(places)):
                raise IndexDamaged("a posting list of the index is missing")
            ids, times = lists[number]
            id_parts.append(ids)
            time_parts.append(times)
            place_parts.append(places[number])
    return block.keys, counts, np.concatenate(id_parts), np.concatenate(time_parts), np.concatenate(place_parts)


def open_seal(session: Session, generation: int, number: int, index_key: bytes) -> SegmentSeal:
    """Return the seal of a segment. Raises IndexDamaged."""
    found = session.rows("SELECT wrapped FROM {key} WHERE segment = %s", [number], generation)
    if not found:
        raise IndexDamaged(f"the key of segment {generation}/{number} of the index is missing")
    return sealing.unwrap(index_key, f"{generation}/{number}", found[0][0])


def merge(session: Session, generation: int, numbers: Sequence[int], into: int, index_key: bytes) -> None:
    """Make one segment of the living documents of several, and let it take their place."""
    old = [StoredSegment(session, generation, number, index_key) for number in numbers]
    masks = [segment.alive() for segment in old]
    first = 0
    new_numbers: list[Numbers] = []
    for mask in masks:
        new_numbers.append(np.where(mask, np.cumsum(mask) - 1 + first, -1))
        first += int(mask.sum())
    if first:
        writer = SegmentWriter(session, generation, into, index_key)
        for segment, mask in zip(old, masks, strict=True):
            _move_bodies(writer.maker, segment, mask)
        for stretch in stretches([segment.run() for segment in old]):
            writer.maker.terms(joined(stretch, new_numbers))
        writer.finish()
        writer.register(session)
    for segment, numbers_of_one in zip(old, new_numbers, strict=True):
        kept = np.flatnonzero(numbers_of_one >= 0)
        session.run(
            "UPDATE {document} AS d SET segment = %s, number = w.new FROM unnest(%s::int[], %s::int[]) AS w (old, new)"
            " WHERE d.segment = %s AND d.number = w.old",
            [into, kept.tolist(), numbers_of_one[kept].tolist(), segment.number],
            generation,
        )
    drop_segments(session, generation, numbers)


def _move_bodies(maker: SegmentMaker, segment: StoredSegment, mask: Numbers) -> None:
    for first in range(0, segment.documents, _BODIES):
        bodies = list(segment.pieces(BODY, first, first + _BODIES))
        if len(bodies) != min(_BODIES, segment.documents - first):
            raise IndexDamaged("a document of the index is missing")
        for at, body in enumerate(bodies, first):
            if mask[at]:
                maker.document(segment.columns(at), body)


def drop_segments(session: Session, generation: int, numbers: Sequence[int]) -> None:
    """Remove segments with all that is theirs."""
    for statement in (
        "DELETE FROM {piece} WHERE segment = ANY(%s)",
        "DELETE FROM {key} WHERE segment = ANY(%s)",
        "DELETE FROM {dead} WHERE segment = ANY(%s)",
    ):
        session.run(statement, [list(numbers)], generation)
    session.run("DELETE FROM {segment} WHERE number = ANY(%s)", [list(numbers)], generation)
