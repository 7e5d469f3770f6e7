"""A sheet as a PDF to be printed and signed: letterhead, A4 across, headings on every page, pages numbered.

Unlike the other forms it is built whole: about 2 KB of memory for each row.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from PIL import Image, UnidentifiedImageError

from edms.records.pdf_letters import FONT
from edms.records.pdf_lines import BrokenLines
from edms.records.sheets import Cell, Letterhead, Sheet, cell_text
from edms.retention.explain import day

_SIZE, _LINE = 7.5, 3.4
_MARGIN, _BOTTOM, _TOP = 12.0, 14.0, 12.0
_LOGO = 18.0
_MOST_LOGO_PIXELS = 4_000_000
_WORDS = {
    "id": {"page": "Halaman {page} dari {pages}", "made": "Dibuat {moment}", "none": "Tidak ada arsip."},
    "en": {"page": "Page {page} of {pages}", "made": "Made {moment}", "none": "There are no records."},
}


def pdf_parts(sheet: Sheet) -> Iterator[bytes]:
    """Yield the PDF. Letters that the font lacks are shown as a question mark."""
    document = _Document(sheet)
    empty = True
    for row in sheet.rows:
        document.row(row)
        empty = False
    if empty:
        document.nothing()
    yield bytes(document.output())


class _Document(BrokenLines):
    """Pages with their heading and foot; the letterhead stands on the first alone."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._sheet, self._words = sheet, _WORDS[sheet.language]
        self._in_table = False
        self.set_creation_date(sheet.made_at)
        self.set_producer("edms")
        self.set_title(sheet.title)
        self.set_lang(sheet.language)
        self.set_auto_page_break(False)
        self.set_margin(_MARGIN)
        self.learn_letters()
        self.alias_nb_pages()
        self.c_margin = 0
        in_all = sum(column.width for column in sheet.columns) or 1
        self._column_widths = [column.width / in_all * (self.w - 2 * _MARGIN) for column in sheet.columns]
        self.add_page()
        self._head(sheet.letterhead)
        self._title(sheet)
        self._headings()
        self._in_table = True

    def header(self) -> None:
        self.set_font(FONT, size=_SIZE)
        self.set_y(_TOP)
        if self._in_table:
            self._headings()

    def footer(self) -> None:
        self.set_font(FONT, size=_SIZE)
        moment = self._sheet.made_at.astimezone(self._sheet.zone)
        made = f"{day(moment.date(), self._sheet.language)} {moment:%H:%M}"
        told = self.clean(f"{self._sheet.title} · {self._words['made'].format(moment=made)}")
        self.text(_MARGIN, self.h - 7, told)
        place = self._words["page"].format(page=self.page_no(), pages="{nb}")
        # Only a cell has its count of pages put in afterwards.
        self.set_xy(self.w - _MARGIN - 60, self.h - 10)
        self.cell(60, 4, place, align="R")

    def _head(self, head: Letterhead) -> None:
        """Name, office and address in the middle, the logo at the left, a thick and a thin rule below (R11)."""
        if not head.organisation and not head.office:
            return
        logo = _logo_picture(head.logo)
        if logo is not None:
            shrink = min(_LOGO / logo.height, 2 * _LOGO / logo.width)
            self.image(logo, _MARGIN, _TOP - 2, logo.width * shrink, logo.height * shrink)
        self.set_y(_TOP)
        lines = [(12.0, head.organisation.upper()), (14.0, head.office.upper())]
        for size, text in [*lines, *((8.5, line) for line in head.lines)]:
            if text:
                self.set_font(FONT, size=size)
                self.set_x(_MARGIN)
                self.cell(self.epw, size * 0.43, self.clean(text), align="C", new_x="LMARGIN", new_y="NEXT")
        y = max(self.get_y(), _TOP + (_LOGO - 1 if logo is not None else 0)) + 2
        for width, gap in ((0.7, 0.0), (0.2, 0.9)):
            self.set_line_width(width)
            self.line(_MARGIN, y + gap, self.w - _MARGIN, y + gap)
        self.set_y(y + 5)

    def _title(self, sheet: Sheet) -> None:
        self.set_font(FONT, size=12)
        self.multi_cell(0, 5.2, self.clean(sheet.title), align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_font(FONT, size=_SIZE)
        told = "   ".join(f"{name}: {value}" for name, value in sheet.notes)
        if told:
            self._lines(_MARGIN, self.broken(told, self.epw))
        self.ln(1)

    def _headings(self) -> None:
        top = self.get_y()
        broken = [
            self.broken(column.heading, width - 2)
            for column, width in zip(self._sheet.columns, self._column_widths, strict=True)
        ]
        self._cells(broken)
        self.set_line_width(0.2)
        for y in (top, self.get_y()):
            self.line(_MARGIN, y, self.w - _MARGIN, y)
        self.set_y(self.get_y() + 0.8)

    def row(self, row: Sequence[Cell]) -> None:
        """One row, as many lines high as its longest cell; broken across pages only when it is longer than one."""
        broken = [
            self.broken(self._cell_text(cell), width - 2) for cell, width in zip(row, self._column_widths, strict=True)
        ]
        while broken:
            room = int((self.h - _BOTTOM - self.get_y()) / _LINE)
            height = max(map(len, broken))
            whole_page = int((self.h - _BOTTOM - _TOP - 12) / _LINE)
            if height > room and (height <= whole_page or room < 3):
                self.add_page()
                room = int((self.h - _BOTTOM - self.get_y()) / _LINE)
            self._cells([lines[:room] for lines in broken])
            broken = [lines[room:] for lines in broken] if height > room else []
            if broken:
                self.add_page()

    def nothing(self) -> None:
        self._lines(_MARGIN, [self._words["none"]])

    def _cells(self, broken: list[list[str]]) -> None:
        top, x = self.get_y(), _MARGIN
        for lines, width, column in zip(broken, self._column_widths, self._sheet.columns, strict=True):
            self.set_y(top)
            self._lines(x, lines, width - 2 if column.at_end else None)
            x += width
        self.set_y(top + max(map(len, broken), default=0) * _LINE + 1)

    def _lines(self, x: float, lines: list[str], end: float | None = None) -> None:
        y = self.get_y()
        for line in lines:
            y += _LINE
            self.text(x if end is None else x + end - self.width_of(line), y - 0.8, line)
        self.set_y(y + 1)

    def _cell_text(self, cell: Cell) -> str:
        """Days are written out as people write them; everything else as in the other forms."""
        if isinstance(cell, date) and not isinstance(cell, datetime):
            return day(cell, self._sheet.language)
        return cell_text(self._sheet, cell)


def _logo_picture(content: bytes) -> Any:
    """Return the picture of a letterhead, or None where there is none or it is not one (PNG or JPEG, 4 megapixels)."""
    if not content:
        return None
    try:
        picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        if picture.width * picture.height > _MOST_LOGO_PIXELS:
            return None
        return picture.convert("RGBA" if picture.mode in ("P", "LA", "RGBA") else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
