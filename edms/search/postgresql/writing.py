"""Everything that changes the index: changes, merges, new generations, and the removal of what was destroyed."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import numpy as np

from edms.core.settings import SearchSettings
from edms.search import analysis
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.postgresql.building import Gathering, Run, joined, stretches
from edms.search.postgresql.layout import MAX_DOCUMENTS
from edms.search.postgresql.segments import Prepared, SegmentWriter, drop_segments, merge, prepared
from edms.search.postgresql.server import Server, Session, Vanished
from edms.search.protocol import Change, Delete, IndexDocument, Upsert

MERGE_FACTOR: Final = 8
SMALLEST_TIER: Final = 64
DELETED_SHARE: Final = 0.25
_POSTING_BYTES: Final = 40
_MEBIBYTE: Final = 1024 * 1024
_GATHERED_AT_A_TIME: Final = 500
_RUNS: Final = 12
BODY_BYTES: Final = 128 * _MEBIBYTE
"""Bytes of bodies that one new segment of a rebuild holds at most; of postings, `_RUNS` times the writer's memory."""
Placed = tuple[str, int, int | None, int | None]
"""Record, version, and where it stands now: segment and number, None for a deleted one."""


class Writer:
    """Writes the index on `server` under `index_key` (32 bytes)."""

    def __init__(self, server: Server, index_key: bytes, settings: SearchSettings) -> None:
        self._server = server
        self._key = index_key
        self._gathered = settings.writer_memory_mebibytes * _MEBIBYTE // _POSTING_BYTES

    # Changes

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in with one commit, into every generation that serves or is being built."""
        newest = list(_newest(changes))
        ready = {c.document.record_id: prepared(c.document) for c in newest if isinstance(c, Upsert)}
        with self._server.writing() as session:
            serving = self._writable(session)
            building = [number for number in _generations(session, "building") if number != serving]
            for generation in (serving, *building):
                self._take_in(session, generation, newest, ready)
        self._merge_due(serving)

    def _writable(self, session: Session) -> int:
        """Return the generation that serves; the first one is made here."""
        session.create_control()
        serving = _generations(session, "serving")
        if serving:
            return serving[0]
        if any(name.startswith("segment_") for name in session.tables()) and not _generations(session, "building"):
            raise IndexDamaged("which generation of the index serves is not known any more")
        return _create(session, "serving")

    def _take_in(self, session: Session, generation: int, changes: list[Change], ready: dict[str, Prepared]) -> None:
        held = _held(session, generation, [_identity(change)[0] for change in changes])
        due = [c for c in changes if _identity(c)[0] not in held or held[_identity(c)[0]][0] < _identity(c)[1]]
        if not due:
            return
        change, number = _next(session, generation)
        gone = [held[_identity(c)[0]][1:] for c in due if _identity(c)[0] in held]
        _bury(session, generation, change, [place for place in gone if place[0] is not None])
        documents = [ready[c.document.record_id] for c in due if isinstance(c, Upsert)]
        rows: list[Placed] = [(c.record_id, c.version, None, None) for c in due if isinstance(c, Delete)]
        if documents:
            gathering = Gathering()
            writer = SegmentWriter(session, generation, number, self._key)
            for at, one in enumerate(documents):
                gathering.add(one.fields)
                writer.maker.document(one.columns, one.body)
                rows.append((one.record_id, one.version, number, at))
            writer.maker.terms(gathering.run(0))
            writer.finish()
            writer.register(session)
        _place(session, generation, change, rows)

    # Merges

    def _merge_due(self, generation: int) -> None:
        """Merge what is due, in a transaction of its own; somebody else's turn is as good."""
        with suppress(IndexBusy, Vanished):
            with self._server.reading() as session:
                if not _chosen(session, generation):
                    return
            with self._server.writing() as session:
                chosen = _chosen(session, generation)
                if chosen:
                    merge(session, generation, chosen, _next(session, generation)[1], self._key)

    def purge(self) -> None:
        """Rewrite every segment with replaced or deleted documents, and have the server forget their keys."""
        with self._server.writing() as session:
            for old in _generations(session, "old"):
                _drop(session, old)
            generations = [*_generations(session, "serving"), *_generations(session, "building")]
            for generation in generations:
                for (number,) in session.rows("SELECT DISTINCT segment FROM {dead}", (), generation):
                    merge(session, generation, [number], _next(session, generation)[1], self._key)
        for generation in generations:
            # A row that was deleted stays in its page until the table is rewritten; this one is small.
            self._server.command("VACUUM FULL {key}", generation)
            self._server.command("VACUUM {piece}", generation)

    # Generations

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a generation, or go on with one that a killed process began, and let it serve."""
        with self._server.building():
            with self._server.writing() as session:
                number, begun = self._begin(session)
            try:
                count, yielded = self._fill(number, documents, keep_ids=begun > 0)
                with self._server.writing() as session:
                    if begun:
                        self._drop_unseen(session, number, begun, yielded)
                    _switch(session, number)
            except Exception:  # a kill leaves it, to be gone on with
                with suppress(Exception), self._server.writing() as session:
                    _drop(session, number)
                raise
            with suppress(IndexBusy), self._server.writing() as session:
                for old in _generations(session, "old"):
                    _drop(session, old)
        return count

    def _begin(self, session: Session) -> tuple[int, int]:
        """Return the generation to fill, and after which change of it this run began (0 for a new one)."""
        session.create_control()
        found = session.rows("SELECT number, analysis, change FROM {generation} WHERE state = 'building'")
        kept = [(number, change) for number, made_by, change in found if made_by == analysis.VERSION][:1]
        for number in {number for number, *_ in found} - {number for number, _ in kept}:
            _drop(session, number)
        if kept:
            number = kept[0][0]
            stray = "SELECT segment FROM {key} WHERE segment NOT IN (SELECT number FROM {segment})"
            drop_segments(session, number, [row[0] for row in session.rows(stray, (), number)])
            return number, _next(session, number)[0]
        return _create(session, "building"), 0

    def _fill(self, generation: int, documents: Iterable[IndexDocument], keep_ids: bool) -> tuple[int, set[str]]:
        count, yielded, batch = 0, set[str](), list[IndexDocument]()
        filling = _Filling(self._server, generation, self._key, self._gathered)
        for document in documents:
            count += 1
            batch.append(document)
            if keep_ids:
                yielded.add(document.record_id)
            if len(batch) >= _GATHERED_AT_A_TIME:
                filling.add(batch)
                batch = []
        filling.add(batch)
        filling.close()
        return count, yielded

    def _drop_unseen(self, session: Session, generation: int, begun: int, yielded: set[str]) -> None:
        """Take out what an earlier, killed run put in and this one did not find any more."""
        query = "SELECT record, segment, number FROM {document} WHERE change < %s AND segment IS NOT NULL"
        rows = [row for row in session.rows(query, [begun], generation) if row[0] not in yielded]
        if rows:
            _bury(session, generation, _next(session, generation)[0], [row[1:] for row in rows])
            session.run("DELETE FROM {document} WHERE record = ANY(%s)", [[row[0] for row in rows]], generation)


class _Filling:
    """Documents on their way into the segments of a new generation, within bounded memory."""

    def __init__(self, server: Server, generation: int, index_key: bytes, gathered: int) -> None:
        self._server, self._generation, self._key, self._most = server, generation, index_key, gathered
        self._gathering, self._runs = Gathering(), list[Run]()
        self._documents: list[Prepared] = []
        self._first = self._bytes = self._postings = 0

    def add(self, batch: list[IndexDocument]) -> None:
        """Take documents in, but those that the generation has already."""
        if not batch:
            return
        with self._server.reading() as session:
            held = _held(session, self._generation, [one.record_id for one in batch])
        for document in batch:
            if document.record_id in held and held[document.record_id][0] >= document.version:
                continue
            one = prepared(document)
            self._gathering.add(one.fields)
            one.fields.clear()
            self._documents.append(one)
            self._bytes += len(one.body)
            if self._gathering.postings >= self._most or len(self._documents) >= MAX_DOCUMENTS:
                self._end_run()
            if (
                self._bytes >= BODY_BYTES
                or len(self._documents) >= MAX_DOCUMENTS
                or self._postings >= _RUNS * self._most
            ):
                self.close()

    def _end_run(self) -> None:
        self._postings += self._gathering.postings
        self._runs.append(self._gathering.run(self._first))
        self._gathering, self._first = Gathering(), len(self._documents)

    def close(self) -> None:
        """Write what was taken in as a segment."""
        if self._first < len(self._documents):
            self._end_run()
        if not self._documents:
            return
        with self._server.writing() as session:
            number = _next(session, self._generation)[1]
        # The lock is not held while the segment is written: others see it when it is registered.
        with self._server.writing(alone=False) as session:
            writer = SegmentWriter(session, self._generation, number, self._key)
            for one in self._documents:
                writer.maker.document(one.columns, one.body)
            for stretch in stretches(self._runs):
                writer.maker.terms(joined(stretch, [None] * len(stretch)))
            writer.finish()
        with self._server.writing() as session:
            self._register(session, writer)
        self._runs, self._documents = [], []
        self._first = self._bytes = self._postings = 0

    def _register(self, session: Session, writer: SegmentWriter) -> None:
        change = _next(session, self._generation)[0]
        writer.register(session)
        held = _held(session, self._generation, [one.record_id for one in self._documents])
        newest: dict[str, tuple[int, int]] = {}
        for at, one in enumerate(self._documents):
            if one.version > max(held.get(one.record_id, (-1,))[0], newest.get(one.record_id, (-1,))[0]):
                newest[one.record_id] = (one.version, at)
        wanted = {at for _, at in newest.values()}
        dead: list[tuple[int | None, int | None]] = [
            (writer.number, at) for at in range(len(self._documents)) if at not in wanted
        ]
        dead += [held[record][1:] for record in newest if record in held and held[record][1] is not None]
        _bury(session, self._generation, change, dead)
        rows: list[Placed] = [(record, version, writer.number, at) for record, (version, at) in newest.items()]
        _place(session, self._generation, change, rows)


def _newest(changes: Iterable[Change]) -> Iterable[Change]:
    """Return one change for each record, the newest."""
    newest: dict[str, Change] = {}
    for change in changes:
        record_id, version = _identity(change)
        if record_id not in newest or _identity(newest[record_id])[1] < version:
            newest[record_id] = change
    return newest.values()


def _identity(change: Change) -> tuple[str, int]:
    if isinstance(change, Delete):
        return change.record_id, change.version
    return change.document.record_id, change.document.version


def _generations(session: Session, state: str) -> list[int]:
    return [row[0] for row in session.rows("SELECT number FROM {generation} WHERE state = %s ORDER BY 1", [state])]


def _create(session: Session, state: str) -> int:
    tables = [int(name.rpartition("_")[2]) for name in session.tables() if name.rpartition("_")[2].isdecimal()]
    newest: int
    (newest,) = session.rows("SELECT coalesce(max(number), 0) FROM {generation}")[0]
    number = max([newest, *tables]) + 1
    session.create_tables(number)
    values = [number, state, analysis.VERSION]
    session.run("INSERT INTO {generation} (number, state, analysis) VALUES (%s, %s, %s)", values)
    return number


def _drop(session: Session, generation: int) -> None:
    session.drop_tables(generation)
    session.run("DELETE FROM {generation} WHERE number = %s", [generation])


def _switch(session: Session, number: int) -> None:
    """Let a generation serve from the commit on; what the others leave is removed afterwards."""
    session.run("UPDATE {generation} SET state = 'old' WHERE state = 'serving'")
    session.run("UPDATE {generation} SET state = 'serving' WHERE number = %s", [number])
    known = {row[0] for row in session.rows("SELECT number FROM {generation}")}
    for name in session.tables():
        kind, _, other = name.rpartition("_")
        if kind == "document" and other.isdecimal() and int(other) not in known:
            session.drop_tables(int(other))


def _next(session: Session, generation: int) -> tuple[int, int]:
    """Count a change of the generation; return its number, and the number of a new segment."""
    statement = (
        "UPDATE {generation} SET change = change + 1, next_segment = next_segment + 1 WHERE number = %s"
        " RETURNING change, next_segment - 1"
    )
    found = session.rows(statement, [generation])
    if not found:
        raise Vanished
    return found[0][0], found[0][1]


def _held(session: Session, generation: int, records: list[str]) -> dict[str, tuple[int, int | None, int | None]]:
    """Return version, segment and number of what the generation holds of these records."""
    query = "SELECT record, version, segment, number FROM {document} WHERE record = ANY(%s)"
    return {row[0]: (row[1], row[2], row[3]) for row in session.rows(query, [records], generation)}


def _bury(session: Session, generation: int, change: int, places: Sequence[tuple[int | None, int | None]]) -> None:
    """Mark documents of segments as replaced or deleted."""
    if places:
        segments, numbers = ([place[i] for place in places] for i in (0, 1))
        statement = "INSERT INTO {dead} SELECT s, n, %s FROM unnest(%s::bigint[], %s::int[]) AS w (s, n)"
        session.run(statement, [change, segments, numbers], generation)


def _place(session: Session, generation: int, change: int, rows: Sequence[Placed]) -> None:
    """Write which version of each record stands where."""
    session.run(
        "INSERT INTO {document} SELECT r, v, s, n, %s FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::int[])"
        " AS w (r, v, s, n) ON CONFLICT (record) DO UPDATE SET version = excluded.version, segment = excluded.segment,"
        " number = excluded.number, change = excluded.change",
        [change, *([row[i] for row in rows] for i in range(4))],
        generation,
    )


def _chosen(session: Session, generation: int) -> list[int]:
    """Return the segments to make one of: tiers that are full, and those of which much is deleted."""
    rows = session.rows(
        "SELECT number, documents, (SELECT count(*) FROM {dead} WHERE segment = s.number) FROM {segment} AS s"
        " ORDER BY number",
        (),
        generation,
    )
    chosen = [number for number, documents, dead in rows if dead > DELETED_SHARE * documents]
    total = sum(documents - dead for number, documents, dead in rows if number in chosen)
    tiers: dict[int, list[tuple[int, int]]] = {}
    for number, documents, _dead in rows:
        if number not in chosen:
            tier = int(np.ceil(np.log(max(documents / SMALLEST_TIER, 1)) / np.log(MERGE_FACTOR)))
            tiers.setdefault(tier, []).append((number, documents))
    for tier in sorted(tiers):
        size = sum(documents for _, documents in tiers[tier])
        if len(tiers[tier]) >= MERGE_FACTOR and total + size <= MAX_DOCUMENTS:
            chosen += [number for number, _ in tiers[tier]]
            total += size
    return chosen if total <= MAX_DOCUMENTS else chosen[:1]
