"""Fixtures for every test: clock, settings, databases, the shared corpus of real documents."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

import edms.schema
from edms.access import passwords
from edms.core.clock import FixedClock
from edms.core.database import Database, open_database
from edms.core.settings import DatabaseSettings, Settings

pytest_plugins = [
    "postgresql_server", "postgresql_indexes", "archive_fixtures", "console", "directory_server", "index_ordeal",
    "key_services", "mail_server", "outside_authority", "provider_site", "scanners", "site_fixtures", "small_disk",
]  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """The same argon2id with the least work: hundreds of tests sign somebody in, a sixth of a second of work each.

    Programs that a test starts hash as always, and `tests/unit/test_passwords.py` asks for what they do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
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


@pytest.fixture(params=["sqlcipher", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables: SQLite under SQLCipher, and PostgreSQL."""
    url = "" if request.param == "sqlcipher" else request.getfixturevalue("fresh_postgresql_url")
    opened = open_database(DatabaseSettings(url=url), tmp_path / "test.db", lambda: b"k" * 32)
    edms.schema.metadata.create_all(opened.engine)
    yield opened
    opened.close()


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
