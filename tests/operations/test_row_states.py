"""Rows that matter are told to the audit trail: who edits, removes or inserts one around the system is named."""

import dataclasses
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from archive_fixtures import MOMENT, pdf, settings_in
from sqlalchemy import delete, func, insert, select, text, update

import edms.schema
from edms.access.actors import Actor, console_actor
from edms.access.model import Office, Person
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.bootstrap import initialise
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.ids import new_id
from edms.operation.model import RowState
from edms.operation.states import Part, RowStates
from edms.reconcile.faults import Report
from edms.reconcile.rows import RowInspection
from edms.reconcile.stages import STAGES, run_stage
from edms.reconcile.whole import verify_all
from edms.records.adoption import adopt_rows
from edms.records.alerts import acknowledge, open_alerts
from edms.records.archive import Archive
from edms.records.folders import close_folder, open_folder
from edms.records.hold_binding import bind
from edms.records.holds import place_hold, release_hold
from edms.records.model import Folder, Hold, HoldLink, Record
from edms.records.report_lists import ListName
from edms.records.report_mailings import NewMailing, add_mailing, end_mailing
from edms.records.report_model import ReportRecipient
from edms.records.stated import COVERED_OTHERWISE, NOT_COVERED, STATED

CONSOLE = console_actor("tests")
ROWS = [name for name, _stage in STAGES].index("rows")
Capture = Callable[..., Accepted]
People = Callable[[Archive, str], Actor]


def found(archive: Archive) -> dict[tuple[str, str], str]:
    """Return what the rows say against the trail."""
    with archive.database.reader() as session:
        return {(fault.kind, fault.id): fault.detail for fault in RowInspection(session, archive).faults()}


def around(archive: Archive, statement: Any) -> None:
    """Do what one with the database in his hands does."""
    with archive.database.writer() as session:
        session.execute(statement)
        session.commit()


def test_every_table_is_covered_or_says_why_not() -> None:
    stated = {one.kind for one in STATED} | {part.key[0].table.name for one in STATED for part in one.parts}
    tables = set(edms.schema.metadata.tables) | {"alembic_version"}
    groups = [stated, set(COVERED_OTHERWISE), set(NOT_COVERED)]
    assert set().union(*groups) == tables
    assert sum(map(len, groups)) == len(tables), "each table once"
    assert len({one.kind for one in STATED}) == len(STATED), "each row once"


def test_what_is_done_through_the_system_agrees(archive: Archive, capture: Capture, person: People) -> None:
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    officer, head = person(archive, "records"), person(archive, "head-dinkes")
    hold = place_hold(officer, archive, [record], "Perkara", "Pengadilan", "sengketa")
    assert head.office_id is not None
    folder = open_folder(officer, archive, head.office_id, "B-1", "Berkas", "000.1.5", head.clearance)
    close_folder(officer, archive, folder)
    with archive.database.reader() as session:
        version = session.get_one(RowState, ("holds", str(hold))).version
    assert version == 1
    assert found(archive) == {}


@pytest.mark.parametrize("table", [Office, Person, Folder, Hold, Record], ids=lambda model: model.__tablename__)
def test_a_row_removed_with_its_line(archive: Archive, capture: Capture, person: People, table: Any) -> None:
    """Both tellings in the database are gone: the trail still knows."""
    record = capture(archive, pdf("Surat"), number="1/2026", work=False).record_id
    officer = person(archive, "records")
    place_hold(officer, archive, [record], "Perkara", "Pengadilan", "sengketa")
    assert officer.office_id is not None
    open_folder(officer, archive, officer.office_id, "B-1", "Berkas", "000.1.5", officer.clearance)
    with archive.database.reader() as session:
        key = str(session.scalars(select(table.id)).first())
    around(archive, delete(RowState).where(RowState.kind == table.__tablename__, RowState.key == key))
    assert [detail for (_kind, name), detail in found(archive).items() if key in name] == [
        "the row was put in around the system"
    ]


def test_a_row_and_its_line_put_back_to_an_older_state(archive: Archive, capture: Capture, person: People) -> None:
    """A released hold is not taken for one in force, nor the other way about, by putting both tellings back."""
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    hold = place_hold(person(archive, "records"), archive, [record], "Perkara", "Pengadilan", "sengketa")
    with archive.database.reader() as session:
        line = session.get_one(RowState, ("holds", str(hold)))
    second = Actor(CONSOLE.kind, str(hold), "second", roles=person(archive, "records").roles,
                   clearance=person(archive, "records").clearance)  # fmt: skip
    release_hold(second, archive, hold)
    assert found(archive) == {}
    around(archive, update(Hold).where(Hold.id == hold).values(released_at=None, released_by=None))
    assert found(archive) == {("row", f"holds {hold}"): "the row was altered around the system"}
    values = {"version": line.version, "code": line.code}
    around(archive, update(RowState).where(RowState.kind == "holds", RowState.key == str(hold)).values(values))
    assert found(archive) == {("row", f"holds {hold}"): "the row was put back to an older state"}


def test_a_record_released_from_its_hold_around_the_system(archive: Archive, capture: Capture, person: People) -> None:
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    hold = place_hold(person(archive, "records"), archive, [record], "Perkara", "Pengadilan", "sengketa")
    around(archive, delete(HoldLink))
    assert found(archive) == {("row", f"hold_links {hold} {record}"): "the row was removed around the system"}


def test_a_forged_line_was_never_told(archive: Archive) -> None:
    """Even with the key of the codes in his hands, who cannot write the trail is seen."""
    office = new_id(archive.clock)
    row = {"id": office, "code": "palsu", "name": "Kantor palsu", "parent_id": None, "created_at": MOMENT}
    around(archive, insert(Office).values(row))
    states = archive.door.states
    state = {"row": [str(office), "palsu", "Kantor palsu", None, MOMENT.isoformat(timespec="microseconds")]}
    code = states.code("offices", str(office), 1, state)
    line = {"kind": "offices", "key": str(office), "version": 1, "code": code, "gone": False, "first_at": MOMENT}
    around(archive, insert(RowState).values(line))
    assert found(archive) == {("row", f"offices {office}"): "the audit trail was never told of its state"}


def test_rubbish_in_a_row_is_named_and_stops_nothing(embedded: Archive) -> None:
    """SQLite takes anything in any column."""
    with embedded.database.reader() as session:
        person = session.scalars(select(Person)).first()
        assert person is not None
    around(embedded, text("UPDATE people SET created_at = 'kemarin'"))
    everybody = found(embedded)
    assert ("row", f"people {person.id}") in everybody
    assert len(everybody) == 8


def test_a_change_that_names_no_row_is_refused(archive: Archive, person: People) -> None:
    with pytest.raises(RuntimeError, match="one by one"):
        with archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
            operation.decide()
            operation.session.execute(update(Person).values(clearance="top_secret"))
    assert found(archive) == {}


def test_rows_of_an_earlier_version_are_adopted_once(embedded: Archive) -> None:
    """What `edms init` finds when it first brings states is taken as it is; it never does so again."""
    around(embedded, delete(RowState))
    assert adopt_rows(CONSOLE, embedded) == 0
    folder = embedded.settings.storage.path.parent
    initialise(settings_in(folder), CONSOLE, demo=True, clock=FixedClock(MOMENT))
    with embedded.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(RowState)) == 0
    assert len(found(embedded)) > 8


def test_columns_that_came_later_leave_the_codes_of_older_rows_as_they_were(
    archive: Archive, capture: Capture, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was filled before a table got a column verifies after its upgrade; from then the column counts."""
    states = archive.door.states
    before = tuple(dataclasses.replace(one, without=one.without | set(one.later), later={}) for one in STATED)
    with monkeypatch.context() as earlier:
        earlier.setattr(archive.door, "states", RowStates(states.secret, before))
        record = capture(archive, pdf("Surat lama")).record_id
        hold = place_hold(person(archive, "records"), archive, [record], "Perkara", "Pengadilan", "sengketa")
    assert found(archive) == {}
    around(archive, update(Record).where(Record.id == record).values(personal_data=True))
    assert found(archive) == {("record", str(record)): "the row was altered around the system"}
    around(archive, update(Record).where(Record.id == record).values(personal_data=False))
    release_hold(dataclasses.replace(person(archive, "records"), id=str(hold)), archive, hold)
    assert found(archive) == {}


def test_many_rows_in_one_act(archive: Archive, capture: Capture, person: People) -> None:
    """More states than one leaf holds go into several."""
    officer = person(archive, "records")
    with archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        for number in range(600):
            row = Office(id=new_id(archive.clock), code=f"o{number}", name="Kantor", created_at=operation.now)
            operation.session.add(row)
    assert officer
    assert found(archive) == {}


def test_many_writers_while_rows_are_held_against_the_trail(archive: Archive, person: People) -> None:
    """On PostgreSQL an act is committed before its event is in the tree: what waits has been told all the same."""
    admin, stop = person(archive, "admin"), threading.Event()

    def write(own: int) -> int:
        """Make offices until told to stop; return how many."""
        for number in range(200):
            if stop.is_set():
                return number
            with archive.door.write(admin, Action.PEOPLE_MANAGE) as operation:
                operation.decide()
                row = Office(id=new_id(archive.clock), code=f"o{own}-{number}", name="x", created_at=operation.now)
                operation.session.add(row)
        return 200

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, own) for own in range(3)]
        told = [run_stage(archive, ROWS, Report()) for _look in range(5)]
        stop.set()
        assert sum(writer.result() for writer in writers) > 3
    assert told == [[]] * 5


def test_what_waits_for_its_place_was_told(archive: Archive, person: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.door, "_integrate_soon", lambda: None)
    with archive.door.write(person(archive, "admin"), Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        operation.session.add(Office(id=new_id(archive.clock), code="baru", name="Kantor", created_at=operation.now))
    assert found(archive) == {}


def test_a_row_changed_around_the_system_and_then_through_it(archive: Archive, person: People) -> None:
    """What is told afterwards is the altered row: the change that told it raises the alert, in its transaction."""
    admin, officer = person(archive, "admin"), person(archive, "records")
    around(archive, update(Person).where(Person.username == "clerk-dinkes").values(clearance="top_secret"))
    with archive.door.write(admin, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        clerk = operation.session.scalars(select(Person).where(Person.username == "clerk-dinkes")).one()
        clerk.active = False
        key = str(clerk.id)
    assert found(archive) == {}, "it agrees from now on"
    run_stage(archive, ROWS, Report())
    (alert,) = open_alerts(officer, archive)
    assert (alert.kind, alert.subject) == ("row", f"people {key}")
    verify_all(CONSOLE, archive)
    assert len(open_alerts(officer, archive)) == 1, "no verification clears it"
    acknowledge(officer, archive, alert.id, "dinonaktifkan")
    assert open_alerts(officer, archive) == []
    assert found(archive) == {}


def test_a_part_put_in_around_the_system_before_the_row_is_changed(
    archive: Archive, capture: Capture, person: People
) -> None:
    officer = person(archive, "records")
    to = (("records", "arsip@kota.example"),)
    mailing = add_mailing(officer, archive, NewMailing("Usul musnah", ListName.DESTROY, to))
    reader = person(archive, "auditor").id
    row = {"mailing_id": mailing, "person_id": UUID(reader), "address": "siapa@lain.example", "attempts": 0}
    around(archive, insert(ReportRecipient).values(row))
    end_mailing(officer, archive, mailing)
    found = [(one.kind, one.subject) for one in open_alerts(officer, archive)]
    assert found == [("row", f"report_mailings {mailing}")]


def test_each_record_of_a_hold_is_told_by_itself(archive: Archive, capture: Capture, person: People) -> None:
    """One more under a hold that binds a hundred thousand tells the trail of one row."""
    officer = person(archive, "records")
    ids = [capture(archive, pdf(f"Surat {at}"), number=f"{at}/2026").record_id for at in range(3)]
    hold = place_hold(officer, archive, ids[:2], "Perkara", "Pengadilan", "sengketa")
    with archive.door.write(officer, Action.HOLD_MANAGE) as operation:
        operation.decide()
        operation.about("hold", hold, "hold.extended")
        bind(operation, hold, ids, "records")
    with archive.database.reader() as session:
        body = session.scalars(select(AuditLeaf.body).where(AuditLeaf.action == "hold.extended")).one()
    told = [one[:2] for one in json.loads(body)["details"]["rows"] if one[0].startswith("hold")]
    assert told == [["hold_links", f"{hold} {ids[2]}"]]
    around(archive, insert(HoldLink).values(hold_id=hold, record_id=capture(archive, pdf("Lain")).record_id))
    (detail,) = found(archive).values()
    assert detail == "the row was put in around the system"


@pytest.mark.parametrize("altered", [False, True])
def test_records_of_a_hold_that_an_earlier_version_told_within_it_are_taken_over(
    archive: Archive, capture: Capture, person: People, altered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the hold's own code vouches for them. Where one was released around the system, it is still named."""
    links = HoldLink.__table__
    part = Part("records", links, (links.c.hold_id,), (links.c.record_id,))
    before = tuple(
        dataclasses.replace(one, parts=(part,)) if one.kind == "holds" else one
        for one in STATED
        if one.kind != "hold_links"
    )
    officer = person(archive, "records")
    ids = [capture(archive, pdf(f"Surat {at}"), number=f"{at}/2026").record_id for at in range(2)]
    with monkeypatch.context() as earlier:
        earlier.setattr(archive.door, "states", RowStates(archive.door.states.secret, before))
        hold = place_hold(officer, archive, ids, "Perkara", "Pengadilan", "sengketa")
        assert found(archive) == {}
    assert found(archive) != {}
    if altered:
        around(archive, delete(HoldLink).where(HoldLink.record_id == ids[0]))
    assert adopt_rows(CONSOLE, archive) == (0 if altered else 3)
    assert adopt_rows(CONSOLE, archive) == 0
    wrong = {("row", f"holds {hold}"), ("row", f"hold_links {hold} {ids[1]}")} if altered else set()
    assert found(archive).keys() == wrong


def test_what_is_done_through_the_system_alone_raises_nothing(
    archive: Archive, capture: Capture, person: People
) -> None:
    officer = person(archive, "records")
    for number in range(2):
        record = capture(archive, pdf(f"Surat {number}"), number=f"{number}/2026").record_id
        hold = place_hold(officer, archive, [record], "Perkara", "Pengadilan", "sengketa")
        release_hold(dataclasses.replace(officer, id=str(hold)), archive, hold)
    assert open_alerts(officer, archive) == []
