"""Events by list: noted by one, verified by another, with what did not match; and what waits for how long."""

import contextlib
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.events_many import NOTHING, awaiting_subjects, read_list, record_events, verify_events
from edms.records.events_shown import awaiting_report, waiting_events
from edms.records.folders import open_folder
from edms.records.model import Record, TriggerEvent
from edms.retention.types import TriggerType

People = Callable[[Archive, str], Actor]
DONE = TriggerType.AUDIT_FOLLOWUP_DONE
FINANCE = "900.1.3"  # after the fiscal year and the follow-up of the audit, 2 years and 8


def due(archive: Archive, record_id: UUID) -> date | None:
    with archive.database.reader() as session:
        return session.get_one(Record, record_id).due_on


def test_a_list_is_noted_by_one_and_verified_by_another(archive: Archive, person: People) -> None:
    clerk, official = person(archive, "clerk-dinkes"), person(archive, "official-dinkes")
    told = {"class_code": FINANCE, "document_date": date(2014, 2, 1)}
    first = take_in(archive, pdf("a"), number="900/1/2014", **told).record_id
    second = take_in(archive, pdf("b"), **told).record_id
    other = take_in(
        archive, pdf("c"), by="clerk-bappeda", number="900/9/2014", level=Level.RESTRICTED, **told
    ).record_id
    table = f"nomor;tanggal;bukti\n900/1/2014;15/09/2015;LHP 7\n{second};2015-09-15;\n{other};2015-09-15;\n"
    table += "900/9/2014;2015-09-15;\n000/none;2015-09-15;LHP\n900/1/2014;15/09/2015;LHP 7\nx;31/31/2015;LHP\n"
    lines, wrong = read_list(table.encode(), None, "LHP BPK 7/2015")
    assert [(one.line, one.why) for one in wrong] == [(8, "no day that can be read")]
    noted = record_events(clerk, archive, DONE, lines)
    assert noted.noted == 2
    assert [(one.line, one.why) for one in noted.not_matched] == [
        (4, NOTHING), (5, NOTHING), (6, NOTHING), (7, "the list names it twice"),
    ]  # fmt: skip
    assert due(archive, first) is None, "it counts only once another has verified it"
    ids = [line.id for line in waiting_events(official, archive)]
    assert {line.evidence for line in waiting_events(official, archive)} == {"LHP 7", "LHP BPK 7/2015"}
    assert all(line.own for line in waiting_events(clerk, archive))
    assert waiting_events(person(archive, "clerk-bappeda"), archive) == []
    mine = verify_events(clerk, archive, ids)
    assert mine.verified == 0
    assert {why for _id, why in mine.refused} == {"an event is verified by somebody else than the one who noted it"}
    foreign = verify_events(person(archive, "official-bappeda"), archive, ids)
    assert {why for _id, why in foreign.refused} == {NOTHING}
    done = verify_events(official, archive, [*ids, UUID(int=5)])
    assert (done.verified, done.changed, [why for _id, why in done.refused]) == (2, 2, [NOTHING])
    assert due(archive, first) == due(archive, second) == date(2025, 9, 15)
    again = verify_events(official, archive, ids)
    assert {why for _id, why in again.refused} == {"the event is verified or voided already"}


def test_the_end_of_a_year_comes_for_all_that_await_it_and_a_folder_for_what_is_in_it(
    archive: Archive, person: People
) -> None:
    clerk, official = person(archive, "clerk-dinkes"), person(archive, "official-dinkes")
    assert clerk.office_id is not None
    folder = open_folder(clerk, archive, clerk.office_id, "B-1", "Berkas", FINANCE, Level.OPEN)
    undated = take_in(archive, pdf("tanpa tanggal"), class_code=FINANCE).record_id
    take_in(archive, pdf("bertanggal"), class_code=FINANCE, document_date=date(2014, 2, 1))
    kind, end = TriggerType.FISCAL_YEAR_END, date(2014, 12, 31)
    lines = awaiting_subjects(clerk, archive, kind, end, "APBD 2014", "dinkes")
    assert [line.subject for line in lines] == [str(undated)], "the other's year ended by the calendar"
    record_events(clerk, archive, kind, lines)
    shown = take_in(archive, pdf("laporan")).record_id
    noted = record_events(clerk, archive, DONE, read_list(b"dinkes/B-1", date(2015, 9, 15), "LHP")[0], "", shown)
    assert noted.noted == 1
    with archive.database.reader() as session:
        event = session.scalars(select(TriggerEvent).where(TriggerEvent.folder_id == folder)).one()
    assert (event.list_id, event.evidence_record_id) == (noted.list_id, shown)
    assert verify_events(official, archive, [line.id for line in waiting_events(official, archive)]).verified == 2


def test_who_waits_how_long(archive: Archive, person: People) -> None:
    take_in(archive, pdf("a"), class_code=FINANCE, document_date=date(2014, 2, 1))
    take_in(archive, pdf("b"), class_code=FINANCE)
    take_in(archive, pdf("c"), by="clerk-bappeda", class_code=FINANCE, level=Level.RESTRICTED)
    report = awaiting_report(person(archive, "records"), archive)
    assert (report.total, report.by_kind["AUDIT_FOLLOWUP_DONE"], report.by_kind["FISCAL_YEAR_END"]) == (3, 3, 2)
    assert report.by_age == (3, 0, 0, 0, 0)
    assert [row.days for row in report.rows] == [0, 0, 0]
    assert awaiting_report(person(archive, "clerk-dinkes"), archive).total == 2, "of what the reader may see"
    narrow = awaiting_report(person(archive, "records"), archive, "FISCAL_YEAR_END", "dinkes")
    assert narrow.total == len(narrow.rows) == 1


ODD = [
    "subject,date\n", "a;b\n", '"', "1-1-99999999999999999999", "9" * 5000, "-", "/", ";", ",", "\n", "\0",
    "x" * 140_000, "0000-00-00",
]  # fmt: skip


@given(st.binary(max_size=200) | st.lists(st.sampled_from(ODD), max_size=12).map(lambda parts: "".join(parts).encode()))
@example(b"subject,date\nx,1-1-99999999999999999999\n")
@example(b"subject,date\nx," + b"9" * 5000 + b"-1-1\n")
@example(b'"' + b"x" * 140_000 + b'"')
def test_whatever_is_handed_in_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(Refused):
        told, wrong = read_list(content, date(2015, 1, 1), "x")
        assert all(one.subject for one in told)
        assert len({one.line for one in (*told, *wrong)}) == len(told) + len(wrong)


def test_what_is_no_list_is_refused(embedded: Archive, person: People) -> None:
    clerk = person(embedded, "clerk-dinkes")
    with pytest.raises(Refused):
        read_list(b"\xff\xfe")
    with pytest.raises(Refused):
        read_list(b"a\n" * 5002, date(2015, 1, 1), "x")
    with pytest.raises(Refused):
        record_events(clerk, embedded, DONE, [])
    record = take_in(embedded, pdf("d"), class_code=FINANCE).record_id
    line = read_list(str(record).encode(), date(2015, 1, 1), "LHP")[0]
    secret = take_in(embedded, pdf("e"), by="records", level=Level.SECRET).record_id
    for shown in (UUID(int=9), secret):
        with pytest.raises(NotFound):
            record_events(clerk, embedded, DONE, line, "", shown)
    for wrong in (
        read_list(str(record).encode(), date(2015, 1, 1))[0],
        read_list(str(record).encode(), date(2031, 1, 1), "x")[0],
    ):
        assert record_events(clerk, embedded, DONE, wrong).noted == 0, "without evidence, or of a day to come"
    for name in ("auditor", "admin"):
        with pytest.raises(NotPermitted):
            record_events(person(embedded, name), embedded, DONE, line)
