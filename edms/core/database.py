"""The database: SQLite under SQLCipher on one machine, PostgreSQL on many; the same models and tests on both.

SQLite runs in WAL with `synchronous=FULL` (a committed row survives a power cut), `secure_delete` (freed pages are
zeroed), foreign keys, and `BEGIN IMMEDIATE` for writers, so that two writers queue instead of failing half-way.
"""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlcipher3.dbapi2
from sqlalchemy import JSON, Date, DateTime, Dialect, MetaData, Uuid, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from edms.core.authentic_reading import AuthenticConnection, give_up_when_damaged
from edms.core.database_faults import speak_plainly
from edms.core.errors import ConfigurationError
from edms.core.settings import DatabaseSettings

# What it logs of a connection that was cut is told by the error; on a console one line says all.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

WRITE_OPTION = "edms_write"
SQLCIPHER_KEY_BYTES = 32


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored and returned in UTC on every database. A naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the archive")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table's base. Constraints are named by convention so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute
        datetime: UtcDateTime,
        date: Date,
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class _WithIndexHints(SQLiteCompiler):
    """Writes the hint of a statement (`INDEXED BY ...`) behind the name of its table, which SQLAlchemy leaves out."""

    def get_from_hint_text(self, _table: object, text: str | None) -> str | None:
        return text


class Database:
    """One engine and two kinds of session: `reader()` and `writer()`.

    A writer's transaction begins at once (`BEGIN IMMEDIATE` on SQLite), a reader's with its first statement.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers = sessionmaker(engine, expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(**{WRITE_OPTION: True}), expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def reader(self) -> Session:
        return self._readers()

    def writer(self) -> Session:
        return self._writers()

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: DatabaseSettings, embedded_file: Path, key: Callable[[], bytes]) -> Database:
    """Open PostgreSQL when `settings.url` is set, else the SQLCipher file `embedded_file` with the 32-byte `key()`."""
    if settings.url:
        return Database(postgresql_engine(settings))
    return Database(sqlcipher_engine(embedded_file, key(), settings))


def postgresql_engine(settings: DatabaseSettings) -> Engine:
    if not settings.url.startswith("postgresql+psycopg://"):
        raise ConfigurationError(
            "database.url must start with postgresql+psycopg://", "leave it empty for the embedded database"
        )
    try:
        engine = create_engine(settings.url, hide_parameters=True, pool_size=settings.pool_size, pool_pre_ping=True)
    except (ArgumentError, ValueError):  # what they say would show the password
        raise ConfigurationError(
            "database.url is not an address", "its form is postgresql+psycopg://user:password@host:5432/name"
        ) from None
    speak_plainly(engine)
    return engine


def sqlcipher_engine(file: Path, key: bytes, settings: DatabaseSettings) -> Engine:
    """Return an engine on the SQLCipher database `file`; it is made on first use. `key` is 32 raw bytes."""
    if len(key) != SQLCIPHER_KEY_BYTES:
        raise ValueError("the database key must be 32 bytes")
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        module=sqlcipher3.dbapi2,
        hide_parameters=True,  # an error must not bring titles into a log
        pool_size=settings.pool_size,
        # The connection used last has its pages decrypted; another one's are stale after each write of this one.
        pool_use_lifo=True,
        connect_args={
            "timeout": settings.busy_timeout_seconds,
            "isolation_level": None,
            "check_same_thread": False,
            "factory": AuthenticConnection,
        },
    )
    engine.dialect.statement_compiler = _WithIndexHints
    speak_plainly(engine)
    give_up_when_damaged(engine)
    busy_milliseconds = int(settings.busy_timeout_seconds * 1000)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA cipher_log_level = NONE")  # what it would print, the error says
        # The key comes before anything else that touches the file; a raw key skips SQLCipher's slow derivation.
        cursor.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        cursor.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cipher_memory_security = OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        connection.keyed = True

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
