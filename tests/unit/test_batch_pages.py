"""What is seen on the pages of a batch: on pages as scanners make them, and on real scans of blank sheets."""

import io
from pathlib import Path

import pikepdf
import pytest
from batch_material import Made, fax_tiff, picture, scan_pdf, scan_tiff
from PIL import Image

from edms.batches.sheet import Sheet
from edms.records.archive import Archive
from edms.text.batch_pages import blankness

SHEET = Sheet("dinkes", "400.7", "", "restricted", "Laporan imunisasi")


@pytest.mark.parametrize("number", range(4))
def test_a_blank_back_with_noise_holes_and_what_shines_through_is_blank(number: int) -> None:
    assert blankness(picture(Made("blank", number))) == (True, True)


@pytest.mark.parametrize("number", range(4))
def test_a_letter_is_not_blank(number: int) -> None:
    assert blankness(picture(Made("text", number))) == (False, True)


def test_a_page_with_one_short_line_or_a_signature_is_not_blank() -> None:
    page = picture(Made("blank", 9))
    page.paste(picture(Made("text", 9)).crop((150, 240, 500, 275)), (400, 800))
    assert blankness(page)[0] is False


def test_a_page_of_ink_alone_is_told_in_bounds() -> None:
    for size in ((1, 1), (5, 4000), (1240, 1754)):
        assert blankness(Image.new("L", size, 0)) == (True, True)


@pytest.mark.parametrize("form", ["application/pdf", "image/tiff"])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_sheet_is_read_however_it_lies(shared_parsers: Archive, form: str, turned: int) -> None:
    made = [Made("separator", 1, turned, SHEET), Made("blank", 2)]
    content = scan_pdf(made) if form == "application/pdf" else scan_tiff(made)
    sheet, blank = shared_parsers.reader.look_at_batch(io.BytesIO(content), form, 1, 9, upright=False)
    assert (set(sheet["codes"]), sheet["turn"], sheet["blank"]) == ({SHEET.encode()}, -turned % 360, False)
    assert (blank["codes"], blank["blank"]) == ([], True)


@pytest.mark.parametrize("skew", [-4.0, 3.0])
def test_a_sheet_of_a_fax_is_read_askew_and_upside_down(shared_parsers: Archive, skew: float) -> None:
    content = fax_tiff([Made("separator", 1, 180, SHEET, skew), Made("text", 2, 0, skew=skew)])
    sheet, letter = shared_parsers.reader.look_at_batch(io.BytesIO(content), "image/tiff", 1, 9, upright=False)
    assert (set(sheet["codes"]), sheet["turn"]) == ({SHEET.encode()}, 180)
    assert (letter["codes"], letter["blank"]) == ([], False)


@pytest.mark.parametrize("form", ["application/pdf", "image/tiff"])
def test_a_part_has_its_pages_in_order_and_untouched(shared_parsers: Archive, form: str) -> None:
    made = [Made("text", number) for number in range(1, 5)]
    content = scan_pdf(made) if form == "application/pdf" else scan_tiff(made)
    pages = [[4, 0], [2, 180], [3, 90]]
    part = shared_parsers.reader.part_of_batch(io.BytesIO(content), form, pages)
    assert part == shared_parsers.reader.part_of_batch(io.BytesIO(content), form, pages)
    with pikepdf.open(io.BytesIO(part)) as cut:
        assert [int(page.get("/Rotate", 0)) for page in cut.pages] == [0, 180, 90]
        pictures = [next(iter(page.get_images().values())) for page in cut.pages]
        if form == "application/pdf":
            with pikepdf.open(io.BytesIO(content)) as whole:
                scanned = [next(iter(whole.pages[at].get_images().values())).read_raw_bytes() for at in (3, 1, 2)]
            assert [one.read_raw_bytes() for one in pictures] == scanned
        else:
            with Image.open(io.BytesIO(content)) as whole:
                for one, at in zip(pictures, (3, 1, 2), strict=True):
                    whole.seek(at)
                    assert pikepdf.PdfImage(one).as_pil_image().convert("1").tobytes() == whole.tobytes()


@pytest.mark.corpus
@pytest.mark.parametrize("form", ["pdf", "tif"])
def test_blank_pages_of_a_degraded_scan_are_told(corpus: Path, shared_parsers: Archive, form: str) -> None:
    path = corpus / "scanned" / "id-regulations" / f"multi-blank-upside-01.{form}"
    truth = path.with_suffix(".gt.txt").read_text().split("\f")
    kind = "application/pdf" if form == "pdf" else "image/tiff"
    with path.open("rb") as stream:
        pages = shared_parsers.reader.look_at_batch(stream, kind, 1, 99, upright=False)
    blank = [number for number, text in enumerate(truth[: len(pages)], 1) if not text.strip()]
    assert blank
    assert [page["number"] for page in pages if page["blank"]] == blank
