"""A whole list of results as a file: every row, under the rule of the moment in which it is written."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pypdfium2
import pytest
from archive_fixtures import pdf, settle, take_in
from console import Console
from sqlalchemy import select

from edms.access.levels import Level
from edms.access.model import Person
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.errors import LimitExceeded
from edms.operation.door import NotPermitted
from edms.records import search_export
from edms.records.archive import Archive
from edms.records.disclosures import EXPORT_ENDED, EXPORTED, asked_before
from edms.records.people import console_person
from edms.records.questions import KeptQuestion
from edms.records.search_export import export_search
from edms.records.searching import INDEX_TOPIC, Filters
from edms.records.sheets import Form
from edms.records.visible import decided_record

FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
def letters(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Five letters, one of another office's that the clerk may not see, and pages of two."""
    monkeypatch.setattr(search_export, "_AT_ONCE", 2)
    for number in range(5):
        told = {"number": f"005/{number}", "sender": FORMULA if number == 1 else "Dinas Kesehatan"}
        take_in(archive, pdf(f"Laporan banjir {number}"), name=f"laporan-{number}.pdf", work=False, **told)
    take_in(archive, pdf("Laporan banjir"), by="clerk-bappeda", level=Level.RESTRICTED, name="luar.pdf", work=False)
    settle(archive)
    return archive


def taken(archive: Archive, form: Form, by: str = "clerk-dinkes", **asked: Any) -> bytes:
    question = KeptQuestion("banjir", **asked)
    return b"".join(export_search(console_person(archive, by, "tests"), archive, question, form, "en").parts)


def events(archive: Archive, name: str) -> list[dict[str, Any]]:
    archive.door.integrate()
    with archive.database.reader() as session:
        query = select(AuditLeaf.body).where(AuditLeaf.action == name).order_by(AuditLeaf.index)
        return [json.loads(body)["details"] for body in session.scalars(query)]


def test_every_row_stands_in_every_form(letters: Archive) -> None:
    rows = list(csv.DictReader(io.StringIO(taken(letters, Form.CSV, sort="oldest").decode())))
    assert {row["Number"] for row in rows} == {f"005/{number}" for number in range(5)}
    assert {row["Level"] for row in rows} == {"open"}
    assert sorted(row["From"] for row in rows)[0] == f"'{FORMULA}"
    book = openpyxl.load_workbook(io.BytesIO(taken(letters, Form.XLSX)))
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert len(list(book.worksheets[0].iter_rows())) == 6
    assert [cell.data_type for cell in cells if cell.value == FORMULA] == ["s"]
    document = pypdfium2.PdfDocument(taken(letters, Form.PDF))
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    assert all(f"005/{number}" in text for number in range(5))
    assert "luar" not in text


def test_the_trail_says_what_was_taken(letters: Archive) -> None:
    taken(letters, Form.CSV, filters=Filters(offices=frozenset({"dinkes"})))
    [begun], [ended] = events(letters, EXPORTED), events(letters, EXPORT_ENDED)
    assert (begun["total"], begun["form"], begun["filters"]) == (5, "csv", ["offices"])
    assert (ended["rows"], ended["whole"]) == (5, True)
    asked = asked_before(console_person(letters, "auditor", "tests"), letters, "banjir")
    assert [leaf["action"] for leaf in asked] == [EXPORTED]
    assert not [one for one in (begun, ended) if "banjir" in json.dumps(one)]


def test_what_is_hidden_meanwhile_is_not_given(letters: Archive) -> None:
    clerk = console_person(letters, "clerk-dinkes", "tests")
    rows = search_export._rows(clerk, letters, KeptQuestion("banjir", sort="title"), "id")
    first = next(rows)
    officer = console_person(letters, "records", "tests")
    ids = [UUID(str(row[-1])) for row in search_export._rows(officer, letters, KeptQuestion("banjir"), "id")]
    with letters.door.write(officer, Action.RECORD_CLASSIFY) as operation:
        for one in ids:
            if str(one) != first[-1]:
                row = decided_record(operation, one)
                row.level, row.version = Level.SECRET.value, row.version + 1
                operation.outbox(INDEX_TOPIC, row.id)
    # The page that was read already is given; what comes after it is looked at as it is now.
    assert len(list(rows)) == 1
    assert events(letters, EXPORT_ENDED)[-1] == {**events(letters, EXPORT_ENDED)[-1], "rows": 2, "whole": True}


def test_who_is_let_go_gets_no_more(letters: Archive) -> None:
    clerk = console_person(letters, "clerk-dinkes", "tests")
    rows = search_export._rows(clerk, letters, KeptQuestion("banjir"), "id")
    next(rows)
    next(rows)
    with letters.door.write(console_person(letters, "admin", "tests"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        operation.session.scalars(select(Person).where(Person.username == "clerk-dinkes")).one().active = False
    with pytest.raises(NotPermitted):
        list(rows)
    assert events(letters, EXPORT_ENDED)[-1] == {**events(letters, EXPORT_ENDED)[-1], "rows": 2, "whole": False}


def test_a_reader_who_leaves_early_leaves_an_event(letters: Archive) -> None:
    rows = search_export._rows(console_person(letters, "clerk-dinkes", "tests"), letters, KeptQuestion(""), "id")
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert events(letters, EXPORT_ENDED)[-1]["whole"] is False


def test_limits(letters: Archive) -> None:
    clerk = console_person(letters, "clerk-dinkes", "tests")
    with pytest.raises(LimitExceeded, match="longer than 500"):
        export_search(clerk, letters, KeptQuestion("x" * 501), Form.CSV)
    object.__setattr__(letters.settings.search, "most_pdf_rows", 4)
    with pytest.raises(LimitExceeded, match="at most 4 records"):
        export_search(clerk, letters, KeptQuestion("banjir"), Form.PDF)


def test_at_the_console(console: Console, tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "surat.pdf").write_bytes(pdf("Laporan banjir"))
    console("ingest", folder, "--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait")
    told = console("search", "banjir", "--as", "clerk-dinkes", "--format", "csv", "--language", "en")
    assert told.out.splitlines()[0].startswith("Number,Date,Title")
    assert len(told.out.splitlines()) == 2
    target = tmp_path / "daftar.xlsx"
    assert console("search", "", "--as", "clerk-dinkes", "--format", "xlsx", "--output", target).status == 0
    assert openpyxl.load_workbook(target).worksheets[0]["C2"].value == "surat"
    assert console("search", "", "--as", "clerk-dinkes", "--format", "csv", "--json").status == 2
    assert console("search", "", "--as", "admin", "--format", "csv").status == 1
