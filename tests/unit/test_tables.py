"""Manifests as hostile input: what a cell is, is told; what would be run or guessed, is not."""

import datetime
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from edms.core.settings import TextSettings
from edms.text.reader import parser_limits
from edms.text.tables import MOST_CELL, MOST_COLUMNS, read_table

LIMITS = parser_limits(TextSettings())


def read(content: bytes, kind: str = "csv", **told: str) -> dict[str, Any]:
    """Read as the sandbox would, in this process: on a descriptor of the content."""
    descriptor = os.memfd_create("table")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return read_table([descriptor], kind, told, LIMITS)[0]


def book(fill: Callable[[Any], None], *, from_1904: bool = False) -> bytes:
    made = openpyxl.Workbook()
    if from_1904:
        made.epoch = CALENDAR_MAC_1904
    fill(made.active)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [";", ",", "\t"], ids=["semicolon", "comma", "tab"])
def test_csv_of_every_delimiter(delimiter: str) -> None:
    rows = [["Berkas", "Uraian; atau, judul"], ["a.pdf", "baris\nkedua"], ["", "x"]]
    text = "\n".join(delimiter.join(f'"{cell}"' if cell else "" for cell in row) for row in rows)
    found = read(text.encode())
    assert found["problem"] == ""
    assert [[cell[1] for cell in row] for row in found["rows"]] == rows
    assert found["rows"][2][0] == ["empty", ""]


def test_encodings_are_read_by_mark_or_name_and_never_guessed() -> None:
    text = "Berkas;Uraian\na.pdf;Café"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert read(text.encode(encoding))["rows"][1][1] == ["text", "Café"], encoding
    assert "line 2 is not utf-8" in read(text.encode("cp1252"))["problem"]
    assert read(text.encode("cp1252"), encoding="windows-1252")["rows"][1][1][1] == "Café"
    assert "no encoding" in read(b"x", encoding="klingon")["problem"]


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3"])
def test_formulas_in_csv_are_told(cell: str) -> None:
    assert read(f'a\n"{cell}"'.encode())["rows"][1][0][0] == "formula"


@pytest.mark.parametrize("cell", ["-12", "+62,5", "-", "a=b", "005/1234/2023"])
def test_numbers_and_words_are_no_formulas(cell: str) -> None:
    assert read(f'a\n"{cell}"'.encode())["rows"][1][0] == ["text", cell]


def test_what_is_no_csv_is_refused_with_its_line() -> None:
    assert "line 2 is not CSV" in read(b'a,b\n"offen,b\nc')["problem"]
    assert "columns" in read(b"," * MOST_COLUMNS)["problem"]
    assert "characters" in read(b"x" * (MOST_CELL + 1))["problem"]
    assert read(b"")["rows"] == []


def test_cells_of_a_workbook_say_what_they_are() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["a", 12, 1.5, datetime.date(2021, 5, 3), "=A1&B1", None, True])
        sheet.append(["m", None, "x"])
        sheet["C3"] = "#REF!"
        sheet["C3"].data_type = "e"
        sheet.merge_cells("A2:B3")

    rows = read(book(fill), "xlsx")["rows"]
    assert rows[0] == [
        ["text", "a"], ["number", "12"], ["number", "1.5"], ["date", "2021-05-03"], ["formula", "=A1&B1"],
        ["empty", ""], ["text", "True"],
    ]  # fmt: skip
    assert [cell[0] for cell in rows[1][:3]] == ["text", "merged", "text"]
    assert [cell[0] for cell in rows[2][:3]] == ["merged", "merged", "error"]


def test_dates_that_count_from_1904_are_the_same_days() -> None:
    def fill(sheet: Any) -> None:
        sheet.append([datetime.date(1999, 12, 31)])

    old = read(book(fill, from_1904=True), "xlsx")
    assert old["rows"] == [[["date", "1999-12-31"]]]
    assert "1904" in old["notes"][0]
    assert read(book(fill), "xlsx") == {"rows": old["rows"], "notes": [], "problem": ""}


def test_hostile_workbooks_are_refused(tmp_path: Path) -> None:
    plain = book(lambda sheet: sheet.append(["a"]))
    assert "no sheet" in read(plain, "xlsx", sheet="Lain")["problem"]
    assert "damaged" in read(plain[:200], "xlsx")["problem"]
    entities = _with_part(plain, "xl/sharedStrings.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><sst>&a;</sst>')
    assert "DTD" in read(entities, "xlsx")["problem"]
    bomb = _with_part(plain, "xl/media/x.bin", b"\0" * 60_000_000)
    assert "unpacks" in read(bomb, "xlsx")["problem"]


def _with_part(package: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            if entry != name:
                target.writestr(entry, source.read(entry))
        target.writestr(name, content)
    return out.getvalue()
