"""One SQLCipher file of the FTS5 engine: its schema, its connections, and what its errors mean.

Every page is encrypted and authenticated with its place (AES-256, HMAC-SHA512). What a page cannot say is that it is
the newest one: the count of the last commit is sealed beside the file, so that a file put back, or a log of which the
end was cut off, is known (docs/adr/0079).
"""

import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from zlib import crc32

import sqlcipher3.dbapi2 as sqlite

from edms.core.errors import EdmsError, StorageFault
from edms.search import analysis
from edms.search.encrypted_storage import seal_file, sync_folder
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.generations import read_sealed
from edms.search.packing import INDEXED

FILE: Final = "index.db"
STATE: Final = "state"
FORMAT: Final = "edms-fts5/1"
PAGE_BYTES: Final = 8192
SMALL_FILE: Final = 2 * 1024 * 1024
"""A file up to this size is authenticated whole when it is opened; of a larger one each page when it is read."""
BUSY_MILLISECONDS: Final = 10_000
_OF_THE_MACHINE: Final = (
    "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_NOMEM", "SQLITE_PERM", "SQLITE_CANTOPEN",
)  # fmt: skip
_WHOLE: Final = crc32(bytes(4))
"""The checksum of anything that ends in its own checksum, which for nothing is 0."""

SCHEMA: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE records (record TEXT PRIMARY KEY, doc INTEGER NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE documents"
    " (doc INTEGER PRIMARY KEY, record TEXT NOT NULL, short BLOB NOT NULL, passages BLOB NOT NULL)",
    "CREATE TABLE gone (number INTEGER PRIMARY KEY, doc INTEGER NOT NULL)",
    "CREATE TABLE segments (segment INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL)",
    "CREATE TABLE columns (segment INTEGER, name TEXT, data BLOB NOT NULL, UNIQUE (segment, name))",
    "CREATE TABLE postings (segment INTEGER, field INTEGER, term BLOB, documents INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (segment, field, term)) WITHOUT ROWID",
    f"CREATE VIRTUAL TABLE fresh USING fts5({', '.join(INDEXED)}, content='',"
    " tokenize=\"ascii tokenchars '-/.:_~'''\")",
    "CREATE VIRTUAL TABLE fresh_terms USING fts5vocab(fresh, 'instance')",
    "CREATE TABLE fresh_lengths (doc INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "INSERT INTO meta VALUES ('commits', 0), ('next', 1), ('fresh', 1), ('segment', 1)",
)
"""`records.doc` is 0 for a record that was deleted. Documents from meta `fresh` on are in the table `fresh`, older ones
in `segments`. Document numbers and segment numbers are never given twice, so what a reader keeps of one stays true."""


@contextmanager
def plainly() -> Iterator[None]:
    """Say what an error of the database means. Raises IndexDamaged, IndexBusy, StorageFault."""
    try:
        yield
    except sqlite.Error as error:
        raise _meaning(error) from error


def _busy() -> IndexBusy:
    return IndexBusy("the index is being written by another process", "try again when it has finished")


def _meaning(error: sqlite.Error) -> Exception:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return _busy()
    if name.startswith(_OF_THE_MACHINE):
        return StorageFault(f"the index cannot be written: {error}")
    return IndexDamaged(f"index file {FILE} is not authentic or not whole")


def _unauthentic(connection: Any) -> list[str]:
    """Return what is said of the pages in the file, whatever the log holds of them."""
    return [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check").fetchmany(10)]


def summed(value: bytes) -> bytes:
    """Return `value` with a checksum behind it, as a long value is to be stored.

    SQLCipher authenticates each page; but it gives zeros, and no error, for one in the middle of a long value.
    """
    return value + crc32(value).to_bytes(4, "little")


def unsummed(stored: bytes) -> bytes:
    """Return what `summed` was given. Raises IndexDamaged when it is not that any more."""
    if len(stored) < 4 or crc32(stored) != _WHOLE:
        raise IndexDamaged(f"index file {FILE} is not authentic")
    return stored[:-4]


class SqlcipherFile:
    """The database of one generation in `folder` under `key` (32 bytes). Safe for threads, and after a fork."""

    def __init__(self, folder: Path, key: bytes, number: int, cache_bytes: int) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._key = key
        self._bound = f"{FORMAT}|{number}|{STATE}".encode()
        self._cache_bytes = cache_bytes
        self._local = threading.local()
        self._sealed: tuple[tuple[int, int, int], int] | None = None
        self._checked = False
        self._size = 0

    # Connections

    def create(self) -> None:
        """Make the file with an empty index."""
        self.folder.mkdir(mode=0o700)
        with plainly():
            connection = self._connect("rwc")
            self.path.chmod(0o600)
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            identity = int.from_bytes(os.urandom(7), "big")
            connection.execute("INSERT INTO meta VALUES ('identity', ?), ('analysis', ?)", (identity, analysis.VERSION))
            connection.execute("COMMIT")
            connection.close()
        sync_folder(self.folder)

    def connection(self) -> Any:
        """Return this thread's connection within `reading` or `writing`; the file may have been removed meanwhile."""
        return self._local.kept[1]

    def _opened(self) -> Any:
        """Return this thread's connection to the file that is there now. Raises FileNotFoundError, IndexDamaged."""
        least = self._size  # before the look: meanwhile another thread may see it grow
        state = self.path.stat()
        if state.st_size < least:
            raise IndexDamaged(f"index file {FILE} is cut")  # it never shrinks; what is cached would hide that it did
        self._size = max(self._size, state.st_size)
        mark = (os.getpid(), state.st_ino)
        kept = getattr(self._local, "kept", None)
        if kept and kept[0] == mark:
            return kept[1]
        if not self._checked and state.st_size <= SMALL_FILE:
            self._authenticate_small()
        self._checked = True
        connection = self._connect("rw")
        self._local.kept = (mark, connection)
        return connection

    def close(self) -> None:
        """Close this thread's connection: what was removed leaves the disk only when nobody has it open."""
        kept = getattr(self._local, "kept", None)
        if kept and kept[0][0] == os.getpid():
            del self._local.kept
            kept[1].close()

    def _connect(self, mode: str) -> Any:
        connection = sqlite.connect(
            f"file:{quote(str(self.path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        self._unlock(connection)
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "journal_mode = WAL",
            "wal_autocheckpoint = 0",  # every commit empties the log by itself
            "synchronous = FULL",
            "secure_delete = ON",
            "temp_store = MEMORY",
            "cipher_memory_security = OFF",
            f"cache_size = -{self._cache_bytes // 1024}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _unlock(self, connection: Any) -> None:
        connection.execute("PRAGMA cipher_log_level = NONE")  # what it would print, the error says
        connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")  # raw: nothing is derived, which takes long
        connection.execute(f"PRAGMA cipher_page_size = {PAGE_BYTES}")

    def _authenticate_small(self) -> None:
        if any(self.page_faults()):
            raise IndexDamaged(f"index file {FILE} is not authentic or not whole")

    def _begun(self, statement: str) -> tuple[Any, int | None]:
        """Begin a transaction that sees the newest commit; return the connection, and the count sealed before.

        Raises FileNotFoundError where the generation was removed meanwhile, whatever is said of what is left of it.
        """
        try:
            connection = self._opened()
            sealed = self.sealed()
            connection.execute(statement)
            try:
                self._compare(sealed)
            except BaseException:
                with suppress(sqlite.Error):
                    connection.execute("ROLLBACK")
                raise
        except (sqlite.Error, EdmsError):
            self.path.stat()
            raise
        return connection, sealed

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Give a connection that sees one commit until the end."""
        with plainly():
            connection, _ = self._begun("BEGIN")
            try:
                yield connection
            finally:
                with suppress(sqlite.Error):
                    connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Give a connection on which everything is committed at the end, durably, or nothing is."""
        with plainly():
            connection, sealed = self._begun("BEGIN IMMEDIATE")
            try:
                yield connection
                if sealed is None:
                    self.seal(0)  # from the first commit on it is there
                connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'commits'")
                commits = self.commits()
                connection.execute("COMMIT")
            except BaseException:
                for undo in (lambda: connection.execute("ROLLBACK"), lambda: self._empty_log(connection)):
                    with suppress(sqlite.Error):  # on a full disk, what was not committed would keep its room
                        undo()
                raise
            self._empty_log(connection)
        self.seal(commits)

    @staticmethod
    def _empty_log(connection: Any) -> bool:
        """Bring what the log holds into the file; left there, what was replaced would be there to read until the log is
        begun anew. Returns whether all of it is in the file: a reader of an older commit is waited for, within reason.
        """
        _, frames, done = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(frames == done)

    def _compare(self, sealed: int | None) -> None:
        """Raise IndexDamaged when the file is older than the count that was sealed before it was looked at."""
        commits = self.commits()
        if sealed is None and commits:
            self.path.stat()  # the whole generation may have been removed meanwhile
            raise IndexDamaged(f"index file {STATE} is missing")
        if sealed is not None and commits < sealed:
            raise IndexDamaged(f"index file {FILE} is older than the last commit")

    def rows(self, statement: str, *values: object) -> Any:
        """Return the rows of a query within `reading` or `writing`."""
        return self.connection().execute(statement, values).fetchall()

    def number(self, name: str) -> int:
        return int(self.rows("SELECT value FROM meta WHERE name = ?", name)[0][0])

    def commits(self) -> int:
        """Return the count of commits; it changes with every one."""
        found = self.rows("SELECT value FROM meta WHERE name = 'commits'")
        if not found:
            raise IndexDamaged(f"index file {FILE} is not whole")
        return int(found[0][0])

    # The sealed count of commits

    def seal(self, commits: int) -> None:
        """Keep the count beside the file. Durable on return; a crash before leaves an older one, which is no harm."""
        beside = self.folder / f"{STATE}.new"
        seal_file(beside, self._key, self._bound, io.BytesIO(json.dumps(commits).encode()))
        beside.rename(self.folder / STATE)
        sync_folder(self.folder)

    def sealed(self) -> int | None:
        """Return the count that is sealed, None before the first commit. Raises IndexDamaged."""
        try:
            state = (self.folder / STATE).stat()
        except FileNotFoundError:
            return None
        mark = (state.st_ino, state.st_mtime_ns, state.st_size)
        if not self._sealed or self._sealed[0] != mark:
            self._sealed = (mark, int(json.loads(read_sealed(self.folder / STATE, self._key, self._bound))))
        return self._sealed[1]

    # Checking

    def page_faults(self) -> Iterator[str]:
        """Yield what is wrong with pages: each is authenticated. Raises FileNotFoundError."""
        if self.path.stat().st_size < PAGE_BYTES:
            yield "the file is cut"
            return
        with plainly():
            connection = self._connect("rw")
            try:
                yield from _unauthentic(connection) and self._settled_faults(connection)
            finally:
                connection.close()

    def _settled_faults(self, connection: Any) -> list[str]:
        """Look again with nobody writing, and all of the log in the file.

        A page that is just being written there, or that a writer left half written when it was killed, stands whole in
        the log. Raises IndexBusy.
        """
        try:
            whole = self._empty_log(connection)
            connection.execute("BEGIN IMMEDIATE")
        except sqlite.OperationalError as error:
            if not str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_READONLY"):
                raise
            return _unauthentic(connection)
        try:
            faults = _unauthentic(connection)
        finally:
            connection.execute("ROLLBACK")
        if faults and not whole:
            raise _busy()
        return faults

    def structure_faults(self) -> Iterator[str]:
        """Yield what is wrong between pages: tables, their indexes and FTS5's own lists."""
        with plainly():
            found = self.rows("PRAGMA integrity_check(10)")
        yield from (str(row[0]) for row in found if row[0] != "ok")
