"""The hostile corpus, file by file: the service stays up, each is captured or set aside with a specific reason, and the
page docs/hostile-files.md says so truly. A part of the corpus in every run, all of it with EDMS_WHOLE_CORPUS=1."""

import dataclasses
import multiprocessing
import os
import re
import resource
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from archive_fixtures import pdf, settle, take_in
from sqlalchemy import select

from edms.capture.accept import Accepted
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.model import Record
from tools.text_quality import HOSTILE, hostile_page, read_all, reader

WHOLE = os.environ.get("EDMS_WHOLE_CORPUS", "") not in ("", "0")
SPECIFIC = {
    "empty", "encrypted", "damaged", "decompression_bomb", "archive_depth", "xml_entities", "too_many_pages",
    "time_limit", "memory_limit", "output_limit", "flag_executable", "flag_launch", "flag_polyglot",
    "flag_remote_template",
}  # fmt: skip
MOST_MEGABYTES = 2500


def rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 5]


def read_page(corpus: Path, tops: list[str]) -> tuple[str, float]:
    """Return the page on these files as they are read now, and what the largest process for it took, in MiB."""
    read = reader()
    files = [one for top in tops for one in read_all(corpus, top, read)]
    read.close()
    return hostile_page(files, 0), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@pytest.mark.corpus
@pytest.mark.slow
def test_the_page_on_hostile_files_is_true(corpus: Path) -> None:
    """The rows of the page are those of the files as they are read now."""
    tops = ["hostile"] if WHOLE else ["hostile/synthetic", "hostile/opf-cabinet"]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:  # whose children are the readers alone
        page, megabytes = aside.submit(read_page, corpus, tops).result()
    assert 20 < megabytes < MOST_MEGABYTES
    told, known = set(rows(page)), set(rows(HOSTILE.read_text("utf-8")))
    assert len(told) > 30
    assert told - known == set()
    if WHOLE:
        assert known - told == set()


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_hostile_files_are_captured_or_set_aside_for_a_reason(embedded: Archive, corpus: Path) -> None:
    """Through the whole pipeline, recognition aside; the service goes on with an ordinary letter after them."""
    text = embedded.settings.text.model_copy(update={"ocr": "off"})
    from edms.text.ocr import OcrMyPdfEngine

    settings = embedded.settings.model_copy(update={"text": text})
    archive = dataclasses.replace(embedded, settings=settings, ocr=OcrMyPdfEngine(embedded.sandbox, text))
    top = corpus / "hostile" if WHOLE else corpus / "hostile" / "synthetic"
    given: list[Accepted] = []
    for path in sorted(top.rglob("*")):
        if path.is_file():
            try:
                given.append(take_in(archive, path.read_bytes(), name=path.name, work=False))
            except Refused:
                continue
    settle(archive)
    with archive.database.reader() as session:
        found = list(session.scalars(select(Record)))
    assert len(found) == len({one.record_id for one in given})
    odd = [
        (one.file_name, one.state, one.problem_code) for one in found if one.state not in ("declared", "quarantined")
    ]
    assert odd == []
    aside = {one.problem_code for one in found if one.state == "quarantined"}
    assert aside - SPECIFIC == set()
    assert all(re.search(r"\w{3}", one.problem_text or "") for one in found if one.state == "quarantined")
    letter = take_in(archive, pdf("Surat biasa sesudah semuanya"))
    with archive.database.reader() as session:
        assert session.get_one(Record, letter.record_id).state == "declared"
