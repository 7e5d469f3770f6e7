"""`edms retention` as people run it: exit status, stable keys, lines of mistakes, files that stand whole."""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from archive_fixtures import MOMENT, pdf, settings_in
from console import Console

from bench.many_records import ManyRecords
from edms.access.actors import Actor
from edms.bootstrap import open_archive
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.report_pdf import report_pdf
from edms.records.retention_report import ReportQuestion, open_report

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"record", "class", "rule", "edition", "fate", "phase", "outcome", "due_on", "reasons"}
COUNT = 60


@pytest.fixture
def filled(installation: Path) -> Iterator[Archive]:
    """The archive of `console`, with records in every state of retention."""
    opened = open_archive(settings_in(installation), FixedClock(MOMENT))
    ManyRecords(opened, seed=11).fill(COUNT)
    yield opened
    opened.sandbox.close()
    opened.database.close()


def report(console: Console, *arguments: str) -> dict[str, object]:
    done = console("retention", "report", "--format", "json", *arguments)
    assert (done.status, done.err) == (0, ""), done
    return dict(done.json)


def test_check_passes_what_ships(bare: Console) -> None:
    done = bare("retention", "check", ROOT / "retention_rules", "--json")
    assert done.status == 0
    assert done.json["ok"] is True
    assert len(done.json["editions"]) == 6
    assert bare("retention", "check", ROOT / "retention_rules").out.startswith("ok: 6 editions, ")


def test_check_names_file_line_and_reason(console: Console, tmp_path: Path) -> None:
    """A mistake refuses the folder whole, in `check` and in `apply`, and nothing changes."""
    rules = shutil.copytree(ROOT / "retention_rules", tmp_path / "rules")
    before = report(console)
    path = rules / "jra_pekalongan.toml"
    lines = path.read_text("utf-8").splitlines()
    at = lines.index('fate = "MUSNAH"')
    lines[at] = 'fate = "MIUSNAH"'
    path.write_text("\n".join(lines), "utf-8")
    for command in ("check", "apply"):
        console("retention", command, rules).refused(2, f"jra_pekalongan.toml:{at + 1}: fate: Input should be")
    assert report(console) == before


def test_report_has_its_stable_keys(console: Console, filled: Archive) -> None:
    whole = report(console, "--as-of", "2031-01-01")
    rows = whole["rows"]
    assert isinstance(rows, list)
    assert (whole["as_of"], whole["total"], len(rows)) == ("2031-01-01", COUNT, COUNT)
    assert all(row.keys() >= KEYS for row in rows)
    assert all(isinstance(row["reasons"], list) and row["reasons"] for row in rows)
    counts = whole["counts"]
    assert isinstance(counts, dict)
    assert counts == {name: sum(row["outcome"] == name for row in rows) for name in counts}
    eligible = report(console, "--as-of", "2031-01-01", "--outcome", "ELIGIBLE", "--office", "dinkes")
    assert eligible["rows"] == [row for row in rows if row["outcome"] == "ELIGIBLE" and row["office"] == "dinkes"]


def test_csv_is_the_same_and_runs_no_formula(
    console: Console, filled: Archive, capture: Callable[..., Accepted]
) -> None:
    whole = report(console)
    done = console("retention", "report", "--format", "csv")
    read = list(csv.DictReader(io.StringIO(done.out)))
    rows = whole["rows"]
    assert isinstance(rows, list)
    assert [row["record"] for row in read] == [row["record"] for row in rows]
    assert [row["due_on"] or None for row in read] == [row["due_on"] for row in rows]
    assert read[0]["reasons"] == "; ".join(rows[0]["reasons"])
    capture(filled, pdf("Rumus"), title="=HYPERLINK(0)")
    assert "'=HYPERLINK(0)" in console("retention", "report", "--format", "csv").out


def test_table_is_for_reading(console: Console, filled: Archive) -> None:
    done = console("retention", "report", "--as-of", "2031-01-01", "--language", "en")
    first, headings, *rows = done.out.splitlines()
    assert first.startswith("2031-01-01: ELIGIBLE ")
    assert headings.split() == ["record", "class", "rule", "fate", "outcome", "due", "on", "why"]
    assert len(rows) == COUNT
    assert any("the period ended on" in row for row in rows)
    assert any("the period has not elapsed; it ends on" in row for row in rows)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "id",
            (
                "Laporan retensi arsip per 1 Januari 2031",
                "Jatuh tempo",
                "Halaman {page} dari {pages}",
                "Dapat diusulkan",
            ),
        ),
        ("en", ("Retention of records as of 1 January 2031", "Due on", "Page {page} of {pages}", "May be proposed")),
    ],
    ids=["id", "en"],
)
def test_pdf_reads_back(
    console: Console, filled: Archive, tmp_path: Path, language: str, words: tuple[str, str, str, str]
) -> None:
    """Every row is in it; title, day, archive, headings and the number of the page are on every page."""
    target = tmp_path / "report.pdf"
    asked = ("retention", "report", "--as-of", "2031-01-01", "--language", language)
    done = console(*asked, "--format", "pdf", "--output", target)
    assert (done.status, done.out, done.err) == (0, "", "")
    document = pypdfium2.PdfDocument(target)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) > 2
    title, heading, place, outcome = words
    for number, text in enumerate(pages, 1):
        assert title in text
        assert heading in text
        assert "Arsip Kota" in text
        assert place.format(page=number, pages=len(pages)) in text
    text = "\n".join(pages)
    rows = report(console, "--as-of", "2031-01-01")["rows"]
    assert isinstance(rows, list)
    positions = [text.index(row["record"]) for row in rows]
    assert positions == sorted(positions)
    assert outcome in text
    assert document.get_metadata_dict()["Title"].startswith(title)
    document.close()


def test_pdf_is_the_same_each_time_and_shows_any_title(
    filled: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor]
) -> None:
    title = "Surat “penting” – Ünïcode 漢字 " + "panjang" * 40
    capture(filled, pdf("Aneh"), title=title)

    def made() -> bytes:
        with open_report(person(filled, "records"), filled, ReportQuestion(), "id") as found:
            return report_pdf(found, "Arsip Kota", MOMENT, "id")

    first = made()
    assert first == made()
    assert len(first) < 100_000, "the font is embedded whole"
    document = pypdfium2.PdfDocument(first)
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    assert "Surat “penting” – Ünïcode ??" in text
    assert "panjang" * 5 in text


def test_pdf_of_nothing_says_so(console: Console, tmp_path: Path) -> None:
    target = tmp_path / "empty.pdf"
    assert console("retention", "report", "--format", "pdf", "--output", target).status == 0
    document = pypdfium2.PdfDocument(target)
    assert "Tidak ada arsip." in document[0].get_textpage().get_text_bounded()
    document.close()


def test_output_stands_whole_or_not_at_all(console: Console, filled: Archive, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("before", "utf-8")
    console("retention", "report", "--format", "json", "--output", target, "--office", "x").refused(2, "no office 'x'")
    assert target.read_text("utf-8") == "before"
    console("retention", "report", "--format", "json", "--output", tmp_path / "no" / "report.json").refused(
        1, "report.json cannot be written", "No such file"
    )
    assert console("retention", "report", "--format", "json", "--output", target).status == 0
    assert json.loads(target.read_text("utf-8"))["total"] == COUNT
    assert [path.name for path in tmp_path.glob(".*part")] == []


def test_explain_says_every_step(console: Console, filled: Archive) -> None:
    rows = report(console, "--as-of", "2031-01-01")["rows"]
    assert isinstance(rows, list)
    for row in rows[:10]:
        told = console("retention", "explain", row["record"], "--as-of", "2031-01-01", "--json").json
        assert {key: told[key] for key in row} == row
        assert [step["step"] for step in told["steps"]][:2] == ["rule", "start"]
        assert told["steps"][0]["clause"]
        assert len(told["step_texts"]) == len(told["steps"])
        assert len(told["reason_texts"]) == len(told["reasons"])
    words = console("retention", "explain", rows[0]["record"], "--as-of", "2031-01-01", "--language", "en").out
    assert "  1. Rule " in words
    assert "  2. Counted from " in words


@pytest.mark.parametrize(
    ("status", "arguments", "words"),
    [
        (2, ("report", "--as-of", "yesterday"), ("yesterday",)),
        (2, ("report", "--format", "xml"), ("xml",)),
        (2, ("report", "--outcome", "BURN"), ("BURN",)),
        (1, ("report", "--as", "admin"), ("you may not do this",)),
        (1, ("explain", "not-an-id"), ("not found",)),
        (1, ("explain", "01a20b7e-f780-7082-b783-13b6c3ae55a2"), ("not found",)),
        (2, ("check", "/no/such/folder"), ("there is no rule folder",)),
    ],
    ids=["no day", "no form", "no outcome", "administrator", "no id", "unknown", "no folder"],
)
def test_refusals(console: Console, status: int, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    console("retention", *arguments).refused(status, *words)


def test_import_makes_a_draft_that_check_takes(console: Console, tmp_path: Path) -> None:
    table = tmp_path / "jra.csv"
    table.write_text(
        "Kode;Jenis arsip;Retensi aktif;Retensi inaktif;Keterangan\n"
        "A.1;Rapat;2 Tahun setelah tahun anggaran berakhir;3;Musnah\n"
        "A.2;Gaji;2 tshun;8 Tahun;Musnah\n"
        "A.3;Aset;=1+1;8 Tahun;Musnah, kecuali aset permanen\n",
        "utf-8",
    )
    folder = tmp_path / "draft"
    folder.mkdir()
    done = console("retention", "import", table, "--kind", "JRA", "--output", folder / "jra_kota.toml", "--json")
    assert done.status == 1, done
    assert (done.json["given"], done.json["understood"]) == (3, 1)
    assert [(one["line"], one["reason"]) for one in done.json["reported"]] == [(3, "unknown_unit"), (4, "no_period")]
    assert console("retention", "check", folder).out.startswith("ok: 1 editions, 1 rules")
    again = ("retention", "import", table, "--kind", "JRA", "--output", folder / "jra_kota.toml")
    console(*again).refused(2, "is there already")
    lines = console(*again, "--overwrite").out
    assert "line 3: A.2: active: unknown_unit: tshun; tahun?" in lines
    missing = console("retention", "import", table, "--kind", "SKKAAD", "--output", folder / "skkaad.toml")
    missing.refused(2, "has no column for level")


def test_a_workbook_is_read_as_a_table(console: Console, tmp_path: Path) -> None:
    """A sheet by its name, headings further down, a formula that is not run, and a scheme of levels."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("SKKAAD")
    for row in (
        ["Lampiran II"], ["Kode", "Uraian", "Klasifikasi Keamanan"], ["000.1", "TATA USAHA", "Biasa / Terbuka"],
        ["000.1.1", "Telekomunikasi", "Rahasia"], ["000.1.2", "=1+1", "Rahsia"], [None, None, None],
    ):  # fmt: skip
        sheet.append(row)
    book.save(tmp_path / "tabel.xlsx")
    asked = ("--kind", "SKKAAD", "--sheet", "SKKAAD", "--header-row", "2", "--output", tmp_path / "skkaad.toml")
    done = console("retention", "import", tmp_path / "tabel.xlsx", *asked, "--json")
    assert (done.status, done.json["given"], done.json["understood"]) == (1, 3, 2)
    (reported,) = done.json["reported"]
    assert (reported["line"], reported["reason"], reported["suggestion"]) == (5, "unknown_level", "rahasia")
    draft = (tmp_path / "skkaad.toml").read_text("utf-8")
    assert 'parent = "000.1"' in draft
    assert "source_sha256" in draft
    asked += ("--overwrite",)
    console("retention", "import", tmp_path / "skkaad.toml", *asked).refused(2, "neither .csv nor .xlsx")
    (tmp_path / "rusak.xlsx").write_bytes(b"PK rusak")
    assert console("retention", "import", tmp_path / "rusak.xlsx", *asked).status == 2


def test_impact_then_apply_by_another(console: Console, filled: Archive, tmp_path: Path) -> None:
    rules = shutil.copytree(ROOT / "retention_rules", tmp_path / "rules")
    path = rules / "jra_contoh.toml"
    longer = re.sub(r"(?m)^inactive_years = (\d+)", r"inactive_years = 1\1", path.read_text("utf-8"))
    path.write_text(longer, "utf-8")
    console("retention", "apply", rules).refused(2, "nobody has reviewed these rules")
    told = console("retention", "impact", rules, "--as-of", "2031-01-01", "--json").json
    assert (told["records"], told["applied"]["any"], told["as_of"]) == (COUNT, 0, "2031-01-01")
    assert told["reassigned"]["due_date"] > 0
    text = console("retention", "impact", rules).out
    assert "declared records keep the rule they were declared under" in text
    console("retention", "apply", rules, "--as", "records").refused(1, "somebody else")
    assert console("retention", "apply", rules, "--sha256", told["sha256"]).status == 0
    (line,) = console("retention", "drafts", "--as", "records", "--json").json["drafts"]
    assert line["standing"]
    year = console("retention", "forecast", "--year", "2031", "--json").json
    assert len(year["months"]) == 12
    assert console("retention", "forecast", "--draft", rules).out.count("\n") == 15
