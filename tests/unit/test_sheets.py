"""Rows as CSV, XLSX and PDF: the same rows in each, nothing that runs, nothing cut, nothing on the disk."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import edms.records.sheets_xlsx as sheets_xlsx
from edms.records.sheets import FORMULA, Cell, Column, Form, Letterhead, Sheet, sheet_parts

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
JAKARTA = ZoneInfo("Asia/Jakarta")
ROW: tuple[Cell, ...] = (
    1, "Surat", "=1+1", date(2020, 2, 29), date(1890, 1, 1), MADE, -3.5, True, None, "a\x00b\ud800",
)  # fmt: skip
COLUMNS = tuple(Column(f"Kolom {number}") for number in range(len(ROW)))


def made(sheet: Sheet, form: Form) -> bytes:
    return b"".join(sheet_parts(sheet, form))


def a_sheet(rows: Sequence[Sequence[Cell]] = (ROW,), **more: Any) -> Sheet:
    return Sheet("Laporan: [1]", COLUMNS[: len(rows[0])] if rows else COLUMNS, rows, MADE, zone=JAKARTA, **more)


def book_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_csv_has_every_cell_as_text() -> None:
    head, row = csv.reader(io.StringIO(made(a_sheet(), Form.CSV).decode()))
    assert head == [column.heading for column in COLUMNS]
    assert row[:9] == ["1", "Surat", "'=1+1", "2020-02-29", "1890-01-01", "2026-03-04 12:06+07:00", "-3.5", "ya", ""]


def test_a_workbook_has_dates_as_dates_and_text_as_text() -> None:
    book = book_of(made(a_sheet(notes=[("Dibuat oleh", "=cmd")]), Form.XLSX))
    page, about = book.worksheets
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:J2"
    assert [cell.value for cell in page[1]] == [column.heading for column in COLUMNS]
    values = [cell.value for cell in page[2]]
    day, moment = values.pop(3), values.pop(4)
    assert values == [1, "Surat", "=1+1", "1890-01-01", -3.5, "ya", None, "a�b�"]
    assert (day.isoformat(), moment.isoformat()) == ("2020-02-29T00:00:00", "2026-03-04T12:06:00")
    assert (page["C2"].data_type, page["C2"].quotePrefix) == ("s", True)
    assert page["D2"].number_format == "yyyy-mm-dd"
    assert [[cell.value for cell in row] for row in about.rows][1] == ["Dibuat oleh", "=cmd"]


def test_what_one_worksheet_does_not_hold_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_xlsx, "MOST_ROWS", 3)
    for count in (0, 1, 3, 4, 7):
        book = book_of(made(a_sheet([(number, "x") for number in range(count)]), Form.XLSX))
        found = [row[0].value for page in book for row in page.iter_rows(min_row=2)]
        assert [value for value in found if value is not None] == list(range(count))
        assert len(book.worksheets) == max(1, -(-count // 3))


def test_rows_are_read_only_as_far_as_they_are_taken() -> None:
    for form in (Form.CSV, Form.XLSX):
        read = []

        def rows(read: list[int] = read) -> Iterator[tuple[int]]:
            for number in range(10_000):
                read.append(number)
                yield (number,)

        next(sheet_parts(Sheet("x", [Column("n")], rows(), MADE), form))
        assert len(read) <= 600


def test_the_same_sheet_gives_the_same_bytes() -> None:
    for form in (Form.CSV, Form.PDF):
        assert made(a_sheet(), form) == made(a_sheet(), form)


def test_nothing_is_put_on_the_disk(tmp_path: Path) -> None:
    """A folder for temporary files in which nothing can be made is no hindrance."""
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir(mode=0o500)
    script = (
        "import tempfile, tests.unit.test_sheets as t\n"
        "def refused(*_, **__): raise AssertionError('a temporary file')\n"
        "tempfile.NamedTemporaryFile = tempfile.mkstemp = tempfile.TemporaryFile = refused\n"
        "import openpyxl.worksheet._writer as w; w.NamedTemporaryFile = refused\n"
        "assert t.made(t.a_sheet([(1, 'x')] * 3000), t.Form.XLSX)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"TMPDIR": str(nowhere)}, check=False)
    assert done.returncode == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.dates(), st.integers(-(10**14), 10**14)), min_size=1, max_size=8))
def test_any_text_passes_and_none_is_a_formula(rows: list[tuple[str, date, int]]) -> None:
    sheet = a_sheet(rows)
    page = book_of(made(sheet, Form.XLSX)).worksheets[0]
    for row, found in zip(rows, page.iter_rows(min_row=2), strict=True):
        assert found[0].data_type in ("s", "n")
        assert (found[0].value or "") == sheets_xlsx._writable(row[0])
        assert found[2].value == row[2]
    read = list(csv.reader(io.StringIO(made(sheet, Form.CSV).decode(), newline="")))[1:]
    assert not any(line[0].startswith(FORMULA) for line in read)
    assert made(sheet, Form.PDF).startswith(b"%PDF")


def pages_of(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_bounded() for page in document]


def test_a_printed_list_has_its_letterhead_once_and_its_headings_on_every_page() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 50), "#224488").save(picture, "PNG")
    head = Letterhead("Pemerintah Kota", "Dinas Kesehatan", ("Jalan Pahlawan 1",), picture.getvalue())
    rows = [(number, f"Surat {number}") for number in range(150)]
    pages = pages_of(made(a_sheet(rows, letterhead=head), Form.PDF))
    assert len(pages) > 2
    assert "DINAS KESEHATAN" in pages[0]
    assert "Jalan Pahlawan 1" in pages[0]
    assert not any("DINAS KESEHATAN" in page for page in pages[1:])
    assert all("Kolom 1" in page for page in pages)
    assert f"Halaman {len(pages)} dari {len(pages)}" in " ".join(pages[-1].split())
    assert all(any(f"Surat {number}" in page for page in pages) for number in range(150))


def test_a_cell_longer_than_a_page_goes_on_in_the_next() -> None:
    words = " ".join(f"kata{number}" for number in range(3000))
    pages = pages_of(made(a_sheet([(1, words), (2, "akhir")]), Form.PDF))
    assert len(pages) > 1
    assert all(f"kata{number}" in "".join(pages) for number in range(3000))
    assert "akhir" in pages[-1]


def test_a_logo_that_is_none_spoils_nothing() -> None:
    for logo in (b"GIF89a", b"\x89PNG\r\n\x1a\nbroken", b"\xff\xd8"):
        sheet = replace(a_sheet(), letterhead=Letterhead("Kota", logo=logo))
        assert "KOTA" in pages_of(made(sheet, Form.PDF))[0]


def test_an_empty_list_says_so() -> None:
    assert "Tidak ada arsip." in pages_of(made(a_sheet([]), Form.PDF))[0]
    assert "There are no records." in pages_of(made(a_sheet([], language="en"), Form.PDF))[0]
