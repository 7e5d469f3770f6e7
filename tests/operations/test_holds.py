"""Holds on folders, classes and searches: what comes later falls under them, whoever may see it; on both databases."""

import io
from collections.abc import Callable
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle, take_in
from sqlalchemy import select

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.folders import open_folder
from edms.records.hold_binding import HOLDER, IndexBehind, follow_held_searches, refresh_holds
from edms.records.holds import AskedScope, list_holds, place_hold, release_hold
from edms.records.holds_model import ScopeKind
from edms.records.model import HoldLink
from edms.records.people import NewPerson, add_person
from edms.records.questions import KeptQuestion
from edms.records.retention_report import ReportRow, explain_record

People = Callable[[Archive, str], Actor]
WHY = ("Perkara 12/2026", "Surat PN 7", "gugatan")


def bound(archive: Archive, hold: UUID) -> set[UUID]:
    with archive.database.reader() as session:
        return set(session.scalars(select(HoldLink.record_id).where(HoldLink.hold_id == hold)))


def refresh(archive: Archive, *ids: UUID) -> int:
    with archive.door.write(HOLDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        return refresh_holds(operation, archive, ids)


def codes(row: ReportRow) -> set[str]:
    return {reason.code.value for reason in row.decision.reasons}


def on_class(code: str) -> list[AskedScope]:
    return [AskedScope(ScopeKind.CLASS, code)]


def finding(text: str) -> list[AskedScope]:
    return [AskedScope(ScopeKind.QUERY, question=KeptQuestion(text))]


def second_officer(archive: Archive, person: People, clearance: Level = Level.TOP_SECRET) -> Actor:
    told = NewPerson("records-2", "Arsiparis Kedua", "setda", (Role.RECORDS_OFFICER,), clearance)
    add_person(console_actor("tests"), archive, told)
    return person(archive, "records-2")


def test_what_is_declared_later_in_a_held_class_is_held(archive: Archive, person: People) -> None:
    before, beside = take_in(archive, pdf("satu")), take_in(archive, pdf("dua"), class_code="900.1.3")
    hold = place_hold(person(archive, "records"), archive, [], *WHY, on_class("000.1"))
    assert bound(archive, hold) == {before.record_id}
    later = take_in(archive, pdf("tiga"))
    take_in(archive, pdf("empat"), class_code="900.1.3")
    assert bound(archive, hold) == {before.record_id, later.record_id}, "the class, what is below it, and no more"
    row = explain_record(person(archive, "records"), archive, later.record_id, None, "en")
    assert row is not None
    assert "held" in codes(row)
    assert beside.record_id not in bound(archive, hold)


def test_what_is_filed_in_a_held_folder_is_held_before_anybody_describes_it(archive: Archive, person: People) -> None:
    officer = person(archive, "records")
    assert officer.office_id is not None
    folder = open_folder(officer, archive, officer.office_id, "B-1", "Berkas", "000.1.5", Level.OPEN)
    hold = place_hold(officer, archive, [], *WHY, [AskedScope(ScopeKind.FOLDER, "setda/B-1")])
    assert bound(archive, hold) == set()
    placement = Placement(officer.office_id, None, None, folder_id=folder)
    filed = accept(officer, archive, IncomingFile("a.pdf", io.BytesIO(pdf("lima"))), placement)
    assert bound(archive, hold) == {filed.record_id}
    (line,) = list_holds(officer, archive)
    assert (line.count, line.scopes) == (1, (("folder", "setda/B-1"),))


def test_new_matches_of_a_held_search_fall_under_it(archive: Archive, person: People) -> None:
    first = take_in(archive, pdf("sengketa lahan pasar"))
    hold = place_hold(person(archive, "records"), archive, [], *WHY, finding("lahan"))
    assert bound(archive, hold) == {first.record_id}
    second, other = take_in(archive, pdf("lahan terminal")), take_in(archive, pdf("rapat biasa"))
    assert bound(archive, hold) == {first.record_id}, "the worker has not been here yet"
    assert refresh(archive, second.record_id, other.record_id) == 1, "whoever disposes of it finds it held"
    third = take_in(archive, pdf("lahan parkir"))
    assert follow_held_searches(archive) == 1
    assert bound(archive, hold) == {first.record_id, second.record_id, third.record_id}
    assert follow_held_searches(archive) == 0


def test_an_index_that_lags_behind_stops_the_disposal_and_not_the_hold(archive: Archive, person: People) -> None:
    take_in(archive, pdf("lahan"))
    place_hold(person(archive, "records"), archive, [], *WHY, finding("lahan"))
    late = take_in(archive, pdf("lahan kedua"), work=False)
    with pytest.raises(IndexBehind):
        refresh(archive, late.record_id)
    settle(archive)
    assert refresh(archive, late.record_id) == 1


def test_a_hold_binds_what_its_placer_may_not_see_and_shows_none_of_it(archive: Archive, person: People) -> None:
    officer = second_officer(archive, person, Level.RESTRICTED)
    secret = take_in(archive, pdf("rahasia"), by="records", level=Level.TOP_SECRET)
    seen = take_in(archive, pdf("biasa"), by="records")
    hold = place_hold(officer, archive, [], *WHY, on_class("000"))
    assert bound(archive, hold) == {secret.record_id, seen.record_id}
    (line,) = list_holds(officer, archive)
    assert [one for one, _title in line.records] == [seen.record_id]
    assert line.count == 1
    assert list_holds(person(archive, "records"), archive)[0].count == 2
    with pytest.raises(NotPermitted):
        release_hold(officer, archive, hold)
    release_hold(person(archive, "records"), archive, hold)
    take_in(archive, pdf("sesudah"))
    assert bound(archive, hold) == {secret.record_id, seen.record_id}, "what is released takes in no more"


def test_a_case_that_is_open_is_told_beside_the_hold(embedded: Archive, person: People) -> None:
    record = take_in(embedded, pdf("enam")).record_id
    officer = person(embedded, "records")
    hold = place_hold(officer, embedded, [record], *WHY, [AskedScope(ScopeKind.CASE, "12/Pdt.G/2026/PN Smg")])
    row = explain_record(officer, embedded, record, None, "id")
    assert row is not None
    assert {"held", "open_case"} <= codes(row)
    release_hold(second_officer(embedded, person), embedded, hold)
    after = explain_record(officer, embedded, record, None, "id")
    assert after is not None
    assert not {"held", "open_case"} & codes(after)


def test_what_is_no_scope_is_refused(embedded: Archive, person: People) -> None:
    officer = person(embedded, "records")
    for scopes in ([], on_class("000.99.99"), finding(""), [AskedScope(ScopeKind.CASE, "1/2026")]):
        with pytest.raises(Refused):
            place_hold(officer, embedded, [], *WHY, scopes)
    for told in ("setda/none", "none", str(UUID(int=7))):
        with pytest.raises(NotFound):
            place_hold(officer, embedded, [], *WHY, [AskedScope(ScopeKind.FOLDER, told)])
    for name in ("clerk-dinkes", "auditor", "admin"):
        with pytest.raises(NotPermitted):
            place_hold(person(embedded, name), embedded, [], *WHY, on_class("000"))
    assert list_holds(officer, embedded) == []
