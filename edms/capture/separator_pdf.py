"""Separator sheets as a PDF: the code twice, for a scanner, and in words of both languages, for people."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files

import segno
from fpdf import FPDF

from edms.batches.sheet import Sheet

_FONT, _CODE_MM = "noto", 62.0
_LEVELS = {
    "open": "Terbuka / Open",
    "restricted": "Terbatas / Restricted",
    "secret": "Rahasia / Secret",
    "top_secret": "Sangat rahasia / Top secret",
}


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet, and the names of what its codes stand for."""

    sheet: Sheet
    office: str = ""
    class_title: str = ""
    folder_title: str = ""


def sheets_pdf(sheets: Sequence[PrintedSheet], archive_name: str, made_at: datetime) -> bytes:
    """Return an A4 page for each sheet. Equal sheets share one picture of the code."""
    document = FPDF(format="A4")
    document.set_creation_date(made_at)
    document.set_producer("edms")
    document.set_title(f"Lembar pemisah / Separator sheets · {archive_name}")
    document.set_lang("id")
    document.set_auto_page_break(False)
    # It tells of tables of the font that are left out of a subset, which is what a subset is for.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with as_file(files("ocrmypdf") / "data" / "NotoSans-Regular.ttf") as font:
        document.add_font(_FONT, fname=font)
    codes = {sheet: code_png(sheet) for sheet in {one.sheet for one in sheets}}
    for one in sheets:
        _page(document, one, codes[one.sheet], archive_name)
    return bytes(document.output())


def code_png(sheet: Sheet) -> bytes:
    """Return the QR code (level Q: a quarter of it may be damaged), 8 pixels to the module."""
    out = io.BytesIO()
    segno.make(sheet.encode(), error="q", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()


def _page(document: FPDF, one: PrintedSheet, picture: bytes, archive_name: str) -> None:
    document.add_page()
    middle = (document.w - _CODE_MM) / 2
    for top in (18.0, document.h - 18.0 - _CODE_MM):
        document.image(io.BytesIO(picture), x=middle, y=top, w=_CODE_MM)
    document.set_xy(20, 86)
    _line(document, 24, "LEMBAR PEMISAH")
    _line(document, 14, "Separator sheet")
    document.ln(5)
    sheet = one.sheet
    for words, code, name in (
        ("Unit kerja / Office", sheet.office, one.office),
        ("Klasifikasi / Class", sheet.class_code, one.class_title),
        ("Berkas / Folder", sheet.folder, one.folder_title),
        ("Tingkat keamanan / Level", "", _LEVELS.get(sheet.level, "")),
        ("Uraian / Description", "", sheet.title),
    ):
        told = " · ".join(part for part in (code, name) if part)
        document.set_x(20)
        document.set_font(_FONT, size=10)
        document.cell(52, 8, words)
        document.set_font(_FONT, size=12)
        document.multi_cell(document.w - 92, 8, _short(told) or "—", new_x="LMARGIN", new_y="NEXT")
    document.ln(4)
    _line(document, 9, "Letakkan di depan setiap dokumen. Halaman ini tidak menjadi bagian dokumen.")
    _line(document, 9, "Place in front of each document. This page does not become part of a document.")
    _line(document, 9, archive_name)


def _line(document: FPDF, size: float, words: str) -> None:
    document.set_x(20)
    document.set_font(_FONT, size=size)
    document.cell(document.w - 40, size * 0.5, words, align="C", new_x="LMARGIN", new_y="NEXT")


def _short(text: str) -> str:
    return text if len(text) <= 110 else text[:109] + "…"
