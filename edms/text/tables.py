"""Tables that people hand in (CSV, XLSX) as plain cells, each with what kind of cell it was. Runs in the sandbox.

A cell is `[kind, text]`; kinds: `text`, `date` (ISO), `number`, `formula`, `error`, `merged` (covered by a merged
cell that begins elsewhere), `empty`. Nothing is computed and no formula is run.
"""

import csv
import io
import os
from datetime import date, datetime
from typing import Any, BinaryIO

from edms.text.packages import open_package
from edms.text.types import Unreadable

Cell = list[str]
MOST_ROWS = 500_000
MOST_COLUMNS = 500
MOST_CELL = 5_000
_EMPTY: Cell = ["empty", ""]


def read_table(
    descriptors: list[int], kind: str, told: dict[str, Any], limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return `{"rows", "notes", "problem"}`: every row as a list of cells, from the first line of the file.

    `kind`: csv or xlsx. `told`: `encoding`, `delimiter` (empty: found out), `sheet` (empty: the first).
    """
    with os.fdopen(descriptors[0], "rb") as stream:
        try:
            rows, notes = _csv(stream, told) if kind == "csv" else _xlsx(stream, told, limits)
        except Unreadable as problem:
            return {"rows": [], "notes": [], "problem": problem.message}, []
    return {"rows": rows, "notes": notes, "problem": ""}, []


def _csv(stream: BinaryIO, told: dict[str, Any]) -> tuple[list[list[Cell]], list[str]]:
    text, notes = _decoded(stream.read(), str(told.get("encoding") or ""))
    delimiter = str(told.get("delimiter") or "") or _delimiter(text)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append([_text(cell) for cell in _bounded(row, len(rows))])
    except csv.Error as error:
        raise Unreadable("damaged", f"line {len(rows) + 1} is not CSV: {error}") from None
    return rows, notes


def _decoded(content: bytes, encoding: str) -> tuple[str, list[str]]:
    """Decode as told, else by its mark, else as UTF-8. What is none of these is refused, not guessed at."""
    if not encoding:
        marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
        encoding = next((name for mark, name in marks if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(encoding), []
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(
            "damaged", f"line {line} is not {encoding}: save it as UTF-8, or name its encoding, such as windows-1252"
        ) from None
    except LookupError:
        raise Unreadable("damaged", f"there is no encoding {encoding[:40]!r}") from None


def _delimiter(text: str) -> str:
    """The one of `;`, `,` and tab that the first line holds most of, outside of quotes."""
    outside = "".join(text.split("\n", 1)[0].split('"')[::2])
    return max((";", ",", "\t"), key=outside.count)


def _text(value: str) -> Cell:
    clean = value.strip().replace("\x00", "\ufffd")
    if not clean:
        return _EMPTY
    # What a spreadsheet would run when the file is opened in it; numbers with a sign are none.
    formula = clean[0] in "=@" or (clean[0] in "+-" and not clean[1:].replace(".", "").replace(",", "").isdigit())
    return ["formula" if formula and len(clean) > 1 else "text", clean]


def _bounded(row: list[Any], number: int) -> list[Any]:
    if number >= MOST_ROWS:
        raise Unreadable("too_long", f"it has more than {MOST_ROWS} rows; divide it")
    if len(row) > MOST_COLUMNS:
        raise Unreadable("too_long", f"row {number + 1} has more than {MOST_COLUMNS} columns")
    if any(isinstance(cell, str) and len(cell) > MOST_CELL for cell in row):
        raise Unreadable("too_long", f"a cell of row {number + 1} has more than {MOST_CELL} characters")
    return row


def _xlsx(stream: BinaryIO, told: dict[str, Any], limits: dict[str, int]) -> tuple[list[list[Cell]], list[str]]:
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    from edms.text.office import refuse_entities

    with open_package(stream, limits) as package:
        refuse_entities(package)
    stream.seek(0)
    try:
        book = openpyxl.load_workbook(stream, data_only=False, keep_links=False)
        sheet = book[str(told["sheet"])] if told.get("sheet") else book.worksheets[0]
    except KeyError:
        known = ", ".join(book.sheetnames[:20])
        raise Unreadable("damaged", f"there is no sheet {str(told['sheet'])[:40]!r}; there are {known}") from None
    except Exception as error:  # noqa: BLE001 - the library raises many kinds on broken files
        raise Unreadable("damaged", f"it cannot be read as a workbook: {type(error).__name__}") from None
    if sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
        raise Unreadable("too_long", f"it has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns; divide it")
    covered = {
        (row, column)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, min(area.max_row, sheet.max_row) + 1)
        for column in range(area.min_col, min(area.max_col, sheet.max_column) + 1)
    }
    starts = {(area.min_row, area.min_col) for area in sheet.merged_cells.ranges}
    rows = [
        _bounded([_cell(cell, covered - starts) for cell in row], number)
        for number, row in enumerate(sheet.iter_rows())
    ]
    notes = ["dates count from 1904, as the workbook says"] if book.epoch == CALENDAR_MAC_1904 else []
    return rows, notes


def _cell(cell: Any, covered: set[tuple[int, int]]) -> Cell:
    if (cell.row, cell.column) in covered:
        return ["merged", ""]
    value = cell.value
    if value is None:
        return _EMPTY
    if cell.data_type == "f":
        return ["formula", str(getattr(value, "text", value))[:MOST_CELL]]
    if cell.data_type == "e":
        return ["error", str(value)[:40]]
    if isinstance(value, datetime | date):
        day = value.date() if isinstance(value, datetime) else value
        return ["date", day.isoformat()]
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = str(value).strip().replace("\x00", "\ufffd")
        return ["text", text] if text else _EMPTY
    return ["number", str(int(value)) if float(value).is_integer() else repr(value)]
