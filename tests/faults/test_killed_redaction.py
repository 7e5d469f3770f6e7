"""In the middle of a long redaction: kill -9 of the worker that recognises the covered pages."""

import io
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import psutil
import pypdf
import pytest
from archive_fixtures import settings_in, take_in
from console import Console
from processes import go_on, stood_still
from redaction_material import PUBLIC, SECRET, everything_in, plain
from sqlalchemy import select

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.reconcile.whole import verify_all
from edms.records.people import console_person
from edms.records.range_model import PageRange
from edms.records.redaction_make import find_terms, produce_redaction, redacted_copy
from edms.records.redactions import Purpose, State, open_redaction, save_areas, show_redaction
from edms.text.ocr import ocr_available

PATIENCE_SECONDS = 180.0


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def end(worker: "subprocess.Popen[str]") -> None:
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.slow
def test_a_worker_is_killed_within_a_piece(console: Console) -> None:
    """Pieces that were done stay as they are; the document has every page once, in order, and the archive verifies."""
    console.config.write_text("[worker]\npoll_seconds = 0.05\n[redaction]\npages_at_once = 1\n")
    archive = open_archive(settings_in(console.home))
    if not ocr_available(archive.settings.text).available:
        archive.sandbox.close()
        archive.database.close()
        pytest.skip("tesseract is not installed")
    limits = archive.settings.redaction.model_copy(update={"pages_at_once": 1})
    archive = replace(archive, settings=archive.settings.model_copy(update={"redaction": limits}))

    def done() -> dict[int, object]:
        with archive.database.reader() as session:
            return {one.first: one.pdf_id for one in session.scalars(select(PageRange)) if one.pdf_id}

    worker = None
    try:
        record = take_in(archive, plain(3)).record_id
        clerk = console_person(archive, "clerk-dinkes", "tests")
        redaction = open_redaction(clerk, archive, record, Purpose.GRANT, "UU 14/2008", "permohonan 12/2026")
        save_areas(clerk, archive, redaction, 1, find_terms(clerk, archive, redaction, [SECRET]).areas, [SECRET])
        assert produce_redaction(clerk, archive, redaction) is None
        worker = console.start("worker")
        held: list[psutil.Process] = []

        def within_a_piece() -> bool:
            """When a page is done, hold the next one: it is not done before the worker is killed."""
            if done():
                held.extend(stood_still(worker.pid))
            return bool(held)

        until(within_a_piece)
        os.kill(worker.pid, signal.SIGKILL)
        go_on(*held)
        worker.communicate(timeout=PATIENCE_SECONDS)
        before = done()
        assert 1 <= len(before) < 3
        assert show_redaction(clerk, archive, redaction).state is State.MAKING
        worker = console.start("worker")
        until(lambda: len(done()) > len(before) or show_redaction(clerk, archive, redaction).state is State.MADE)
        assert before.items() <= done().items() or not done()
        until(lambda: show_redaction(clerk, archive, redaction).state is State.MADE)
        with redacted_copy(clerk, archive, redaction).stream as stream:
            content = stream.read()
        texts = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
        assert [f"halaman {page}" in text and PUBLIC in text for page, text in enumerate(texts, 1)] == [True] * 3
        assert all(word not in everything_in(content) for word in SECRET.split())
        assert done() == {}
        report = verify_all(console_actor("tests"), archive)
        assert report.ok, report.faults
    finally:
        if worker is not None:
            end(worker)
        archive.sandbox.close()
        archive.database.close()
