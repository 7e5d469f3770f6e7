"""An existing archive by its manifest: every problem with row and column, then each file once, then a signed report."""

import csv
import datetime
import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from archive_fixtures import pdf, settings_in
from console import Console
from sqlalchemy import select

from edms.access.levels import Level
from edms.bootstrap import open_archive
from edms.capture.intake_model import Arrival, Reconciliation
from edms.records.folders import open_folder
from edms.records.model import Record
from edms.records.people import console_person, office_by_code

MAPPING = """
[columns]
file = "Berkas"
title = "Uraian"
number = "Nomor"
date = "Tanggal"
class = "Kode"
level = "Sifat"
kip = "KIP"
location = "Boks"
office = "OPD"
sender = "Dari"

[values.office]
"Dinas Kesehatan" = "dinkes"
"""
HEADINGS = ["Berkas", "Uraian", "Nomor", "Tanggal", "Kode", "Sifat", "KIP", "Boks", "OPD", "Dari"]
Rows = list[list[Any]]


class Legacy:
    """A folder with old documents, a manifest and a mapping, and the console to import it with."""

    def __init__(self, console: Console, home: Path) -> None:
        self.console = console
        self.folder = home / "lama"
        self.folder.mkdir()
        self.manifest = home / "daftar.csv"
        self.mapping = home / "peta.toml"
        self.mapping.write_text(MAPPING, "utf-8")

    def file(self, name: str, content: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def write(self, rows: Rows, headings: list[str] | None = None) -> None:
        with self.manifest.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, delimiter=";").writerows([headings or HEADINGS, *rows])

    def arguments(self, *more: str | Path) -> tuple[str | Path, ...]:
        fixed = ("import", self.folder, "--manifest", self.manifest, "--mapping", self.mapping)
        return (*fixed, "--as", "clerk-dinkes", *more)

    def problems(self) -> dict[tuple[int, str], str]:
        done = self.console(*self.arguments("--dry-run", "--json"))
        assert done.status == (0 if done.json["ok"] else 1), done
        return {(one["row"], one["column"]): one["code"] for one in done.json["problems"]}


@pytest.fixture
def legacy(console: Console, tmp_path: Path) -> Legacy:
    return Legacy(console, tmp_path)


def records_in(home: Path) -> dict[str, Record]:
    archive = open_archive(settings_in(home))
    with archive.database.reader() as session:
        found = {record.file_name: record for record in session.scalars(select(Record))}
        for record in found.values():
            _ = record.components
    archive.database.close()
    return found


def test_what_the_manifest_says_is_what_the_records_say(legacy: Legacy, installation: Path) -> None:
    legacy.file("1998/a.pdf", pdf("Keputusan"))
    legacy.file("b.pdf", pdf("Surat"))
    legacy.file("c.pdf", pdf("Tanpa tanggal"))
    legacy.write(
        [
            [r"1998\a.pdf", "Keputusan lama", "005/1/1998", "3 Pebruari 1998", "000.1.5", "Biasa", "berkala", "B-12/3",
             "Dinas Kesehatan", "Wali Kota"],
            ["b.pdf", "Surat", "${nomor_naskah}", "-", "", "", "", "", "", ""],
            ["c.pdf", "Notulen", "", "1987", "000.1.5", "Terbatas", "", "", "dinkes", ""],
        ]
    )  # fmt: skip
    assert legacy.problems() == {(4, "Tanggal"): "year_alone"}
    done = legacy.console(*legacy.arguments("--json", "--wait"))
    assert done.status == 0, done
    *lines, total = done.lines
    assert [(line["row"], line["state"]) for line in lines] == [(2, "declared"), (3, "awaiting_class"), (4, "declared")]
    assert (total["given"], total["captured"], total["refused"]) == (3, 3, 0)
    found = records_in(installation)
    first, second, third = found["a.pdf"], found["b.pdf"], found["c.pdf"]
    assert (first.title, first.number, first.sender, first.kip) == (
        "Keputusan lama",
        "005/1/1998",
        "Wali Kota",
        "berkala",
    )
    assert (first.document_date, first.level, first.class_code) == (datetime.date(1998, 2, 3), "open", "000.1.5")
    assert not first.legacy_unverified
    original = next(part for part in first.components if part.role == "original")
    assert (original.facts["location"], original.facts["given_path"]) == ("B-12/3", "1998/a.pdf")
    assert (second.number, second.document_date, second.legacy_unverified) == (None, None, True)
    assert (third.document_date, third.legacy_unverified, third.due_on) == (None, True, None), "R33"


def test_every_problem_is_told_with_row_and_column(legacy: Legacy, tmp_path: Path, installation: Path) -> None:
    legacy.file("ada.pdf", b"x")
    legacy.file("dua.pdf", b"y")
    legacy.file("ordner/x.pdf", b"z")
    (tmp_path / "luar.pdf").write_bytes(b"rahasia")
    (legacy.folder / "link.pdf").symlink_to(tmp_path / "luar.pdf")
    (legacy.folder / "jalan").symlink_to(tmp_path)
    os.mkfifo(legacy.folder / "pipa")

    def row(file: str = "ada.pdf", **cells: str) -> list[str]:
        return [file, *(cells.get(name, "") for name in HEADINGS[1:])]

    rows = [
        row("hilang.pdf"), row("../luar.pdf"), row("/etc/passwd"), row("link.pdf"), row("jalan/luar.pdf"), row("pipa"),
        row("ordner"),
        row("", Uraian="x"), row(Kode="999.9"), row(OPD="antah"), row(OPD="bappeda"), row(Sifat="geheim"),
        row(Sifat="Rahasia"), row(KIP="apa"), row(Sifat="Biasa", KIP="dikecualikan"), row(Tanggal="31-02-2020"),
        row(Tanggal="1-1-2999"), row(Uraian="=1+1"), row(Uraian="x" * 501), row("C:\\a.pdf"), row(Uraian="a\ufffdb"),
        [""] * 10, row("dua.pdf", Nomor="7"), row("ordner/x.pdf", Nomor="7"), row("ada.pdf"), row("./ada.pdf"),
    ]  # fmt: skip
    legacy.write(rows)
    expected = {
        (2, "Berkas"): "missing_file", (3, "Berkas"): "path_escapes", (4, "Berkas"): "path_escapes",
        (5, "Berkas"): "not_a_file", (6, "Berkas"): "not_a_file", (7, "Berkas"): "not_a_file",
        (8, "Berkas"): "not_a_file", (9, "Berkas"): "no_file", (10, "Kode"): "unknown_class",
        (11, "OPD"): "unknown_office", (12, "OPD"): "not_permitted", (13, "Sifat"): "unknown_level",
        (14, "Sifat"): "not_permitted", (15, "KIP"): "unknown_kip", (16, "KIP"): "kip_contradiction",
        (17, "Tanggal"): "bad_date", (18, "Tanggal"): "future_date", (19, "Uraian"): "formula",
        (20, "Uraian"): "too_long", (21, "Berkas"): "path_escapes", (22, "Uraian"): "encoding", (23, ""): "empty_row",
        (24, "Nomor"): "number_twice", (25, "Nomor"): "number_twice", (26, "Berkas"): "file_twice",
        (27, "Berkas"): "file_twice",
    }  # fmt: skip
    assert legacy.problems() == expected
    table = legacy.console(*legacy.arguments("--dry-run"))
    assert "missing_file" in table.out
    listed = list(csv.DictReader(io.StringIO(legacy.console(*legacy.arguments("--dry-run", "--csv")).out)))
    assert [(int(line["row"]), line["column"]) for line in listed] == sorted(expected, key=lambda key: key[0])
    legacy.console(*legacy.arguments("--json")).refused(2, "nothing was taken in", "--skip-faulty")
    assert records_in(installation) == {}
    done = legacy.console(*legacy.arguments("--json", "--skip-faulty"))
    *lines, total = done.lines
    assert done.status == 1
    assert sorted(line["path"] for line in lines if line["state"] == "captured") == ["dua.pdf", "ordner/x.pdf"]
    assert total["given"] == len(lines) == 25 == total["captured"] + total["refused"]


def test_a_folder_above_the_clearance_is_no_folder(legacy: Legacy, installation: Path) -> None:
    """A table names folders by their codes: what it is told of one that it may not see is what it is told of none."""
    archive = open_archive(settings_in(installation))
    office = office_by_code(archive, "dinkes")
    for code, level in (("TERBATAS-1", Level.RESTRICTED), ("RAHASIA-1", Level.SECRET)):
        open_folder(console_person(archive, "records", "tests"), archive, office, code, "Berkas", "000.1.5", level)
    archive.database.close()
    legacy.mapping.write_text(MAPPING.replace('location = "Boks"', 'folder = "Boks"'), "utf-8")
    legacy.write([[f"{code}.pdf", *[""] * 6, code, "", ""] for code in ("TERBATAS-1", "RAHASIA-1", "TIDAK-ADA")])
    for code in ("TERBATAS-1", "RAHASIA-1", "TIDAK-ADA"):
        legacy.file(f"{code}.pdf", pdf(code))
    assert legacy.problems() == {(3, "Boks"): "unknown_folder", (4, "Boks"): "unknown_folder"}


def test_a_workbook_with_its_own_troubles(legacy: Legacy) -> None:
    legacy.file("a.pdf", b"a")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Daftar arsip lama"])
    sheet.append(HEADINGS)
    sheet.append(["a.pdf", "A", "1", 35000])
    sheet.append(["a.pdf", "=B3", "2", datetime.date(1998, 5, 1)])
    sheet.append(["a.pdf", "C"])
    sheet.merge_cells("B5:B6")
    sheet["A6"] = "a.pdf"
    legacy.manifest = legacy.manifest.with_suffix(".xlsx")
    book.save(legacy.manifest)
    legacy.mapping.write_text("[manifest]\nheader_row = 2\n" + MAPPING, "utf-8")
    assert legacy.problems() == {(3, "Tanggal"): "serial_date", (4, "Uraian"): "formula", (6, "Uraian"): "merged"}


def test_headings_that_are_missing_or_there_twice(legacy: Legacy) -> None:
    legacy.write([], [*HEADINGS[:-2], "Boks", "Entah"])
    assert legacy.problems() == {(1, "OPD"): "no_column", (1, "Dari"): "no_column", (1, "Boks"): "column_twice"}
    legacy.console(*legacy.arguments("--skip-faulty")).refused(2, "no column 'OPD'")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[columns]\ntitle = 'x'", "file"), ("[columns]\nfile = 'x'\nfoo = 'y'", "no field 'foo'"),
        ("[columns", "not TOML"),
        ("[columns]\nfile = 'x'\n[dates]\nformats = ['%d-%m-%y']", "four digits"),
        ("[columns]\nfile = 'x'\n[defaults]\ntitle = 'x'", "no field 'title'"), ("", "columns"),
    ],
    ids=["no-file", "unknown", "broken", "two-digits", "default", "empty"],
)  # fmt: skip
def test_a_mapping_that_makes_no_sense_is_refused(legacy: Legacy, text: str, why: str) -> None:
    legacy.write([])
    legacy.mapping.write_text(text, "utf-8")
    legacy.console(*legacy.arguments("--dry-run")).refused(2, "peta.toml", why)


def test_the_same_command_again_takes_nothing_in_twice(legacy: Legacy, installation: Path) -> None:
    for name in "abc":
        legacy.file(f"{name}.pdf", name.encode())
    legacy.file("salinan.pdf", b"a")
    legacy.write([[f"{name}.pdf", name] for name in "ab"])
    legacy.console(*legacy.arguments("--resume")).refused(2, "no import", "was begun")
    first = legacy.console(*legacy.arguments("--json")).lines
    legacy.write([[f"{name}.pdf", name] for name in ("a", "b", "c", "salinan")])
    second = legacy.console(*legacy.arguments("--json", "--resume")).lines
    assert [line["state"] for line in second[:-1]] == ["captured", "captured", "captured", "duplicate"]
    assert [line["record"] for line in second[:2]] == [line["record"] for line in first[:2]]
    assert second[-1]["given"] == 4
    assert len(records_in(installation)) == 3
    legacy.file("a.pdf", b"ganz anders")
    assert legacy.console(*legacy.arguments("--json")).lines[0]["record"] != first[0]["record"], "other content"


def test_several_files_of_one_row(legacy: Legacy, installation: Path) -> None:
    legacy.file("1.pdf", b"1")
    legacy.file("2.pdf", b"2")
    legacy.write([["1.pdf; 2.pdf", "Laporan"]])
    assert legacy.console(*legacy.arguments("--json")).status == 0
    assert [record.title for _name, record in sorted(records_in(installation).items())] == [
        "Laporan (1/2)",
        "Laporan (2/2)",
    ]


def test_a_link_put_in_the_way_after_the_check_is_not_followed(legacy: Legacy, tmp_path: Path) -> None:
    from edms.capture.manifest_files import open_inside

    legacy.file("dalam/a.pdf", b"a")
    with open_inside(legacy.folder, legacy.folder / "dalam" / "a.pdf") as stream:
        assert stream.read() == b"a"
    (legacy.folder / "dalam").rename(tmp_path / "luar")
    (legacy.folder / "dalam").symlink_to(tmp_path / "luar")
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        open_inside(legacy.folder, legacy.folder / "dalam" / "a.pdf")


def test_the_report_is_signed_kept_and_checked_by_openssl(legacy: Legacy, installation: Path) -> None:
    legacy.file("a.pdf", b"a")
    legacy.write([["a.pdf", "A"]])
    report = installation / "laporan.json"
    assert legacy.console(*legacy.arguments("--report", report)).status == 0
    told = json.loads(report.read_bytes())
    assert (told["given"], told["captured"], told["manifest"]) == (1, 1, "daftar.csv")
    assert [(file["row"], file["path"]) for file in told["files"]] == [(2, "a.pdf")]
    roots = installation / "roots.pem"
    roots.write_text(legacy.console("keys", "public").out, "utf-8")
    check = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{report}.p7s", "-content", str(report),
        "-CAfile", str(roots), "-purpose", "any", "-out", os.devnull,
    ]  # fmt: skip
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    archive = open_archive(settings_in(installation))
    with archive.database.reader() as session:
        kept = session.scalars(select(Reconciliation)).one()
        assert (kept.kind, kept.content, kept.made_by) == ("import", report.read_bytes(), "clerk-dinkes")
        assert session.scalars(select(Arrival)).one().source.startswith("import:")
    archive.database.close()
