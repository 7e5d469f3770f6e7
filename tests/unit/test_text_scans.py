"""What scans say of themselves, by real files; and the mark below a page, where it must be whichever way up it lies."""

import io
import tempfile
from typing import Any

import img2pdf
import pikepdf
import pypdfium2 as pdfium
import pytest
import segno
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageStat

from edms.text.marked import mark
from edms.text.scans import measure
from edms.text.types import Unreadable

A4 = (2480, 3508)


@pytest.fixture(autouse=True)
def _limit_of_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process of the sandbox sets for itself is undone here."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


def picture(size: tuple[int, int] = A4, form: str = "JPEG", dpi: float = 300, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size, "white" if mode != "1" else 1)
    ImageDraw.Draw(image).rectangle((40, 60, size[0] // 3, size[1] // 5), fill=0)
    image.save(out, form, **({"dpi": (dpi, dpi)} if dpi else {}))
    return out.getvalue()


def on_paper(content: bytes, width_mm: float, height_mm: float) -> bytes:
    """A PDF that draws the picture over a page of this size, whatever the picture says."""
    size = img2pdf.mm_to_pt(width_mm), img2pdf.mm_to_pt(height_mm)
    made: bytes = img2pdf.convert([content], layout_fun=lambda *_given: (*size, *size))
    return made


def measured(content: bytes, media_type: str = "application/pdf", most: int = 200_000_000) -> list[dict[str, Any]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        told, _ = measure([file.fileno()], media_type, 50, most)
    pages: list[dict[str, Any]] = told["pages"]
    return pages


@pytest.mark.parametrize(("form", "mode", "bits"), [
    ("JPEG", "RGB", 24), ("PNG", "RGB", 24), ("TIFF", "RGB", 24), ("JPEG", "L", 8), ("TIFF", "1", 1)
])  # fmt: skip
def test_pictures_and_the_same_in_a_pdf(form: str, mode: str, bits: int) -> None:
    content = picture(form=form, mode=mode)
    [alone] = measured(content, f"image/{form.lower()}")
    [within] = measured(img2pdf.convert([content]))
    for page in (alone, within):
        assert (page["width"], page["height"], round(page["dpi_x"]), round(page["dpi_y"])) == (*A4, 300, 300)
        assert (page["bits"], page["covers"]) == (bits, 1.0)
    assert (alone["format"], within["format"]) == (form, "PDF")


def test_a_picture_that_says_nothing_of_its_resolution() -> None:
    [page] = measured(picture(form="PNG", dpi=0), "image/png")
    assert (page["dpi_x"], page["dpi_y"]) == (0, 0)


def test_every_frame_of_a_tiff_is_measured() -> None:
    out, second = io.BytesIO(), Image.new("L", (100, 200))
    Image.new("RGB", A4).save(out, "TIFF", dpi=(300, 300), save_all=True, append_images=[second])
    assert [(one["number"], one["bits"]) for one in measured(out.getvalue(), "image/tiff")] == [(1, 24), (2, 8)]


def test_a_pdf_is_measured_by_its_pixels_not_by_its_page() -> None:
    """Pixels of 100 dpi that call themselves 300 and are drawn over a whole A4 page."""
    [page] = measured(on_paper(picture((827, 1169)), 210, 297))
    assert round(page["dpi_x"]) == round(page["dpi_y"]) == 100


def test_a_unit_of_the_page_stretches_it() -> None:
    with pikepdf.open(io.BytesIO(img2pdf.convert([picture()]))) as document:
        document.pages[0].obj["/UserUnit"] = 3
        out = io.BytesIO()
        document.save(out)
    assert round(measured(out.getvalue())[0]["dpi_x"]) == 100


def test_a_thumbnail_and_copies_of_it_in_one_place_cover_what_they_cover() -> None:
    with pikepdf.open(io.BytesIO(img2pdf.convert([picture()]))) as document:
        page = document.pages[0]
        [name] = page.get_images()
        draw = f"q 297 0 0 421 0 0 cm {name} Do Q ".encode()
        page.obj["/Contents"] = document.make_stream(draw * 4)
        out = io.BytesIO()
        document.save(out)
    [found] = measured(out.getvalue())
    assert 0.2 < found["covers"] < 0.3
    assert round(found["dpi_x"]) == 601


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_page_is_measured_as_it_is_seen(turn: int) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(on_paper(picture((2000, 3508)), 210, 297))) as document:
        document.pages[0].obj["/Rotate"] = turn
        document.save(out)
    [page] = measured(out.getvalue())
    across = (round(page["dpi_x"]), round(page["dpi_y"]))
    assert across == ((242, 300) if turn % 180 == 0 else (300, 242))


def test_what_is_no_scan() -> None:
    empty = pikepdf.new()
    empty.add_blank_page()
    out = io.BytesIO()
    empty.save(out)
    assert measured(out.getvalue())[0]["covers"] == 0
    for content, kind in ((b"%PDF-1.7 nothing", "application/pdf"), (b"nothing", "image/png")):
        with pytest.raises(Unreadable):
            measured(content, kind)
    with pytest.raises(Unreadable):
        measured(picture(), "image/jpeg", most=1000)


LINK = "https://arsip.contoh.go.id/v/a/abcdefghijklmnop"
WIDTH, HEIGHT, GAP = 420, 72, 6


def with_mark(content: bytes, media_type: str = "application/pdf") -> tuple[list[Any], bytes]:
    png = io.BytesIO()
    strip = Image.new("RGB", (WIDTH * 4, HEIGHT * 4), "white")
    code = io.BytesIO()
    segno.make(LINK, error="m").save(code, kind="png", scale=6, border=2)
    strip.paste(Image.open(code).convert("RGB"), (0, 0))
    strip.save(png, "PNG")
    with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
        for file, what in ((first, content), (second, png.getvalue())):
            file.write(what)
            file.seek(0)
        told, [made] = mark([first.fileno(), second.fileno()], media_type, WIDTH, HEIGHT, GAP)
    return told["places"], made


def drawn(content: bytes, scale: float = 2) -> list[Image.Image]:
    document = pdfium.PdfDocument(content)
    return [page.render(scale=scale).to_pil().convert("RGB") for page in document]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("cropped", [False, True], ids=["whole", "cropped"])
@pytest.mark.parametrize("size", [(210, 297), (60, 90), (420, 297)], ids=["a4", "small", "large"])
def test_the_mark_stands_below_the_page_and_covers_nothing(turn: int, size: tuple[int, int], *, cropped: bool) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(on_paper(picture((600, 900)), *size))) as document:
        page = document.pages[0]
        page.obj["/Rotate"] = turn
        if cropped:
            box = [float(side) for side in page.mediabox]
            page.obj["/CropBox"] = pikepdf.Array([box[0] + 9, box[1] + 12, box[2] - 20, box[3] - 15])
        document.save(out)
    places, made = with_mark(out.getvalue())
    [before], [after] = drawn(out.getvalue()), drawn(made)
    assert after.height - before.height == pytest.approx((HEIGHT + 2 * GAP) * 2, abs=2)
    kept = after.crop((0, 0, before.width, before.height))
    assert max(ImageStat.Stat(ImageChops.difference(kept, before)).mean) < 2  # half a pixel at an edge
    left, bottom, right, top = (side * 2 for side in places[0])
    [code] = zxingcpp.read_barcodes(
        after.crop((int(left), int(after.height - top), int(right), int(after.height - bottom)))
    )
    assert code.text == LINK
    assert code.orientation == 0


def test_a_damaged_copy_gets_no_mark() -> None:
    with pytest.raises(Unreadable):
        with_mark(b"%PDF-1.7 nothing")


def test_a_picture_becomes_a_page_of_its_own_size() -> None:
    places, made = with_mark(picture(form="TIFF"), "image/tiff")
    [page] = drawn(made, 1)
    assert (page.width, page.height) == (596, 842 + HEIGHT + 2 * GAP)
    assert len(places) == 1
