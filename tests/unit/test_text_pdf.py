"""Text of PDF: which pages have their own, which need to be recognised, and what is refused."""

import io

import pikepdf
import pytest
from archive_fixtures import pdf
from text_material import Paper, many_pages, picture, without_map

from edms.records.archive import Archive
from edms.text.types import PageText, Reading

LETTER = "Yang bertanda tangan di bawah ini menerangkan bahwa barang tersebut telah diterima dengan baik. " * 5
SCAN = picture("Berita acara serah terima")


def read(archive: Archive, content: bytes) -> Reading:
    return archive.reader.read(io.BytesIO(content), "surat.pdf")


def pages(archive: Archive, content: bytes) -> tuple[PageText, ...]:
    reading = read(archive, content)
    assert reading.problem is None, reading.problem
    return reading.pages


def test_born_digital_pages_have_their_text_and_need_nothing(shared_parsers: Archive) -> None:
    found = pages(shared_parsers, pdf("Halaman pertama", "Halaman kedua"))
    assert [(page.number, page.text, page.source, page.needs_ocr) for page in found] == [
        (1, "Halaman pertama", "text", False),
        (2, "Halaman kedua", "text", False),
    ]


def test_only_the_scanned_pages_of_a_mixed_file_need_ocr(shared_parsers: Archive) -> None:
    content = Paper().text(LETTER).scan(SCAN).text("Lampiran").scan(SCAN).bytes()
    assert [page.needs_ocr for page in pages(shared_parsers, content)] == [False, True, False, True]


def test_a_page_stored_in_strips_is_a_scan(shared_parsers: Archive) -> None:
    """Many scanners store a page as dozens of narrow pictures, none of which covers much."""
    assert [page.needs_ocr for page in pages(shared_parsers, Paper().scan(SCAN, strips=12).bytes())] == [True]


def test_a_line_printed_onto_a_scan_does_not_make_it_born_digital(shared_parsers: Archive) -> None:
    """Scanning apps and electronic signatures print a line of text onto every page."""
    stamp = "Dokumen ini telah ditandatangani secara elektronik menggunakan sertifikat elektronik"
    (page,) = pages(shared_parsers, Paper().scan(SCAN, stamp=stamp).bytes())
    assert page.needs_ocr
    assert stamp in page.text


def test_a_letter_over_a_letterhead_picture_needs_no_ocr(shared_parsers: Archive) -> None:
    paper = Paper().scan(picture(""))
    paper._document.set_xy(10, 40)
    paper._document.multi_cell(0, 8, LETTER)
    assert [page.needs_ocr for page in pages(shared_parsers, paper.bytes())] == [False]


def test_blank_pages_need_no_ocr(shared_parsers: Archive) -> None:
    assert [page.needs_ocr for page in pages(shared_parsers, pdf("", LETTER))] == [False, False]


def test_text_that_spells_nothing_needs_ocr(shared_parsers: Archive) -> None:
    """Fonts without a map to characters: what can be copied out is not what can be read."""
    (page,) = pages(shared_parsers, without_map(pdf(LETTER)))
    assert page.needs_ocr


@pytest.mark.parametrize("revision", [3, 4, 6])
def test_a_password_is_told_as_such(shared_parsers: Archive, revision: int) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("Rahasia"))) as document:
        document.save(
            out, encryption=pikepdf.Encryption("tuan", "rahasia", R=revision, aes=revision > 3, metadata=revision > 3)
        )
    problem = read(shared_parsers, out.getvalue()).problem
    assert problem is not None
    assert problem.code == "encrypted"
    assert "bring it without" in problem.message


def test_a_pdf_that_only_forbids_things_is_read(shared_parsers: Archive) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("Untuk umum"))) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="tuan", user="", R=6))
    assert pages(shared_parsers, out.getvalue())[0].text == "Untuk umum"


def test_a_pdf_of_a_hundred_thousand_pages_is_refused_with_the_number_and_the_limit(shared_parsers: Archive) -> None:
    problem = read(shared_parsers, many_pages(100_000)).problem
    assert problem is not None
    assert problem.code == "too_many_pages"
    assert "100000" in problem.message
    assert str(shared_parsers.settings.text.max_pages) in problem.message


def test_what_is_active_or_hidden_in_it_is_flagged(shared_parsers: Archive) -> None:
    with pikepdf.open(io.BytesIO(pdf(LETTER))) as document:
        script = document.make_indirect({"/S": pikepdf.Name.JavaScript, "/JS": "app.alert(1)"})
        document.Root.OpenAction = script
        document.attachments["daftar.txt"] = b"isi"
        out = io.BytesIO()
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in out.getvalue(), "packed away from a search of the bytes"
    assert {"javascript", "open_action", "embedded_files"} <= read(shared_parsers, out.getvalue()).flags


def test_cut_and_broken_files_are_damaged(shared_parsers: Archive) -> None:
    content = pdf(LETTER)
    for broken in (content[:300], b"%PDF-1.7\n" + bytes(500), content.replace(b"/Pages", b"/Fages")):
        problem = read(shared_parsers, broken).problem
        assert problem is not None
        assert problem.code == "damaged"
