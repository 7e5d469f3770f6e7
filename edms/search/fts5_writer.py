"""Changes of the FTS5 engine's file: new documents into FTS5, then many of them packed into a segment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from edms.search import analysis, passages
from edms.search.fts5_views import token_stream
from edms.search.packing import (
    INDEXED,
    SEGMENT_DOCUMENTS,
    Packed,
    Packer,
    Surfaces,
    encoded_lengths,
    indexed_text,
    kept_document,
    stored_document,
)
from edms.search.protocol import Change, Delete, IndexDocument, Upsert
from edms.search.snapshot import storable
from edms.search.sqlcipher_file import SqlcipherFile, summed, unsummed

FRESH_DOCUMENTS: Final = 2048
"""So many documents wait in FTS5 until they are packed."""
PACKED_AT_ONCE: Final = 512
"""A batch of so many is packed without waiting in FTS5."""
MOST_GONE: Final = 3
"""A segment of which a third is gone is packed anew."""
_ALIKE: Final = 4
"""So many segments of a size become one, and the next size is so many times larger."""
_READ: Final = 256
Place: TypeAlias = tuple[int, int, int]
"""A segment: its number, its first document, how many."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the index holds of a record: the number of its document (0 when it was deleted) and its version."""

    document: int
    version: int


class Writer:
    """Writes one file. Whoever calls holds the writer lock of the index."""

    def __init__(self, file: SqlcipherFile) -> None:
        self._file = file

    # Changes

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in what is newer than what is held, with one commit, and pack what has gathered."""
        newest: dict[str, Change] = {}
        for change in changes:
            record_id, version = identity(change)
            if record_id not in newest or identity(newest[record_id])[1] < version:
                newest[record_id] = change
        with self._file.reading():
            due = [change for record_id, change in newest.items() if self._is_newer(change, self.held(record_id))]
        if due:
            self._commit(due)
            self.pack_gathered()

    def held(self, record_id: str) -> Held | None:
        found = self._file.rows("SELECT doc, version FROM records WHERE record = ?", record_id)
        return Held(*found[0]) if found else None

    @staticmethod
    def _is_newer(change: Change, held: Held | None) -> bool:
        return held is None or held.version < identity(change)[1]

    def _commit(self, due: Sequence[Change]) -> None:
        documents = [change.document for change in due if isinstance(change, Upsert)]
        packed: list[Packed] = []
        if len(documents) >= PACKED_AT_ONCE:
            self.pack_fresh()
            packed = pack(documents)
        with self._file.writing():
            for change in due:
                if isinstance(change, Delete):
                    self.forget(change.record_id, change.version)
                elif not packed:
                    self._take_fresh(change.document)
            for segment in packed:
                self.store(segment)

    def forget(self, record_id: str, version: int) -> None:
        """Mark a record as deleted."""
        self._put([(record_id, 0, version)])

    def _put(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """Let records stand at new documents: (record, document, version); the old documents are gone."""
        connection = self._file.connection()
        before = [self.held(record_id) for record_id, _, _ in rows]
        connection.executemany(
            "INSERT INTO gone (doc) VALUES (?)", [(held.document,) for held in before if held and held.document]
        )
        connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)

    def _take_fresh(self, document: IndexDocument) -> None:
        document = storable(document)
        language = analysis.language_of(document.language, document.text or document.title)
        terms = [analysis.terms(indexed_text(document, name), language) for name in INDEXED]
        counts = [sum(map(len, found.values())) for found in terms]
        connection, number = self._file.connection(), self._next(1)
        row = stored_document(document, passages.pack(document.text))
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?)",
            (number, row.record_id, summed(row.short), summed(row.passages)),
        )
        streams = [token_stream(found) for found in terms]
        columns = ", ".join(("rowid", *INDEXED))
        places = ", ".join("?" * (1 + len(INDEXED)))
        connection.execute(f"INSERT INTO fresh ({columns}) VALUES ({places})", (number, *streams))  # noqa: S608 # nosec B608 # our own names
        connection.execute("INSERT INTO fresh_lengths VALUES (?, ?)", (number, encoded_lengths(counts)))
        self._put([(row.record_id, number, row.version)])

    def _next(self, count: int) -> int:
        """Return the first of `count` new document numbers."""
        first = self._file.number("next")
        self._set("next", first + count)
        return first

    def _set(self, name: str, value: int) -> None:
        self._file.connection().execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    # Segments

    def store(self, packed: Packed, *, moved: bool = False) -> None:
        """Put a segment into the file. A document that is not newer than what is held of its record is gone at once.

        `moved`: these documents stood in the file before, and no longer do.
        """
        connection, count = self._file.connection(), len(packed.documents)
        first = self._next(count)
        segment = self._file.number("segment")
        self._set("segment", segment + 1)
        connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?)",
            (
                (first + at, row.record_id, summed(row.short), summed(row.passages))
                for at, row in enumerate(packed.documents)
            ),
        )
        connection.executemany(
            "INSERT INTO columns VALUES (?, ?, ?)",
            ((segment, name, summed(data)) for name, data in packed.columns.items()),
        )
        connection.executemany(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
            ((segment, *rest, summed(data)) for *rest, data in packed.postings),
        )
        connection.execute("INSERT INTO segments VALUES (?, ?, ?)", (segment, first, count))
        self._settle(packed, first, moved)
        self._set("fresh", first + count)  # nothing waits in FTS5 when a segment is stored

    def store_all(self, segments: Sequence[Packed]) -> None:
        """Put segments into the file with one commit."""
        with self._file.writing():
            for packed in segments:
                self.store(packed)

    def close(self) -> None:
        """Close the connection of this thread."""
        self._file.close()

    def standing(self) -> dict[str, int]:
        """Return the version of every record that the file holds a document of."""
        with self._file.reading():
            return dict(self._file.rows("SELECT record, version FROM records WHERE doc > 0"))

    def take_out(self, records: Mapping[str, int]) -> None:
        """Take documents out of a file that nobody reads yet, as if they had never been there."""
        with self._file.writing() as connection:
            for record_id in records:
                held = self.held(record_id)
                if held and held.version == records[record_id]:
                    connection.execute("INSERT INTO gone (doc) VALUES (?)", (held.document,))
                    connection.execute("DELETE FROM records WHERE record = ?", (record_id,))

    def _settle(self, packed: Packed, first: int, moved: bool) -> None:
        newest: dict[str, tuple[int, int]] = {}
        lost: list[tuple[int]] = []
        for at, row in enumerate(packed.documents, first):
            held = (0, -1) if moved else newest.get(row.record_id)
            if held is None:
                found = self.held(row.record_id)
                held = (found.document, found.version) if found else (0, -1)
            if held[1] >= row.version:
                lost.append((at,))
                continue
            if held[0]:
                lost.append((held[0],))
            newest[row.record_id] = (at, row.version)
        connection = self._file.connection()
        connection.executemany("INSERT INTO gone (doc) VALUES (?)", lost)
        rows = sorted((record_id, *place) for record_id, place in newest.items())
        connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)

    def segments(self) -> list[Place]:
        return [tuple(row) for row in self._file.rows("SELECT segment, first, count FROM segments ORDER BY segment")]

    # Packing

    def pack_gathered(self) -> None:
        """Pack the documents in FTS5 when they are many, and small segments together when they are."""
        with self._file.reading():
            fresh = self._file.number("next") - self._file.number("fresh")
            places = {*small_ones(self.segments()), *self._mostly_gone()}
        if places or fresh >= FRESH_DOCUMENTS:
            self.pack_anew(sorted(places))

    def pack_fresh(self) -> None:
        """Pack what is in FTS5, so that a segment can follow."""
        with self._file.reading():
            waiting = self._file.rows("SELECT 1 FROM fresh_lengths LIMIT 1")
        if waiting:
            self.pack_anew([])

    def _mostly_gone(self) -> Iterator[Place]:
        places, _ = self.with_gone(None)
        for segment, first, count in places:
            found = self._file.rows("SELECT count(*) FROM gone WHERE doc >= ? AND doc < ?", first, first + count)
            if found[0][0] * MOST_GONE > count:
                yield segment, first, count

    def pack_anew(self, places: Sequence[Place]) -> None:
        """Pack the documents of these segments, and what is in FTS5, into new ones without what is gone."""
        with self._file.writing() as connection:
            ranges = [(first, first + count) for _, first, count in places]
            ranges.append((self._file.number("fresh"), self._file.number("next")))
            made = pack(document for span in ranges for document in self._standing(*span))
            for segment, _, _ in places:
                for table in ("postings", "columns", "segments"):
                    connection.execute(f"DELETE FROM {table} WHERE segment = ?", (segment,))  # noqa: S608 # nosec B608 # our own names
            connection.execute("INSERT INTO fresh (fresh) VALUES ('delete-all')")
            connection.execute("DELETE FROM fresh_lengths")
            self._set("fresh", self._file.number("next"))
            for first, end in ranges:
                connection.execute("DELETE FROM gone WHERE doc >= ? AND doc < ?", (first, end))
                connection.execute("DELETE FROM documents WHERE doc >= ? AND doc < ?", (first, end))
            for packed in made:
                self.store(packed, moved=True)

    def _standing(self, first: int, end: int) -> Iterator[IndexDocument]:
        statement = (
            "SELECT short, passages FROM documents"
            " WHERE doc >= ? AND doc < ? AND doc NOT IN (SELECT doc FROM gone) ORDER BY doc"
        )
        for start in range(first, end, _READ):
            for short, packed in self._file.rows(statement, start, min(start + _READ, end)):
                yield kept_document(unsummed(short), unsummed(packed))

    def with_gone(self, up_to: int | None) -> tuple[list[Place], bool]:
        """Return the segments that hold something gone, and whether FTS5 does; `up_to` is the last mark that counts."""
        statement = "SELECT DISTINCT doc FROM gone WHERE number <= ? ORDER BY doc"
        gone = np.array([row[0] for row in self._file.rows(statement, up_to or 1 << 62)], np.int64)
        places = [
            place
            for place in self.segments()
            if np.searchsorted(gone, place[1]) != np.searchsorted(gone, place[1] + place[2])
        ]
        return places, bool(len(gone)) and int(gone[-1]) >= self._file.number("fresh")


def small_ones(places: Sequence[Place]) -> list[Place]:
    """Return the last segments that are worth being one: at least `_ALIKE` of a size or smaller, or none."""
    best: list[Place] = []
    size = _ALIKE * PACKED_AT_ONCE
    while size < SEGMENT_DOCUMENTS:
        run: list[Place] = []
        for place in reversed(places):
            if place[2] > size or sum(one[2] for one in run) + place[2] > SEGMENT_DOCUMENTS:
                break
            run.append(place)
        if len(run) >= _ALIKE:
            best = run
        size *= _ALIKE
    return best


def identity(change: Change) -> tuple[str, int]:
    """Return the record that a change is of, and its version."""
    if isinstance(change, Delete):
        return change.record_id, change.version
    return change.document.record_id, change.document.version


def pack(documents: Iterable[IndexDocument]) -> list[Packed]:
    """Return the segments of these documents, made in this process."""
    made: list[Packed] = []
    packer = Packer(surfaces := Surfaces())
    for document in documents:
        packer.add(document)
        if packer.full():
            made.append(packer.finish())
            packer = Packer(surfaces)
    if len(packer):
        made.append(packer.finish())
    return made
