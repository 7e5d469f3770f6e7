"""Impact before act: every count is what deciding each record anew under both books gives; on both databases."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from archive_fixtures import pdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_in_force import put_into_force
from sqlalchemy import select

from bench.many_records import ManyRecords
from edms.access.actors import Actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.assignments import reassign_record
from edms.records.impact import Impact, impact_of
from edms.records.model import Record
from edms.records.retention_facts import judgeables, options_of, select_facts
from edms.records.rule_forecast import forecast
from edms.retention.decide import decide, tier_of
from edms.retention.rulebook import RuleBook

RULES = Path(__file__).resolve().parents[2] / "retention_rules"
People = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]


def changed_book(change: Callable[[str, str], str]) -> RuleBook:
    """The rules that ship, each file through `change(name, text)`."""
    return RuleBook({path.name: change(path.name, path.read_text("utf-8")) for path in RULES.glob("*.toml")})


def longer(years: int) -> RuleBook:
    def change(name: str, text: str) -> str:
        return re.sub(r"(?m)^inactive_years = (\d+)", lambda found: f"inactive_years = {int(found[1]) + years}", text)

    return changed_book(change)


def by_hand(archive: Archive, book: RuleBook, as_of: date) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """The same counts, record by record, as `decide` has it: what a re-assignment would change, and where."""
    options, counts, where = options_of(archive), Counter[str](), Counter[tuple[str, str]]()
    with archive.database.reader() as session:
        for found in judgeables(session, select_facts(), archive.clock.today()):
            after = book.rule_for(found.row.class_code, as_of)
            before = found.rule
            was, will = (decide(found.facts, rule, (), as_of, options).due_on for rule in (before, after))
            changes = {
                "gains_rule": before is None and after is not None,
                "loses_rule": before is not None and after is None,
                "due_date": was != will,
                "becomes_due": bool(will and will <= as_of and not (was and was <= as_of)),
                "no_longer_due": bool(was and was <= as_of and not (will and will <= as_of)),
            }
            if before is not None and after is not None:
                changes |= {
                    "rule": before != after,
                    "fate": (before.fate, before.fate_text) != (after.fate, after.fate_text),
                    "tier": tier_of(before, options) != tier_of(after, options),
                }
            changed = [name for name, applies in changes.items() if applies]
            counts.update([*changed, *(["any"] if changed else [])])
            where[found.row.office, found.row.class_code] += bool(changed)
    return counts, where


def test_counts_are_those_of_each_record(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=21).fill(400)
    officer = person(archive, "records")
    drafts = [
        longer(1), longer(-0), longer(9),
        changed_book(lambda _name, text: text.replace('"MUSNAH"', '"PERMANEN"').replace('"Musnah"', '"Permanen"')),
        changed_book(lambda _name, text: text.replace('triggers = ["CONTRACT_END"]', 'triggers = ["CREATED"]')),
        changed_book(lambda name, text: text.replace('"ACTIVE"', '"DRAFT"' if "contoh" in name else '"ACTIVE"')),
    ]  # fmt: skip

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(drafts), st.dates(date(2010, 1, 1), date(2045, 1, 1)))
    def agree(book: RuleBook, as_of: date) -> None:
        found = impact_of(officer, archive, book, as_of)
        expected, where = by_hand(archive, book, as_of)
        assert {name: count for name, count in found.reassigned.items() if count} == dict(expected)
        assert {(row.office, row.class_code): row.reassigned["any"] for row in found.rows} == dict(where)
        assert found.applied["any"] == 0, "all are declared under a rule, and keep it"
        assert found.records == found.declared == 400

    agree()


def test_the_parts_make_no_difference(embedded: Archive, person: People, monkeypatch: pytest.MonkeyPatch) -> None:
    ManyRecords(embedded, seed=22).fill(150)
    officer, book = person(embedded, "records"), longer(2)
    whole = impact_of(officer, embedded, book, date(2031, 1, 1))
    monkeypatch.setattr("edms.records.impact_rows.PART", 50)
    told: list[int] = []
    assert impact_of(officer, embedded, book, date(2031, 1, 1), told.append) == whole
    assert sum(told) == 150


def test_what_applying_reaches_is_told_apart(archive: Archive, person: People, capture: Capture) -> None:
    """R3: declared records keep their rule; those that are not declared, and those without a rule, follow."""
    officer = person(archive, "records")
    without = changed_book(lambda _name, text: text.replace('classes = ["000.1.5"]', "classes = []"))
    given_on = date(2020, 3, 1)
    waiting = capture(archive, pdf("Menunggu"), class_code="000.1.5", document_date=given_on, work=False)
    kept = capture(archive, pdf("Lama"), class_code="000.1.6", document_date=given_on)  # declares both
    orphan = capture(archive, pdf("Menunggu lagi"), class_code="000.1.5", document_date=given_on, work=False)
    put_into_force(archive, without)
    shipped = changed_book(lambda _name, text: text)
    found = impact_of(officer, archive, shipped)
    assert (found.applied["gains_rule"], found.applied["any"]) == (1, 1), orphan
    assert (found.records, found.declared, found.undeclared) == (3, 2, 1)
    assert found.reassigned == found.applied, (waiting, kept)
    losing = changed_book(lambda _name, text: text.replace('classes = ["000.1.6"]', "classes = []"))
    found = impact_of(officer, archive, losing)
    assert (found.applied["loses_rule"], found.reassigned["loses_rule"]) == (0, 1)


def test_samples_show_only_what_the_reader_may_see(embedded: Archive, person: People) -> None:
    ManyRecords(embedded, seed=23).fill(200)
    officer = person(embedded, "records")
    lower = replace(officer, clearance=Level.OPEN)
    for reader in (officer, lower):
        found = impact_of(reader, embedded, longer(1))
        assert found.reassigned["any"] == 200, "counts are of the whole archive"
        assert found.titles.keys() == {one.record for one in found.samples}
        with embedded.database.reader() as session:
            levels = {session.get_one(Record, one).level for one in _ids(found)}
        assert levels == {"open"} if reader is lower else len(levels) > 1
    with embedded.database.reader() as session:
        leaves = list(session.scalars(select(AuditLeaf.body).where(AuditLeaf.action == "retention.impact_shown")))
    assert len(leaves) == 2
    assert json.loads(leaves[0])["details"]["records"] == 200
    for name in ("clerk-dinkes", "head-dinkes", "auditor", "admin"):
        with pytest.raises(NotPermitted):
            impact_of(person(embedded, name), embedded, longer(1))


def _ids(found: Impact) -> list[object]:
    from uuid import UUID

    return [UUID(one.record) for one in found.samples]


def test_months_add_up(embedded: Archive, person: People) -> None:
    """A year longer moves what is due by a year, as a whole, but for what does not count by periods of years."""
    ManyRecords(embedded, seed=24).fill(200)
    found = impact_of(person(embedded, "records"), embedded, longer(1))
    now, then = (sum(two[side] for two in found.months.values()) for side in (0, 1))
    with embedded.database.reader() as session:
        dated = len(list(session.scalars(select(Record.id).where(Record.due_on.is_not(None)))))
    assert now == then == dated
    years = found.years()
    assert sum(two[1] for two in years[max(years)].values()) > 0
    assert set(found.as_dict()["years"]) == {str(year) for year in years}


def test_the_forecast_is_what_the_report_will_say(archive: Archive, person: People, capture: Capture) -> None:
    ManyRecords(archive, seed=25).fill(300)
    paper = capture(archive, pdf("Rapat"), class_code="000.1.6", document_date=date(2029, 5, 1)).record_id
    officer = person(archive, "records")
    found = forecast(officer, archive, 2031)
    with archive.database.reader() as session:
        rows = session.execute(select(Record.due_on, Record.fate)).all()
    due = Counter((day.month, fate) for day, fate in rows if day is not None and day.year == 2031)
    assert {key: one.records for key, one in found.months.items()} == dict(due)
    assert sum(found.backlog.values()) == sum(day is not None and day.year < 2031 for day, _fate in rows)
    assert found.awaiting == sum(day is None for day, _fate in rows)
    assert found.hours(5) == round(found.month(5).records / 20, 1)
    with archive.database.reader() as session:
        record = session.get_one(Record, paper)
        size = sum(one.blob.size for one in record.components)
    assert (record.due_on, record.fate) == (date(2031, 5, 1), "MUSNAH")
    assert found.freed == found.months[5, "MUSNAH"].bytes == size > 0
    later = forecast(officer, archive, 2032, longer(1))
    assert later.months[5, "MUSNAH"].bytes == size
    assert sum(later.years.values()) == sum(found.years.values())
    with pytest.raises(Refused):
        forecast(officer, archive, 99999)


def test_a_reviewed_record_is_left_alone(embedded: Archive, person: People, capture: Capture) -> None:
    from test_assignments import reviewed

    from edms.records.assignments import ReviewTerms
    from edms.retention.types import Fate, Period

    one = capture(embedded, pdf("Gaji"), class_code="900.1.3.7", document_date=date(2010, 3, 1)).record_id
    officer = person(embedded, "records")
    reviewed(embedded, officer, one, ReviewTerms(Fate.DESTROY, date(2026, 1, 1), Period(years=2)))
    found = impact_of(officer, embedded, longer(1))
    assert (found.reviewed, found.reassigned["any"]) == (1, 0)
    reassign_record(officer, embedded, one, None, "peninjauan dibatalkan")
    assert impact_of(officer, embedded, longer(1)).reassigned["due_date"] == 1
