"""Giving a declared record another rule: superseded, never edited; decided and stored alike; on both databases."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from rules_in_force import put_into_force
from sqlalchemy import select, text

from edms.access.actors import Actor, console_actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.assignment_model import AssignmentSource, RetentionAssignment
from edms.records.assignments import (
    NamedRule,
    NewAssignment,
    ReviewTerms,
    assign,
    assignments_of,
    reassign_record,
    record_assignments,
)
from edms.records.impact import impact_of
from edms.records.model import Record
from edms.records.reassigning import Reassignment, reassign_many
from edms.records.retention_report import ReportQuestion, explain_record, retention_report
from edms.records.visible import decided_record
from edms.retention.rulebook import RuleBook
from edms.retention.types import Fate, Outcome, Period

CONSOLE = console_actor("tests")
People = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
TODAY = MOMENT.date()
RULES = Path(__file__).resolve().parents[2] / "retention_rules"


def reviewed(archive: Archive, officer: Actor, record_id: object, terms: ReviewTerms, reason: str = "BA-9") -> None:
    """What a review does within its own operation."""
    with archive.door.write(officer, Action.RECORD_REASSIGN) as operation:
        record = decided_record(operation, record_id, lock=True)  # type: ignore[arg-type]
        assign(operation, archive, record, NewAssignment(AssignmentSource.REVIEW, reason, terms))


def test_a_record_is_given_another_rule(archive: Archive, capture: Capture, person: People) -> None:
    one = capture(archive, pdf("Rapat"), class_code="000.1.5", document_date=date(2020, 3, 1)).record_id
    officer = person(archive, "records")
    before = explain_record(officer, archive, one, None, "en")
    assert before is not None
    with pytest.raises(Refused, match="under this rule already"):
        reassign_record(officer, archive, one, None, "tidak berubah")
    with pytest.raises(Refused, match="needs a reason"):
        reassign_record(officer, archive, one, None, " ")
    with pytest.raises(Refused, match="no such rule"):
        reassign_record(officer, archive, one, NamedRule("jra-pekalongan", "tidak ada"), "salah")
    other = NamedRule(before.edition or "", "900.1.3.7")
    reassign_record(officer, archive, one, other, "keliru kelas")
    after = explain_record(officer, archive, one, None, "en")
    assert after is not None
    assert (after.rule, after.due_on, after.fate) == ("900.1.3.7", date(2030, 3, 1), "MUSNAH")
    with archive.database.reader() as session:
        first, second = assignments_of(session, one)
        record = session.get_one(Record, one)
        leaf = session.scalars(select(AuditLeaf).where(AuditLeaf.action == "retention.assigned")).one()
    assert (first.source, first.rule_code, first.stands, first.until) == ("INHERITED", before.rule, None, MOMENT)
    assert (second.source, second.rule_code, second.stands, second.actor) == ("OVERRIDE", "900.1.3.7", True, officer.id)
    assert first.snapshot["rule"]["fate_text"] == before.fate_text
    assert (record.rule_code, record.due_on) == ("900.1.3.7", date(2030, 3, 1))
    assert leaf.subject_id == str(one)
    told = record_assignments(person(archive, "clerk-dinkes"), archive, one)
    assert [(line["source"], line["rule"], line["reason"]) for line in told] == [
        ("INHERITED", before.rule, "declaration"),
        ("OVERRIDE", "900.1.3.7", "keliru kelas"),
    ]
    with pytest.raises(NotFound):
        record_assignments(person(archive, "admin"), archive, one)


def test_a_review_begins_the_years_anew(archive: Archive, capture: Capture, person: People) -> None:
    """R75, section 2.3: the review's fate and period count from its day, and who approves stays as the law had it."""
    one = capture(archive, pdf("Gaji"), class_code="900.1.3.7", document_date=date(2010, 3, 1)).record_id
    officer = person(archive, "records")
    reviewed(archive, officer, one, ReviewTerms(Fate.DESTROY, TODAY, Period(years=2)))
    rows = {row.record: row for row in retention_report(officer, archive, ReportQuestion(), "en").rows}
    due = date(TODAY.year + 2, TODAY.month, TODAY.day)
    assert (rows[one].due_on, rows[one].fate) == (due, "MUSNAH")
    assert rows[one].decision.tier == "GE10"
    for day, outcome in ((due - timedelta(days=1), Outcome.NOT_ELIGIBLE), (due, Outcome.ELIGIBLE)):
        report = retention_report(officer, archive, ReportQuestion(day), "en")
        assert {row.record: row.outcome for row in report.rows}[one] == outcome
        assert report.counts[outcome] >= 1
    reviewed(archive, officer, one, ReviewTerms(Fate.PERMANENT, TODAY))
    found = explain_record(officer, archive, one, None, "en")
    assert found is not None
    assert (found.fate, found.fate_text, found.due_on, found.outcome) == ("PERMANEN", "Permanen", TODAY, "NOT_ELIGIBLE")
    with archive.database.reader() as session:
        line = assignments_of(session, one)
    assert [(item.source, item.stands) for item in line] == [("INHERITED", None), ("REVIEW", None), ("REVIEW", True)]
    reassign_record(officer, archive, one, None, "peninjauan dibatalkan")
    found = explain_record(officer, archive, one, None, "en")
    assert found is not None
    assert (found.rule, found.due_on) == ("900.1.3.7", date(2020, 3, 1))


def test_only_declared_records_and_who_may(embedded: Archive, capture: Capture, person: People) -> None:
    waiting = capture(embedded, pdf("Belum"), class_code=None, level=None).record_id
    with pytest.raises(Refused, match="only a declared record"):
        reassign_record(person(embedded, "records"), embedded, waiting, None, "cepat")
    one = capture(embedded, pdf("Rapat")).record_id
    for name in ("clerk-dinkes", "head-dinkes", "auditor", "admin"):
        with pytest.raises(NotFound):
            reassign_record(person(embedded, name), embedded, one, None, "ingin")


def test_an_altered_assignment_is_named(embedded: Archive, capture: Capture, person: People) -> None:
    """Somebody with the database in his hands lets a review end sooner, or takes one away."""
    one = capture(embedded, pdf("Gaji"), class_code="900.1.3.7", document_date=date(2010, 3, 1)).record_id
    reviewed(embedded, person(embedded, "records"), one, ReviewTerms(Fate.DESTROY, TODAY, Period(years=2)))
    assert verify_all(CONSOLE, embedded).ok
    for change in (
        "UPDATE retention_assignments SET counts_from = '2001-01-01' WHERE stands",
        "DELETE FROM retention_assignments WHERE NOT COALESCE(stands, false)",
    ):
        with embedded.database.engine.begin() as connection:
            assert connection.execute(text(change)).rowcount == 1
        faults = verify_all(CONSOLE, embedded).faults
        assert {fault.kind for fault in faults} == {"row"}


def test_one_holds_at_a_time(embedded: Archive, capture: Capture, person: People) -> None:
    one = capture(embedded, pdf("Gaji"), class_code="900.1.3.7", document_date=date(2010, 3, 1)).record_id
    officer = person(embedded, "records")
    clock = embedded.clock
    assert isinstance(clock, FixedClock)
    for years in (1, 2, 3):
        clock.set(MOMENT + timedelta(days=years))
        reviewed(embedded, officer, one, ReviewTerms(Fate.REVIEW, TODAY, Period(years=years), "masih dipakai"))
    with embedded.database.reader() as session:
        rows = list(session.scalars(select(RetentionAssignment).where(RetentionAssignment.stands)))
        assert [row.until for row in rows] == [None]
        line = assignments_of(session, one)
        assert [item.until for item in line[:-1]] == [item.since for item in line[1:]], "no gap, no overlap"


def test_many_are_given_their_rule_and_it_goes_on_where_it_was(
    archive: Archive, capture: Capture, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What impact told as a re-assignment comes to be; stopped between two parts, it goes on and repeats nothing."""
    monkeypatch.setattr("edms.records.reassigning.PART", 2)
    ids = [capture(archive, pdf(f"Rapat {n}"), class_code="000.1.6", document_date=TODAY).record_id for n in range(5)]
    officer = person(archive, "records")
    reviewed(archive, officer, ids[4], ReviewTerms(Fate.PERMANENT, TODAY))
    old = (RULES / "jra_pekalongan.toml").read_text("utf-8")
    files = {path.name: path.read_text("utf-8") for path in RULES.glob("*.toml")}
    ended = '"SUPERSEDED"\neffective_to = 2026-11-23'
    for name in ("jra_pekalongan.toml", "jra_contoh.toml"):
        files[name] = files[name].replace('"ACTIVE"', ended)
    later = old.replace("jra-pekalongan-63-2024", "jra-2026").replace("2009-01-01", "2026-11-24")
    files["jra_2026.toml"] = later.replace("inactive_years = 1", "inactive_years = 4")
    book = RuleBook(files)
    told = impact_of(officer, archive, book).reassigned
    put_into_force(archive, book)
    asked = Reassignment("jra-pekalongan-63-2024", "Perwal baru")

    class Stopped(Exception):
        pass

    def stop(_count: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        reassign_many(officer, archive, asked, stop)
    done = reassign_many(officer, archive, asked)
    assert (done.reviewed, done.same) == (1, 0)
    assert done.reassigned == done.given - 1
    assert done.given in (3, 4), "ids of one moment are in any order: the first part had the reviewed one, or not"
    rows = [explain_record(officer, archive, one, None, "en") for one in ids]
    assert {(row.edition, row.due_on) for row in rows[:4] if row} == {("jra-2026", date(2031, 11, 24))}
    assert told["due_date"] == told["any"] == 4
    again = reassign_many(officer, archive, asked)
    assert (again.given, again.reviewed) == (1, 1)
    with pytest.raises(Refused, match="no office"):
        reassign_many(officer, archive, Reassignment("jra-2026", "alih", office="nirwana"))
    with pytest.raises(NotPermitted):
        reassign_many(person(archive, "clerk-dinkes"), archive, asked)
    assert verify_all(CONSOLE, archive).ok
