"""Whatever happens to an index, by kill -9, damage or a full disk: nobody is refused, no answer is wrong, and workers
bring it back without anybody's doing (DESIGN invariant 6). Answers are held against the database (`index_ordeal`)."""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from archive_fixtures import MOMENT, OWNER
from index_ordeal import capture, change_all, compare, files_of, filled, kept, opened_anew, versions, waiting, work
from small_disk import MEBIBYTE, SmallDisk

from edms.access.actors import Actor
from edms.bootstrap import open_archive
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.index_mending import mend_index
from edms.records.searching import every_document
from edms.search import fts5_writer, segment_writer
from edms.search.engines import index_folder
from edms.search.whoosh_index import WhooshIndex

People = Callable[[Archive, str], Actor]
FORK = multiprocessing.get_context("fork")
KILL_ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "3"))


def goes_on(archive: Archive, officer: Actor, chance: random.Random, damage: Callable[[], object]) -> bool:
    """Let something happen to the index, while somebody searches and a document comes in; workers do the rest.

    Returns whether an answer said that it was not whole.
    """
    damage()
    whole = compare(archive, officer, whole=False)
    capture(archive, chance)
    work_until_idle(archive, OWNER)
    later = opened_anew(archive)
    whole &= compare(later, officer, whole=False, before=[])
    work(later)
    assert compare(later, officer, whole=True)
    assert compare(archive, officer, whole=True)
    if mend_index(later):  # what no question reads, the daily check finds
        work(later)
        assert compare(later, officer, whole=True)
    assert list(later.index.verify(versions(archive))) == []
    return not whole


# Damage


FILE_DAMAGES: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": lambda path: path.write_bytes(_flipped(path.read_bytes())),
    "overwritten": lambda path: path.write_bytes(bytes(path.stat().st_size)),
}


CUTS = ("emptied", "cut")
SHARED_MEMORY = "-shm"
"""No stored file: memory that living processes share, and that ends those from whom it is cut away (SIGBUS)."""


def _flipped(content: bytes) -> bytes:
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :] if content else b""


def test_damage_of_any_one_file(on_files: Archive, person: People) -> None:
    chance, officer = random.Random(21), person(on_files, "records")
    archive, noticed = filled(on_files, chance), set[str]()
    assert compare(archive, officer, whole=True)
    for kind, number in chosen(list(FILE_DAMAGES), len(files_of(archive))):
        paths = files_of(archive)
        path = paths[min(number, len(paths) - 1)]  # what was set aside has another name now, in the same place
        if not (kind in CUTS and path.name.endswith(SHARED_MEMORY)):
            print(kind, path.name)
            if goes_on(archive, officer, chance, partial(FILE_DAMAGES[kind], path)):
                noticed.add(path.name)
    assert "CURRENT" in noticed
    assert len(noticed) >= 2


def chosen(kinds: list[str], things: int) -> list[tuple[str, int]]:
    """Return each thing with one kind of damage, or with every kind where EDMS_DAMAGE=all asks for it."""
    if os.environ.get("EDMS_DAMAGE") == "all":
        return [(kind, number) for kind in kinds for number in range(things)]
    return [(kinds[number % len(kinds)], number) for number in range(things)]


TABLES = ["generation", "segment", "key", "piece", "document", "dead"]
TABLE_DAMAGES = {
    "a row is gone": "DELETE FROM {} WHERE ctid = (SELECT max(ctid) FROM {})",
    "every row is gone": "TRUNCATE {}",
    "it is gone": "DROP TABLE {}",
    "another row is gone": "DELETE FROM {} WHERE ctid = (SELECT min(ctid) FROM {})",
}


@pytest.mark.postgresql
def test_damage_of_any_one_table(on_postgresql: Archive, person: People) -> None:
    chance, officer = random.Random(22), person(on_postgresql, "records")
    archive, noticed = filled(on_postgresql, chance), 0
    change_all(archive, chance)  # so that some documents are replaced
    work(archive)
    assert compare(archive, officer, whole=True)
    url = archive.settings.search.postgresql_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        for kind, number in chosen(list(TABLE_DAMAGES), len(TABLES)):
            names = connection.execute(
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'search' AND tablename ~ %s",
                [f"^{TABLES[number]}(_|$)"],
            ).fetchall()
            assert len(names) == 1
            damage = TABLE_DAMAGES[kind].replace("{}", f'search."{names[0][0]}"')
            print(damage)
            noticed += goes_on(archive, officer, chance, lambda damage=damage: connection.execute(damage))  # type: ignore[misc]
            change_all(archive, chance)
            work(archive)
    assert noticed >= 3


# Kills


def _write_until_killed(settings: Settings, what: str, told: Any) -> None:
    fts5_writer.FRESH_DOCUMENTS = 5  # type: ignore[misc]
    archive = open_archive(settings, FixedClock(MOMENT))
    told.send(True)
    while True:
        bring_index_up_to_date(archive, more_is_coming=False)
        if what == "purges":
            archive.index.purge()
        elif what == "rebuilds":
            with archive.database.reader() as session:
                archive.index.rebuild(every_document(archive, session))


def test_a_killed_writer_of_an_archive(on_engine: Archive, person: People) -> None:
    """What it was at waits in the outbox, and whoever works next goes on."""
    chance, officer = random.Random(23), person(on_engine, "records")
    archive, waited = filled(on_engine, chance), 0
    for round_number in range(KILL_ROUNDS):
        change_all(archive, chance)
        receiving, sending = FORK.Pipe(duplex=False)
        what = ("feeds", "purges", "rebuilds")[round_number % 3]
        child = FORK.Process(target=_write_until_killed, args=(archive.settings, what, sending))
        child.start()
        assert receiving.poll(60)
        if round_number % 5 == 0:
            capture(archive, chance)
        child.join(chance.random() * 0.5)
        assert child.exitcode is None, "it ended by itself"
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        work_until_idle(archive, OWNER)
        later = opened_anew(archive)
        waited += bool(waiting(archive))
        assert list(later.index.verify()) == []
        work(later)
        assert compare(archive, officer, whole=True), what
        assert list(later.index.verify(versions(archive))) == []
    assert waited or KILL_ROUNDS < 10


# Full disks


@pytest.fixture
def failed_merges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the engines merge with every commit, and keep a note of each merge that failed for want of room."""
    failed, merging = list[str](), list[bool]()
    pack, write, choose = fts5_writer.Writer.pack_anew, WhooshIndex._write, segment_writer.merge_chosen

    def noted(name: str, work: Callable[..., None], *given: Any) -> None:
        merging.clear()
        try:
            work(*given)
        except StorageFault:
            if name == "fts5" or merging:
                failed.append(name)
            raise

    def chosen_noted(writer: Any, segments: list[Any], chosen: list[Any]) -> list[Any]:
        merging.extend([True] * len(chosen))
        return choose(writer, segments, chosen)

    monkeypatch.setattr(fts5_writer, "FRESH_DOCUMENTS", 1)
    monkeypatch.setattr(segment_writer, "MERGE_FACTOR", 2)
    monkeypatch.setattr(fts5_writer.Writer, "pack_anew", lambda *given: noted("fts5", pack, *given))
    monkeypatch.setattr(WhooshIndex, "_write", lambda *given: noted("whoosh", write, *given))
    monkeypatch.setattr(segment_writer, "merge_chosen", chosen_noted)
    return failed


def test_a_disk_that_is_full_in_a_merge(on_files: Archive, person: People, failed_merges: list[str]) -> None:
    chance, officer = random.Random(24), person(on_files, "records")
    disk = SmallDisk(index_folder(on_files.settings, on_files.settings.search.engine), 16 * MEBIBYTE)
    try:
        archive = filled(on_files, chance)
        for leaving in (0, 96, 128, 160, 192, 256, 320, 448):
            before = kept(archive)
            disk.fill(leaving * 1024)
            change_all(archive, chance)
            capture(archive, chance)
            work_until_idle(archive, OWNER)
            work(archive)
            assert compare(archive, officer, whole=False, before=before)
            disk.clear()
            work(archive)
            assert compare(archive, officer, whole=True)
            assert list(opened_anew(archive).index.verify(versions(archive))) == []
            if failed_merges:
                break
        assert failed_merges
    finally:
        disk.end()
