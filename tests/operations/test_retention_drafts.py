"""Drafts of rule books: handed in by one, reviewed by their impact, put into force by another; and broken by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from archive_fixtures import pdf
from rule_texts import CLASSES, SCHEDULE
from sqlalchemy import text

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.capture.accept import Accepted
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.drafts import draft_book, hand_in_rules, list_drafts, review_rules, shown_review, withdraw_draft
from edms.records.people import NewPerson, add_person
from edms.records.retention import apply_rules
from edms.retention.rulebook import RuleBook

CONSOLE = console_actor("tests")
People = Callable[[Archive, str], Actor]
BOOK = RuleBook({"plan.toml": CLASSES, "jra.toml": SCHEDULE})
OTHER = RuleBook({"plan.toml": CLASSES, "jra.toml": SCHEDULE.replace("inactive_years = 2", "inactive_years = 3")})


@pytest.fixture
def colleagues(embedded: Archive, person: People) -> tuple[Actor, Actor, Actor]:
    """Three records officers."""
    for number in (2, 3):
        officer = NewPerson(f"records-{number}", "Arsiparis", "setda", (Role.RECORDS_OFFICER,), Level.TOP_SECRET)
        add_person(CONSOLE, embedded, officer)
    return person(embedded, "records"), person(embedded, "records-2"), person(embedded, "records-3")


def test_the_way_of_a_draft(embedded: Archive, colleagues: tuple[Actor, Actor, Actor]) -> None:
    maker, reviewer, third = colleagues
    with pytest.raises(Refused, match="nobody has reviewed"):
        apply_rules(CONSOLE, embedded, BOOK)
    draft = hand_in_rules(maker, embedded, BOOK, "JRA baru")
    assert hand_in_rules(reviewer, embedded, BOOK) == draft, "the same content is there once"
    with pytest.raises(Refused, match="not reviewed against"):
        apply_rules(third, embedded, BOOK)
    assert shown_review(third, embedded, draft) is None
    found = review_rules(reviewer, embedded, draft_book(reviewer, embedded, draft))
    for near in (maker, reviewer):
        with pytest.raises(NotPermitted, match="somebody else"):
            apply_rules(near, embedded, BOOK)
    shown = shown_review(third, embedded, draft)
    assert shown is not None
    assert (shown["reviewed_by"], shown["stale"]) == (reviewer.id, False)
    assert shown["impact"]["sha256"] == found.sha256 == BOOK.sha256
    review_rules(third, embedded, BOOK)  # who applies looks too, and is not alone in it
    assert apply_rules(third, embedded, BOOK, BOOK.sha256) == 0
    (line,) = list_drafts(maker, embedded)
    assert (line.standing, line.note, line.editions) == (True, "JRA baru", ("jra-1", "plan-1"))


def test_a_review_against_another_book_counts_no_more(
    embedded: Archive, colleagues: tuple[Actor, Actor, Actor]
) -> None:
    """Rule superseded meanwhile: what was seen is not what would happen now."""
    maker, _reviewer, third = colleagues
    example = RuleBook({"p.toml": CLASSES, "j.toml": SCHEDULE.replace('"jra-1"', '"jra-9"')})
    review_rules(maker, embedded, BOOK)
    review_rules(maker, embedded, example)
    assert apply_rules(third, embedded, example) == 0
    with pytest.raises(Refused, match="not reviewed against the ones that are in force now"):
        apply_rules(third, embedded, BOOK)
    review = shown_review(third, embedded, next(d.id for d in list_drafts(maker, embedded) if not d.standing))
    assert review is not None
    assert review["stale"]


def test_another_hash_is_another_draft(embedded: Archive, colleagues: tuple[Actor, Actor, Actor]) -> None:
    maker, _reviewer, third = colleagues
    review_rules(maker, embedded, BOOK)
    with pytest.raises(Refused, match="nobody has reviewed"):
        apply_rules(third, embedded, OTHER)
    with pytest.raises(Refused, match="not the ones that were reviewed"):
        apply_rules(third, embedded, OTHER, BOOK.sha256)


def test_a_withdrawn_draft_is_not_applied(embedded: Archive, colleagues: tuple[Actor, Actor, Actor]) -> None:
    maker, reviewer, third = colleagues
    review_rules(maker, embedded, BOOK)
    (line,) = list_drafts(maker, embedded)
    withdraw_draft(reviewer, embedded, line.id)
    with pytest.raises(Refused, match="withdrawn"):
        apply_rules(third, embedded, BOOK)
    with pytest.raises(Refused, match="withdrawn already"):
        withdraw_draft(reviewer, embedded, line.id)
    with pytest.raises(NotFound):
        withdraw_draft(reviewer, embedded, uuid4())
    hand_in_rules(reviewer, embedded, BOOK)
    with pytest.raises(NotPermitted):
        apply_rules(reviewer, embedded, BOOK)
    assert apply_rules(third, embedded, BOOK) == 0


def test_who_may(embedded: Archive, person: People) -> None:
    for name in ("clerk-dinkes", "official-dinkes", "head-dinkes", "auditor", "admin"):
        actor = person(embedded, name)
        for act in (hand_in_rules, review_rules):
            with pytest.raises(NotPermitted):
                act(actor, embedded, BOOK)
        with pytest.raises(NotPermitted):
            list_drafts(actor, embedded)
    with pytest.raises(NotPermitted):
        review_rules(replace(CONSOLE), embedded, BOOK)


def test_altered_drafts_and_reviews_are_named(
    embedded: Archive, colleagues: tuple[Actor, Actor, Actor], capture: Callable[..., Accepted], tmp_path: Path
) -> None:
    """Who has the database in his hands writes a review of his own, or takes one away."""
    maker, reviewer, _third = colleagues
    capture(embedded, pdf("Peraturan"))
    review_rules(maker, embedded, BOOK)
    assert verify_all(CONSOLE, embedded).ok
    for change in (
        f"UPDATE rule_reviews SET reviewed_by = '{reviewer.id}'",
        "UPDATE rule_drafts SET made_by = 'x'",
        "DELETE FROM rule_reviews",
    ):
        with embedded.database.engine.begin() as connection:
            assert connection.execute(text(change)).rowcount == 1
        assert {fault.kind for fault in verify_all(CONSOLE, embedded).faults} == {"row"}
