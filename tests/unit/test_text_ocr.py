"""Recognition of scans by the real engine: the text, the page it stands on, and the searchable PDF/A made of them."""

import io
import os
from pathlib import Path

import numpy as np
import pikepdf
import pypdf
import pypdfium2
import pytest
from archive_fixtures import pdf
from PIL import Image
from text_material import A4, Paper, encoded, picture, tiff, without_map

from edms.core.settings import TextSettings
from edms.records.archive import Archive
from edms.text.ocr import MEMORY_FOLDER, NotRecognisable, OcrMyPdfEngine, OcrOutcome, OcrUnavailable
from edms.text.ocr_pages import LONELY_SHARE, filter_ocr_image, lonely_share
from edms.text.recognise import _by_page

WORDS = "Berita acara serah terima\nperalatan laboratorium\nkepada puskesmas pembantu"
OTHER = "Daftar hadir rapat\nkoordinasi penanganan banjir\ndi pendopo kabupaten"
LETTER = "Yang bertanda tangan di bawah ini menerangkan bahwa barang tersebut telah diterima. " * 6

pytestmark = pytest.mark.slow


def recognised(archive: Archive, content: bytes, media_type: str = "application/pdf") -> OcrOutcome:
    outcome = archive.ocr.searchable_pdf(io.BytesIO(content), media_type)
    assert len(outcome.pages) == len(pypdfium2.PdfDocument(outcome.pdf))
    return outcome


def in_pdf(outcome: OcrOutcome, number: int) -> str:
    """What two independent programs both find on the page (first is 1): words in order, by pypdfium2."""
    by_pdfium = pypdfium2.PdfDocument(outcome.pdf)[number - 1].get_textpage().get_text_range().split()
    by_pypdf = pypdf.PdfReader(io.BytesIO(outcome.pdf)).pages[number - 1].extract_text().split()
    assert set(by_pdfium) == set(by_pypdf)
    return " ".join(by_pdfium)


def test_a_mixed_file_keeps_its_text_and_gains_that_of_its_scans(shared_parsers: Archive) -> None:
    """Born-digital pages around a scan: none is lost, none is shifted, none is recognised that has its text."""
    content = Paper().text(LETTER).text("Halaman dua").scan(picture(WORDS)).text("Penutup").bytes()
    outcome = recognised(shared_parsers, content)
    assert [page.source for page in outcome.pages] == ["text", "text", "ocr", "text"]
    assert outcome.pages[0].text.startswith("Yang bertanda tangan")
    assert outcome.pages[1].text == "Halaman dua"
    assert "serah terima" in outcome.pages[2].text
    assert outcome.pages[3].text == "Penutup"
    assert not outcome.archival, "its font is not embedded, and nothing is claimed that does not hold"
    assert "puskesmas pembantu" in in_pdf(outcome, 3)
    assert in_pdf(outcome, 4) == "Penutup"


def test_a_multipage_tiff_with_a_blank_and_an_upside_down_page(shared_parsers: Archive) -> None:
    content = tiff(picture(WORDS), Image.new("L", A4, 255), picture(OTHER * 4, 30).rotate(180))
    outcome = recognised(shared_parsers, content, "image/tiff")
    assert [page.source for page in outcome.pages] == ["ocr", "none", "ocr"]
    assert "peralatan laboratorium" in in_pdf(outcome, 1)
    assert "penanganan banjir" in outcome.pages[2].text
    assert "penanganan banjir" in in_pdf(outcome, 3)
    shown = pypdfium2.PdfDocument(outcome.pdf)[2].render(scale=0.5).to_pil().convert("L")
    ink = np.asarray(shown) < 128
    assert ink[: ink.shape[0] // 2].sum() > ink[ink.shape[0] // 2 :].sum(), "people see it upright, text at the top"


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_its_scanner_has_turned_wrongly(shared_parsers: Archive, turned: int) -> None:
    """The picture is upright and the page's own rotation is not: what counts is what people would see."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(Paper().scan(picture(OTHER * 4, 30)).bytes())) as document:
        document.pages[0].Rotate = turned
        document.save(out)
    assert "penanganan banjir" in recognised(shared_parsers, out.getvalue()).pages[0].text


def test_a_stamp_of_real_text_is_kept_beside_what_is_recognised(shared_parsers: Archive) -> None:
    stamp = "Dokumen ini telah ditandatangani secara elektronik"
    outcome = recognised(shared_parsers, Paper().scan(picture(WORDS), stamp=stamp).bytes())
    assert stamp in outcome.pages[0].text
    assert "laboratorium" in outcome.pages[0].text
    assert "laboratorium" in in_pdf(outcome, 1)
    assert "ditandatangani" in in_pdf(outcome, 1)


def test_text_that_spells_nothing_is_read_from_its_picture(shared_parsers: Archive) -> None:
    outcome = recognised(shared_parsers, without_map(pdf(LETTER)))
    assert "Yang bertanda tangan" in outcome.pages[0].text
    assert "\ue000" not in outcome.pages[0].text
    assert "bertanda" in in_pdf(outcome, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_photographs_without_a_resolution_are_taken_for_a4(shared_parsers: Archive, kind: str) -> None:
    out = io.BytesIO()
    picture(WORDS).convert("RGB").save(out, kind, dpi=(72, 72))
    outcome = recognised(shared_parsers, out.getvalue(), f"image/{kind.lower()}")
    assert "serah terima" in outcome.pages[0].text
    width, height = pypdfium2.PdfDocument(outcome.pdf)[0].get_size()
    assert (round(width), round(height)) == (595, 842)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (40, 40)])
def test_the_smallest_pictures_are_no_failure(shared_parsers: Archive, size: tuple[int, int]) -> None:
    """Icons and lines of a signature block come along with mail and uploads."""
    for dpi in (72, 300):
        out = io.BytesIO()
        Image.new("L", size, 255).save(out, "PNG", dpi=(dpi, dpi))
        assert [page.source for page in recognised(shared_parsers, out.getvalue(), "image/png").pages] == ["none"]


def test_what_is_transparent_is_paper(shared_parsers: Archive) -> None:
    page = Image.new("RGBA", A4, (0, 0, 0, 0))
    page.paste((0, 0, 0, 255), mask=picture(WORDS).point(lambda value: 255 - value))
    assert "serah terima" in recognised(shared_parsers, encoded(page, "PNG"), "image/png").pages[0].text


def test_specks_do_not_hide_a_page(shared_parsers: Archive) -> None:
    """Salt and pepper on a faded page: to the eye it is nothing, the engine alone reads not one word of it."""
    faded = np.asarray(picture(OTHER * 4, 30)).astype(int) // 3 + 160
    noise = np.random.default_rng(7).random(faded.shape)
    faded[noise < 0.01] = 0
    content = encoded(Image.fromarray(faded.astype(np.uint8)), "PNG")
    assert "penanganan banjir" in recognised(shared_parsers, content, "image/png").pages[0].text


def test_clean_pages_are_left_as_they_are(tmp_path: Path) -> None:
    picture(WORDS).save(tmp_path / "clean.png")
    with Image.open(tmp_path / "clean.png") as clean:
        assert filter_ocr_image(clean) is clean
    assert lonely_share(picture(WORDS)) < LONELY_SHARE
    assert lonely_share(Image.new("1", (10, 10), 1)) == 0.0
    lonely = Image.new("L", (9, 9), 255)
    lonely.putpixel((4, 4), 0)
    assert lonely_share(lonely) == 1.0


def test_the_made_copy_is_a_pdfa_with_pages_as_large_as_the_paper(shared_parsers: Archive) -> None:
    outcome = recognised(shared_parsers, tiff(picture(WORDS)), "image/tiff")
    assert outcome.archival
    with pikepdf.open(io.BytesIO(outcome.pdf)) as document:
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
        assert document.Root.OutputIntents
        assert not document.is_encrypted
    width, height = pypdfium2.PdfDocument(outcome.pdf)[0].get_size()
    assert (round(width / 72 * 150), round(height / 72 * 150)) == A4


def test_a_page_of_too_many_pixels_is_refused_and_nothing_stays_behind(shared_parsers: Archive, corpus: Path) -> None:
    ours = f"edms-ocr-{os.getpid()}-*"  # others recognise on this machine, too
    before = set(MEMORY_FOLDER.glob(ours))
    with pytest.raises(NotRecognisable) as refused:
        recognised(shared_parsers, (corpus / "hostile/synthetic/image-bomb.pdf").read_bytes())
    assert refused.value.code == "decompression_bomb", "counted before it is drawn"
    assert set(MEMORY_FOLDER.glob(ours)) <= before


def test_without_the_program_it_says_what_to_install(shared_parsers: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OcrUnavailable, match=r"not installed.*tesseract-ocr-ind"):
        OcrMyPdfEngine(shared_parsers.sandbox, TextSettings()).searchable_pdf(io.BytesIO(b""), "image/png")


def test_a_language_that_is_missing_is_named(shared_parsers: Archive) -> None:
    engine = OcrMyPdfEngine(shared_parsers.sandbox, TextSettings(ocr_languages="ind+xyz"))
    with pytest.raises(OcrUnavailable, match="xyz"):
        engine.searchable_pdf(io.BytesIO(b""), "image/png")


@pytest.mark.parametrize(
    ("told", "count", "found"),
    [
        ("satu\fdua", 2, ["satu", "dua"]),
        ("[OCR skipped on page(s) 1-3]\fempat\f[OCR skipped on page(s) 5]", 5, [None, None, None, "empat", None]),
        ("[OCR skipped on page(s) 1-99999999]", 2, [None, None]),
        ("", 2, ["", None]),
        ("kata [OCR skipped on page(s) 1-3]", 1, ["kata [OCR skipped on page(s) 1-3]"]),
    ],
)
def test_pages_left_as_they_were_do_not_shift_the_others(told: str, count: int, found: list[str | None]) -> None:
    assert _by_page(told, count) == found
