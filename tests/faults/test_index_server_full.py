"""The disk of the PostgreSQL server that holds the index fills up, as one of its own machine may: statements fail, or
the server stops, and nobody's capture does; with room again workers bring the index up to date by themselves."""

import dataclasses
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from archive_fixtures import MOMENT, OWNER
from index_ordeal import capture, change_all, compare, filled, kept, opened_anew, settings_of, versions, work
from postgresql_server import started, until_it_stands
from small_disk import MEBIBYTE, SmallDisk

from edms.access.actors import Actor
from edms.bootstrap import open_archive
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.records.archive import Archive
from edms.records.searching import every_document

pytestmark = pytest.mark.postgresql
People = Callable[[Archive, str], Actor]
DISK = 224 * MEBIBYTE
"""A server's own files and two of its logs of 16 MiB, with room to grow."""


class FullServer:
    """A PostgreSQL server whose data are on a small disk."""

    def __init__(self, folder: Path) -> None:
        self.disk = SmallDisk(folder, DISK)
        folder.chmod(0o755)
        self._server = started(folder / "data", cleanup_mode="stop")
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        for setting in ("max_wal_size = '48MB'", "min_wal_size = '32MB'", "wal_recycle = off"):
            self.command(f"ALTER SYSTEM SET {setting}")
        self.command("SELECT pg_reload_conf()")

    def command(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    @property
    def stands(self) -> bool:
        return bool(self._server.get_postmaster_info().is_running())

    def give_room(self) -> bool:
        """Give the space back, and start the server where the full disk stopped it, as the machine's own manager of
        services would. Returns whether it had stopped. It may be about to stop, or mending itself, just now."""
        self.disk.clear()
        stopped = False
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                self.command("SELECT 1")
                return stopped
            except psycopg.Error:
                if not self.stands:
                    stopped = True
                    until_it_stands(self._server.ensure_postgres_running)
                time.sleep(0.1)
        raise AssertionError("the server does not come back")

    def end(self) -> None:
        self._server.cleanup()
        self.disk.end()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FullServer]:
    made = FullServer(tmp_path / "disk")
    yield made
    made.end()


@pytest.fixture
def archive(installation: Path, server: FullServer, shared_parsers: Any) -> Iterator[Archive]:
    opened = open_archive(settings_of(installation, "postgresql", server.url), FixedClock(MOMENT))
    with closing(opened.database):
        yield dataclasses.replace(
            opened, sandbox=shared_parsers.sandbox, reader=shared_parsers.reader, ocr=shared_parsers.ocr
        )


def goes_on(archive: Archive, server: FullServer, officer: Actor, chance: random.Random) -> tuple[int, bool]:
    """Change every record and take one in while there is no room, then give room. Returns the faults that workers met,
    and whether the server had stopped."""
    before = kept(archive)
    change_all(archive, chance)
    capture(archive, chance)
    work_until_idle(archive, OWNER)
    faults = work(archive)
    told = "the search index"
    try:
        compare(archive, officer, whole=False, before=before)
    except StorageFault as fault:  # it stopped: whoever searches is told what is away, and gets no wrong answer
        told = fault.message
    assert "the search index" in told
    stopped = server.give_room()
    work(archive)
    assert compare(archive, officer, whole=True)
    assert list(opened_anew(archive).index.verify(versions(archive))) == []
    return faults, stopped


def test_its_tables_cannot_grow(archive: Archive, server: FullServer, person: People) -> None:
    chance, officer = random.Random(41), person(archive, "records")
    filled(archive, chance)
    faults = 0
    for leaving in (0, 24, 160):
        server.disk.fill(leaving * 1024)
        faults += goes_on(archive, server, officer, chance)[0]
    assert faults, "it was never full"


def test_it_is_full_in_a_merge_and_in_a_rebuild(
    archive: Archive, server: FullServer, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, officer = random.Random(42), person(archive, "records")
    filled(archive, chance)
    refused = 0
    for leaving in (0, 200):
        server.disk.fill(leaving * 1024)
        for attempt in (archive.index.purge, lambda: rebuilt(archive)):
            try:
                attempt()
            except StorageFault:
                refused += 1
        goes_on(archive, server, officer, chance)
    assert refused >= 2, "it was never full"


def rebuilt(archive: Archive) -> None:
    with archive.database.reader() as session:
        archive.index.rebuild(every_document(archive, session))


def test_its_log_cannot_grow_and_it_stops(archive: Archive, server: FullServer, person: People) -> None:
    """What it acknowledged is in the log; what waits in the outbox is fed when it stands again."""
    chance, officer = random.Random(43), person(archive, "records")
    filled(archive, chance)
    change_all(archive, chance)
    server.disk.fill()
    with suppress(psycopg.Error):
        for _segment in range(4):
            server.command(
                "SELECT pg_logical_emit_message(false, 'tests', repeat('x', 15000000)); SELECT pg_switch_wal()"
            )
    faults, stopped = goes_on(archive, server, officer, chance)
    assert stopped
    assert faults
