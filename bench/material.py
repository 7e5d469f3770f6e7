"""What the benchmarks work on: documents recombined from real text, in real formats, the same on every run.

The text is the Indonesian collection of the shared corpus (`EDMS_CORPUS`) where it is there, else the text of our own
samples' source; which one it was stands in the output, since words have another skew in each.
"""

import functools
import io
import json
import os
import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
MOMENT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
LINE_CHARACTERS = 88
LINES_ON_A_PAGE = 44
SCAN_DPI = 200
PARAGRAPHS_ON_A_PAGE = 5
OWN_TEXT = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "retention_rules")


def corpus() -> Path:
    """The folder of the shared corpus; it may be absent."""
    return Path(os.environ.get("EDMS_CORPUS", ROOT.parent / "shared" / "data" / "corpus"))


@functools.cache
def passages() -> tuple[str, ...]:
    """Return paragraphs of real text, in a stable order."""
    collection = corpus() / "ir" / "id-wikipedia-qa" / "corpus.jsonl"
    if collection.is_file():
        return tuple(json.loads(line)["text"] for line in collection.read_text("utf-8").splitlines())
    pages = [path.read_text("utf-8") for path in OWN_TEXT if path.is_file()]
    rules = [path.read_text("utf-8") for path in sorted((ROOT / "retention_rules").rglob("*.toml"))]
    return tuple(part for page in [*pages, *rules] for part in re.split(r"\n\s*\n", page) if len(part) > 80)


def source() -> str:
    """Name the text that `passages` returns."""
    present = (corpus() / "ir" / "id-wikipedia-qa" / "corpus.jsonl").is_file()
    return "id-wikipedia-qa" if present else "this repository's own pages"


@functools.cache
def words() -> tuple[str, ...]:
    """Return the words of all passages in their order: their skew and their neighbours matter."""
    return tuple(re.findall(r"[A-Za-z]{2,}", " ".join(passages())))


class Maker:
    """Makes documents that differ from each other, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self._seed = seed

    def pages(self, count: int) -> tuple[str, list[list[str]]]:
        """Return a word that stands in this document only, and the paragraphs of `count` pages."""
        self._number += 1
        mark = f"tanda{self._seed:02d}{self._number:05d}"
        made = [self._chance.sample(passages(), min(PARAGRAPHS_ON_A_PAGE, len(passages()))) for _ in range(count)]
        made[-1][0] = f"Nomor 005/{self._number}/2026, {mark}. {made[-1][0]}"
        return mark, made

    def pdf(self) -> tuple[str, bytes]:
        """Return the mark and a born-digital PDF of 1 to 5 pages, each a full page of text under a letterhead."""
        mark, made = self.pages(self._chance.randint(1, 5))
        document = FPDF()
        document.set_creation_date(MOMENT)
        for number, paragraphs in enumerate(made, 1):
            document.add_page()
            document.set_font("helvetica", "B", 14)
            document.cell(0, 10, "PEMERINTAH KOTA CONTOH", align="C", new_x="LMARGIN", new_y="NEXT")
            document.line(10, 24, 200, 24)
            document.set_font("times", size=11)
            for paragraph in paragraphs:
                document.multi_cell(0, 5, latin(paragraph)[:900], new_x="LMARGIN", new_y="NEXT")
                document.ln(2)
            document.cell(0, 5, f"Halaman {number}", align="R")
        return mark, bytes(document.output())

    def docx(self) -> tuple[str, bytes]:
        """Return the mark and a Word document of 1 to 5 pages' text."""
        mark, made = self.pages(self._chance.randint(1, 5))
        document = Document()
        document.core_properties.created = MOMENT.replace(tzinfo=None)
        document.add_heading("Nota Dinas", 1)
        for paragraph in (text for page in made for text in page):
            document.add_paragraph(paragraph)
        out = io.BytesIO()
        document.save(out)
        return mark, out.getvalue()

    def text(self) -> tuple[str, bytes]:
        """Return the mark and a plain text of 1 to 5 pages."""
        mark, made = self.pages(self._chance.randint(1, 5))
        return mark, "\n\n".join(text for page in made for text in page).encode()

    def scan(self) -> tuple[str, bytes]:
        """Return the mark and a PDF of one grey A4 page at 200 dpi, as a scanner makes it: skewed and speckled."""
        mark, made = self.pages(1)
        width, height = int(8.27 * SCAN_DPI), int(11.69 * SCAN_DPI)
        page = Image.new("L", (width, height), 245)
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=SCAN_DPI // 6)
        for number, line in enumerate(lines(latin(" ".join(made[0])))[:LINES_ON_A_PAGE]):
            pen.text((SCAN_DPI // 2, SCAN_DPI // 2 + number * SCAN_DPI // 4), line, fill=25, font=font)
        for _speck in range(400):
            at = self._chance.randrange(width), self._chance.randrange(height)
            pen.point(at, fill=90)
        page = page.rotate(self._chance.uniform(-0.6, 0.6), resample=Image.Resampling.BICUBIC, fillcolor=245)
        out = io.BytesIO()
        page.save(out, "PDF", quality=80, resolution=SCAN_DPI)
        return mark, out.getvalue()


LANES: dict[str, tuple[str, Callable[[Maker], tuple[str, bytes]]]] = {
    "born-digital PDF": ("surat.pdf", Maker.pdf),
    "office (DOCX)": ("nota.docx", Maker.docx),
    "plain text": ("catatan.txt", Maker.text),
    "scan (OCR)": ("pindai.pdf", Maker.scan),
}


def made(lane: str, count: int, seed: int) -> list[tuple[str, bytes]]:
    """Return `count` documents of a lane: the word that only this one holds, and its bytes."""
    maker, make = Maker(seed), LANES[lane][1]
    return [make(maker) for _ in range(count)]


def latin(text: str) -> str:
    """Return the text in the characters that the built-in fonts have."""
    return text.encode("latin-1", "replace").decode("latin-1")


def lines(text: str, width: int = LINE_CHARACTERS) -> Sequence[str]:
    """Break text into lines of at most `width` characters."""
    out, line = [], ""
    for word in text.split():
        if len(line) + len(word) >= width:
            out.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*out, line]
