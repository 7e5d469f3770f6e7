"""kill -9 in the middle of a range of pages: of the process that recognises, then of the worker that waits for it."""

import os
import signal
import time
from collections.abc import Callable
from uuid import UUID

import psutil
import pytest
from archive_fixtures import settings_in, take_in
from console import Console
from sqlalchemy import select
from text_material import Paper, picture

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.jobs.model import Job
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.model import Record
from edms.text.ocr import ocr_available

PATIENCE_SECONDS = 180.0
WORDS = ("Pengadaan meja", "Rapat anggaran", "Saluran air")


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def recognising(worker: int) -> list[psutil.Process]:
    """The programs that recognise a page for this worker."""
    found = []
    for one in psutil.Process(worker).children(recursive=True):
        try:
            if one.name() == "tesseract" and "--list-langs" not in one.cmdline():
                found.append(one)
        except psutil.NoSuchProcess:
            continue
    return found


def state(archive: Archive, record_id: UUID) -> str:
    with archive.database.reader() as session:
        return session.get_one(Record, record_id).state


def kill_the_reader(worker: int) -> bool:
    """Kill the sandboxed process in which a page is being recognised, not its program."""
    for one in recognising(worker):
        parent = one.parent()
        if parent is not None:
            parent.kill()
            return True
    return False


@pytest.mark.slow
def test_reader_and_worker_are_killed_within_a_range(console: Console) -> None:
    """What was lost is done again: the document has every page once, in order, and the archive verifies."""
    archive = open_archive(settings_in(console.home))
    if not ocr_available(archive.settings.text).available:
        pytest.skip("tesseract is not installed")
    console.config.write_text("[worker]\npoll_seconds = 0.05\n[text]\npages_at_once = 1\n")
    paper = Paper()
    for words in WORDS:
        paper = paper.scan(picture(f"{words}\n{words} nomor", 60))
    worker = console.start("worker")
    try:
        scan = take_in(archive, paper.bytes(), name="pindai.pdf", work=False)
        until(lambda: kill_the_reader(worker.pid))
        with archive.database.reader() as session:
            assert session.get_one(Record, scan.record_id).state == "pending"
        until(lambda: _has_failed(archive))
        until(lambda: recognising(worker.pid))
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate(timeout=60)
        worker = console.start("worker")
        until(lambda: state(archive, scan.record_id) != "pending")
        with archive.database.reader() as session:
            record = session.get_one(Record, scan.record_id)
            texts = [page["text"] for page in read_pages(archive, record)]
            assert (record.state, record.page_count) == ("declared", len(WORDS))
        assert [words.split()[1] in text for words, text in zip(WORDS, texts, strict=True)] == [True] * len(WORDS)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
        report = verify_all(console_actor("tests"), archive)
        archive.sandbox.close()
        archive.database.close()
    assert report.ok, report.faults


def _has_failed(archive: Archive) -> bool:
    with archive.database.reader() as session:
        return bool(session.scalars(select(Job.id).where(Job.kind == "pages", Job.last_error.is_not(None))).all())
