"""Words of a question on the pages of one record: which pages, where on the picture, and behind which door."""

import io
from pathlib import Path
from uuid import UUID

import pypdfium2
import pytest
from archive_fixtures import MOMENT, pdf, take_in
from fpdf import FPDF
from judges import asked

from edms.access.levels import Level
from edms.core.errors import LimitExceeded, NotFound
from edms.records import page_hits as module
from edms.records.archive import Archive
from edms.records.contents import best_for_pictures, open_watched
from edms.records.facts import find
from edms.records.page_hits import Mark, PageHits, page_hits
from edms.records.people import console_person

PAGES = (
    "Rapat pembukaan tentang banjir",
    "Anggaran pembangunan jalan kota. " * 3,
    "Penutup tanpa kata itu",
    "Membangun jembatan; anggaran jembatan menyusul.",
)


def looked(archive: Archive, record: UUID, page: int, text: str, by: str = "clerk-dinkes") -> PageHits:
    return page_hits(console_person(archive, by, "tests"), archive, record, page, text)


def the_copy(archive: Archive, record: UUID) -> pypdfium2.PdfDocument:
    """The copy from which pictures of the pages are drawn."""
    with archive.database.reader() as session:
        row = find(session, record)
        assert row is not None
        part = best_for_pictures(row)
        assert part is not None
        sealed = part.blob.sealed()
    with open_watched(archive, sealed) as stream:
        return pypdfium2.PdfDocument(stream.read())


def under(archive: Archive, record: UUID, page: int, mark: Mark) -> str:
    """What the copy itself says stands under a mark."""
    sheet = the_copy(archive, record)[page - 1]
    width, height = sheet.get_size()
    left, right = mark.left / 10_000 * width, (mark.left + mark.width) / 10_000 * width
    top, bottom = height - mark.top / 10_000 * height, height - (mark.top + mark.height) / 10_000 * height
    return str(sheet.get_textpage().get_text_bounded(left, bottom, right, top)).strip()


def recognised_under(archive: Archive, record: UUID, page: int, mark: Mark) -> str:
    """What Tesseract reads in the picture of the page where a mark lies: it knows nothing of the text layer."""
    picture = the_copy(archive, record)[page - 1].render(scale=200 / 72).to_pil()
    edge = 30  # a sixth of an inch, in which characters of a neighbour may stand
    left, top = mark.left * picture.width // 10_000 - edge, mark.top * picture.height // 10_000 - edge // 5
    right = (mark.left + mark.width) * picture.width // 10_000 + edge
    bottom = (mark.top + mark.height) * picture.height // 10_000 + edge // 5
    file = io.BytesIO()
    picture.crop((left, top, right, bottom)).resize((2 * (right - left), 2 * (bottom - top))).save(file, "PNG")
    words = ("stdin", "stdout", "--psm", "7", "-l", "ind")
    return asked("tesseract", *words, content=file.getvalue()).stdout.decode()


def test_words_are_marked_where_they_stand(embedded: Archive) -> None:
    record = take_in(embedded, pdf(*PAGES)).record_id
    found = looked(embedded, record, 2, "anggaran membangun")
    assert (found.page, found.count, found.found) == (2, 4, (2, 4))
    assert found.words == {"anggaran": 3, "pembangunan": 3}
    assert (found.beside(1), found.beside(-1)) == (4, 0)
    assert len(found.marks) == 6
    for mark in found.marks:
        assert under(embedded, record, 2, mark) == mark.word
    assert found.passages[0].text.startswith("Anggaran")
    assert looked(embedded, record, 1, "anggaran").marks == ()
    assert looked(embedded, record, 4, "anggarn~").words == {"anggaran": 1}
    assert looked(embedded, record, 4, "jemb* -rapat").words == {"jembatan": 2}
    assert looked(embedded, record, 4, '"tidak ada').found == ()


def test_a_turned_page_and_a_word_that_is_broken(embedded: Archive) -> None:
    document = FPDF()
    document.set_creation_date(MOMENT)
    document.set_font("helvetica", size=12)
    document.add_page(orientation="landscape")
    with document.rotation(90, 80, 80):
        document.text(60, 80, "anggaran")
    document.text(20, 150, "angga-")
    document.text(20, 156, "ran kota")
    record = take_in(embedded, bytes(document.output())).record_id
    found = looked(embedded, record, 1, "anggaran kota")
    turned = max(found.marks, key=lambda one: one.height / one.width)
    assert turned.height > 3 * turned.width
    assert under(embedded, record, 1, turned) == "anggaran"


@pytest.mark.corpus
@pytest.mark.slow
def test_on_a_scan_that_was_turned_the_marks_lie_over_the_words_of_the_picture(embedded: Archive, corpus: Path) -> None:
    scan = (corpus / "scanned/id-regulations/rot90-02.pdf").read_bytes()
    record = take_in(embedded, scan, name="peraturan.pdf").record_id
    found = looked(embedded, record, 1, '"kekayaan intelektual" inovasi')
    assert len(found.marks) >= 6
    right = [
        mark for mark in found.marks if mark.word.casefold() in recognised_under(embedded, record, 1, mark).casefold()
    ]
    assert len(right) >= 0.8 * len(found.marks), "one word in five may be misread twice in two ways"


def test_what_is_not_open_is_quoted_nowhere(embedded: Archive) -> None:
    record = take_in(embedded, pdf(*PAGES), level=Level.RESTRICTED).record_id
    found = looked(embedded, record, 2, "anggaran", by="head-dinkes")
    assert (len(found.marks), found.passages) == (3, ())
    with pytest.raises(NotFound):
        looked(embedded, record, 2, "anggaran", by="official-bappeda")


def test_limits(embedded: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    record = take_in(embedded, pdf(*PAGES)).record_id
    for page in (0, 5, 10**9):
        with pytest.raises(NotFound):
            looked(embedded, record, page, "anggaran")
    with pytest.raises(LimitExceeded):
        looked(embedded, record, 1, "a" * 501)
    monkeypatch.setattr(module, "MOST_MARKS", 2)
    assert len(looked(embedded, record, 2, "anggaran").marks) == 2


def test_a_text_without_pictures(embedded: Archive) -> None:
    record = take_in(embedded, b"Anggaran kota\n", name="catatan.txt").record_id
    found = looked(embedded, record, 1, "anggaran")
    assert (found.pictured, found.words, found.marks) == (False, {"anggaran": 1}, ())
