"""Searches that a person keeps, what is new in them, and what was asked last."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from archive_fixtures import pdf, take_in
from console import Console
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from edms.access.actors import Actor, ActorKind
from edms.access.levels import Level
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.people import deactivate_person
from edms.records.questions import KeptQuestion, packed, unpacked
from edms.records.questions_model import AskedQuestion, SavedSearch
from edms.records.saved_searches import (
    SavedLine,
    change_saved_search,
    drop_saved_search,
    open_search,
    save_search,
    saved_searches,
    watch_searches,
)
from edms.records.search_history import forget_questions, questions_asked
from edms.records.searching import Filters, Question, drain, search
from edms.records.visible import decided_record

People = Callable[[Archive, str], Actor]
CONTRACTS = KeptQuestion("kontrak")


def arrives(archive: Archive, text: str = "Kontrak baru", level: Level = Level.OPEN) -> UUID:
    record = take_in(archive, pdf(f"{text} {uuid4()}"), level=level).record_id
    while drain(archive):
        pass
    return record


def later(archive: Archive, minutes: int = 16) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(minutes=minutes))


def only(actor: Actor, archive: Archive) -> SavedLine:
    (line,) = saved_searches(actor, archive)
    return line


@given(st.builds(
    KeptQuestion,
    st.text(max_size=30),
    st.builds(
        Filters, class_prefix=st.sampled_from(["", "900.1"]), offices=st.frozensets(st.sampled_from(["dinkes", "x"])),
        levels=st.frozensets(st.sampled_from(["open", "secret"])), year_from=st.none() | st.integers(1900, 2100),
        year_to=st.none() | st.integers(1900, 2100),
    ),
    st.sampled_from(["relevance", "newest", "oldest"]),
))  # fmt: skip
def test_a_question_is_kept_as_it_was_asked(question: KeptQuestion) -> None:
    assert KeptQuestion.from_dict(question.as_dict()) == question


@given(st.frozensets(st.uuids(), max_size=20))
def test_ids_are_packed_and_unpacked(ids: frozenset[UUID]) -> None:
    assert unpacked(packed(ids)) == ids


def test_what_is_new_is_told_until_it_was_looked_at(archive: Archive, person: People) -> None:
    official = person(archive, "official-bappeda")
    arrives(archive)
    kept = save_search(official, archive, " Semua  kontrak ", CONTRACTS, watched=True)
    assert (only(official, archive).name, only(official, archive).fresh_count) == ("Semua kontrak", 0)
    new = arrives(archive)
    arrives(archive, "Undangan rapat")
    assert watch_searches(archive) == 0, "it was looked at a moment ago"
    later(archive)
    assert watch_searches(archive) == 1
    assert watch_searches(archive) == 0
    line = only(official, archive)
    assert (line.fresh_count, [one.id for one in line.fresh], line.fresh[0].title) == (1, [new], line.fresh[0].title)
    assert open_search(official, archive, kept) == CONTRACTS
    assert only(official, archive).fresh_count == 0
    later(archive)
    watch_searches(archive)
    assert only(official, archive).fresh_count == 0, "what was looked at stays looked at"


def test_what_may_not_be_seen_any_more_is_not_new_either(archive: Archive, person: People) -> None:
    official = person(archive, "official-bappeda")
    save_search(official, archive, "k", CONTRACTS, watched=True)
    new = arrives(archive)
    later(archive)
    watch_searches(archive)
    assert only(official, archive).fresh_count == 1
    with archive.door.write(person(archive, "records"), Action.RECORD_CLASSIFY) as operation:
        row = decided_record(operation, new)
        row.level, row.version = Level.SECRET.value, row.version + 1
    assert only(official, archive).fresh_count == 0, "at once, though nothing has looked since"
    hidden = arrives(archive, level=Level.RESTRICTED)
    later(archive)
    watch_searches(archive)
    assert only(official, archive).fresh_count == 0
    assert hidden not in {one.id for one in only(official, archive).fresh}


def test_a_search_that_finds_too_much_is_not_watched(archive: Archive, person: People) -> None:
    official = person(archive, "official-bappeda")
    small = archive.settings.search.model_copy(update={"watched_records": 1, "most_saved": 2})
    narrow = replace(archive, settings=archive.settings.model_copy(update={"search": small}))
    save_search(official, narrow, "k", CONTRACTS, watched=True)
    assert not only(official, narrow).too_many
    arrives(archive)
    arrives(archive)
    later(archive)
    assert watch_searches(narrow) == 1
    assert only(official, narrow).too_many
    save_search(official, narrow, "l", CONTRACTS)
    with pytest.raises(LimitExceeded, match="you keep 2"):
        save_search(official, narrow, "m", CONTRACTS)


def test_a_search_is_its_persons_own(archive: Archive, person: People) -> None:
    official, other = person(archive, "official-bappeda"), person(archive, "records")
    kept = save_search(official, archive, "k", CONTRACTS)
    assert saved_searches(other, archive) == []
    for act in (
        lambda: open_search(other, archive, kept),
        lambda: change_saved_search(other, archive, kept, "x", watched=True),
        lambda: drop_saved_search(other, archive, kept),
        lambda: drop_saved_search(official, archive, uuid4()),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotPermitted):
        saved_searches(person(archive, "admin"), archive)
    change_saved_search(official, archive, kept, "anders", watched=True)
    assert (only(official, archive).name, only(official, archive).watched) == ("anders", True)
    change_saved_search(official, archive, kept, "anders", watched=False)
    later(archive)
    assert watch_searches(archive) == 0
    drop_saved_search(official, archive, kept)
    assert saved_searches(official, archive) == []


@pytest.mark.parametrize(("name", "question"), [("", CONTRACTS), ("n" * 121, CONTRACTS), ("n", KeptQuestion())])
def test_what_is_no_search_is_not_kept(archive: Archive, person: People, name: str, question: KeptQuestion) -> None:
    with pytest.raises(Refused):
        save_search(person(archive, "records"), archive, name, question)


def test_nothing_is_looked_for_for_who_left(archive: Archive, person: People) -> None:
    official = person(archive, "official-bappeda")
    save_search(official, archive, "k", CONTRACTS, watched=True)
    arrives(archive)
    deactivate_person(person(archive, "admin"), archive, "official-bappeda")
    later(archive)
    watch_searches(archive)
    with archive.database.reader() as session:
        assert session.scalars(select(SavedSearch.fresh)).one() is None


def test_rows_show_nothing_and_cannot_be_exchanged(archive: Archive, person: People) -> None:
    official, other = person(archive, "official-bappeda"), person(archive, "records")
    save_search(official, archive, "Sengketa", KeptQuestion("sengketa lahan"))
    mine = save_search(other, archive, "k", CONTRACTS)
    search(replace(official, kind=ActorKind.PERSON, via=""), archive, Question("sengketa lahan"))
    with archive.database.writer() as session:
        told = [*session.scalars(select(SavedSearch.sealed)), *session.scalars(select(AskedQuestion.sealed))]
        assert len(told) == 3
        assert all(b"engketa" not in one for one in told)
        theirs = session.scalars(select(SavedSearch.sealed).where(SavedSearch.id != mine)).one()
        session.execute(update(SavedSearch).where(SavedSearch.id == mine).values(sealed=theirs))
        session.commit()
    assert saved_searches(other, archive) == [], "a row that another's words were put into does not open"
    with pytest.raises(NotFound):
        open_search(other, archive, mine)
    archive.door.integrate()
    with archive.database.reader() as session:
        assert all(b"engketa" not in body for body in session.scalars(select(AuditLeaf.body)))


def test_what_was_asked_last_is_remembered_once(archive: Archive, person: People) -> None:
    at_web = replace(person(archive, "official-bappeda"), kind=ActorKind.PERSON, via="")
    for text in ("kontrak", "undangan", "kontrak  ", ""):
        later(archive, 1)
        search(at_web, archive, Question(text))
    search(at_web, archive, Question("lanjut", offset=20))
    search(person(archive, "official-bappeda"), archive, Question("di konsol"))
    asked = questions_asked(at_web, archive)
    assert [one.question.text for one in asked] == ["kontrak", "undangan"]
    assert questions_asked(person(archive, "records"), archive) == []
    forget_questions(person(archive, "records"), archive, [asked[0].key])
    forget_questions(at_web, archive, [asked[0].key])
    assert [one.question.text for one in questions_asked(at_web, archive)] == ["undangan"]
    forget_questions(at_web, archive, [])
    assert questions_asked(at_web, archive) == []


def test_so_many_questions_are_kept_and_none_where_none_shall_be(archive: Archive, person: People) -> None:
    at_web = replace(person(archive, "official-bappeda"), kind=ActorKind.PERSON, via="")

    def keeping(most: int) -> Archive:
        kept = archive.settings.search.model_copy(update={"history_kept": most})
        return replace(archive, settings=archive.settings.model_copy(update={"search": kept}))

    search(at_web, keeping(0), Question("nihil"))
    assert questions_asked(at_web, archive) == []
    for number in range(4):
        later(archive, 1)
        search(at_web, keeping(2), Question(f"soal {number}"))
    assert [one.question.text for one in questions_asked(at_web, archive)] == ["soal 3", "soal 2"]


def test_the_console_keeps_lists_and_removes(console: Console) -> None:
    kept = console("saved-search", "add", "Kontrak", "kontrak", "--watch", "--as", "official-bappeda").out.strip()
    assert "Kontrak" in console("saved-search", "list", "--as", "official-bappeda").out
    (line,) = console("saved-search", "list", "--json", "--as", "official-bappeda").json
    assert (line["id"], line["question"], line["watched"], line["new"]) == (
        kept, {"text": "kontrak", "sort": "relevance"}, True, 0,
    )  # fmt: skip
    console("saved-search", "remove", kept, "--as", "official-bappeda")
    assert console("saved-search", "list", "--json", "--as", "official-bappeda").json == []


def test_a_damaged_index_hinders_nobody(archive: Archive, person: People) -> None:
    """What was known stays known, and the search itself says what is the matter."""
    if not archive.database.is_sqlite:
        pytest.skip("the same above the index")
    actor = person(archive, "clerk-dinkes")
    kept = save_search(actor, archive, "Kontrak", KeptQuestion("kontrak"), watched=True)
    arrives(archive)
    for path in (archive.settings.storage.path / "index").rglob("*"):
        if path.is_file():
            path.write_bytes(b"rusak")
    assert open_search(actor, archive, kept).text == "kontrak"
    change_saved_search(actor, archive, kept, "Kontrak kota", watched=True)
    other = save_search(actor, archive, "Lain", KeptQuestion("lain"), watched=True)
    lines = {line.id: line for line in saved_searches(actor, archive)}
    assert [lines[one].too_many for one in (kept, other)] == [False, False]
