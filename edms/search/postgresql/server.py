"""The server, its connections and its tables: transactions for reading and writing, and what can go wrong with them.

schema.generation      which generations there are, which of them serves, how often it was changed
schema.segment_N       the segments of generation N
schema.key_N           their wrapped keys
schema.piece_N         their sealed pieces
schema.document_N      which version of which record stands where; of a deleted one the version alone
schema.dead_N          documents of segments that were replaced or deleted

Statements are fixed texts with bound parameters; the names in them are built here from a checked schema and numbers.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Final, LiteralString, cast

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.errors import InvalidSchemaName, LockNotAvailable, QueryCanceled, UndefinedTable
from sqlalchemy.exc import TimeoutError as PoolTimeout

from edms.core.database import postgresql_engine
from edms.core.database_faults import plain_fault
from edms.core.errors import ConfigurationError, DatabaseAway, EdmsError, StorageFault
from edms.core.settings import DatabaseSettings
from edms.search.errors import IndexBusy

WRITER_WAIT: Final = "30s"
SEARCH_SECONDS: Final = 60
WHERE: Final = "does its server run, and is [search] postgresql_url (or, without one, [database] url) right?"
_TABLES: Final = ("segment", "key", "piece", "document", "dead")
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")
Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]

_CREATE: Final[tuple[LiteralString, ...]] = (
    "CREATE TABLE {segment} (number bigint PRIMARY KEY, documents integer NOT NULL, pieces integer NOT NULL)",
    "CREATE TABLE {key} (segment bigint PRIMARY KEY, wrapped bytea NOT NULL)",
    "CREATE TABLE {piece} (segment bigint, kind smallint, number integer, data bytea NOT NULL,"
    " PRIMARY KEY (segment, kind, number))",
    # What is sealed cannot be compressed, and trying costs time.
    "ALTER TABLE {piece} ALTER COLUMN data SET STORAGE EXTERNAL",
    "CREATE TABLE {document} (record text PRIMARY KEY, version bigint NOT NULL, segment bigint, number integer,"
    " change bigint NOT NULL, UNIQUE (segment, number))",
    "CREATE TABLE {dead} (segment bigint, number integer, change bigint NOT NULL, PRIMARY KEY (segment, number))",
    "CREATE INDEX ON {dead} (change)",
)
_CONTROL: Final = (
    "CREATE TABLE IF NOT EXISTS {generation} (number integer PRIMARY KEY, state text NOT NULL, analysis integer NOT"
    " NULL, change bigint NOT NULL DEFAULT 0, next_segment bigint NOT NULL DEFAULT 1)"
)


class Vanished(Exception):
    """A table went away between two looks: another generation serves now, or there is no index yet."""


class Session:
    """One transaction."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self.connection = connection
        self._schema = schema
        self.cursor: Cursor = connection.cursor(binary=True)

    def text(self, template: LiteralString, generation: int = 0) -> sql.Composed:
        """Return a statement whose `{segment}`, `{piece}` … are the tables of a generation."""
        return _composed(template, self._schema, generation)

    def rows(self, template: LiteralString, values: Sequence[Any] = (), generation: int = 0) -> list[tuple[Any, ...]]:
        return self.cursor.execute(self.text(template, generation), values).fetchall()

    def run(self, template: LiteralString, values: Sequence[Any] = (), generation: int = 0) -> int:
        """Run a statement; return how many rows it touched."""
        return self.cursor.execute(self.text(template, generation), values).rowcount

    @contextmanager
    def copying(self, template: LiteralString, generation: int, kinds: Sequence[str]) -> Iterator[Any]:
        """Yield what takes many rows for one table (`write_row`)."""
        with self.cursor.copy(self.text(template, generation)) as copy:
            copy.set_types(kinds)
            yield copy

    def create_control(self) -> None:
        """Make schema and control table where they lack."""
        if not self.rows("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self._schema]):
            self.run("CREATE SCHEMA {schema}")
        self.run(_CONTROL)

    def create_tables(self, generation: int) -> None:
        for statement in _CREATE:
            self.run(statement, (), generation)

    def drop_tables(self, generation: int) -> None:
        self.run("DROP TABLE IF EXISTS {segment}, {key}, {piece}, {document}, {dead}", (), generation)

    def has_control(self) -> bool:
        return bool(self.rows("SELECT to_regclass(%s) IS NOT NULL", [f"{self._schema}.generation"])[0][0])

    def tables(self) -> list[str]:
        """Return the names of the tables of the schema."""
        found = self.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = %s", [self._schema])
        return [name for (name,) in found]


@lru_cache(maxsize=512)
def _composed(template: LiteralString, schema: str, generation: int) -> sql.Composed:
    names = {name: sql.Identifier(schema, f"{name}_{generation}") for name in _TABLES}
    return sql.SQL(template).format(
        schema=sql.Identifier(schema), generation=sql.Identifier(schema, "generation"), **names
    )


class Server:
    """The server at `url`, where the index has a schema of its own."""

    def __init__(self, url: str, schema: str, pool_size: int) -> None:
        if not _SCHEMA.fullmatch(schema):
            raise ConfigurationError(f"{schema!r} is no name for a schema", "small letters, digits and _")
        self._schema = schema
        self._engine = postgresql_engine(DatabaseSettings(url=url, pool_size=pool_size))
        digest = hashlib.blake2b(f"edms.search.{schema}".encode(), digest_size=8).digest()
        self._lock = int.from_bytes(digest, "big", signed=True)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state. Raises Vanished, StorageFault."""
        with self._connected() as connection:
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            connection.execute(f"SET LOCAL statement_timeout = '{SEARCH_SECONDS}s'")
            yield Session(connection, self._schema)
            connection.rollback()

    @contextmanager
    def writing(self, alone: bool = True) -> Iterator[Session]:
        """Yield a session and commit it, durably; `alone`: no other writes meanwhile.

        Raises IndexBusy, Vanished, StorageFault.
        """
        with self._connected() as connection, connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = '{WRITER_WAIT}'; SET LOCAL synchronous_commit = on")
            if alone:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [self._lock])
            yield Session(connection, self._schema)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Hold the right to build a generation; the server takes it back when this process dies. Raises IndexBusy."""
        with self._connected() as connection:
            connection.autocommit = True
            (held,) = connection.execute("SELECT pg_try_advisory_lock(%s)", [self._lock ^ 1]).fetchone() or (False,)
            if not held:
                raise IndexBusy("the index is being rebuilt by another process", "try again when it has finished")
            try:
                yield
            finally:
                with suppress(psycopg.Error):
                    connection.execute("SELECT pg_advisory_unlock(%s)", [self._lock ^ 1])

    def command(self, template: LiteralString, generation: int) -> None:
        """Run a statement that no transaction can hold. Raises IndexBusy, StorageFault."""
        with self._connected() as connection:
            connection.autocommit = True
            connection.execute(f"SET lock_timeout = '{WRITER_WAIT}'")
            connection.execute(_composed(template, self._schema, generation))

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Yield a connection of the pool; what the driver says becomes an error for a person."""
        with _plainly():
            pooled = self._engine.raw_connection()
            connection = cast(Connection, pooled.driver_connection)
            try:
                yield connection
            finally:
                _give_back(pooled, connection)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except (UndefinedTable, InvalidSchemaName) as error:
        raise Vanished from error
    except LockNotAvailable as error:
        raise IndexBusy("the index is being written by another process", "try again when it has finished") from error
    except QueryCanceled as error:
        raise StorageFault("the question took the database server too long", "narrow it down") from error
    except PoolTimeout as error:
        raise StorageFault("all connections to the index are taken", "raise [database] pool_size") from error
    except psycopg.Error as error:
        raise _fault_of(error) from error


def _fault_of(error: psycopg.Error) -> EdmsError:
    """Return the error for a person. The index may have a server of its own: whoever reads it shall not look for the
    fault in the database of the archive."""
    fault = plain_fault(error)
    if isinstance(fault, DatabaseAway):
        return DatabaseAway(f"the search index: {fault.message}", WHERE)
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return fault or StorageFault(f"the index cannot be reached: {first}", WHERE)


def _give_back(pooled: Any, connection: Connection) -> None:
    """Return a connection to the pool as it came, or close it when it cannot be used again."""
    try:
        connection.rollback()
        connection.autocommit = False
        connection.isolation_level = connection.read_only = None
    except psycopg.Error:
        pooled.invalidate()
    pooled.close()
