"""Drafts of rule books: handed in by one, reviewed by their impact, put into force by another; and broken by hand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from archive_fixtures import pdf
from rule_texts import CLASSES, SCHEDULE
from rules_in_force import put_into_force
from sqlalchemy import select, text

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.capture.accept import Accepted
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.drafts import draft_book, hand_in_rules, list_drafts, review_rules, shown_review, withdraw_draft
from edms.records.editions import list_editions, name_source
from edms.records.model import RuleBookEdition
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


def test_two_at_once(archive: Archive, person: People) -> None:
    """The same draft handed in by four at the same moment is there once; of two books that are applied at once the
    second is held against the first."""
    officer = person(archive, "records")
    with ThreadPoolExecutor(4) as pool:
        made = {one.result() for one in [pool.submit(hand_in_rules, officer, archive, BOOK) for _ in range(4)]}
    assert len(made) == 1
    second = RuleBook({"p.toml": CLASSES, "j.toml": SCHEDULE.replace('"jra-1"', '"jra-9"')})
    for book in (BOOK, second):
        review_rules(officer, archive, book)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(apply_rules, CONSOLE, archive, book) for book in (BOOK, second)]
    refused = [one.exception() for one in done if one.exception()]
    assert len(refused) == 1
    assert isinstance(refused[0], Refused)
    with archive.database.reader() as session:
        standing = session.scalars(select(RuleBookEdition).where(RuleBookEdition.superseded_at.is_(None)))
        assert len(list(standing)) == 1


def test_an_altered_source_is_named(embedded: Archive, person: People, capture: Callable[..., Accepted]) -> None:
    record = capture(embedded, pdf("Peraturan"), class_code="000.1.5").record_id
    officer = person(embedded, "records")
    name_source(officer, embedded, "jra-pekalongan-63-2024", record)
    with pytest.raises(Refused, match="already"):
        name_source(officer, embedded, "jra-pekalongan-63-2024", record)
    for name in ("clerk-dinkes", "auditor"):
        with pytest.raises(NotFound):
            name_source(person(embedded, name), embedded, "jra-pekalongan-63-2024", record)
    (line,) = [one for one in list_editions(officer, embedded) if one.edition.id == "jra-pekalongan-63-2024"]
    assert [found for found, _title in line.sources] == [record]
    assert verify_all(CONSOLE, embedded).ok
    with embedded.database.engine.begin() as connection:
        connection.execute(text("UPDATE rule_sources SET edition = 'jra-contoh-pelengkap'"))
    faults = verify_all(CONSOLE, embedded).faults
    assert {fault.kind for fault in faults} == {"row"}


def test_a_source_has_the_hash_that_the_edition_names(
    embedded: Archive, person: People, capture: Callable[..., Accepted]
) -> None:
    """R4: not any document, but the one whose hash stands in the edition."""
    record = capture(embedded, pdf("Peraturan"), class_code="000.1.5").record_id
    named = SCHEDULE.replace('kind = "JRA"', f'kind = "JRA"\nsource_sha256 = "{"a" * 64}"')
    put_into_force(embedded, RuleBook({"plan.toml": CLASSES, "jra.toml": named}))
    with pytest.raises(Refused, match="hash of another document"):
        name_source(person(embedded, "records"), embedded, "jra-1", record)


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
