"""The search index on Whoosh: `edms.search.protocol.SearchIndex` for one machine (docs/adr/0050, 0051)."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from whoosh.index import TOC, FileIndex

from edms.core.errors import StorageFault
from edms.core.settings import SearchSettings
from edms.search import analysis
from edms.search.answering import answer
from edms.search.comparing import differences
from edms.search.cursors import Cursors
from edms.search.encrypted_storage import INDEX_NAME, EncryptedStorage, PageCache
from edms.search.errors import IndexDamaged
from edms.search.generations import CURRENT, Generations
from edms.search.protocol import Change, Delete, Fault, IndexDocument, SearchAnswer, SearchRequest, Upsert
from edms.search.questions import Questions
from edms.search.segment_writer import LARGEST_MERGE, ListSegmentWriter, merge_named, merge_nothing, merge_tiers
from edms.search.snapshot import SCHEMA, SegmentView, Snapshot, deletion_fields, document_fields

_MEBIBYTE: Final = 1024 * 1024
WRITER_WAIT_SECONDS: Final = 30.0
Due: TypeAlias = tuple[Change, list[tuple[int, int]]]
"""A change and the places (segment, document) of what it replaces."""
LARGEST_BATCH: Final = 256 * _MEBIBYTE
"""Characters of text that a rebuild gathers for one commit at most."""
_OPEN_ATTEMPTS: Final = 20


class WhooshIndex:
    """An index in `folder` under `key` (32 bytes). Safe for many threads; any number of processes may open it."""

    def __init__(self, folder: Path, key: bytes, settings: SearchSettings) -> None:
        self._settings = settings
        self._key = key
        self._cursors = Cursors(key)
        self._questions = Questions(settings)
        self._generations = Generations(folder, key)
        self._cache = PageCache(settings.page_cache_bytes)
        self._lock = threading.Lock()
        self._state: tuple[int, Snapshot] = (0, Snapshot(0, [], []))

    # Reading

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer a question (see the protocol)."""
        return answer(self._snapshot(), request, self._settings, self._questions, self._cursors)

    def document_versions(self) -> Iterator[tuple[str, int]]:
        """Yield (record id, version) of every document."""
        return self._snapshot().versions()

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index was made by an older analysis and finds less than it could."""
        current = self._generations.current()
        return current is not None and current[1] != analysis.VERSION

    def _storage(self, number: int) -> EncryptedStorage:
        return EncryptedStorage(self._generations.path(number), self._key, number, self._cache)

    def _snapshot(self) -> Snapshot:
        """Return the newest committed state: one look at the folder, and the files only when it changed."""
        for attempt in range(_OPEN_ATTEMPTS):
            try:
                current = self._generations.current()
                if current is None:
                    return Snapshot(0, [], [])
                return self._open(current[0])
            except FileNotFoundError as error:
                # A writer replaced the files between the look and the opening; a file that stays away is damage.
                missing = Path(error.filename or "").name
                if attempt == _OPEN_ATTEMPTS - 1:
                    raise IndexDamaged(f"index file {missing} is missing") from error
        raise AssertionError("unreachable")

    def _open(self, number: int) -> Snapshot:
        storage = self._storage(number)
        with self._lock:
            generation, snapshot = self._state
            latest = TOC._latest_generation(storage, INDEX_NAME)
            if latest < 0:
                raise FileNotFoundError(2, "no table of contents", f"_{INDEX_NAME}_*.toc")
            if (generation, snapshot.number) != (number, latest):
                known = {view.name: view for view in snapshot.views} if generation == number else {}
                snapshot = load_snapshot(storage, latest, known)
                self._state = (number, snapshot)
            return snapshot

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in with one commit (see the protocol)."""
        if not changes:
            return
        try:
            with self._generations.writing(WRITER_WAIT_SECONDS):
                self._generations.journal(changes)
                self._commit(self._generations.writable(analysis.VERSION, self._create), changes)
        except FileNotFoundError as error:  # nobody else removes files while the lock is held
            raise IndexDamaged(f"index file {Path(error.filename or '').name} is missing") from error
        except OSError as error:
            raise StorageFault(f"the index cannot be written: {error.strerror or error}") from error

    def _create(self) -> int:
        number = self._generations.next_number()
        path = self._generations.path(number)
        path.mkdir(mode=0o700)
        TOC.create(self._storage(number), SCHEMA, INDEX_NAME)
        return number

    def _commit(self, number: int, changes: Iterable[Change], merge: Any = merge_tiers) -> None:
        storage = self._storage(number)
        for name in list(storage.durable()):
            if not name.endswith((".seg", ".toc")):
                storage.delete_file(name)  # an unfinished table of contents of a writer that died
        serving, state = self._state
        known = {view.name: view for view in state.views} if serving == number else {}
        snapshot = load_snapshot(storage, TOC._latest_generation(storage, INDEX_NAME), known)
        due = _due(snapshot, changes)
        if not due:
            return
        self._write(storage, due, merge)

    def _write(self, storage: EncryptedStorage, due: list[Due], merge: Any) -> None:
        """Make one commit: the changes, and what `merge` wants to be rewritten."""
        writer = ListSegmentWriter(
            FileIndex(storage, SCHEMA, INDEX_NAME), self._settings.writer_memory_mebibytes * _MEBIBYTE
        )
        try:
            for change, places in due:
                for segment, document in places:
                    writer.segments[segment].delete_document(document)
                if isinstance(change, Delete):
                    writer.add_document(**deletion_fields(change.record_id, change.version))
                else:
                    writer.add_document(**document_fields(change.document))
            writer.commit(mergetype=merge)
        except BaseException:
            with suppress(Exception):
                writer.cancel()
            raise
        finally:
            storage.drop_scratch()

    def purge(self) -> None:
        """Rewrite every segment that still holds replaced or deleted documents (see the protocol)."""
        try:
            with self._generations.writing(WRITER_WAIT_SECONDS):
                current = self._generations.current()
                if not current:
                    return
                storage = self._storage(current[0])
                contents = TOC.read(storage, INDEX_NAME, TOC._latest_generation(storage, INDEX_NAME), SCHEMA)
                for segment in [segment for segment in contents.segments if segment.has_deletions()]:
                    self._write(storage, [], merge_named(segment.segment_id()))
        except OSError as error:
            raise StorageFault(f"the index cannot be written: {error.strerror or error}") from error

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a new generation while the old one serves, and switch (see the protocol)."""
        with self._generations.building():
            with self._generations.writing(WRITER_WAIT_SECONDS):
                with suppress(IndexDamaged):  # what is damaged is what is being replaced
                    self._generations.keep_only(self._generations.writable(analysis.VERSION, self._create))
                number = self._create()
            try:
                count = self._fill(number, documents)
                with self._generations.writing(WRITER_WAIT_SECONDS):
                    for changes in self._generations.read_journal(number):
                        self._commit(number, changes)
                    self._generations.drop_journal(number)
                    self._generations.switch(number, analysis.VERSION)
            except BaseException:
                self._generations.remove(number)
                raise
        return count

    def _fill(self, number: int, documents: Iterable[IndexDocument]) -> int:
        count, size, batch = 0, 0, list[Change]()
        for document in documents:
            batch.append(Upsert(document))
            count, size = count + 1, size + len(document.text)
            if len(batch) >= LARGEST_MERGE or size >= LARGEST_BATCH:
                self._commit(number, batch, merge_nothing)
                size, batch = 0, []
        self._commit(number, batch, merge_nothing)
        return count

    # Checking

    def verify(self, expected: Iterable[tuple[str, int]] | None = None) -> Iterator[Fault]:
        """Authenticate every file that serves, then compare with what is expected (see the protocol)."""
        for _ in range(_OPEN_ATTEMPTS):
            before = self._commit_mark()
            faults = list(self._file_faults())
            if not faults or before == self._commit_mark():
                break  # else a writer replaced files while they were read
        yield from faults
        if expected is None or faults:
            return
        yield from differences(dict(self.document_versions()), expected)

    def _commit_mark(self) -> object:
        """Return what changes with every commit."""
        try:
            current = self._generations.current()
        except IndexDamaged:
            return None
        return current and (current, TOC._latest_generation(self._storage(current[0]), INDEX_NAME))

    def _file_faults(self) -> Iterator[Fault]:
        try:
            current = self._generations.current()
        except IndexDamaged as damage:
            yield Fault("index-file", CURRENT, damage.message)
            return
        if current is None:
            return
        storage = self._storage(current[0])
        prefix = self._generations.path(current[0]).name
        try:
            latest = TOC._latest_generation(storage, INDEX_NAME)
            contents = TOC._filename(INDEX_NAME, latest)
            storage.open_sealed(contents).authenticate()
            segments = TOC.read(storage, INDEX_NAME, latest, SCHEMA).segments
        except (IndexDamaged, FileNotFoundError) as damage:
            yield Fault("index-file", f"{prefix}/{contents}", str(damage))
            return
        for segment in segments:
            name = segment.make_filename(segment.COMPOUND_EXT)
            try:
                storage.open_sealed(name).authenticate()
            except FileNotFoundError:
                yield Fault("index-file", f"{prefix}/{name}", "the file is missing")
            except IndexDamaged as damage:
                yield Fault("index-file", f"{prefix}/{name}", damage.message)


def load_snapshot(storage: EncryptedStorage, number: int, known: dict[str, SegmentView]) -> Snapshot:
    """Open the state that table of contents `number` describes; views in `known` are used again."""
    segments = TOC.read(storage, INDEX_NAME, number, SCHEMA).segments
    views = [known.get(str(segment.segment_id())) or SegmentView(storage, segment) for segment in segments]
    return Snapshot(number, views, [set(segment.deleted_docs()) for segment in segments])


def _due(snapshot: Snapshot, changes: Iterable[Change]) -> list[Due]:
    """Return the changes that are newer than what is held, one for each record, with the places they replace."""
    newest: dict[str, Change] = {}
    for change in changes:
        record_id, version = _identity(change)
        if record_id not in newest or _identity(newest[record_id])[1] < version:
            newest[record_id] = change
    due = []
    for record_id, change in newest.items():
        held = list(snapshot.held(record_id))
        if all(version < _identity(change)[1] for _, _, version in held):
            due.append((change, [(segment, document) for segment, document, _ in held]))
    return due


def _identity(change: Change) -> tuple[str, int]:
    if isinstance(change, Delete):
        return change.record_id, change.version
    return change.document.record_id, change.document.version
