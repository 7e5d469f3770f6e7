"""Batches as a scanner makes them: noise, shadows, holes, what shines through; separator sheets; blank pages."""

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import img2pdf
import numpy as np
import pypdfium2 as pdfium
from archive_fixtures import unread
from PIL import Image, ImageDraw, ImageFont

from edms.batches.sheet import EMPTY_SHEET, Sheet
from edms.capture.separator_pdf import PrintedSheet, sheets_pdf
from edms.records.archive import Archive

DPI = 150
SIZE = (1240, 1754)
_WORDS = [
    "Sehubungan", "dengan", "pelaksanaan", "kegiatan", "imunisasi", "pada", "tingkat", "kecamatan", "bersama", "ini",
    "kami", "sampaikan", "laporan", "hasil", "pemeriksaan", "serta", "daftar", "kebutuhan", "sarana", "yang", "perlu",
    "disediakan", "pada", "tahun", "anggaran", "berikutnya",
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A page: what it shows, and how it lies. `kind`: text, blank or separator; `turned`: degrees clockwise.

    `skew`: by how many degrees the paper went askew through the feeder.
    """

    kind: str
    number: int = 0
    turned: int = 0
    sheet: Sheet = EMPTY_SHEET
    skew: float = 0.0


def scan_pdf(pages: list[Made]) -> bytes:
    """Return the pages as a scanner's PDF: a JPEG each."""
    return bytes(img2pdf.convert([_jpeg(picture(page)) for page in pages]))


def scan_tiff(pages: list[Made]) -> bytes:
    """Return the pages as one TIFF, Group 4."""
    first, *rest = [picture(page).convert("1", dither=Image.Dither.NONE) for page in pages]
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="group4", dpi=(DPI, DPI))
    return out.getvalue()


def fax_tiff(pages: list[Made]) -> bytes:
    """Return the pages as a fax machine of standard resolution sends them: black and white, 200 by 100 dots an inch."""
    frames = []
    for page in pages:
        seen = picture(page)
        lines = seen.resize((round(seen.width * 200 / DPI), round(seen.height * 100 / DPI)), Image.Resampling.BOX)
        frames.append(lines.convert("1", dither=Image.Dither.NONE))
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression="group4", dpi=(200, 100))
    return out.getvalue()


def picture(page: Made) -> Image.Image:
    """Return the page as a scanner sees it; the same page, the same pixels."""
    rng = np.random.default_rng(1000 + page.number)
    if page.kind == "separator":
        made = _sheet(page.sheet)
    elif page.kind == "text":
        made = _letter(page.number)
    else:
        made = _bleeding(page.number)
    if page.skew:
        made = made.rotate(page.skew, resample=Image.Resampling.BICUBIC, fillcolor=250)
    return _scanned(made, rng).rotate(-page.turned, expand=True)


def _letter(number: int) -> Image.Image:
    made = Image.new("L", SIZE, 250)
    draw, font = ImageDraw.Draw(made), ImageFont.load_default(size=26)
    draw.text((150, 140), f"Nomor 400.7/{number:03}/Dinkes", fill=20, font=font)
    for line in range(22):
        start = (number * 7 + line * 5) % len(_WORDS)
        words = " ".join((_WORDS + _WORDS)[start : start + 9])
        draw.text((150, 240 + line * 50), words[:66], fill=20, font=font)
    return made


def _bleeding(number: int) -> Image.Image:
    """A blank back: what is printed on the front shines through, mirrored and pale."""
    front = np.asarray(_letter(number), dtype=np.float32)[:, ::-1]
    return Image.fromarray((250 - (250 - front) * 0.12).astype(np.uint8))


def _sheet(sheet: Sheet) -> Image.Image:
    content = sheets_pdf([PrintedSheet(sheet, "Dinas Kesehatan")], "Arsip", datetime(2026, 11, 24, tzinfo=UTC))
    with pdfium.PdfDocument(content) as document:
        return document[0].render(scale=DPI / 72, grayscale=True).to_pil().convert("L").resize(SIZE)


def _scanned(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Noise, specks, two punched holes, a shadow along an edge."""
    draw = ImageDraw.Draw(page)
    for middle in (640, 1110):
        draw.ellipse((55, middle - 18, 91, middle + 18), fill=40)
    draw.rectangle((0, 0, 9, SIZE[1]), fill=90)
    pixels = np.asarray(page, dtype=np.float32) + rng.normal(0, 7, (SIZE[1], SIZE[0]))
    specks = rng.random((SIZE[1], SIZE[0])) < 0.0004
    return Image.fromarray(np.clip(np.where(specks, 60, pixels), 0, 255).astype(np.uint8))


def _jpeg(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80, dpi=(DPI, DPI))
    return out.getvalue()


def with_review(archive: Archive, review: str) -> Archive:
    """Return the archive with `[capture] batch_review`, and without recognition of text, which takes its time."""
    capture = archive.settings.capture.model_copy(update={"batch_review": review})
    settings = archive.settings.model_copy(update={"capture": capture})
    return unread(replace(archive, settings=settings))


def sixty_pages() -> tuple[list[Made], list[tuple[Sheet, list[int]]]]:
    """Return a batch of 60 pages with 12 separators, and the documents in it: the sheet and the numbers of its pages.

    Among them 10 blank ones, every fifth written page upside down, every seventh on its side, a third of the sheets
    upside down; all went askew through the feeder, by up to 2 degrees either way.
    """
    pages: list[Made] = []
    documents = []
    lengths, blanks = [3, 2, 5, 1, 4, 3, 2, 6, 3, 4, 1, 4], [1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    for at, (length, blank) in enumerate(zip(lengths, blanks, strict=True)):
        sheet = Sheet("dinkes", "000.1.5" if at % 2 else "400.7", "", ("open", "restricted")[at % 2], f"Surat {at}")
        pages.append(Made("separator", 500 + at, 180 if at % 3 == 0 else 0, sheet))
        numbers = []
        for _ in range(length):
            number = len(pages) + 1
            turned = 180 if number % 5 == 0 else 90 if number % 7 == 0 else 0
            pages.append(Made("text", number, turned))
            numbers.append(number)
        pages += [Made("blank", 700 + len(pages))] * blank
        documents.append((sheet, numbers))
    assert (len(pages), len(documents)) == (60, 12)
    assert sum(page.kind == "separator" for page in pages) == 12
    return [replace(page, skew=at * 7 % 41 / 10 - 2) for at, page in enumerate(pages)], documents
