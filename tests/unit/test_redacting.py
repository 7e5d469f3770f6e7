"""A redacted document lacks what was covered: attacked by every way on which it leaves elsewhere.

The source hides a name in each place that a PDF has; programs of others look for it in what is made.
"""

import io
import json
import os
from pathlib import Path

import pikepdf
import pypdf
import pypdfium2
import pytest
from fpdf import FPDF
from fpdf.enums import TextMode
from ocrmypdf.data import __path__ as data
from PIL import Image
from redaction_material import (
    NIK,
    PUBLIC,
    SECRET,
    everything_in,
    letter,
    pictures_in,
    plain,
    trap,
    with_earlier_version,
)
from text_material import Paper, encoded, picture

from edms.core.errors import Refused
from edms.core.redaction_settings import RedactionSettings
from edms.core.sandbox import Sandbox
from edms.core.settings import TextSettings
from edms.records.archive import Archive
from edms.redaction.areas import PagePlaces, of_findings, of_terms
from edms.redaction.terms import survivors
from edms.redaction.types import Area
from edms.text import redacting
from edms.text.archival import faults
from edms.text.ocr import OcrMyPdfEngine
from edms.text.reader import sandbox_limits
from edms.text.redacted_check import check
from edms.text.redacting import BLOCK, on_grid
from edms.text.redactor import RedactedDocument, Redactor

PDF = "application/pdf"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def redactor(shared_parsers: Archive) -> Redactor:
    return Redactor(shared_parsers.sandbox, shared_parsers.ocr, shared_parsers.settings.text, RedactionSettings())


def places(redactor: Redactor, content: bytes) -> list[PagePlaces]:
    return [PagePlaces(page.text, page.boxes) for page in redactor.letters(io.BytesIO(content), PDF)]


def sides(areas: list[Area]) -> list[list[float]]:
    return [[one.page, one.left, one.top, one.right, one.bottom] for one in areas]


def without(redactor: Redactor, content: bytes, *terms: str) -> RedactedDocument:
    """The document without these terms, and what nobody may find in it."""
    made = redactor.redact(io.BytesIO(content), PDF, sides(of_terms(places(redactor, content), terms)))
    assert survivors(made.texts, made.raw, terms) == []
    return made


def hidden(content: bytes, secret: str = SECRET) -> None:
    told = everything_in(content).casefold()
    for word in (*secret.casefold().split(), secret.casefold().encode("utf-16-be").hex()):
        assert word not in told, f"{word} is still in it"
        assert "\x00".join(word) not in told


@pytest.fixture(scope="module")
def sprung(redactor: Redactor) -> RedactedDocument:
    return without(redactor, trap(), SECRET)


def test_the_name_is_in_every_place_of_the_trap_and_in_none_of_what_is_made(sprung: RedactedDocument) -> None:
    told = everything_in(trap())
    assert told.count(SECRET.split()[0]) > 20, "the trap hides nothing, so this proves nothing"
    hidden(sprung.pdf)


def test_what_was_not_covered_is_still_read(sprung: RedactedDocument) -> None:
    assert sprung.recognised
    by_pypdf = pypdf.PdfReader(io.BytesIO(sprung.pdf)).pages[0].extract_text()
    assert all(word in by_pypdf for word in PUBLIC.split())
    assert "Pekerjaan" in by_pypdf


def test_it_is_one_version_of_an_archival_pdf_with_nothing_beside_its_pages(sprung: RedactedDocument) -> None:
    assert sprung.archival
    assert faults(sprung.pdf) == []
    assert sprung.pdf.count(b"startxref") == 1
    with pikepdf.open(io.BytesIO(sprung.pdf)) as document:
        assert not {"/AcroForm", "/Outlines", "/OpenAction", "/OCProperties", "/Names", "/PageLabels"} & set(
            document.Root
        )
        assert len(document.attachments) == 0
        assert "/Title" not in document.docinfo
        assert not {"/Annots", "/PieceInfo", "/Thumb"} & set(document.pages[0].obj.keys())


def test_text_under_the_bar_is_not_there_to_be_copied(sprung: RedactedDocument) -> None:
    """What a browser copies when all of the page is selected."""
    page = pypdfium2.PdfDocument(sprung.pdf)[0]
    width, height = page.get_size()
    selected = page.get_textpage().get_text_bounded(0, 0, width, height)
    assert SECRET.split()[0] not in selected
    assert PUBLIC.split()[0] in selected


def test_the_picture_in_the_file_is_black_where_it_was_covered(redactor: Redactor, sprung: RedactedDocument) -> None:
    """Taken out by `pdfimages`: there is one for the page, and no other under it."""
    areas = [area for area in of_terms(places(redactor, trap()), (SECRET,)) if area.top < 0.5]
    pictures = pictures_in(sprung.pdf)
    assert len(pictures) == 1
    with Image.open(io.BytesIO(pictures[0])) as found:
        grey = found.convert("L")
    assert areas
    for area in areas:
        box = on_grid((area.left, area.top, area.right, area.bottom), *grey.size)
        assert grey.crop(box).getextrema() == (0, 0)
    assert grey.getextrema()[1] > 250


def test_no_block_of_the_picture_holds_covered_and_seen() -> None:
    for size in ((1654, 2339), (1653, 2338), (301, 17)):
        for area in ((0.0, 0.0, 0.001, 0.001), (0.3337, 0.41, 0.35, 0.4123), (0.9, 0.9, 1.0, 1.0)):
            left, top, right, bottom = on_grid(area, *size)
            assert left % BLOCK == 0 == top % BLOCK
            assert right == size[0] or right % BLOCK == 0
            assert bottom == size[1] or bottom % BLOCK == 0
            assert left <= area[0] * size[0]
            assert right >= area[2] * size[0]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_on_a_turned_page_the_term_is_covered_where_it_is_seen(redactor: Redactor, turn: int) -> None:
    with pikepdf.open(io.BytesIO(plain())) as document:
        document.pages[0].rotate(turn, relative=False)
        out = io.BytesIO()
        document.save(out)
    made = without(redactor, out.getvalue(), SECRET, NIK)
    hidden(made.pdf)
    assert PUBLIC.split()[0] in " ".join(made.texts), "all of the page is gone, so this proves nothing"


def test_what_a_page_is_cut_to_is_all_that_there_is_of_it(redactor: Redactor) -> None:
    """The name stands on the sheet, outside of the box that is shown; another one inside of it is covered."""
    with pikepdf.open(io.BytesIO(letter([f"Nama : {SECRET}", PUBLIC, "", f"Saksi : {NIK}"]))) as document:
        page = document.pages[0]
        left, bottom, right, top = (float(side) for side in page.mediabox)
        page.cropbox = [left + 10, bottom + 200, right - 50, top - 55]
        out = io.BytesIO()
        document.save(out)
    made = without(redactor, out.getvalue(), NIK)
    hidden(made.pdf)
    assert NIK not in everything_in(made.pdf)
    assert PUBLIC.split()[0] in " ".join(made.texts)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Nama : Wulan-", "dari Kusuma-", "ningtyas"], id="hyphens-at-the-end-of-lines"),
        pytest.param(["Nama : W u l a n d a r i", "K u s u m a n i n g t y a s"], id="letters-apart"),
        pytest.param([f"Nama : {SECRET.upper()}, {SECRET.replace(' ', '')}"], id="capitals-and-glued"),
        pytest.param(["Nama : Wulan\u00addari Kusuma\u00adningtyas"], id="soft-hyphens"),
    ],
)
def test_however_it_is_written_the_term_is_covered(redactor: Redactor, lines: list[str]) -> None:
    made = without(redactor, letter([PUBLIC, *lines, "Pekerjaan : bidan"]), SECRET)
    told = "".join(" ".join(made.texts).split()).casefold().replace("-", "")
    assert "wulan" not in told
    assert "ningtyas" not in told
    assert "pekerjaan" in told


def test_letters_that_look_alike_and_ligatures_hide_nothing(redactor: Redactor) -> None:
    """The text layer spells the name with Cyrillic letters, and a word with a ligature: a person reads them alike."""
    content = layered([("Wul\u0430nd\u0430ri", "Wulandari"), ("\ufb01sik", "fisik")])
    made = without(redactor, content, "Wulandari", "fisik")
    told = " ".join(made.texts).casefold()
    assert "wulandari" not in told
    assert "fisik" not in told
    assert "terbuka" in told


def layered(words: list[tuple[str, str]], shift: float = 0.0) -> bytes:
    """A scan with the words of a text layer over what is seen: spelled (layer, seen); `shift` millimetres too low."""
    paper = picture("\n\n".join([*(seen for _layer, seen in words), "terbuka untuk umum"]), 40)
    document = FPDF(format="A4", unit="mm")
    document.add_page()
    document.image(paper, 0, 0, 210, 297)
    document.add_font("Noto", fname=f"{next(iter(data))}/NotoSans-Regular.ttf")
    document.set_font("Noto", size=19)
    document.text_mode = TextMode.INVISIBLE
    for number, (spelled, _seen) in enumerate(words):
        document.text(20.5, 30 + 21.4 * number + shift, spelled)
    return bytes(document.output())


def test_a_displaced_text_layer_is_found_out(redactor: Redactor) -> None:
    """The areas cover blank paper and the name stands above them: what is seen is read anew, and speaks for itself."""
    content = layered([("Wulandari", "Wulandari")], shift=60)
    areas = of_terms(places(redactor, content), ("Wulandari",))
    made = redactor.redact(io.BytesIO(content), PDF, sides(areas))
    assert survivors(made.texts, made.raw, ("Wulandari",)) == ["Wulandari"]


def test_findings_have_areas_that_cover_them(redactor: Redactor) -> None:
    content = plain(2)
    found = of_findings(places(redactor, content))
    assert [(page, one.kind.value) for page, one, _areas in found] == [(1, "name"), (1, "nik"), (2, "name"), (2, "nik")]
    made = redactor.redact(io.BytesIO(content), PDF, sides([area for _p, _f, areas in found for area in areas]))
    hidden(made.pdf)
    assert NIK not in everything_in(made.pdf)
    assert made.pages == 2


def test_a_picture_is_redacted_too(redactor: Redactor) -> None:
    scan = encoded(picture(f"{PUBLIC}\n\n{SECRET}\n\nPekerjaan bidan"), "PNG")
    made = redactor.redact(io.BytesIO(scan), "image/png", [[1, 0.05, 0.115, 0.95, 0.155]])
    hidden(made.pdf)
    assert "bidan" in " ".join(made.texts)


def test_the_preview_is_what_will_be(redactor: Redactor) -> None:
    shown = redactor.preview(io.BytesIO(plain()), PDF, [[1, 0.25, 0.25, 0.5, 0.5]], 1, 600)
    assert shown is not None
    with Image.open(io.BytesIO(shown)) as found:
        assert found.width == 600
        assert max(band[1] for band in found.convert("RGB").crop((160, 220, 290, 410)).getextrema()) < 12
    assert redactor.preview(io.BytesIO(plain()), PDF, [], 2, 600) is None


@pytest.mark.parametrize(
    ("content", "areas", "words"),
    [
        (b"%PDF-1.4 kosong", [], "damaged"),
        (plain(), [[2, 0, 0, 1, 1]], "it has 1 pages"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    redactor: Redactor, content: bytes, areas: list[list[float]], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        redactor.redact(io.BytesIO(content), PDF, areas)


def test_more_pages_than_the_setting_are_refused(shared_parsers: Archive) -> None:
    few = Redactor(
        shared_parsers.sandbox, shared_parsers.ocr, shared_parsers.settings.text, RedactionSettings(max_pages=1)
    )
    with pytest.raises(Refused, match="the limit is 1"):
        few.redact(io.BytesIO(plain(2)), PDF, [])


def handed(content: bytes) -> int:
    descriptor = os.memfd_create("given")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("picture", "pictures"), ("second", "pictures"), ("note", "annotations"), ("title", "metadata"),
        ("script", "scripts"), ("attachment", "attachments"), ("version", "earlier_versions"), ("bar", "pixels"),
        ("page", "pages"), ("bookmark", "bookmarks"), ("layer", "layers"), ("structure", "structure"),
    ],
)  # fmt: skip
def test_the_check_sees_each_thing_that_must_not_be_there(
    redactor: Redactor, spoil: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is put into a good document: a check that never fails is none."""
    if spoil == "bar":
        monkeypatch.setattr(redacting, "ImageDraw", _NoPen)
    told, (made,) = redacting.redact(
        [handed(json.dumps([[1, 0.1, 0.1, 0.9, 0.3]]).encode()), handed(plain())], PDF, 100, 1, 0,
        {"max_page_pixels": 60_000_000, "max_pages": 9},
    )  # fmt: skip
    assert spoil == "bar" or check([handed(made), handed(json.dumps(told).encode())])[0]["problems"] == []
    spoiled = spoiled_by(spoil, made)
    assert problem in check([handed(spoiled), handed(json.dumps(told).encode())])[0]["problems"]


class _NoPen:
    """Fills nothing."""

    Draw = staticmethod(lambda _picture: _NoPen)
    rectangle = staticmethod(lambda *_arguments, **_options: None)


def spoiled_by(spoil: str, made: bytes) -> bytes:
    if spoil == "version":
        return with_earlier_version(made)
    with pikepdf.open(io.BytesIO(made)) as document:
        page = document.pages[0]
        name, stored = next(iter(page.obj.Resources.XObject.items()))
        other = pikepdf.Stream(document, encoded(picture(SECRET), "JPEG"))
        other.stream_dict = stored.stream_dict
        if spoil == "picture":
            page.obj.Resources.XObject[name] = other
        elif spoil == "second":
            page.obj.Resources.XObject["/Under"] = other
        elif spoil == "note":
            page.obj.Annots = pikepdf.Array([pikepdf.Dictionary(Contents=pikepdf.String(SECRET))])
        elif spoil == "title":
            document.docinfo["/Title"] = SECRET
        elif spoil == "script":
            document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))
        elif spoil == "attachment":
            document.attachments["a.txt"] = b"a"
        elif spoil == "page":
            document.pages.append(page)
        elif spoil == "bookmark":
            with document.open_outline() as outline:
                outline.root.append(pikepdf.OutlineItem(SECRET, 0))
        elif spoil == "layer":
            document.Root.OCProperties = pikepdf.Dictionary()
        elif spoil == "structure":
            document.Root.StructTreeRoot = pikepdf.Dictionary()
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def test_the_first_page_of_a_scan_with_its_own_text(redactor: Redactor) -> None:
    """A scan whose text was recognised earlier: the text layer is not taken over, it is read anew."""
    content = Paper().scan(picture(f"{PUBLIC}\n\nPekerjaan bidan"), stamp=f"dipindai oleh {SECRET}").bytes()
    hidden(without(redactor, content, SECRET).pdf)


def test_pages_that_are_the_same_are_pages_each(redactor: Redactor) -> None:
    """Two empty pages make the same picture twice; neither is taken for a picture too many."""
    made = redactor.redact(io.BytesIO(letter([], pages=3)), PDF, [[2, 0.1, 0.1, 0.2, 0.2]])
    assert made.pages == len(pypdfium2.PdfDocument(made.pdf)) == 3


def test_a_scan_that_lies_on_its_side_is_covered_where_it_is_seen(redactor: Redactor) -> None:
    """A photograph says by a note in it which way is up; the areas are marked on what is shown."""
    upright = picture(f"{PUBLIC}\n\n{SECRET}\n\nPekerjaan bidan")
    note = Image.Exif()
    note[0x0112] = 6
    lying = encoded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=note)
    areas = [[1, 0.05, 0.115, 0.95, 0.155]]
    bare = redactor.preview(io.BytesIO(lying), "image/jpeg", [], 1, 300)
    assert bare is not None
    with Image.open(io.BytesIO(bare)) as shown:
        assert shown.height > shown.width
    made = redactor.redact(io.BytesIO(lying), "image/jpeg", areas)
    hidden(made.pdf)
    assert "bidan" in " ".join(made.texts)


@pytest.mark.corpus
def test_files_of_strangers_are_redacted_or_refused_with_a_reason(corpus: Path) -> None:
    """Every twenty-fifth PDF of the corpus, made to do harm and not: nothing else comes of it than these two."""
    settings = TextSettings(ocr="off", time_limit_seconds=20)
    sandbox = Sandbox(sandbox_limits(settings, 1 << 30))
    try:
        strict = Redactor(sandbox, OcrMyPdfEngine(sandbox, settings), settings, RedactionSettings(max_pages=10))
        made, reasons = 0, []
        for path in sorted(path for folder in ("hostile", "signed") for path in (corpus / folder).rglob("*.pdf"))[::25]:
            with path.open("rb") as stream:
                try:
                    made += strict.redact(stream, PDF, [[1, 0.1, 0.1, 0.5, 0.3]]).archival
                except Refused as refused:
                    reasons.append(refused.message)
        assert made >= 5
        assert [one for one in reasons if not one.startswith("it cannot be redacted: ")] == []
    finally:
        sandbox.close()


def test_what_recognition_wrote_for_quick_web_view_is_one_version_again(redactor: Redactor) -> None:
    """OCRmyPDF does so beyond one megabyte; to the check it looks like a document with an earlier version."""
    told, (made,) = redacting.redact(
        [handed(b"[]"), handed(plain(2))], PDF, 100, 1, 0, {"max_page_pixels": 60_000_000, "max_pages": 9}
    )
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made)) as document:
        document.save(out, linearize=True)
    pages = json.dumps(told).encode()
    assert check([handed(out.getvalue()), handed(pages)])[0]["problems"] == ["earlier_versions"]
    _told, (again,) = redacting.rewritten([handed(b""), handed(out.getvalue())])
    found = check([handed(again), handed(pages)])[0]
    assert (found["problems"], found["pdfa"], faults(again)) == ([], True, [])


def test_a_document_of_more_than_a_megabyte(redactor: Redactor) -> None:
    lines = ["Yang bertanda tangan di bawah ini menerangkan bahwa barang itu telah diterima"] * 25
    made = redactor.redact(io.BytesIO(letter(lines, pages=4)), PDF, [[1, 0.1, 0.1, 0.5, 0.3]])
    assert len(made.pdf) > 1_000_000
    assert (made.pages, made.archival, made.recognised) == (4, True, True)
