"""Laying documents out on paper: letters and decrees of a fictional city, as PDF. Same input, same bytes."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from tools.sample_archive.model import CITY, CITY_NAME, OFFICES, Document, date_in_words, long_date

FONTS = Path("/usr/share/fonts/truetype/dejavu")
_NEXT = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
_WIDTH = 166


def letter(document: Document) -> bytes:
    """Return the document as a born-digital PDF."""
    sheet = _sheet(document)
    sheet.add_page()
    _letterhead(sheet, document)
    {"keputusan": _decree_head, "peraturan": _decree_head, "notulen": _minutes_head, "laporan": _minutes_head}.get(
        document.kind, _letter_head
    )(sheet, document)
    for paragraph in document.body:
        _paragraph(sheet, paragraph)
    if document.table:
        _table(sheet, document.table)
    _signature(sheet, document)
    return bytes(sheet.output())


def _sheet(document: Document) -> FPDF:
    sheet = FPDF(format="A4")
    sheet.set_creation_date(datetime(document.on.year, document.on.month, document.on.day, 8, tzinfo=UTC))
    sheet.set_title(document.title)
    sheet.set_author(CITY_NAME)
    sheet.set_producer("sample archive")
    sheet.set_margins(22, 16, 22)
    sheet.set_auto_page_break(True, 20)
    for style, name in (("", "DejaVuSerif"), ("B", "DejaVuSerif-Bold"), ("I", "DejaVuSans-Oblique")):
        path = FONTS / f"{name}.ttf"
        sheet.add_font("serif", style, path if path.exists() else FONTS / "DejaVuSans.ttf")
    sheet.set_font("serif", size=10.5)
    return sheet


def _letterhead(sheet: FPDF, document: Document) -> None:
    """The kop: an emblem of our own drawing, city, office and address, a double rule."""
    office, street = OFFICES[document.office]
    _emblem(sheet, 34, 17)
    sheet.set_xy(50, 16)
    for text, size, style in (
        (f"PEMERINTAH {CITY}", 13, "B"),
        (office, 14, "B"),
        (f"{street}, {CITY_NAME} 50999", 8.5, ""),
        ("Telepon (099) 555-0143, laman tirtakencana.example", 8.5, ""),
    ):
        sheet.set_font("serif", style, size)
        sheet.set_x(46)
        sheet.cell(142, 6 if size > 10 else 4.4, text, align="C", **_NEXT)
    sheet.ln(1.5)
    sheet.set_line_width(0.9)
    sheet.line(22, sheet.get_y(), 188, sheet.get_y())
    sheet.set_line_width(0.25)
    sheet.line(22, sheet.get_y() + 1.1, 188, sheet.get_y() + 1.1)
    sheet.ln(5)
    sheet.set_font("serif", size=10.5)


def _emblem(sheet: FPDF, x: float, y: float) -> None:
    sheet.set_fill_color(30, 96, 110)
    sheet.polygon([(x - 9, y), (x + 9, y), (x + 9, y + 13), (x, y + 21), (x - 9, y + 13)], style="DF")
    sheet.set_fill_color(244, 214, 120)
    sheet.ellipse(x - 4.5, y + 3, 9, 9, style="F")
    sheet.set_draw_color(255, 255, 255)
    for row in range(3):
        sheet.line(x - 6, y + 13 + row * 1.8, x + 6 - row * 1.5, y + 13 + row * 1.8)
    sheet.set_draw_color(0, 0, 0)
    sheet.set_fill_color(255, 255, 255)


def _letter_head(sheet: FPDF, document: Document) -> None:
    sheet.cell(0, 6, f"{CITY_NAME}, {long_date(document.on)}", align="R", **_NEXT)
    for label, value in (
        ("Nomor", document.number),
        ("Sifat", document.nature),
        ("Lampiran", document.enclosures),
        ("Hal", document.title),
    ):
        sheet.cell(22, 5.6, label)
        sheet.cell(4, 5.6, ":")
        sheet.multi_cell(118, 5.6, value, align="L", **_NEXT)
    sheet.ln(3)
    sheet.multi_cell(0, 5.6, f"Yth. {document.recipient}\ndi {CITY_NAME}", align="L", **_NEXT)
    sheet.ln(3)


def _decree_head(sheet: FPDF, document: Document) -> None:
    what = "PERATURAN" if document.kind == "peraturan" else "KEPUTUSAN"
    sheet.set_font("serif", "B", 11.5)
    sheet.multi_cell(
        0, 6, f"{what} WALI {CITY}\nNOMOR {document.number}\nTENTANG\n{document.title.upper()}", align="C", **_NEXT
    )
    sheet.ln(2)
    sheet.multi_cell(0, 6, f"WALI {CITY},", align="C", **_NEXT)
    sheet.set_font("serif", size=10.5)
    sheet.ln(2)


def _minutes_head(sheet: FPDF, document: Document) -> None:
    sheet.set_font("serif", "B", 12)
    sheet.multi_cell(0, 6, f"{document.kind.upper()}\n{document.title.upper()}", align="C", **_NEXT)
    sheet.set_font("serif", size=10.5)
    sheet.multi_cell(0, 5.6, f"Nomor {document.number}, {date_in_words(document.on)}", align="C", **_NEXT)
    sheet.ln(3)


def _paragraph(sheet: FPDF, text: str) -> None:
    if text == "---":
        sheet.add_page()
        return
    sheet.multi_cell(0, 5.7, text, align="J" if len(text) > 90 else "L", **_NEXT)
    sheet.ln(2.2)


def _table(sheet: FPDF, rows: tuple[tuple[str, ...], ...]) -> None:
    sheet.set_font("serif", size=9)
    with sheet.table(width=_WIDTH, line_height=5.2, first_row_as_headings=True) as table:
        for row in rows:
            cells = table.row()
            for cell in row:
                cells.cell(cell)
    sheet.set_font("serif", size=10.5)
    sheet.ln(3)


def _signature(sheet: FPDF, document: Document) -> None:
    office, person = document.signer
    if sheet.get_y() > 235:
        sheet.add_page()
    sheet.ln(4)
    if document.kind in ("keputusan", "peraturan"):
        sheet.set_x(105)
        sheet.multi_cell(83, 5.6, f"Ditetapkan di {CITY_NAME}\npada {date_in_words(document.on)}", align="L", **_NEXT)
    sheet.set_x(105)
    sheet.multi_cell(83, 5.6, f"{office},", align="C", **_NEXT)
    _scribble(sheet, 130, sheet.get_y() + 3, sum(map(ord, person)))
    sheet.ln(17)
    sheet.set_x(105)
    sheet.set_font("serif", "B", 10.5)
    sheet.cell(83, 5.6, person, align="C", **_NEXT)
    sheet.set_font("serif", size=9)
    if document.copies:
        sheet.ln(4)
        listed = "\n".join(f"{number}. {copy}" for number, copy in enumerate(document.copies, 1))
        sheet.multi_cell(0, 5, f"Tembusan:\n{listed}", align="L", **_NEXT)


def _scribble(sheet: FPDF, x: float, y: float, seed: int) -> None:
    """A signature that nobody has: a curve that the name decides."""
    sheet.set_draw_color(30, 40, 120)
    sheet.set_line_width(0.5)
    points = [(x + step * 2.4, y + 5 + ((seed >> step % 7) % 9 - 4) * 0.9) for step in range(15)]
    for start, end in pairwise(points):
        sheet.line(*start, *end)
    sheet.set_draw_color(0, 0, 0)
    sheet.set_line_width(0.25)
