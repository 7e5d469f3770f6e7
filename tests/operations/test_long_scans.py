"""A long scan is recognised range by range: in order, resumable, and a parser that dies costs one attempt."""

import dataclasses
import io
from contextlib import closing
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
from archive_fixtures import OWNER, pdf, settle, take_in
from pikepdf import pdfa
from sqlalchemy import func, select
from text_material import Paper, picture, tiff

from edms.access.actors import console_actor
from edms.capture import work
from edms.core.clock import FixedClock
from edms.core.sandbox import SandboxFault
from edms.jobs.model import Job, Lane
from edms.jobs.turns import Turns
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.components import open_component, read_pages
from edms.records.model import ComponentRole, Record
from edms.records.range_model import PageRange
from edms.text.ocr import ocr_available

LETTER = "Yang bertanda tangan di bawah ini menerangkan bahwa barang tersebut telah diterima. " * 6
WORDS = ["Pengadaan meja", "Rapat anggaran", "Saluran air", "Jembatan desa", "Puskesmas kota"]


@pytest.fixture
def small(archive: Archive) -> Archive:
    """An archive that recognises two pages at a time."""
    if not ocr_available(archive.settings.text).available:
        pytest.skip("tesseract is not installed")
    text = archive.settings.text.model_copy(update={"pages_at_once": 2})
    return dataclasses.replace(archive, settings=archive.settings.model_copy(update={"text": text}))


def scanned() -> bytes:
    """Scans around a typed page, with a bookmark to the last."""
    paper = Paper()
    for number, words in enumerate(WORDS):
        paper = paper.text(LETTER) if number == 1 else paper.scan(picture(f"{words}\n{words} nomor", 60))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.bytes())) as document:
        with document.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Penutup", 4))
        document.save(out)
    return out.getvalue()


def copy_of(archive: Archive, record_id: object) -> tuple[Record, bytes, list[str]]:
    with archive.database.reader() as session:
        record = session.get_one(Record, record_id)
        part = record.component(ComponentRole.ACCESS_COPY)
        assert part is not None
        with open_component(archive, part) as stream:
            return record, stream.read(), [page["text"] for page in read_pages(archive, record)]


def in_order(texts: list[str]) -> list[bool]:
    return [words.split()[1] in text for words, text in zip(WORDS, texts, strict=True)]


def left(archive: Archive) -> int:
    """How many ranges there are; what they had stored is looked for by the verification of everything."""
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(PageRange)) or 0


def test_pages_are_joined_in_order_with_what_the_document_had(small: Archive) -> None:
    accepted = take_in(small, scanned(), name="pindai.pdf")
    record, content, texts = copy_of(small, accepted.record_id)
    assert (record.state, record.page_count) == ("declared", 5)
    assert in_order(texts) == [True, False, True, True, True]
    assert texts[1].startswith("Yang bertanda tangan")
    with closing(pypdfium2.PdfDocument(content)) as document:
        shown = [page.get_textpage().get_text_range() for page in document]
    assert in_order(shown) == [True, False, True, True, True]
    with pikepdf.open(io.BytesIO(content)) as made, made.open_outline() as outline:
        (item,) = outline.root
        target = item.destination[0] if item.destination is not None else item.action.D[0]
        assert made.pages.index(pikepdf.Page(target)) == 4
    assert left(small) == 0
    report = verify_all(console_actor("tests"), small)
    assert report.ok, report.faults


def test_a_long_picture_becomes_one_pdfa(small: Archive) -> None:
    accepted = take_in(small, tiff(*[picture(words, 60) for words in WORDS]), name="pindai.tif")
    record, content, texts = copy_of(small, accepted.record_id)
    assert in_order(texts) == [True] * 5
    part = record.component(ComponentRole.ACCESS_COPY)
    assert part is not None
    assert part.facts["kind"] == "PDF/A-2b with recognised text"
    unsealed = content[: content.index(b"%%EOF") + 6]
    assert pdfa.validate_written(io.BytesIO(unsealed), "2b").passed


def test_a_worker_that_dies_loses_one_range(small: Archive) -> None:
    """Three ranges; the worker is killed in the second. The first is not done again."""
    take_in(small, scanned(), name="pindai.pdf", work=False)
    lanes = work.lanes_of(work.QUICK)
    while work.work_once(small, OWNER, lanes):
        pass
    long = work.lanes_of(work.LONG)
    assert work.work_once(small, OWNER, long)  # spread
    assert work.work_once(small, OWNER, long)  # the first range
    dead = work._claim(small, OWNER, Lane.LONG, Turns())
    assert dead is not None
    with small.database.reader() as session:
        done = {row.id: row.pdf_id for row in session.scalars(select(PageRange)) if row.pdf_id}
        assert len(done) == 1
    assert work.take_over(small, OWNER) == 1
    assert work.work_once(small, OWNER, long)
    assert work.work_once(small, OWNER, long)
    with small.database.reader() as session:
        rows = session.scalars(select(PageRange)).all()
        assert all(row.pdf_id for row in rows)
        assert {row.id: row.pdf_id for row in rows if row.id in done} == done
        attempts = dict(session.execute(select(Job.subject_id, Job.attempts).where(Job.kind == "pages")).all())
    assert sorted(attempts.values()) == [1, 1, 2]
    settle(small)
    with small.database.reader() as session:
        assert session.scalars(select(Record.state)).all() == ["declared"]


class _Killing:
    """An engine whose process is killed the first `times` times, as the kernel does it when memory runs out."""

    def __init__(self, archive: Archive, times: int) -> None:
        self._engine, self.times = archive.ocr, times

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def searchable_range(self, lender: object, media_type: str, first: int, last: int) -> object:
        if self.times:
            self.times -= 1
            raise SandboxFault("crash", "the process ended before it had answered")
        return self._engine.searchable_range(lender, media_type, first, last)


@pytest.mark.parametrize(("times", "state"), [(1, "declared"), (99, "quarantined")])
def test_a_parser_that_dies_costs_that_range_one_attempt(small: Archive, times: int, state: str) -> None:
    killed = dataclasses.replace(small, ocr=_Killing(small, times))  # type: ignore[arg-type]
    scan = take_in(killed, scanned(), name="pindai.pdf", work=False)
    letter = take_in(killed, pdf("Surat"), work=False)
    clock = killed.clock
    assert isinstance(clock, FixedClock)
    for _round in range(6):
        settle(killed)
        clock.set(clock.now() + timedelta(minutes=6))
    with killed.database.reader() as session:
        states = dict(session.execute(select(Record.id, Record.state)).all())
    assert (states[scan.record_id], states[letter.record_id]) == (state, "declared")
    assert left(killed) == 0
    report = verify_all(console_actor("tests"), killed)
    assert report.ok, report.faults
