"""Daftar Berkas, Daftar Isi Berkas, offices that are late with theirs, explanations; what charts are made of."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from bench.many_records import ManyRecords
from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.file_lists import CONTENTS_COLUMNS, FILES_COLUMNS, FileList, open_file_list
from edms.records.folders import close_folder, open_folder
from edms.records.forecast import outlook
from edms.records.model import Folder, Record
from edms.records.report_explanations import deliver_list, explain_still_active, offices_late
from edms.records.report_lists import ListName
from edms.records.reports import ListQuestion, list_counts, list_page
from edms.records.sheets import Form, sheet_parts

People = Callable[[Archive, str], Actor]


def read(reader: Actor, archive: Archive, name: FileList, office: str) -> list[list[str]]:
    with open_file_list(reader, archive, name, office, None) as (sheet, _name):
        return list(csv.reader(io.StringIO(b"".join(sheet_parts(sheet, Form.CSV)).decode())))


def office_id(archive: Archive, code: str) -> UUID:
    with archive.database.reader() as session:
        return session.scalars(select(Office.id).where(Office.code == code)).one()


def test_the_columns_are_those_that_the_inspector_asks_for(rule_tables: Path) -> None:
    with (rule_tables / "anri_mandatory_fields.csv").open(encoding="utf-8") as stream:
        asked = [(row["document"], row["field_or_item"]) for row in csv.DictReader(stream)]
    assert tuple(field for document, field in asked if document.startswith("Daftar Berkas")) == FILES_COLUMNS
    assert tuple(field for document, field in asked if document == "Daftar Isi Berkas") == CONTENTS_COLUMNS


def test_files_and_their_contents_agree(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=6).fill(120)
    reader = person(archive, "records")
    files, contents = (read(reader, archive, name, "dinkes") for name in FileList)
    assert [one.lower() for one in files[0]] == list(FILES_COLUMNS)
    assert [one.lower() for one in contents[0]] == list(CONTENTS_COLUMNS)
    counted = {row[1]: int(row[5].split()[0]) for row in files[1:]}
    assert sum(counted.values()) == len(contents) - 1 > 0
    for code, count in counted.items():
        assert [int(row[1]) for row in contents[1:] if row[0] == code] == list(range(1, count + 1))
    assert all(row[0] == "Dinas Kesehatan" for row in files[1:])


def test_another_office_and_what_one_may_not_see_are_not_listed(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=6).fill(120)
    assert len(read(person(archive, "clerk-bappeda"), archive, FileList.FILES, "dinkes")) == 1
    with archive.database.reader() as session:
        query = select(Record.level).join(Folder, Folder.id == Record.folder_id)
        levels = list(session.scalars(query.where(Folder.office_id == office_id(archive, "dinkes"))))
    everything = len(read(person(archive, "records"), archive, FileList.CONTENTS, "dinkes")) - 1
    fewer = len(read(person(archive, "clerk-dinkes"), archive, FileList.CONTENTS, "dinkes")) - 1
    assert everything == len(levels)
    assert 0 < fewer < everything
    with pytest.raises(Refused), open_file_list(person(archive, "records"), archive, FileList.FILES, "nowhere", None):
        pass


def test_an_office_is_late_until_its_list_is_delivered(archive: Archive, person: People) -> None:
    clerk, officer = person(archive, "clerk-dinkes"), person(archive, "records")
    dinkes = office_id(archive, "dinkes")
    folder = open_folder(clerk, archive, dinkes, "B-7", "Rapat", "000.1.5", Level.OPEN)
    close_folder(clerk, archive, folder)
    closed = archive.clock.today()
    six_months_on = closed + timedelta(days=185)
    assert offices_late(officer, archive, closed + timedelta(days=170)) == ()
    late = offices_late(officer, archive, six_months_on)
    assert [(one.office, one.folders, one.oldest, one.delivered_through) for one in late] == [
        ("dinkes", 1, closed, None)
    ]
    assert offices_late(person(archive, "clerk-bappeda"), archive, six_months_on) == ()
    for actor in (person(archive, "clerk-bappeda"), person(archive, "auditor")):
        with pytest.raises((NotPermitted, NotFound)):
            deliver_list(actor, archive, dinkes, closed)
    assert deliver_list(clerk, archive, dinkes, closed) == 1
    assert offices_late(officer, archive, six_months_on) == ()
    for wrong in (closed, closed - timedelta(days=1), closed + timedelta(days=1)):
        with pytest.raises(Refused):
            deliver_list(clerk, archive, dinkes, wrong)


def test_an_explained_record_leaves_the_list_of_the_unexplained(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=6).fill(120)
    officer = person(archive, "records")
    before = list_counts(officer, archive, None, "")
    one = list_page(officer, archive, ListQuestion(ListName.UNEXPLAINED), "", 1, "id").rows[0].row.record
    for words in ("Dipakai dalam\nperkara", "Masih dipakai"):
        explain_still_active(officer, archive, one, words)
    after = list_counts(officer, archive, None, "")
    assert after[ListName.UNEXPLAINED] == before[ListName.UNEXPLAINED] - 1
    assert after[ListName.TRANSFER] == before[ListName.TRANSFER]
    rows = list_page(officer, archive, ListQuestion(ListName.TRANSFER), "", 500, "id").rows
    assert [row.explanation for row in rows if row.row.record == one] == ["Masih dipakai"]
    explain_still_active(officer, archive, one, " ")
    assert list_counts(officer, archive, None, "") == before
    with pytest.raises(NotFound):
        explain_still_active(person(archive, "auditor"), archive, one, "x")
    with archive.database.writer() as session:
        session.execute(update(Record).where(Record.id == one).values(active_until=date(2100, 1, 1)))
        session.commit()
    with pytest.raises(Refused):
        explain_still_active(officer, archive, one, "x")


def test_charts_count_what_the_lists_count(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=6).fill(200)
    for name in ("records", "clerk-dinkes"):
        reader = person(archive, name)
        found = outlook(reader, archive)
        counts = list_counts(reader, archive, None, "")
        assert sum(found.backlog) == counts[ListName.PAST_DUE]
        with archive.database.reader() as session:
            everything = session.scalars(select(Record.id)).all()
        held = sum(sum(of.values()) for _code, of in found.holdings)
        assert held == len(everything) if name == "records" else held < len(everything)
        assert len(found.quarters) == 12
        assert sum(sum(of.values()) for _quarter, of in found.quarters) > 0
    last = outlook(reader, archive, date(9999, 12, 31))
    assert sum(last.backlog) > 0
