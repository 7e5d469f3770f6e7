"""Transfers, reviews, hand-overs up to their papers and re-assignments killed (kill -9) before each commit in turn.

No step is half taken, and all end well. Destructions: test_disposal_killed.py.
"""

from datetime import date
from uuid import UUID

import pytest
from archive_fixtures import settle
from filled_archive import Wanted, fill
from killed_by_turns import by_turns
from proceedings_people import (
    CLERK,
    HEAD,
    HEAD_OF_ARCHIVE,
    REVIEWED,
    old_records,
    opened,
    shown,
    staffed,
)
from rules_in_force import put_into_force
from signing_people import give
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from thirty_years_model import rule_files

from edms.access.actors import console_actor
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.assignment_model import RetentionAssignment
from edms.records.model import Record
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.signatures_model import SignatureRequest
from edms.retention.proceedings import Act, Kind, State, after
from edms.retention.rulebook import RuleBook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ENDS = {"received": {"moved"}}
"""In what states items are once a proceeding is in a state; in every other one they are listed."""


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def consistent(archive: Archive, made: UUID) -> str:
    """Hold a proceeding against its own steps: the state is what they lead to, and items and papers are of that state;
    returns the state."""
    with archive.database.reader() as session:
        row = session.get_one(Proceeding, made)
        kind, state = Kind(row.kind), State.DRAFT
        assert [step.position for step in row.steps] == list(range(1, len(row.steps) + 1))
        for step in row.steps:
            state = after(kind, state, Act(step.act))
        assert state.value == row.state
        found = {item.state for item in row.items}
        if kind is Kind.REVIEW and row.state == "decided":
            assert found == {"reviewed"}
        else:
            assert found <= ENDS.get(row.state, {"listed"})
        free = row.state in ("received", "closed", "cancelled") or (kind is Kind.REVIEW and row.state == "decided")
        assert {item.standing_key is None for item in row.items} == {free}
        for paper in row.papers:
            assert session.get_one(Record, paper.record_id).component is not None
        frozen = {step.act for step in row.steps} & ({"list"} if kind is Kind.TRANSFER else {"decide"})
        assert bool(row.list_sha256) == bool(frozen)
        return str(row.state)


def killed(archive: Archive, made: UUID, work: str, *more: str, one_commit_each: bool = True) -> int:
    """Let a step be killed at each of its commits, and look after each; returns how often it was."""
    turns = 0
    for turn in by_turns(archive, f"steps_by_turns:{work}", str(made), *more, one_commit_each=one_commit_each):
        consistent(archive, made)
        turns = turn
    consistent(archive, made)
    return turns


def whole(archive: Archive) -> None:
    settle(archive)
    report = verify_all(console_actor("tests"), archive)
    assert report.ok, report.faults


def requests(archive: Archive) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(SignatureRequest)) or 0


def test_a_transfer(one: Archive) -> None:
    made = opened(one, Kind.TRANSFER, *old_records(one, 2))
    assert killed(one, made, "list_a_transfer") == 4, "the list, and each of its three papers"
    settle(one)
    assert shown(one, made, Kind.TRANSFER).stage == "to_ask"
    assert killed(one, made, "ask", "transfer") == 1
    assert requests(one) == 1, "asked once"
    for name in (HEAD, HEAD_OF_ARCHIVE):
        give(one, name)
    assert killed(one, made, "receive_a_transfer") == 1
    assert consistent(one, made) == "received"
    whole(one)


def test_a_hand_over_up_to_its_papers(one: Archive) -> None:
    made = opened(one, Kind.HANDOVER, *old_records(one, 2))
    assert killed(one, made, "decide_a_handover") == 6, "three steps and three papers"
    assert consistent(one, made) == "decided"
    assert sorted(shown(one, made, Kind.HANDOVER).papers) == ["contents", "minutes", "statement"]
    whole(one)


def test_a_review(one: Archive) -> None:
    records = old_records(one, 3, REVIEWED, "Notulen")
    made = opened(one, Kind.REVIEW, *records)
    assert killed(one, made, "finish_a_review") == 2
    with one.database.reader() as session:
        assert acts_in(session) == dict.fromkeys(records, 2)
    whole(one)


def test_a_transfer_that_is_given_up(one: Archive) -> None:
    first = old_records(one, 1)[0]
    made = opened(one, Kind.TRANSFER, first)
    assert killed(one, made, "give_up", "transfer") == 1
    again = opened(one, Kind.TRANSFER, first)
    with one.database.reader() as session:
        standing = select(ProceedingItem.proceeding_id).where(ProceedingItem.standing_key.is_not(None))
        assert list(session.scalars(standing)) == [again]
    assert shown(one, again, Kind.TRANSFER, CLERK).state == "draft"


def test_all_records_of_an_edition_that_get_another_rule(embedded: Archive) -> None:
    """Each record stands under the old rule or the new one, with an act for each that it got, and none twice."""
    changed = (date(2026, 6, 1), date(2026, 7, 1))
    put_into_force(embedded, RuleBook(rule_files(0, changed)))
    ids = fill(embedded, (Wanted("000.1", date(2026, 1, 1 + number % 28), f"N {number}") for number in range(230)))
    put_into_force(embedded, RuleBook(rule_files(1, changed)))
    turns, last = 0, 0
    for turn in by_turns(embedded, "steps_by_turns:reassign_all", "jra-0"):
        now = reassigned(embedded, ids)
        assert now >= last, "what was given is not given back"
        turns, last = turn, now
    assert (turns, reassigned(embedded, ids)) == (3, 230), "a hundred at a time"


def acts_in(session: Session) -> dict[UUID, int]:
    """How many rules each record was given, one after the other."""
    query = select(RetentionAssignment.record_id, func.count()).group_by(RetentionAssignment.record_id)
    return {row[0]: row[1] for row in session.execute(query)}


def reassigned(archive: Archive, ids: list[UUID]) -> int:
    """Return how many stand under the new edition: wholly, rule, date and acts, as each other does under the old."""
    with archive.database.reader() as session:
        acts = acts_in(session)
        rows = list(session.scalars(select(Record).where(Record.id.in_(ids))))
    new = [row for row in rows if row.rule_edition == "jra-1"]
    for row in rows:
        assert row.document_date is not None
        assert row.due_on == row.document_date.replace(year=2029 if row in new else 2028)
        assert acts.get(row.id, 0) == (2 if row in new else 0)
    assert {row.rule_edition for row in rows} <= {"jra-0", "jra-1"}
    return len(new)
