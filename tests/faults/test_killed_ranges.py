"""In the middle of a range of pages: kill -9 of the process that recognises, then of the worker that waits for it; the
connections to the database are cut."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import psutil
import pytest
from archive_fixtures import settings_in, take_in
from console import Console
from ordeal_parts import Cuts
from processes import recognising
from sqlalchemy import select
from text_material import Paper, picture

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.core.errors import StorageFault
from edms.jobs.model import Job
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.model import Record
from edms.text.ocr import ocr_available

PATIENCE_SECONDS = 180.0
SEED = 20261126
WORDS = ("Pengadaan meja", "Rapat anggaran", "Saluran air")


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def state(archive: Archive, record_id: UUID) -> str:
    with archive.database.reader() as session:
        return session.get_one(Record, record_id).state


def kill_the_reader(worker: int) -> bool:
    """Kill the sandboxed process in which a page is being recognised, not its program."""
    for one in recognising(worker):
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = one.parent()
            if parent is not None:
                parent.kill()
                return True
    return False


@contextlib.contextmanager
def opened(console: Console, url: str = "") -> Iterator[Archive]:
    """The archive beside a worker of its own, which must verify at the end."""
    archive = open_archive(settings_in(console.home, url))
    try:
        if not ocr_available(archive.settings.text).available:
            pytest.skip("tesseract is not installed")
        yield archive
        report = verify_all(console_actor("tests"), archive)
    finally:
        archive.sandbox.close()
        archive.database.close()
    assert report.ok, report.faults


def scan() -> bytes:
    paper = Paper()
    for words in WORDS:
        paper = paper.scan(picture(f"{words}\n{words} nomor", 60))
    return paper.bytes()


def require_whole(archive: Archive, record_id: UUID) -> None:
    """Every page once, in order."""
    with archive.database.reader() as session:
        record = session.get_one(Record, record_id)
        texts = [page["text"] for page in read_pages(archive, record)]
        assert (record.state, record.page_count) == ("declared", len(WORDS))
    assert [words.split()[1] in text for words, text in zip(WORDS, texts, strict=True)] == [True] * len(WORDS)


def end(worker: "subprocess.Popen[str]") -> None:
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.slow
def test_reader_and_worker_are_killed_within_a_range(console: Console) -> None:
    """What was lost is done again: the document has every page once, in order, and the archive verifies."""
    console.config.write_text("[worker]\npoll_seconds = 0.05\n[text]\npages_at_once = 1\n")
    with opened(console) as archive:
        worker = console.start("worker")
        try:
            taken = take_in(archive, scan(), name="pindai.pdf", work=False)
            until(lambda: kill_the_reader(worker.pid))
            assert state(archive, taken.record_id) == "pending"
            until(lambda: _has_failed(archive))
            until(lambda: recognising(worker.pid))
            os.kill(worker.pid, signal.SIGKILL)
            worker.communicate(timeout=PATIENCE_SECONDS)
            worker = console.start("worker")
            until(lambda: state(archive, taken.record_id) != "pending")
            require_whole(archive, taken.record_id)
        finally:
            end(worker)


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("archive", ["postgresql"], indirect=True)
def test_connections_are_cut_within_a_range(archive: Archive) -> None:
    """While pages are recognised, and while what came of it is written: nothing is lost."""
    url = archive.settings.database.url
    console = Console(archive.settings.storage.path.parent)
    console.config.write_text(
        f"[database]\nurl = {json.dumps(url)}\n[worker]\npoll_seconds = 0.05\nlease_seconds = 5\n"
        "[text]\npages_at_once = 1\n"
    )
    with opened(console, url) as beside:
        worker = console.start("worker")
        try:
            taken = take_in(beside, scan(), name="pindai.pdf", work=False)
            cuts = Cuts(url, SEED, longest_pause=0.5)
            until(lambda: recognising(worker.pid))
            assert cuts.cut(at_work=False)
            with cuts:
                until(lambda: _answers(lambda: state(beside, taken.record_id) != "pending"))
            assert cuts.counted["in a transaction"], "none of the cuts met anything"
            require_whole(beside, taken.record_id)
        finally:
            end(worker)


def _answers(asked: Callable[[], bool]) -> bool:
    """What was asked; False when our own connection was cut too."""
    try:
        return asked()
    except StorageFault:
        return False


def _has_failed(archive: Archive) -> bool:
    with archive.database.reader() as session:
        return bool(session.scalars(select(Job.id).where(Job.kind == "pages", Job.last_error.is_not(None))).all())
