"""The mark on copies that are handed out: it is seen on every page, whatever the page does to hide it."""

import io
import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
from archive_fixtures import pdf
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name
from PIL import Image

from edms.access.levels import Level
from edms.core.sandbox import Sandbox, SandboxFault
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.records.archive import Archive
from edms.records.copy_marks import list_mark, numbered_mark
from edms.records.copy_marks_pdf import mark_pdf
from edms.text.reader import Reader

MOMENT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECRET = numbered_mark(Level.SECRET, "official-dinkes", MOMENT, "Asia/Jakarta", 12)
BLACK_PAGE = b"0 g -1e6 -1e6 2e6 2e6 re f\n"


def stamp(reader: Reader, content: bytes) -> bytes:
    """Return a PDF with the mark of copy 12, through the sandbox."""
    reading, writing = os.pipe()
    found: list[bytes] = []
    with os.fdopen(reading, "rb") as stream:
        thread = threading.Thread(target=lambda: found.append(stream.read()))
        thread.start()
        reader.stamp_document(mark_pdf(SECRET, MOMENT), lambda: io.BytesIO(content), writing)
        thread.join()
    return found[0]


def by_pdfium(content: bytes, page: int, _folder: Path) -> Image.Image:
    document = pdfium.PdfDocument(content)
    document.init_forms()
    drawn = document[page]
    picture: Image.Image = drawn.render(scale=400 / min(drawn.get_size()), may_draw_forms=True).to_pil()
    return picture.convert("RGB")


def by_poppler(content: bytes, page: int, folder: Path) -> Image.Image:
    """Another program, from which nothing in ours can be copied."""
    given = folder / "given.pdf"
    given.write_bytes(content)
    resolution = 72 * 400 / min(pdfium.PdfDocument(content)[page].get_size())
    told = ["-f", str(page + 1), "-l", str(page + 1), "-r", f"{resolution:.3f}", "-singlefile", "-png"]
    subprocess.run(["/usr/bin/pdftoppm", *told, str(given), str(folder / "drawn")], check=True, capture_output=True)
    return Image.open(folder / "drawn.png").convert("RGB")


def red_of_the_band(picture: Image.Image) -> int:
    """Count the red pixels where the level stands: the upper left."""
    width, height = picture.size
    band = picture.crop((0, 0, width // 3, max(12, min(width, height) // 18)))
    return sum(red > 120 and green < 100 and blue < 100 for red, green, blue in band.get_flattened_data())


def built(content: bytes, page: Callable[[pikepdf.Pdf, pikepdf.Page], None] = lambda _document, _page: None) -> bytes:
    """Return a PDF of one page that is black all over, or whatever it says, changed by `page`."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(595, 842))
        one = document.pages[0]
        one.obj.Contents = document.make_stream(content)
        page(document, one)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def _boxes(**boxes: list[Any]) -> Callable[[pikepdf.Pdf, pikepdf.Page], None]:
    def change(_document: pikepdf.Pdf, page: pikepdf.Page) -> None:
        for name, box in boxes.items():
            page.obj[f"/{name}"] = Array(box)

    return change


def _turned(by: Any, *, above: bool = False) -> Callable[[pikepdf.Pdf, pikepdf.Page], None]:
    def change(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
        (document.Root.Pages if above else page.obj).Rotate = by

    return change


def _hidden_layer(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name="tersembunyi"))
    document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer]), Order=Array([])))
    page.obj.Resources = Dictionary(Properties=Dictionary(MC0=layer))


def _covering(kind: str, **told: Any) -> Callable[[pikepdf.Pdf, pikepdf.Page], None]:
    """An annotation all over the page, with an appearance of its own or without."""

    def change(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
        box = Array([-5000, -5000, 5000, 5000])
        form = document.make_stream(b"0 g -5000 -5000 10000 10000 re f", Type=Name.XObject, Subtype=Name.Form, BBox=box)
        one = Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=box, F=4, IC=Array([0, 0, 0]), C=Array([0, 0, 0]))
        if told.get("drawn"):
            one.AP = Dictionary(N=form)
        if "border" in told:
            one.Border = Array([0, 0, told["border"]])
        page.obj.Annots = Array([document.make_indirect(one)])

    return change


def _inked(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Fonts, patterns and states under the very names that a stamp might use."""
    state = Dictionary(Type=Name.ExtGState, ca=0.0, CA=0.0, BM=Name.Multiply)
    form = document.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
    page.obj.Resources = Dictionary(
        XObject=Dictionary(Band=form, Across=form, Page=form), ExtGState=Dictionary(GS0=state, Band=state)
    )


HIDING: dict[str, bytes] = {
    "black all over": built(BLACK_PAGE),
    "huge media box": built(BLACK_PAGE, _boxes(MediaBox=[-1_000_000, -1_000_000, 1_000_000, 1_000_000])),
    "media box upside down": built(BLACK_PAGE, _boxes(MediaBox=[595, 842, 0, 0])),
    "media box far away": built(BLACK_PAGE, _boxes(MediaBox=[50_000, 70_000, 50_595, 70_842])),
    "media box of a point": built(BLACK_PAGE, _boxes(MediaBox=[0, 0, 1, 1])),
    "media box of nothing": built(BLACK_PAGE, _boxes(MediaBox=[0, 0, 0, 0])),
    "media box of words": built(BLACK_PAGE, _boxes(MediaBox=[Name.A, Name.B, Name.C, Name.D])),
    "a long strip": built(BLACK_PAGE, _boxes(MediaBox=[0, 0, 20, 100_000])),
    "a wide strip": built(BLACK_PAGE, _boxes(MediaBox=[0, 0, 100_000, 20])),
    "crop box below the head": built(BLACK_PAGE, _boxes(CropBox=[0, 0, 595, 400])),
    "crop box outside": built(BLACK_PAGE, _boxes(CropBox=[9000, 9000, 9595, 9842])),
    "trim box of a corner": built(BLACK_PAGE, _boxes(TrimBox=[0, 0, 10, 10], ArtBox=[0, 0, 1, 1])),
    **{f"turned by {by}": built(BLACK_PAGE, _turned(by)) for by in (90, 180, 270, -90, 45, 2**40)},
    "turned above": built(BLACK_PAGE, _turned(90, above=True)),
    "turned by words": built(BLACK_PAGE, _turned(Name.Up)),
    "user unit, large": built(BLACK_PAGE, lambda _document, page: page.obj.__setitem__("/UserUnit", 50_000)),
    "user unit, nothing": built(BLACK_PAGE, lambda _document, page: page.obj.__setitem__("/UserUnit", 0)),
    "states unclosed": built(b"q " * 40 + b"0.001 0 0 0.001 9e5 9e5 cm\n" + BLACK_PAGE),
    "states closed too often": built(b"0.001 0 0 0.001 9e5 9e5 cm " + b"Q " * 60 + BLACK_PAGE),
    "clipped to nothing": built(BLACK_PAGE + b"0 0 0 0 re W n "),
    "text unclosed": built(BLACK_PAGE + b"BT 3 Tr 1 0 0 1 -9e5 -9e5 Tm "),
    "path unclosed": built(BLACK_PAGE + b"0 0 m 10 10 l "),
    "picture unclosed": built(BLACK_PAGE + b"BI /W 9 /H 9 /BPC 8 /CS /G ID "),
    "string unclosed": built(BLACK_PAGE + b"("),
    "layer unclosed and hidden": built(BLACK_PAGE + b"/OC /MC0 BDC ", _hidden_layer),
    "names of ours": built(BLACK_PAGE + b"/GS0 gs /Band gs ", _inked),
    "annotation that is drawn": built(BLACK_PAGE, _covering("/Square", drawn=True)),
    "annotation without a drawing": built(BLACK_PAGE, _covering("/Square")),
    "stamp of another": built(BLACK_PAGE, _covering("/Stamp", drawn=True)),
    "link with a border": built(BLACK_PAGE, _covering("/Link", border=5000)),
    "widget": built(BLACK_PAGE, _covering("/Widget", drawn=True)),
}


@pytest.mark.parametrize("draw", [by_pdfium, by_poppler])
@pytest.mark.parametrize("name", HIDING)
def test_no_page_hides_the_mark(
    shared_parsers: Archive, name: str, draw: Callable[[bytes, int, Path], Image.Image], tmp_path: Path
) -> None:
    marked = stamp(shared_parsers.reader, HIDING[name])
    picture = draw(marked, 0, tmp_path)
    assert red_of_the_band(picture) > 25
    assert red_of_the_band(draw(HIDING["black all over"], 0, tmp_path)) == 0, "the measure sees the mark alone"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_what_is_seen_of_a_page_stays_and_stands_upright(shared_parsers: Archive, turn: int, tmp_path: Path) -> None:
    """The quarter that is dark in the source as viewers turn it is dark in the marked copy."""
    content = built(b"0 g 0 421 297 421 re f", _turned(turn))
    before, after = (by_pdfium(one, 0, tmp_path) for one in (content, stamp(shared_parsers.reader, content)))

    def quarters(picture: Image.Image) -> list[bool]:
        width, height = picture.size
        places = [(x * width // 8, y * height // 8) for x in (2, 6) for y in (2, 6)]
        return [sum(picture.getpixel(place)) < 200 for place in places]  # type: ignore[arg-type]

    assert quarters(after) == quarters(before)
    assert sorted(quarters(before)) == [False, False, False, True]


def test_hidden_layers_stay_hidden(shared_parsers: Archive, tmp_path: Path) -> None:
    content = built(b"/OC /MC0 BDC " + BLACK_PAGE + b"EMC ", _hidden_layer)
    for draw in (by_pdfium, by_poppler):
        picture = draw(stamp(shared_parsers.reader, content), 0, tmp_path)
        assert picture.getpixel((picture.width // 2, picture.height * 3 // 4)) == (255, 255, 255)


@pytest.mark.parametrize(("flags", "seen"), [(4, True), (4 | 2, False)], ids=["shown", "hidden"])
@pytest.mark.parametrize("kind", ["/Widget", "/Stamp"])
def test_what_is_seen_above_a_page_becomes_part_of_it(
    shared_parsers: Archive, kind: str, flags: int, seen: bool, tmp_path: Path
) -> None:
    """The appearance of a signature, for one; what was hidden stays so."""

    def stamped_page(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
        _covering(kind, drawn=True)(document, page)
        page.obj.Annots[0].F = flags

    picture = by_pdfium(stamp(shared_parsers.reader, built(b"", stamped_page)), 0, tmp_path)
    assert (picture.getpixel((picture.width // 2, picture.height * 3 // 4)) == (0, 0, 0)) is seen


def test_nothing_of_the_document_but_its_pages_goes_along(shared_parsers: Archive) -> None:
    with pikepdf.open(io.BytesIO(built(b""))) as document:
        document.attachments["utuh.pdf"] = pikepdf.AttachedFileSpec(document, b"%PDF-1.7 unmarked")
        document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
        document.docinfo["/Author"] = "Penyusun"
        out = io.BytesIO()
        document.save(out)
    with pikepdf.open(io.BytesIO(stamp(shared_parsers.reader, out.getvalue()))) as made:
        assert set(made.Root.keys()) <= {"/Type", "/Pages", "/OCProperties"}
        assert list(made.attachments) == []
        assert "/Author" not in made.docinfo


def test_a_protected_document_is_marked_like_others(shared_parsers: Archive, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(HIDING["black all over"])) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="rahasia", user=""))
    assert red_of_the_band(by_poppler(stamp(shared_parsers.reader, out.getvalue()), 0, tmp_path)) > 25


def test_words_of_each_page_can_still_be_searched(shared_parsers: Archive) -> None:
    made = pdfium.PdfDocument(stamp(shared_parsers.reader, pdf("Surat undangan", "Lampiran kedua")))
    texts = [page.get_textpage().get_text_bounded() for page in made]
    assert ["Surat undangan" in texts[0], "Lampiran kedua" in texts[1]] == [True, True]
    assert all("RAHASIA" in text and "salinan nomor 12" in text and "official-dinkes" in text for text in texts)


def test_what_is_no_pdf_is_not_passed_on(shared_parsers: Archive) -> None:
    for content in (b"", b"%PDF-1.7\nbroken", b"<html/>"):
        with pytest.raises(SandboxFault):
            stamp(shared_parsers.reader, content)


def test_a_page_of_pages_without_end(shared_parsers: Archive) -> None:
    """The tree of pages leads back to itself."""
    with pikepdf.open(io.BytesIO(built(BLACK_PAGE))) as document:
        document.pages[0].obj.Parent = document.pages[0].obj
        out = io.BytesIO()
        document.save(out)
    assert stamp(shared_parsers.reader, out.getvalue()).startswith(b"%PDF")


def bare(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "black").save(out, "WEBP")
    return out.getvalue()


@pytest.mark.parametrize("size", [(160, 226), (900, 1273), (1400, 60), (160, 6000), (8, 8)])
def test_a_picture_bears_the_mark_above_all_of_itself(shared_parsers: Archive, size: tuple[int, int]) -> None:
    told = shared_parsers.reader.stamped_picture(bare(*size), SECRET.level, SECRET.told, red=True, across=SECRET.across)
    with Image.open(io.BytesIO(told)) as picture:
        assert picture.width == size[0]
        band = picture.height - size[1]
        assert band > 10
        if size[0] >= 160:
            red = [
                one
                for one in picture.convert("RGB").crop((0, 0, 160, band)).get_flattened_data()
                if one[0] > 120 > one[1] + 40
            ]
            assert len(red) > 25


def test_the_mark_says_level_person_time_and_number() -> None:
    assert SECRET.across == "RAHASIA · official-dinkes · 24 Nov 2026 10.00 WIB · salinan nomor 12"
    makassar = numbered_mark(Level.RESTRICTED, "siti", MOMENT, "Asia/Makassar", 1)
    assert makassar.line == "[TERBATAS · siti · 24 Nov 2026 11.00 WITA · salinan nomor 1]"
    assert [numbered_mark(one, "x", MOMENT, "Asia/Jakarta", 1).red for one in list(Level)[1:]] == [False, True, True]
    assert list_mark(Level.TOP_SECRET, "siti", MOMENT, "Asia/Jakarta").across == "SANGAT RAHASIA · siti · 24 Nov 2026"
    for year in (1970, 9998):
        far = numbered_mark(Level.SECRET, "siti", MOMENT.replace(year=year), "Asia/Jakarta", 1)
        assert str(year) in far.line


def test_names_that_no_letter_can_show_break_nothing() -> None:
    for person in ("x" * 200, "日本\n\x00", "a‮b"):
        made = pdfium.PdfDocument(mark_pdf(numbered_mark(Level.SECRET, person, MOMENT, "UTC", 10**9), MOMENT))
        assert len(made) == 2
        assert "RAHASIA" in made[0].get_textpage().get_text_bounded()


def test_memory_does_not_grow_with_the_pages() -> None:
    """Five hundred scans, more bytes together than the process that marks them may hold."""
    noise = Image.frombytes("L", (640, 640), os.urandom(640 * 640))
    document = FPDF(unit="pt", format="A4")
    for number in range(500):
        document.add_page()
        noise.putpixel((0, 0), number % 256)
        noise.putpixel((1, 0), number // 256)
        document.image(noise, x=0, y=0, w=595)
    content = bytes(document.output())
    most = 96 * 1024 * 1024
    assert len(content) > 2 * most
    with closing(Sandbox(Limits(memory_bytes=most))) as small:
        made = stamp(Reader(small, small, TextSettings()), content)
    with pikepdf.open(io.BytesIO(made)) as marked:
        assert len(marked.pages) == 500
    assert len(made) < len(content) * 1.1
