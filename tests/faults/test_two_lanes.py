"""Two lanes with real processes: what is quick is searchable while a scan is being recognised."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from archive_fixtures import pdf, settings_in, take_in
from console import Console
from processes import go_on, recognising, stood_still
from sqlalchemy import select
from text_material import Paper, picture

from edms.bootstrap import open_archive
from edms.jobs.model import Job
from edms.records.archive import Archive
from edms.records.people import console_person
from edms.records.searching import Question, search
from edms.text.ocr import ocr_available

PATIENCE_SECONDS = 120.0
NICENESS = 10
WORDS = "Berita acara serah terima\nperalatan laboratorium\nkepada puskesmas pembantu"


@pytest.fixture
def served(console: Console) -> Iterator[tuple[Archive, psutil.Process]]:
    """A fresh archive with one worker process on it, and that process; both are ended."""
    archive = open_archive(settings_in(console.home))
    if not ocr_available(archive.settings.text).available:
        pytest.skip("tesseract is not installed")
    console.config.write_text("[worker]\npoll_seconds = 0.05\n")
    worker = console.start("worker")
    process = psutil.Process(worker.pid)
    try:
        yield archive, process
    finally:
        go_on(*recognising(process.pid))
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_SECONDS)
        archive.sandbox.close()
        archive.database.close()


def _until(what: Callable[[], object], process: psutil.Process) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert process.is_running(), "the worker has ended"
        assert process.status() != psutil.STATUS_ZOMBIE, "the worker has ended"
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def _state(archive: Archive, record_id: UUID) -> str:
    with archive.database.reader() as session:
        return session.scalars(select(Job.state).where(Job.subject_id == record_id)).one()


def test_what_is_quick_is_searchable_while_a_scan_is_recognised(
    served: tuple[Archive, psutil.Process], tmp_path: Path
) -> None:
    """Recognition is stopped in the middle of a page, as if it took for ever: the letters do not care."""
    archive, process = served
    scan = take_in(archive, Paper().scan(picture(WORDS)).bytes(), name="pindai.pdf", work=False)
    stopped: list[psutil.Process] = []

    def stop() -> bool:
        """Stop what recognises once it has stepped back: what is quick comes before it."""
        stopped.extend(stood_still(process.pid, NICENESS))
        return bool(stopped)

    _until(stop, process)
    letters = [
        take_in(archive, pdf(f"Undangan rapat kerja nomor {number} tandanya tanda{number}"), work=False)
        for number in range(3)
    ]
    clerk = console_person(archive, "clerk-dinkes", "tests")

    def found() -> bool:
        return all(search(clerk, archive, Question(f"tanda{number}")).answer.total == 1 for number in range(3))

    _until(found, process)
    assert {_state(archive, one.record_id) for one in letters} == {"done"}
    assert _state(archive, scan.record_id) == "ready", "the scan is still at it"
    go_on(*stopped)
    _until(lambda: _state(archive, scan.record_id) == "done", process)
    _until(lambda: search(clerk, archive, Question("puskesmas")).answer.total == 1, process)
