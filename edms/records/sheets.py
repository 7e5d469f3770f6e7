"""Rows as files to carry away: what a sheet is, and the same rows as CSV, XLSX and PDF.

A report hands over a `Sheet` and gets its bytes in parts while its rows are being read; CSV and XLSX hold no more than
a part in memory and nothing on the disk, however many rows there are. No cell of any form is one that a spreadsheet
would run as a formula. Every row is in the file: what does not fit one worksheet goes on in the next.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum

Cell = str | int | float | bool | date | datetime | None
PART = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_YES_NO = {"id": ("tidak", "ya"), "en": ("no", "yes")}


class Form(StrEnum):
    """What a sheet can be written as."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


MEDIA_TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PDF: "application/pdf",
}


@dataclass(frozen=True)
class Column:
    """A column: its heading in the language of the sheet and its width in letters (a share of the page in PDF)."""

    heading: str
    width: int = 16
    at_end: bool = False
    """Numbers are set against the right edge."""


@dataclass(frozen=True)
class Letterhead:
    """Who writes: name of the organisation, of the office, lines of address, and the bytes of a PNG or JPEG or none."""

    organisation: str
    office: str = ""
    lines: tuple[str, ...] = ()
    logo: bytes = b""


@dataclass(frozen=True)
class Sheet:
    """A table with its title. `rows` is read once, and only as far as what was written has been taken.

    A row has a cell for each column; moments have a zone. `notes`: name and value of what was asked, when and by whom;
    they stand below the title of the PDF and on a worksheet of their own. `language` is "id" or "en".
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    made_at: datetime
    language: str = "id"
    zone: tzinfo = UTC
    notes: Sequence[tuple[str, str]] = ()
    letterhead: Letterhead = Letterhead("")


def sheet_parts(sheet: Sheet, form: Form) -> Iterator[bytes]:
    """Yield the file in parts. CSV is UTF-8 with a heading (RFC 4180). The same sheet gives the same bytes."""
    yield from _writer(form)(sheet)


def _writer(form: Form) -> Callable[[Sheet], Iterator[bytes]]:
    """Fonts and workbooks are read only by whoever asks for them: 25 MB that no other command needs."""
    if form is Form.CSV:
        return _csv_parts
    if form is Form.XLSX:
        from edms.records.sheets_xlsx import xlsx_parts

        return xlsx_parts
    from edms.records.sheets_pdf import pdf_parts

    return pdf_parts


def _csv_parts(sheet: Sheet) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe_text(column.heading) for column in sheet.columns])
    for number, row in enumerate(sheet.rows, 1):
        writer.writerow([_csv_cell(sheet, cell) for cell in row])
        if number % PART == 0:
            yield out.getvalue().encode("utf-8", "replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", "replace")


def _csv_cell(sheet: Sheet, cell: Cell) -> str:
    """A number that is one stays one, so that a negative figure can be added up; only text can be a formula."""
    text = cell_text(sheet, cell)
    return safe_text(text) if isinstance(cell, str) else text


def cell_text(sheet: Sheet, cell: Cell) -> str:
    """Return a cell as text: days as YYYY-MM-DD, moments in the zone of the sheet, yes and no in its language."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return _YES_NO[sheet.language][cell]
    if isinstance(cell, datetime):
        return cell.astimezone(sheet.zone).isoformat(sep=" ", timespec="minutes")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def safe_text(text: str) -> str:
    """Return text as no spreadsheet takes for a formula: what looks like one begins with an apostrophe."""
    return "'" + text if text.startswith(FORMULA) else text
