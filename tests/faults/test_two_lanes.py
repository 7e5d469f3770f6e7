"""Two lanes with real processes: what is quick is searchable while a scan is being recognised."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from archive_fixtures import pdf, settings_in, take_in
from console import Console
from processes import recognising
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
        for one in recognising(process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.resume()
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)
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


def _stands_still(process: psutil.Process) -> bool:
    """Whether a process that was told to stop did; raises `psutil.NoSuchProcess` where it ended instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := process.status()) != psutil.STATUS_STOPPED:
        if status == psutil.STATUS_ZOMBIE:
            return False
        assert time.monotonic() < deadline, f"{process} neither stops nor ends"
        time.sleep(0.01)
    return True


def test_what_is_quick_is_searchable_while_a_scan_is_recognised(
    served: tuple[Archive, psutil.Process], tmp_path: Path
) -> None:
    """Recognition is stopped in the middle of a page, as if it took for ever: the letters do not care."""
    archive, process = served
    scan = take_in(archive, Paper().scan(picture(WORDS)).bytes(), name="pindai.pdf", work=False)
    stopped: list[psutil.Process] = []

    def stop() -> bool:
        """Stop what recognises once it has stepped back: what is quick comes before it.

        One that was ending when it was told to stop does not stand still, and the next is taken.
        """
        for one in recognising(process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                if one.nice() == NICENESS:
                    one.suspend()
                    if _stands_still(one):
                        stopped.append(one)
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
    for one in stopped:
        one.resume()
    _until(lambda: _state(archive, scan.record_id) == "done", process)
    _until(lambda: search(clerk, archive, Question("puskesmas")).answer.total == 1, process)
