"""Counts of all lists at once are those of each list, whoever asks; one statement, and by narrow indexes alone."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, select, update
from sqlalchemy.orm import Session

from bench.many_records import ManyRecords
from edms.access.actors import Actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.positions import Rank
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.dossier_facts import FiledRecords, filed_in_dossiers
from edms.records.forecast import outlook
from edms.records.grants_model import AccessGrant, RecordSet, RecordSetItem
from edms.records.loans_model import Loan
from edms.records.model import Record, RuleBookEdition
from edms.records.narrow import COUNTED
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingPaper
from edms.records.report_lists import ListName
from edms.records.report_model import RetentionExplanation
from edms.records.reports import ListQuestion, list_counts, list_page
from edms.records.retention_report import ReportQuestion, retention_report
from edms.records.rules import edition_in_force
from edms.retention.types import Fate

People = Callable[[Archive, str], Actor]
READERS = ("records", "official-bappeda", "clerk-dinkes", "auditor")


def scattered(archive: Archive, seed: int, people: dict[str, Actor]) -> None:
    """Say at random of records what other tables can say of them, and grant some to people of other offices."""
    chance, now = random.Random(seed), archive.clock.now()
    with archive.database.writer() as session:
        ids = list(session.scalars(select(Record.id).order_by(Record.id)))

        def some(part: int) -> list[UUID]:
            return chance.sample(ids, len(ids) // part)

        for one in some(6):
            words = {"who_may": chance.choice(list(Rank)).value, "personal_data": chance.random() < 0.5}
            session.execute(update(Record).where(Record.id == one).values(**words))
        session.execute(update(Record).where(Record.id.in_(some(15))).values(level=None))
        nothing = dict.fromkeys(("rule_book_id", "rule_code", "rule_edition", "fate", "active_until", "due_on"))
        session.execute(update(Record).where(Record.id.in_(some(20))).values(**nothing, awaiting=None))
        session.add_all(
            RetentionExplanation(
                id=new_id(archive.clock), record_id=one, text="masih dipakai", said_by="tests", said_at=now,
                ended_at=chance.choice([None, None, now]),
            ) for one in some(4)
        )  # fmt: skip
        session.add_all(
            Loan(
                id=new_id(archive.clock), record_id=one, state="out", is_out=chance.choice([True, None]),
                borrower="Tamu", borrower_office="Dinas", purpose="rapat", asked_by="tests", asked_at=now,
                due_on=now.date(),
            ) for one in some(12)
        )  # fmt: skip
        _proceedings(archive, session, chance, some(5), some(9))
        _grants(archive, session, chance, some, people)
        session.commit()


def _proceedings(
    archive: Archive, session: Session, chance: random.Random, ids: list[UUID], papers: list[UUID]
) -> None:
    now = archive.clock.now()
    office = session.scalars(select(Record.office_id)).first()
    folders = list(session.scalars(select(Record.folder_id).where(Record.folder_id.is_not(None)).limit(9)))
    one = Proceeding(
        id=new_id(archive.clock), kind="transfer", office_id=office, level="open", state="open", title="Pemindahan",
        opened_by="tests", opener_name="Tests", opened_at=now, since=now, folder_id=chance.choice(folders),
    )  # fmt: skip
    session.add(one)
    session.flush()
    session.add_all(
        ProceedingPaper(proceeding_id=one.id, kind=str(number), record_id=paper, sha256="0" * 64, drawn_at=now)
        for number, paper in enumerate(papers)
    )
    for position, record_id in enumerate(ids):
        state = chance.choice(["listed", "moved", "handed_over"])
        standing = record_id.hex if state == "listed" else None
        session.add(
            ProceedingItem(
                id=new_id(archive.clock), proceeding_id=one.id, position=position, record_id=record_id, state=state,
                standing_key=standing,
            )
        )  # fmt: skip


def _grants(
    archive: Archive,
    session: Session,
    chance: random.Random,
    some: Callable[[int], list[UUID]],
    people: dict[str, Actor],
) -> None:
    now, office = archive.clock.now(), session.scalars(select(Record.office_id)).first()
    bundle = RecordSet(id=new_id(archive.clock), title="Perkara", made_by="tests", made_at=now)
    session.add(bundle)
    session.flush()
    session.add_all(RecordSetItem(set_id=bundle.id, record_id=one) for one in some(10))
    folders = list(session.scalars(select(Record.folder_id).where(Record.folder_id.is_not(None)).limit(9)))
    for actor in people.values():
        subjects = [{"record_id": one} for one in some(15)] + [
            {"folder_id": chance.choice(folders)},
            {"set_id": bundle.id},
        ]
        for subject in subjects:
            session.add(
                AccessGrant(
                    id=new_id(archive.clock), person_id=UUID(actor.id), mode="read", purpose="rapat",
                    granted_by="tests", granted_at=now - timedelta(days=1), until=now + timedelta(days=9),
                    revoked_at=chance.choice([None, None, now]), office_id=office, **subject,
                )
            )  # fmt: skip


@contextmanager
def statements(archive: Archive) -> Iterator[list[tuple[str, object]]]:
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, text: str, told: object, *_rest: object) -> None:
        asked.append((text, told))

    event.listen(archive.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(archive.database.engine, "before_cursor_execute", note)


def hold_together(archive: Archive, people: dict[str, Actor], seed: int) -> Counter[str]:
    """Ask for counts of random days and readers; return the sums of what they were."""
    chance, seen = random.Random(seed), Counter[str]()
    for name in READERS:
        as_of = date(2008, 1, 1) + timedelta(days=chance.randrange(35 * 365))
        reader, office = people[name], chance.choice(["", "", "dinkes"])
        counts = list_counts(reader, archive, as_of, office)
        for one in ListName:
            alone = list_page(reader, archive, ListQuestion(one, as_of, office), "", 1, "id").total
            assert counts[one] == alone, (one, as_of, name, office)
        seen.update({one.value: count for one, count in counts.items()})
        report = retention_report(reader, archive, ReportQuestion(as_of, office or None), "id")
        assert {k: v for k, v in report.counts.items() if v} == Counter(row.outcome for row in report.rows)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_of_all_lists_are_those_of_each(archive: Archive, person: People, seed: int) -> None:
    ManyRecords(archive, seed=seed).fill(240)
    people = {name: person(archive, name) for name in READERS}
    scattered(archive, seed, people)
    seen = hold_together(archive, people, seed)
    assert all(seen[name.value] for name in ListName), "some lists were never anything but empty"


def test_what_belongs_to_the_file_of_a_disposal_is_the_same_of_few_and_of_many(
    archive: Archive, person: People
) -> None:
    ManyRecords(archive, seed=4).fill(240)
    scattered(archive, 4, {name: person(archive, name) for name in READERS})
    with archive.database.reader() as session:
        folders = {row.id: row.folder_id for row in session.scalars(select(Record))}
        many, few = FiledRecords(session).among(folders), FiledRecords(session)
        ids = list(folders)
        parts = [{one: folders[one] for one in ids[start : start + 60]} for start in range(0, len(ids), 60)]
        assert frozenset().union(*(few.among(part) for part in parts)) == many
        asked = {one for query in filed_in_dossiers() for one in session.scalars(query)}
    assert asked == many
    assert 0 < len(many) < len(folders)


def test_a_book_that_differs_is_asked_of_the_wide_index(embedded: Archive, person: People) -> None:
    """What the narrow index does not tell is not guessed: counts are right, and not by it."""
    ManyRecords(embedded, seed=3).fill(120)
    people = {name: person(embedded, name) for name in READERS}
    scattered(embedded, 3, people)
    with embedded.database.writer() as session:
        current = edition_in_force(session)
        assert current is not None
        session.execute(update(RuleBookEdition).where(RuleBookEdition.id == current.id).values(sha256="0" * 64))
        session.commit()
    with statements(embedded) as asked:
        hold_together(embedded, people, 3)
    assert not any("ix_records_counted" in text for text, _told in asked)


def test_pages_ask_as_much_of_a_large_archive_as_of_a_small_one(archive: Archive, person: People) -> None:
    reader, asked = person(archive, "official-bappeda"), []
    for more in (40, 200):
        ManyRecords(archive, seed=more).fill(more)
        list_counts(reader, archive, None, "")
        outlook(reader, archive)  # what is read once and kept is read by now
        with statements(archive) as found:
            list_counts(reader, archive, None, "")
            counts = len([text for text, _told in found if "FROM records" in text])
            outlook(reader, archive)
        asked.append((counts, len(found)))
    assert asked[0] == asked[1]
    assert asked[0][0] == 1


def test_counts_and_charts_read_narrow_indexes_alone(embedded: Archive, person: People) -> None:
    """No column of a row is read that the narrow index has not: such a look costs more than all that is counted."""
    ManyRecords(embedded, seed=2).fill(200)
    plans, wide = [], set[str]()
    for name in ("records", "official-bappeda"):
        with statements(embedded) as asked:
            list_counts(person(embedded, name), embedded, None, "")
            outlook(person(embedded, name), embedded)
        with embedded.database.engine.connect() as connection:
            for text, told in asked:
                if "FROM records" in text and "blobs" not in text:
                    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told)  # type: ignore[arg-type]
                    plans.append("\n".join(str(row[-1]) for row in rows))
                    wide |= read_of_rows(connection, text, told)
    assert len(plans) == 8
    for plan in plans:
        lines = [line for line in plan.splitlines() if " records " in line]
        assert lines
        assert all("INDEX ix_records_counted" in line or "INDEX ix_records_class" in line for line in lines), plan
        assert "marked" in plan or "TEMP B-TREE" not in plan
        assert not any("SCAN filed_in_" in line for line in plan.splitlines()), "from the few folders to their records"
    assert wide <= {"awaiting", "who_may", "personal_data", "id"}


def test_sizes_are_summed_up_over_indexes_alone(embedded: Archive, person: People) -> None:
    """Of a file and of its blob no row is read: each would be a page to decrypt."""
    many = ManyRecords(embedded, seed=2)
    many.give_content(many.fill(200))
    with statements(embedded) as asked:
        found = outlook(person(embedded, "records"), embedded)
    assert sum(size for _year, size in found.freed) > 0
    [(text, told)] = [one for one in asked if "blobs" in one[0]]
    with embedded.database.engine.connect() as connection:
        plan = [str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told)]  # type: ignore[arg-type]
    for table in ("components", "blobs"):
        [line] = [line for line in plan if f"SEARCH {table} " in line]
        assert "USING COVERING INDEX" in line, plan


def read_of_rows(connection: Connection, text: str, told: object) -> set[str]:
    """The columns that a statement reads of the table of records itself, or of what stands for it in the index."""
    root = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'records'").scalar_one()
    names = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(records)")]
    steps = connection.exec_driver_sql(f"EXPLAIN {text}", told).all()  # type: ignore[arg-type]
    opened = {step[2] for step in steps if step[1] == "OpenRead" and step[3] == root}
    return {names[step[3]] for step in steps if step[1] == "Column" and step[2] in opened}


def test_a_look_at_rows_would_be_seen(embedded: Archive) -> None:
    with embedded.database.engine.connect() as connection:
        text = "SELECT count(title) FROM records INDEXED BY ix_records_counted WHERE state = 'declared'"
        assert read_of_rows(connection, text, ()) == {"title"}


def test_numbers_in_the_narrow_index_are_those_of_the_words(embedded: Archive) -> None:
    with embedded.database.engine.connect() as connection:
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'ix_records_counted'"
        ).scalar_one()
        asked = connection.exec_driver_sql
        assert all(one in made for one in COUNTED)
        for number, fate in enumerate((Fate.DESTROY, Fate.REVIEW, Fate.PERMANENT, Fate.PERSONAL_FILE), 1):
            assert asked(f"SELECT {COUNTED[1]} FROM (SELECT ? AS fate)", (fate.value,)).scalar_one() == number
        for level in Level:
            assert asked(f"SELECT {COUNTED[3]} FROM (SELECT ? AS level)", (level.value,)).scalar_one() == level.rank
        unclassified = asked(f"SELECT {COUNTED[3]} FROM (SELECT NULL AS level)").scalar_one()
        assert unclassified == UNCLASSIFIED_COUNTS_AS.rank
        assert asked(f"SELECT {COUNTED[3]} FROM (SELECT 'cosmic' AS level)").scalar_one() is None
    assert len(Fate) == 4
