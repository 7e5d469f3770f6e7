"""Retention as stored and reported: one rule for the row, the count and the filter; on both databases."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_texts import CLASSES, SCHEDULE
from rules_in_force import put_into_force
from sqlalchemy import event, select, update

from bench.many_records import ManyRecords
from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import Description, IncomingFile, Placement
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.events import record_event, record_folder_event, verify_event, void_event
from edms.records.folders import close_folder, open_folder
from edms.records.holds import place_hold, release_hold
from edms.records.model import Record, RuleBookEdition
from edms.records.people import NewPerson, add_person, office_by_code
from edms.records.retention import apply_rules, store_due_dates
from edms.records.retention_report import ReportQuestion, ReportRow, explain_record, retention_report
from edms.records.rules import edition_in_force
from edms.retention.rulebook import RuleBook, load_rules
from edms.retention.types import Outcome, TriggerType

CONSOLE = console_actor("tests")
RULES = Path(__file__).resolve().parents[2] / "retention_rules"
People = Callable[[Archive, str], Actor]


def explained(archive: Archive, actor: Actor, record_id: UUID, as_of: date | None = None) -> ReportRow:
    row = explain_record(actor, archive, record_id, as_of, "en")
    assert row is not None
    return row


def stored(archive: Archive, record_id: UUID) -> Record:
    with archive.database.reader() as session:
        return session.get_one(Record, record_id)


@pytest.fixture
def second_officer(person: People) -> Callable[[Archive], Actor]:
    """A second records officer, for what one person may not do alone."""

    def make(archive: Archive) -> Actor:
        officer = NewPerson("records-2", "Arsiparis Kedua", "setda", (Role.RECORDS_OFFICER,), Level.TOP_SECRET)
        add_person(CONSOLE, archive, officer)
        return person(archive, "records-2")

    return make


def test_rows_counts_and_filters_are_one_rule(archive: Archive, person: People) -> None:
    """`decide` and the conditions on stored values agree on every record, for any day and any reader."""
    ManyRecords(archive, seed=7).fill(400)
    readers = [person(archive, name) for name in ("records", "clerk-dinkes", "official-bappeda", "auditor")]
    day = st.dates(date(2000, 1, 1), date(2060, 1, 1))

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(day, st.sampled_from(readers), st.sampled_from([None, "dinkes", "setda"]))
    def agree(as_of: date, reader: Actor, office: str | None) -> None:
        whole = retention_report(reader, archive, ReportQuestion(as_of, office), "en")
        rows = list(whole.rows)
        assert len({row.record for row in rows}) == len(rows) == whole.total
        for outcome in Outcome:
            decided = {row.record for row in rows if row.outcome == outcome}
            narrow = retention_report(reader, archive, ReportQuestion(as_of, office, outcome.value), "en")
            assert {row.record for row in narrow.rows} == decided
            assert whole.counts[outcome] == narrow.total == len(decided)

    agree()
    everything = retention_report(readers[0], archive, ReportQuestion(), "en")
    assert all(everything.counts.values()), "the records are too alike to show anything"


def test_a_page_is_a_window_of_the_whole(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=3).fill(120)
    whole = [row.record for row in retention_report(person(archive, "records"), archive, ReportQuestion(), "en").rows]
    pages = [
        retention_report(person(archive, "records"), archive, ReportQuestion(limit=50, offset=start), "en")
        for start in (0, 50, 100, 150)
    ]
    assert [row.record for page in pages for row in page.rows] == whole
    assert {page.total for page in pages} == {120}
    due = [row.due_on for page in pages for row in page.rows]
    known = [day for day in due if day]
    assert due == sorted(known) + [None] * (len(due) - len(known)), "most urgent first, unknown last"


def test_stored_dates_are_what_decide_says(archive: Archive, person: People) -> None:
    ids = ManyRecords(archive, seed=5).fill(300)
    before = {one: stored(archive, one) for one in ids}
    with archive.database.writer() as session:
        session.execute(update(Record).values(due_on=None, active_until=None, fate=None, awaiting="?"))
        changed = store_due_dates(session, archive, ids)
        session.commit()
    assert changed >= 250
    for row in retention_report(person(archive, "records"), archive, ReportQuestion(), "en").rows:
        kept = stored(archive, row.record)
        assert (kept.due_on, kept.active_until, kept.fate) == (row.due_on, row.decision.active_until, row.fate)
        assert kept.awaiting == (",".join(row.decision.awaiting) or None)
        assert kept.due_on == before[row.record].due_on


def test_an_altered_rule_book_stops_every_disposal(embedded: Archive, person: People) -> None:
    """R3: who changes a stored rule to hurry a destruction stops it instead, in rows and counts alike."""
    ManyRecords(embedded, seed=9).fill(200)
    reader = person(embedded, "records")
    assert retention_report(reader, embedded, ReportQuestion(), "en").counts["ELIGIBLE"] > 0
    with embedded.database.writer() as session:
        edition = edition_in_force(session)
        assert edition is not None
        text = edition.content.replace("inactive_years = 8", "inactive_years = 0")
        assert text != edition.content
        # Another hash, since what was once read and found true is not read again.
        session.execute(update(RuleBookEdition).values(content=text, sha256="0" * 64))
        session.commit()
    report = retention_report(reader, embedded, ReportQuestion(), "en")
    assert (report.counts["ELIGIBLE"], report.counts["REVIEW_DUE"]) == (0, 0)
    assert {row.outcome for row in report.rows} == {"NOT_ELIGIBLE", "CANNOT_EVALUATE"}
    assert all("snapshot_drift" in row.decision.reason_codes for row in report.rows)


def test_plans_use_the_index(embedded: Archive, person: People) -> None:
    """Counts go over the narrow index (ADR 0086), which is all that they read (`test_list_counts`); windows touch no
    row, and no page sorts the archive."""
    ManyRecords(embedded, seed=2).fill(300)
    asked: list[tuple[str, object]] = []
    event.listen(
        embedded.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, text, told, _x, _m: asked.append((text, told)),
    )
    for outcome in (None, *Outcome):
        retention_report(person(embedded, "records"), embedded, ReportQuestion(outcome=outcome, limit=50), "en")
    plans: dict[str, list[str]] = {"count": [], "window": [], "rows": []}
    with embedded.database.engine.connect() as connection:
        for text, told in [entry for entry in asked if "FROM records" in entry[0]]:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told)  # type: ignore[arg-type]
            kind = "count" if "FILTER" in text else "window" if "LIMIT" in text else "rows"
            plans[kind].append("\n".join(str(row[3]) for row in rows))
    assert [len(found) for found in plans.values()] == [5, 5, 5]
    for plan in plans["count"]:
        assert "records USING INDEX ix_records_counted" in plan
    for plan in plans["window"]:
        assert "records USING COVERING INDEX ix_records_retention" in plan
        assert "TEMP B-TREE" not in plan
    assert not any("SCAN records" in plan for found in plans.values() for plan in found)


def test_a_declared_record_has_its_rule_and_date(
    archive: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    dated = capture(archive, pdf("Undangan rapat"), class_code="000.1.5", document_date=date(2024, 2, 29))
    waiting = capture(archive, pdf("Perjanjian"), class_code="100.3.7", document_date=date(2024, 1, 1))
    record = stored(archive, dated.record_id)
    assert (record.rule_code, record.rule_edition) == ("000.1.5", "jra-pekalongan-63-2024")
    assert (record.active_until, record.due_on) == (date(2025, 2, 28), date(2026, 2, 28))
    row = explained(archive, person(archive, "clerk-dinkes"), dated.record_id)
    assert (row.outcome, row.due_on) == ("REVIEW_DUE", date(2026, 2, 28))
    other = stored(archive, waiting.record_id)
    assert (other.due_on, other.awaiting, other.terjaga) == (None, "CONTRACT_END", True)


def test_undeclared_records_are_explained_by_the_rules_of_today(
    embedded: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    pending = capture(embedded, pdf("Undangan"), document_date=date(2024, 1, 1), work=False)
    row = explained(embedded, person(embedded, "clerk-dinkes"), pending.record_id)
    assert (row.rule, row.due_on) == ("000.1.5", date(2026, 1, 1))
    assert stored(embedded, pending.record_id).due_on is None
    assert retention_report(person(embedded, "records"), embedded, ReportQuestion(), "en").total == 0


def test_events_count_once_another_person_verified_them(
    archive: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    clerk, official = person(archive, "clerk-dinkes"), person(archive, "official-dinkes")
    record_id = capture(archive, pdf("Perjanjian"), class_code="000.3.3").record_id
    noted = record_event(clerk, archive, record_id, TriggerType.CONTRACT_END, date(2020, 5, 5), "BA serah terima 7")
    assert stored(archive, record_id).due_on is None
    with pytest.raises(Refused, match="somebody else"):
        verify_event(clerk, archive, noted)
    with pytest.raises(NotFound):
        verify_event(person(archive, "official-bappeda"), archive, noted)
    verify_event(official, archive, noted)
    assert stored(archive, record_id).due_on == date(2030, 5, 5)
    with pytest.raises(Refused, match="already"):
        verify_event(official, archive, noted)
    later = record_event(official, archive, record_id, TriggerType.CONTRACT_END, date(2021, 5, 5), "adendum")
    verify_event(clerk, archive, later)
    assert stored(archive, record_id).due_on == date(2031, 5, 5), "the latest counts"
    void_event(clerk, archive, later, "the addendum was never signed")
    assert stored(archive, record_id).due_on == date(2030, 5, 5)
    with pytest.raises(Refused, match="voided already"):
        void_event(clerk, archive, later, "again")
    told = record_details(clerk, archive, record_id)
    assert [(one["verified"], one["voided"]) for one in told.events] == [(True, False), (True, True)]
    actions = [entry["action"] for entry in told.history if entry["outcome"] == "done"]
    assert [actions.count(f"record.event_{what}") for what in ("recorded", "verified", "voided")] == [2, 2, 1]


@pytest.mark.parametrize(
    ("kind", "on", "evidence", "label", "why"),
    [
        (TriggerType.CONTRACT_END, date(2020, 1, 1), " ", "", "needs its evidence"),
        (TriggerType.CONTRACT_END, date(2026, 11, 25), "BA", "", "has not come yet"),
        (TriggerType.CREATED, date(2020, 1, 1), "BA", "", "belongs to its description"),
        (TriggerType.OTHER, date(2020, 1, 1), "BA", " ", "needs a label"),
    ],
    ids=["no evidence", "future", "date of the document", "other what"],
)
def test_events_that_are_refused(
    embedded: Archive,
    person: People,
    capture: Callable[..., Accepted],
    kind: TriggerType,
    on: date,
    evidence: str,
    label: str,
    why: str,
) -> None:
    record_id = capture(embedded, pdf("Perjanjian"), class_code="000.3.3", work=False).record_id
    with pytest.raises(Refused, match=why):
        record_event(person(embedded, "clerk-dinkes"), embedded, record_id, kind, on, evidence, label)


def _file(archive: Archive, actor: Actor, folder: UUID, text: str, office: str = "dinkes") -> UUID:
    placement = Placement(
        office_by_code(archive, office), None, Level.OPEN, folder, Description(document_date=date(2020, 1, 1))
    )
    accepted = accept(actor, archive, IncomingFile("surat.pdf", io.BytesIO(pdf(text))), placement)
    settle(archive)
    return accepted.record_id


def test_a_closed_folder_starts_its_records(archive: Archive, person: People) -> None:
    """R10: the class is that of the folder; FILE_CLOSED counts from the closing date."""
    clerk = person(archive, "clerk-dinkes")
    dinkes = office_by_code(archive, "dinkes")
    folder = open_folder(clerk, archive, dinkes, "B-1", "Pengaduan 2020", "000.8.3.4", Level.OPEN)
    ids = [_file(archive, clerk, folder, f"Pengaduan {number}") for number in range(3)]
    assert {(stored(archive, one).class_code, stored(archive, one).due_on) for one in ids} == {("000.8.3.4", None)}
    close_folder(clerk, archive, folder)
    assert {stored(archive, one).due_on for one in ids} == {date(2029, 11, 24)}
    with pytest.raises(Refused, match="closed already"):
        close_folder(clerk, archive, folder)
    with pytest.raises(Refused, match="the folder is closed"):
        _file(archive, clerk, folder, "Terlambat")
    with pytest.raises(NotFound):
        close_folder(person(archive, "clerk-bappeda"), archive, folder)
    with pytest.raises(Refused, match="a folder 'B-1' already"):
        open_folder(clerk, archive, dinkes, "B-1", "Lagi", "000.8.3.4", Level.OPEN)
    with pytest.raises(Refused, match="no such folder in this office"):
        _file(archive, person(archive, "clerk-bappeda"), folder, "Bukan milik kami", "bappeda")


def test_an_event_of_a_folder_counts_for_all_its_records(archive: Archive, person: People) -> None:
    clerk, official = person(archive, "clerk-dinkes"), person(archive, "official-dinkes")
    folder = open_folder(
        person(archive, "records"), archive, office_by_code(archive, "dinkes"), "K-1", "Kontrak", "000.3.3", Level.OPEN
    )
    ids = [_file(archive, clerk, folder, f"Kontrak {number}") for number in range(2)]
    noted = record_folder_event(
        person(archive, "records"), archive, folder, TriggerType.CONTRACT_END, date(2022, 1, 1), "BAST"
    )
    with pytest.raises((NotFound, NotPermitted)):
        verify_event(person(archive, "official-bappeda"), archive, noted)
    verify_event(official, archive, noted)
    assert {stored(archive, one).due_on for one in ids} == {date(2032, 1, 1)}
    assert explained(archive, clerk, ids[0]).due_on == date(2032, 1, 1)
    assert [one["type"] for one in record_details(clerk, archive, ids[1]).events] == ["CONTRACT_END"]
    void_event(official, archive, noted, "wrong folder")
    assert {stored(archive, one).due_on for one in ids} == {None}


def test_holds_are_lifted_by_another_and_one_by_one(
    archive: Archive,
    person: People,
    capture: Callable[..., Accepted],
    second_officer: Callable[[Archive], Actor],
) -> None:
    """R47, R88."""
    officer, second = person(archive, "records"), second_officer(archive)
    record_id = capture(archive, pdf("Telepon"), class_code="000.1.1", document_date=date(2020, 1, 1)).record_id
    assert explained(archive, officer, record_id).outcome == "ELIGIBLE"
    court = place_hold(officer, archive, [record_id], "Perkara 12/2026", "Surat PN 7", "gugatan")
    audit = place_hold(second, archive, [record_id], "Pemeriksaan BPK", "Surat tugas 9", "pemeriksaan")
    held = explained(archive, officer, record_id)
    assert held.outcome == "NOT_ELIGIBLE"
    # Both were placed at the same moment of the clock that stands still, so that their order says nothing.
    assert set(held.decision.reason_codes[1:]) == {f"held({court},Perkara 12/2026)", f"held({audit},Pemeriksaan BPK)"}
    with pytest.raises(Refused, match="somebody else"):
        release_hold(officer, archive, court)
    release_hold(second, archive, court)
    assert explained(archive, officer, record_id).outcome == "NOT_ELIGIBLE", "the other hold stays"
    assert retention_report(officer, archive, ReportQuestion(), "en").counts["NOT_ELIGIBLE"] == 1
    release_hold(officer, archive, audit)
    assert explained(archive, officer, record_id).outcome == "ELIGIBLE"
    with pytest.raises(Refused, match="released already"):
        release_hold(second, archive, court)
    with pytest.raises((NotFound, NotPermitted)):
        place_hold(person(archive, "clerk-dinkes"), archive, [record_id], "a", "b", "c")


def example_rules(changes: dict[str, tuple[tuple[str, str], ...]] | None = None) -> dict[str, str]:
    files = {path.name: path.read_text("utf-8") for path in RULES.glob("*.toml")}
    for name, pairs in (changes or {}).items():
        for old, new in pairs:
            assert old in files[name], old
            files[name] = files[name].replace(old, new)
    return files


def test_declared_records_keep_their_edition(
    archive: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    """R3: a new edition closes the old one; what was declared under it keeps it and is told so."""
    before = capture(archive, pdf("Lama"), document_date=date(2024, 1, 1))
    closed = (('"ACTIVE"', '"SUPERSEDED"'), ("2009-01-01", "2009-01-01\neffective_to = 2026-11-23"))
    files = example_rules({"jra_pekalongan.toml": closed, "jra_contoh.toml": closed})
    old = example_rules()["jra_pekalongan.toml"]
    files["jra_2026.toml"] = (
        old.replace("jra-pekalongan-63-2024", "jra-2026").replace("2009-01-01", "2026-11-24")
        .replace("active_years = 1", "active_years = 5")
    )  # fmt: skip
    assert put_into_force(archive, RuleBook(files)) == 0
    after = capture(archive, pdf("Baru"), document_date=date(2024, 1, 1))
    clerk = person(archive, "clerk-dinkes")
    kept, new = (explained(archive, clerk, one.record_id, date(2026, 11, 25)) for one in (before, after))
    assert (kept.edition, kept.due_on, new.edition) == ("jra-pekalongan-63-2024", date(2026, 1, 1), "jra-2026")
    assert new.due_on == date(2034, 1, 1)
    assert "rule_superseded" in kept.decision.reason_codes
    assert "rule_superseded" not in new.decision.reason_codes
    assert kept.outcome == "REVIEW_DUE"
    assert stored(archive, before.record_id).due_on == date(2026, 1, 1)


def test_a_record_without_a_rule_gets_one_when_there_is_one(
    archive: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    pending = capture(archive, pdf("Rapat"), document_date=date(2024, 1, 1), work=False)
    shipped = RuleBook(example_rules())
    without = RuleBook(example_rules({"jra_pekalongan.toml": (('classes = ["000.1.5"]', "classes = []"),)}))
    put_into_force(archive, without)
    settle(archive)
    clerk = person(archive, "clerk-dinkes")
    row = explained(archive, clerk, pending.record_id)
    assert (row.phase, row.outcome, row.decision.reason_codes) == ("UNKNOWN", "CANNOT_EVALUATE", ("no_rule",))
    assert retention_report(clerk, archive, ReportQuestion(), "en").counts["CANNOT_EVALUATE"] == 1
    assert put_into_force(archive, shipped) == 1
    assert apply_rules(CONSOLE, archive, shipped) == 0, "applied already"
    assert explained(archive, clerk, pending.record_id).due_on == date(2026, 1, 1)
    assert stored(archive, pending.record_id).due_on == date(2026, 1, 1)


def test_what_was_in_force_stands(embedded: Archive, person: People) -> None:
    """R3: an active edition may be closed, not edited; and only what was reviewed is applied."""
    officer = person(embedded, "records")
    first = RuleBook({"plan.toml": CLASSES, "jra.toml": SCHEDULE})
    with pytest.raises(Refused, match="not the ones that were reviewed"):
        apply_rules(officer, embedded, first, "0" * 64)
    put_into_force(embedded, first)
    apply_rules(officer, embedded, first, first.sha256)
    for old, new in (("inactive_years = 2", "inactive_years = 1"), ('"ACTIVE"', '"DRAFT"'), ("B-KN", "B-XX")):
        with pytest.raises(Refused, match="jra-1 was in force and is altered here"):
            put_into_force(embedded, RuleBook({"plan.toml": CLASSES, "jra.toml": SCHEDULE.replace(old, new)}))
    closed = SCHEDULE.replace('"ACTIVE"', '"SUPERSEDED"').replace("2026-01-01", "2026-01-01\neffective_to = 2026-12-31")
    put_into_force(embedded, RuleBook({"plan.toml": CLASSES, "jra.toml": closed}))
    with embedded.database.reader() as session:
        editions = list(session.scalars(select(RuleBookEdition).order_by(RuleBookEdition.applied_at)))
        assert len(editions) == 3
        assert sum(edition.superseded_at is None for edition in editions) == 1
    with pytest.raises(NotPermitted):
        apply_rules(person(embedded, "clerk-dinkes"), embedded, load_rules(RULES))


def test_the_report_shows_only_what_its_reader_may_see(embedded: Archive, person: People) -> None:
    ManyRecords(embedded, seed=4).fill(200)
    seen = {
        name: retention_report(person(embedded, name), embedded, ReportQuestion(), "en")
        for name in ("records", "clerk-dinkes", "auditor")
    }
    assert seen["records"].total == 200
    assert 0 < seen["auditor"].total < 200
    for row in seen["clerk-dinkes"].rows:
        record = stored(embedded, row.record)
        assert record.level == "open" or (row.office == "dinkes" and record.level == "restricted")
    with pytest.raises(NotPermitted):
        retention_report(person(embedded, "admin"), embedded, ReportQuestion(), "en")
    with pytest.raises(Refused, match="no office 'dinas-x'"):
        retention_report(person(embedded, "records"), embedded, ReportQuestion(office="dinas-x"), "en")


def test_what_is_due_stays_due_tomorrow(embedded: Archive, person: People) -> None:
    ManyRecords(embedded, seed=6).fill(150)
    reader, day = person(embedded, "records"), date(2026, 11, 24)
    today, tomorrow = (
        {row.record: row.outcome for row in retention_report(reader, embedded, ReportQuestion(on), "en").rows}
        for on in (day, day + timedelta(days=1))
    )
    assert all(tomorrow[one] == outcome for one, outcome in today.items() if outcome in ("ELIGIBLE", "REVIEW_DUE"))
