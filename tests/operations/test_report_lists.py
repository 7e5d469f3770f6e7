"""The lists of retention: what is counted, what is listed and what `decide` says are one, for any day and reader."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import event, select, update

from bench.many_records import ManyRecords
from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.model import Record, RuleBookEdition
from edms.records.people import NewPerson, add_person
from edms.records.report_lists import BY_NAMES, LIST_NAMES, By, ListName
from edms.records.report_sheets import open_list_sheet
from edms.records.reports import ListedRow, ListQuestion, list_counts, list_groups, list_page, open_list
from edms.records.retention_report import ReportQuestion, ReportRow, retention_report
from edms.records.rules import edition_in_force
from edms.records.sheets import Form, sheet_parts
from edms.retention.types import ActiveMode, Fate, Phase, ReasonCode, Tier

People = Callable[[Archive, str], Actor]
STOPS = {ReasonCode.HELD, ReasonCode.ON_LOAN, ReasonCode.LEGACY_UNVERIFIED, ReasonCode.FIXITY_FAILED,
         ReasonCode.SNAPSHOT_DRIFT}  # fmt: skip


def belongs(name: ListName, row: ReportRow, as_of: date, confirmation: int) -> bool:
    """What each list is, said of a decision: the second witness beside the conditions in SQL."""
    told, due = row.decision, row.due_on
    reasons = {reason.code for reason in told.reasons}
    stopped = bool(STOPS & reasons)
    over = due is not None and due <= as_of
    moves = told.phase is Phase.INACTIVE and row.rule_row is not None
    transfer = moves and row.rule_row is not None and row.rule_row.active_mode is not ActiveMode.NONE
    return {
        ListName.TRANSFER: transfer,
        ListName.UNEXPLAINED: transfer,
        ListName.DESTROY: row.outcome == "ELIGIBLE",
        ListName.DESTROY_LOWER: row.outcome == "ELIGIBLE" and told.tier is Tier.LOWER,
        ListName.DESTROY_UPPER: row.outcome == "ELIGIBLE" and told.tier is Tier.UPPER,
        ListName.REVIEW: row.outcome == "REVIEW_DUE",
        ListName.HANDOVER: over and told.fate is Fate.PERMANENT and not stopped,
        ListName.AWAITING: told.phase is Phase.AWAITING_EVENT,
        ListName.HELD: ReasonCode.HELD in reasons,
        ListName.PAST_DUE: over,
        ListName.CONFIRM: due is not None and due + timedelta(days=confirmation) <= as_of,
        ListName.NO_RULE: row.rule is None,
    }[name]


def listed(reader: Actor, archive: Archive, question: ListQuestion) -> list[ListedRow]:
    with open_list(reader, archive, question, "id") as (_day, total, rows):
        found = list(rows)
    assert len(found) == total
    return found


def paged(reader: Actor, archive: Archive, question: ListQuestion, size: int) -> list[ListedRow]:
    found: list[ListedRow] = []
    after: str | None = ""
    while after is not None:
        page = list_page(reader, archive, question, after, size, "id")
        found += page.rows
        after = page.after
    return found


def test_lists_counts_pages_and_decisions_are_one_rule(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=11).fill(160)
    with archive.database.writer() as session:
        some = list(session.scalars(select(Record.id).order_by(Record.id).limit(9)))
        nothing = {"rule_book_id": None, "rule_code": None, "rule_edition": None}
        dates = {"fate": None, "active_until": None, "due_on": None, "awaiting": None}
        session.execute(update(Record).where(Record.id.in_(some)).values(**nothing, **dates))
        session.commit()
    readers = [person(archive, name) for name in ("records", "clerk-dinkes", "official-bappeda", "auditor")]
    confirmation = archive.settings.retention.confirmation_days
    seen: set[ListName] = set()

    chance = random.Random(5)
    for _ in range(4):
        as_of = date(2005, 1, 1) + timedelta(days=chance.randrange(40 * 365))
        reader, office = chance.choice(readers), chance.choice(["", "dinkes"])
        whole = list(retention_report(reader, archive, ReportQuestion(as_of, office or None), "id").rows)
        counts = list_counts(reader, archive, as_of, office)
        for name in ListName:
            question = ListQuestion(name, as_of, office)
            decided = {row.record for row in whole if belongs(name, row, as_of, confirmation)}
            rows = [one.row.record for one in listed(reader, archive, question)]
            assert set(rows) == decided, (name, as_of, reader.name, office)
            assert len(rows) == len(decided) == counts[name]
            assert [one.row.record for one in paged(reader, archive, question, 60)] == rows
            for way in By:
                assert sum(group.count for group in list_groups(reader, archive, question, way)) == len(rows)
            seen.update([name] if rows else [])
    assert seen == set(ListName), "some lists were never anything but empty"


def test_a_group_narrows_to_its_own_rows(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=4).fill(200)
    reader, day = person(archive, "records"), date(2026, 1, 1)
    for name in (ListName.PAST_DUE, ListName.TRANSFER, ListName.AWAITING):
        for group in list_groups(reader, archive, ListQuestion(name, day), By.OFFICE):
            assert len(listed(reader, archive, ListQuestion(name, day, office=group.key))) == group.count
        for group in list_groups(reader, archive, ListQuestion(name, day), By.YEAR):
            if group.key:
                rows = listed(reader, archive, ListQuestion(name, day, year=int(group.key)))
                assert len(rows) == group.count
                assert {one.since.year for one in rows if one.since} == {int(group.key)}
        for group in list_groups(reader, archive, ListQuestion(name, day), By.CLASS):
            rows = listed(reader, archive, ListQuestion(name, day, class_code=group.key))
            assert len([one for one in rows if one.row.class_code == group.key]) == group.count


def test_the_age_of_waiting_counts_from_the_document_or_the_declaration(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=4).fill(100)
    today = archive.clock.today()
    for one in listed(person(archive, "records"), archive, ListQuestion(ListName.AWAITING)):
        assert one.since is not None
        assert one.days == (today - one.since).days


def test_rules_that_differ_between_books_are_told_apart(archive: Archive, person: People) -> None:
    """An example may be mended: then the same code of the same edition is of one tier in one book, not in the next."""
    ManyRecords(archive, seed=9).fill(60)
    with archive.database.writer() as session:
        current = edition_in_force(session)
        assert current is not None
        text = current.content.replace("inactive_years = 8", "inactive_years = 2")
        assert text != current.content
        import hashlib

        from edms.core.ids import new_id

        second = RuleBookEdition(
            id=new_id(archive.clock), sha256=hashlib.sha256(text.encode()).hexdigest(), content=text,
            applied_at=archive.clock.now(), applied_by="tests", superseded_at=archive.clock.now(),
        )  # fmt: skip
        session.add(second)
        session.flush()
        half = list(session.scalars(select(Record.id).order_by(Record.id)))[::2]
        session.execute(update(Record).where(Record.id.in_(half)).values(rule_book_id=second.id))
        session.commit()
    reader, day = person(archive, "records"), date(2060, 1, 1)
    whole = list(retention_report(reader, archive, ReportQuestion(day), "id").rows)
    for name in (ListName.DESTROY_LOWER, ListName.DESTROY_UPPER):
        found = {one.row.record for one in listed(reader, archive, ListQuestion(name, day))}
        # The stored dates are those of the first book, the tier is that of the rule a record was declared under.
        tier = Tier.LOWER if name is ListName.DESTROY_LOWER else Tier.UPPER
        assert all(row.decision.tier is tier for row in whole if row.record in found)
        assert found


def test_every_form_has_every_row(archive: Archive, person: People) -> None:
    ManyRecords(archive, seed=4).fill(120)
    reader, question = person(archive, "records"), ListQuestion(ListName.PAST_DUE, date(2040, 1, 1))
    names = [str(one.row.record) for one in listed(reader, archive, question)]
    assert len(names) > 60
    for language in ("id", "en"):
        with open_list_sheet(reader, archive, question, language) as (sheet, name):
            read = list(csv.reader(io.StringIO(b"".join(sheet_parts(sheet, Form.CSV)).decode())))
        assert [row[1] for row in read[1:]] == names
        assert name == "past_due-2040-01-01"
    with open_list_sheet(reader, archive, question, "id") as (sheet, _name):
        book = openpyxl.load_workbook(io.BytesIO(b"".join(sheet_parts(sheet, Form.XLSX))))
    assert [row[1].value for row in book.worksheets[0].iter_rows(min_row=2)] == names


def test_counts_never_touch_the_wide_rows(embedded: Archive, person: People) -> None:
    ManyRecords(embedded, seed=2).fill(200)
    asked: list[tuple[str, object]] = []
    event.listen(
        embedded.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, text, told, _x, _m: asked.append((text, told)),
    )
    for name in (ListName.TRANSFER, ListName.DESTROY_LOWER, ListName.PAST_DUE, ListName.AWAITING, ListName.NO_RULE):
        for reader in ("records", "clerk-dinkes"):
            list_page(person(embedded, reader), embedded, ListQuestion(name), "", 10, "id")
            for way in By:
                list_groups(person(embedded, reader), embedded, ListQuestion(name), way)
    plans = []
    with embedded.database.engine.connect() as connection:
        for text, told in list(asked):
            if "FROM records" in text and ("count(*)" in text or "LIMIT" in text):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told)  # type: ignore[arg-type]
                plans += [str(row[-1]) for row in rows if "records " in str(row[-1])]
    assert plans
    assert all("COVERING INDEX ix_records_retention" in plan for plan in plans), set(plans)


def test_who_may_not_read_reports_gets_none(archive: Archive, person: People) -> None:
    add_person(console_actor("tests"), archive, NewPerson("tamu", "Tamu", None, (Role.GUEST,), Level.OPEN))
    with pytest.raises(NotPermitted):
        list_counts(person(archive, "tamu"), archive, None, "")
    with pytest.raises(NotPermitted), open_list(person(archive, "tamu"), archive, ListQuestion(), "id"):
        pass


def test_questions_that_are_none_are_refused(archive: Archive, person: People) -> None:
    reader = person(archive, "records")
    for after in ("x", "2020-99-01_" + "0" * 32, "2020-01-01_x", "_"):
        with pytest.raises(Refused):
            list_page(reader, archive, ListQuestion(), after, 10, "id")
    with pytest.raises(Refused):
        list_groups(reader, archive, ListQuestion(office="nowhere"), By.OFFICE)


def test_every_list_has_its_name_in_both_languages() -> None:
    assert all(set(names) == set(ListName) for names in LIST_NAMES.values())
    assert all(set(names) == set(By) for names in BY_NAMES.values())
    assert json.dumps(LIST_NAMES) != "{}"
