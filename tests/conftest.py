"""Fixtures for every test: clock, settings, databases, the shared corpus of real documents."""

import gc
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from postgresql_server import new_database
from sqlalchemy import Dialect, Engine, create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import edms.schema
from edms.access import passwords
from edms.core import database as core_database
from edms.core.clock import FixedClock
from edms.core.database import Database, open_database
from edms.core.settings import DatabaseSettings, Settings
from edms.signing import personal_pilot
from edms.vault import file_provider

gc.disable()  # until everything is collected, see below

pytest_plugins = [
    "postgresql_server", "postgresql_indexes", "archive_fixtures", "console", "directory_server", "index_ordeal",
    "key_services", "mail_server", "outside_authority", "provider_site", "scanners", "site_fixtures", "small_disk",
]  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent

# How long an example takes says how busy the machine is, and nothing about the product. A run tries the same examples
# as the one before, so that a change is judged by what it changes; EDMS_RANDOM_EXAMPLES=1 looks for new ones.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize=not os.environ.get("EDMS_RANDOM_EXAMPLES"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Leave what is there before the first test out of every later search for garbage, and search more seldom.

    That are all modules and thousands of tests. Looking through them again and again was a third of collecting them,
    and a seventh of the tests' own work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """The same argon2id with the least work: hundreds of tests sign somebody in, or have an official sign, a sixth of a
    second of work each; so do the passphrases of key files.

    Programs that a test starts hash as always, and `tests/unit/test_passwords.py` asks for what they do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        for name, least in (("_TIME_COST", 1), ("_MEMORY_KIBIBYTES", 8), ("_LANES", 1)):
            patch.setattr(personal_pilot, name, least)
        for name, least in (("_TIME_COST", 1), ("_MEMORY_KIB", 8192), ("_LANES", 1)):
            patch.setattr(file_provider, name, least)
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_statements() -> Iterator[None]:
    """One memory of compiled statements for all archives of a kind that tests open in this process.

    An installation opens its database once and compiles a statement once. Thousands of tests each open one, and would
    compile every statement anew: a fifth of their work, and gigabytes of statements that the mappers keep.
    """
    known: dict[str, LRUCache[Any, Any]] = {}

    def create(*arguments: Any, **named: Any) -> Engine:
        engine = create_engine(*arguments, **named)
        engine._compiled_cache = known.setdefault(engine.dialect.name, LRUCache(5_000))
        return engine

    def same(one: Dialect, other: object) -> bool:
        return isinstance(other, type(one)) and one.statement_compiler is other.statement_compiler

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_database, "create_engine", create)
        for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(kind, "__eq__", same)
            patch.setattr(kind, "__hash__", lambda one: hash((type(one), one.statement_compiler)))
        yield


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock(datetime(2026, 11, 24, 3, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Default settings of an installation in a folder of the test's own."""
    return Settings().rooted_at(tmp_path)


@pytest.fixture(scope="session")
def repository_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def empty_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables that tests copy."""
    return _with_tables("", tmp_path_factory.mktemp("tables") / "test.db")


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables that tests copy."""
    with new_database(postgresql_url, "tables_template") as url:
        _with_tables(url, tmp_path_factory.mktemp("tables") / "none.db")
        yield "tables_template"


@pytest.fixture
def postgresql_tables_url(postgresql_tables: str, postgresql_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a PostgreSQL database with all tables and no row, which goes with the test."""
    with new_database(postgresql_url, f"tables_{tmp_path.name}", postgresql_tables) as url:
        yield url


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables: SQLite under SQLCipher, and PostgreSQL."""
    url = ""
    if request.param == "sqlcipher":
        shutil.copyfile(request.getfixturevalue("empty_tables"), tmp_path / "test.db")
    else:
        url = request.getfixturevalue("postgresql_tables_url")
    opened = _opened(url, tmp_path / "test.db")
    yield opened
    opened.close()


def _with_tables(url: str, path: Path) -> Path:
    opened = _opened(url, path)
    edms.schema.metadata.create_all(opened.engine)
    opened.close()
    return path


def _opened(url: str, path: Path) -> Database:
    return open_database(DatabaseSettings(url=url), path, lambda: b"k" * 32)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents, read in place. Says loudly when it is absent."""
    folder = Path(os.environ.get("EDMS_CORPUS", ROOT.parent / "shared" / "data" / "corpus"))
    if not (folder / "MANIFEST.csv").exists():
        pytest.skip(f"THE CORPUS OF REAL DOCUMENTS IS ABSENT: {folder} (name it with EDMS_CORPUS)")
    return folder


@pytest.fixture(scope="session")
def rule_tables() -> Path:
    """The folder of real rule tables beside the corpus."""
    folder = Path(os.environ.get("EDMS_CORPUS", ROOT.parent / "shared" / "data" / "corpus")).parent / "rules"
    if not folder.is_dir():
        pytest.skip(f"THE RULE TABLES ARE ABSENT: {folder} (name the corpus with EDMS_CORPUS)")
    return folder
