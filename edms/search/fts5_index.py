"""The search index on SQLite FTS5 inside SQLCipher: `edms.search.protocol.SearchIndex` for one machine and many records
(docs/adr/0079)."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from edms.core.errors import StorageFault
from edms.core.settings import SearchSettings
from edms.search import analysis
from edms.search.answering import answer
from edms.search.comparing import differences
from edms.search.cursors import Cursors
from edms.search.errors import IndexDamaged
from edms.search.fts5_build import Builder
from edms.search.fts5_views import Loaded, PostingsCache, load
from edms.search.fts5_writer import Writer
from edms.search.generations import CURRENT, Generations
from edms.search.protocol import Change, Fault, IndexDocument, SearchAnswer, SearchRequest
from edms.search.questions import Questions
from edms.search.snapshot import Snapshot
from edms.search.sqlcipher_file import FILE, STATE, SqlcipherFile

WRITER_WAIT_SECONDS: Final = 30.0
_OPEN_ATTEMPTS: Final = 20


class Fts5Index:
    """An index in `folder` under `key` (32 bytes). Safe for many threads; any number of processes may open it."""

    file_type = SqlcipherFile

    def __init__(self, folder: Path, key: bytes, settings: SearchSettings) -> None:
        self._settings = settings
        self._key = key
        self._cursors = Cursors(key)
        self._questions = Questions(settings)
        self._generations = Generations(folder, key, STATE)
        self._cache = PostingsCache(settings.page_cache_bytes)
        self._lock = threading.Lock()
        self._files: dict[int, SqlcipherFile] = {}
        self._state = Loaded()

    # Reading

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer a question (see the protocol)."""
        with self._snapshot() as snapshot:
            return answer(snapshot, request, self._settings, self._questions, self._cursors)

    def document_versions(self) -> Iterator[tuple[str, int]]:
        """Yield (record id, version) of every document."""
        last = ""
        while True:
            with self._reading() as file:
                statement = "SELECT record, version, doc FROM records WHERE record > ? ORDER BY record LIMIT 10000"
                rows = file.rows(statement, last) if file else []
            yield from ((record, version) for record, version, doc in rows if doc)
            if not rows:
                return
            last = rows[-1][0]

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index was made by an older analysis and finds less than it could."""
        current = self._generations.current()
        return current is not None and current[1] != analysis.VERSION

    def _open(self, number: int) -> SqlcipherFile:
        """Return the one file of a generation, which all threads share: a snapshot reads through their connections."""
        with self._lock:
            if number not in self._files:
                cache = self._settings.page_cache_bytes // 4
                self._files[number] = self.file_type(self._generations.path(number), self._key, number, cache)
            return self._files[number]

    def _open_serving(self, number: int) -> SqlcipherFile:
        """Return the file of the generation that serves, and let go of older ones: open they would stay on the disk."""
        for older in [other for other in list(self._files) if other < number]:
            self._forget(older)
        return self._open(number)

    def _forget(self, number: int) -> SqlcipherFile:
        """Return the file of a generation that is not opened any more."""
        file = self._open(number)
        with self._lock:
            self._files.pop(number, None)
        return file

    @contextmanager
    def _reading(self) -> Iterator[SqlcipherFile | None]:
        """Give the file that serves, at one commit; None when there is no index yet."""
        for attempt in range(_OPEN_ATTEMPTS):
            with ExitStack() as stack:
                try:
                    current = self._generations.current()
                    file = self._open_serving(current[0]) if current else None
                    if file:
                        stack.enter_context(file.reading())
                except FileNotFoundError as error:
                    # A rebuild switched between the look and the opening; a file that stays away is damage.
                    if attempt == _OPEN_ATTEMPTS - 1:
                        raise _missing(error) from error
                    continue
                yield file
                return

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        """Give the newest commit, which stays as it is until the end."""
        with self._reading() as file:
            yield self._load(file) if file else Snapshot(0, [], [])

    def _load(self, file: SqlcipherFile) -> Snapshot:
        identity, commits = file.number("identity"), file.commits()
        with self._lock:
            state = self._state
            if (state.file, state.identity, state.commits) != (file, identity, commits):
                known = state if (state.file, state.identity) == (file, identity) else Loaded()
                self._state = load(file, self._cache, known, identity, commits)
            return self._state.snapshot

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in with one commit (see the protocol)."""
        if not changes:
            return
        with self._writing():
            self._generations.journal(changes)
            Writer(self._open(self._generations.writable(analysis.VERSION, self._create))).apply(changes)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._generations.writing(WRITER_WAIT_SECONDS):
                yield
        except FileNotFoundError as error:
            raise _missing(error) from error
        except OSError as error:
            raise StorageFault(f"the index cannot be written: {error.strerror or error}") from error

    def _create(self) -> int:
        number = self._generations.next_number()
        with self._removed_if_not_finished(number):
            self._open(number).create()
        return number

    @contextmanager
    def _removed_if_not_finished(self, number: int) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._forget(number).close()
            self._generations.remove(number)
            raise

    def purge(self) -> None:
        """Pack anew what still holds replaced or deleted documents, segment by segment (see the protocol)."""
        last: int | None = None
        while True:
            with self._writing():
                current = self._generations.current()
                if not current:
                    return
                writer = Writer(file := self._open(current[0]))
                with file.reading():
                    marks = file.rows("SELECT max(number) FROM gone")
                    last = marks[0][0] if last is None else last
                    places, fresh = writer.with_gone(last or 0)
                if places or fresh:
                    writer.pack_anew(places[:1])
                else:
                    return

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a new generation while the old one serves, and switch (see the protocol).

        A generation that a killed rebuild left is gone on with: what it holds in the same version is not made again.
        """
        with self._generations.building():
            with self._writing():
                serving = 0
                with suppress(IndexDamaged):  # what is damaged is what is being replaced
                    serving = self._generations.writable(analysis.VERSION, self._create)
                number = self._unfinished(serving) or self._create()
                self._generations.keep_only(serving, number)
            with self._removed_if_not_finished(number):
                writer = Writer(self._open(number))
                count = Builder(writer, self._settings.build_processes).fill(documents)
                with self._writing():
                    for changes in self._generations.read_journal(number):
                        writer.apply(changes)
                    self._generations.drop_journal(number)
                    self._generations.switch(number, analysis.VERSION)
        return count

    def _unfinished(self, serving: int) -> int:
        """Return the generation that a killed rebuild left, 0 when there is none that can be gone on with."""
        newer = [number for number in self._generations.numbers() if number > serving]
        if not newer or not serving:
            return 0
        try:
            with (file := self._open(newer[-1])).reading():
                return newer[-1] if file.number("analysis") == analysis.VERSION else 0
        except (IndexDamaged, StorageFault, OSError):
            return 0

    # Checking

    def verify(self, expected: Iterable[tuple[str, int]] | None = None) -> Iterator[Fault]:
        """Authenticate the file that serves, then compare with what is expected (see the protocol)."""
        faults = list(self._file_faults())
        if faults:
            with self._writing():  # else a writer may have changed the file while it was read
                faults = list(self._file_faults())
        yield from faults
        if expected is None or faults:
            return
        yield from differences(dict(self.document_versions()), expected)

    def _file_faults(self) -> Iterator[Fault]:
        try:
            current = self._generations.current()
        except IndexDamaged as damage:
            yield Fault("index-file", CURRENT, damage.message)
            return
        if current is None:
            return
        file, prefix = self._open(current[0]), self._generations.path(current[0]).name
        try:
            file.sealed()
        except IndexDamaged as damage:
            yield Fault("index-file", f"{prefix}/{STATE}", damage.message)
            return
        try:
            faults = list(file.page_faults())
            if not faults:
                with file.reading():
                    faults = list(file.structure_faults())
        except FileNotFoundError as error:
            yield Fault("index-file", f"{prefix}/{Path(error.filename or FILE).name}", "the file is missing")
            return
        except IndexDamaged as damage:
            faults = [damage.message]
        yield from (Fault("index-file", f"{prefix}/{FILE}", fault) for fault in faults[:1])


def _missing(error: FileNotFoundError) -> IndexDamaged:
    return IndexDamaged(f"index file {Path(error.filename or FILE).name} is missing")
