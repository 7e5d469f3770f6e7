"""A sheet as a workbook (XLSX), row by row: openpyxl writes the cells, the archive leaves in parts as it grows.

openpyxl's own way of writing row by row keeps the worksheet in a readable file of the temporary folder until the book
is saved; here the same writer writes straight into the compressed archive, so that nothing is ever on the disk.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from edms.records.sheets import FORMULA, PART, Cell, Column, Sheet, cell_text

MOST_ROWS = 1_048_575
"""What one worksheet holds below its heading."""
_LONGEST = 32_767
_FIRST_DAY = date(1900, 1, 1)
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
# What XML 1.0 cannot carry, lone surrogates included.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_TITLE = re.compile(r"[\\*?:/\[\]']")
_ABOUT = {"id": ("Keterangan", "Isi", "Uraian"), "en": ("About", "Item", "Value")}


def xlsx_parts(sheet: Sheet) -> Iterator[bytes]:
    """Yield the workbook in parts. Days and moments are dates to the spreadsheet, text is text."""
    book = Workbook(write_only=True)
    book.properties.title, book.properties.creator = _writable(sheet.title), "edms"
    book.properties.created = book.properties.modified = sheet.made_at.astimezone(sheet.zone).replace(tzinfo=None)
    sink = _Sink()
    with ZipFile(cast(Any, sink), "w", ZIP_DEFLATED) as archive:
        left = iter(sheet.rows)
        title, number = _NOT_IN_A_TITLE.sub(" ", _writable(sheet.title))[:28].strip() or "edms", 1
        first = next(left, None)
        while first is not None or number == 1:
            rows = islice(left, MOST_ROWS - 1) if first is not None else iter(())
            begun = () if first is None else (first,)
            name = title if number == 1 else f"{title} {number}"
            yield from _worksheet(book, archive, sink, name, sheet.columns, chain(begun, rows), sheet)
            first, number = next(left, None), number + 1
        if sheet.notes:
            about, *heads = _ABOUT[sheet.language]
            columns = (Column(heads[0], 24), Column(heads[1], 80))
            yield from _worksheet(book, archive, sink, about, columns, sheet.notes, sheet)
        _Rest(book, archive).write_data()
    yield sink.taken()


def _worksheet(
    book: Workbook,
    archive: ZipFile,
    sink: "_Sink",
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    sheet: Sheet,
) -> Iterator[bytes]:
    """Write one worksheet, heading first, handing over what has become of it after every few rows."""
    page: Any = book.create_sheet(name)
    page._id = len(book.worksheets)
    page.freeze_panes, page.print_title_rows = "A2", "1:1"
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    for place, column in enumerate(columns, 1):
        page.column_dimensions[get_column_letter(place)].width = min(column.width + 2, 120)
    cells, count = _Cells(page, sheet), 1
    with archive.open(page.path[1:], "w", force_zip64=True) as part:
        writer: Any = WorksheetWriter(page, part)
        writer.write_top()
        out = writer.xf.send(True)
        with out.element("sheetData"):
            writer.write_row(out, cells.heading(columns), 1)
            for count, row in enumerate(rows, 2):
                writer.write_row(out, cells.row(row, count), count)
                if count % PART == 0:
                    yield sink.taken()
        writer.xf.send(None)
        page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count}"
        writer.write_tail()
        writer.close()
    yield sink.taken()


class _Cells:
    """Cells of one worksheet. Styles are set by their number, found once each: a style a cell is slow."""

    def __init__(self, page: Any, sheet: Sheet) -> None:
        self._page, self._sheet = page, sheet
        self._top = self._styled(alignment=Alignment(vertical="top", wrap_text=True))
        self._quoted = self._styled(alignment=Alignment(vertical="top", wrap_text=True))
        self._quoted.quotePrefix = 1
        self._day = self._styled(number_format=_DAY, alignment=Alignment(vertical="top"))
        self._moment = self._styled(number_format=_MOMENT, alignment=Alignment(vertical="top"))
        self._plain = self._styled(alignment=Alignment(vertical="top"))

    def heading(self, columns: Sequence[Column]) -> Iterator[Any]:
        fill = PatternFill("solid", fgColor="E8EDF1")
        style = self._styled(font=Font(bold=True), fill=fill, alignment=Alignment(vertical="top", wrap_text=True))
        for place, column in enumerate(columns, 1):
            yield self._cell(_writable(column.heading), "s", style, place, 1)

    def row(self, row: Sequence[Cell], number: int) -> Iterator[Any]:
        for place, value in enumerate(row, 1):
            if value is not None and value != "":
                yield self._typed(value, place, number)

    def _typed(self, value: Cell, place: int, number: int) -> Any:
        if isinstance(value, datetime) and value.date() > _FIRST_DAY:
            return self._cell(value.astimezone(self._sheet.zone).replace(tzinfo=None), "d", self._moment, place, number)
        # A spreadsheet knows no day before 1900, an archive does.
        if isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
            return self._cell(value, "d", self._day, place, number)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**15:
            return self._cell(value, "n", self._plain, place, number)
        text = _writable(cell_text(self._sheet, value))
        style = self._quoted if text.startswith(FORMULA) else self._top
        return self._cell(text, "s", style, place, number)

    def _cell(self, value: Any, kind: str, style: Any, place: int, number: int) -> Any:
        """The kind is said, not guessed, so that text which begins with an equals sign remains text."""
        cell: Any = WriteOnlyCell(self._page)
        cell._value, cell.data_type, cell._style = value, kind, style
        cell.row, cell.column = number, place
        return cell

    def _styled(self, **parts: Any) -> Any:
        cell: Any = WriteOnlyCell(self._page)
        for name, part in parts.items():
            setattr(cell, name, part)
        return cell._style


class _Rest(ExcelWriter):
    """Everything of the workbook but its worksheets, which are in the archive already."""

    def _write_worksheets(self) -> None:
        manifest: Any = self.manifest
        for page in self.workbook.worksheets:
            manifest.append(page)


class _Sink:
    """Where the archive is written to: a file that can only go on, and be emptied."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, content: bytes) -> int:
        self._held += content
        return len(content)

    def flush(self) -> None:
        """There is nothing behind it."""

    def taken(self) -> bytes:
        """What has come since it was last asked."""
        held = bytes(self._held)
        self._held.clear()
        return held


def _writable(text: str) -> str:
    """Return what a cell can hold: what it cannot carry is a replacement character, what is too long ends in an
    ellipsis."""
    text = _UNWRITABLE.sub("\ufffd", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
