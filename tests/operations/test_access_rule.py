"""Invariant 5: the verdict, the SQL filter and the search filter are one rule, over random worlds (R18-R27)."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, ActorKind, Role, console_actor, system_actor
from edms.access.filters import record_token, search_tokens, sql_filter
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action, RecordFacts, Stage, decide, view_scope
from edms.core.clock import FixedClock
from edms.core.database import Database
from edms.core.settings import SearchSettings
from edms.records.model import Record
from edms.search.protocol import IndexDocument, SearchRequest, Upsert
from edms.search.whoosh_index import WhooshIndex

OFFICES = [UUID(int=number) for number in range(1, 6)]


actors = st.builds(
    Actor,
    kind=st.sampled_from([ActorKind.PERSON, ActorKind.CONSOLE, ActorKind.SYSTEM]),
    id=st.just("p"),
    name=st.just("p"),
    offices=st.frozensets(st.sampled_from(OFFICES), max_size=3),
    roles=st.frozensets(st.sampled_from(list(Role)), max_size=3),
    clearance=st.sampled_from(list(Level)),
)
records = st.builds(
    RecordFacts, st.sampled_from(OFFICES), st.none() | st.sampled_from(list(Level)), st.sampled_from(list(Stage))
)


@dataclass(frozen=True)
class Filed:
    """A record of a random world: who may see it, and what can be asked and counted."""

    facts: RecordFacts
    text: str
    class_code: str
    year: int


WORDS = ("air", "jalan", "pasar")
worlds = st.lists(
    st.builds(
        Filed,
        records,
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(["000.1", "400.7"]),
        st.integers(2019, 2021),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture
def city(database: Database, clock: FixedClock) -> Database:
    """An empty database with the offices of the worlds."""
    with database.writer() as session:
        session.add_all(
            [Office(id=one, code=f"o{one.int}", name=f"Office {one.int}", created_at=clock.now()) for one in OFFICES]
        )
        session.commit()
    return database


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(someone=st.lists(actors, min_size=1, max_size=6), world=worlds, word=st.sampled_from([*WORDS, ""]))
def test_verdict_sql_and_search_agree(
    city: Database, clock: FixedClock, someone: list[Actor], world: list[Filed], word: str
) -> None:
    """Over the real tables and the real index: hits, total and every count of every facet, for several people."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        index = WhooshIndex(Path(folder), bytes(32), SearchSettings())
        index.apply([Upsert(_indexed(number, filed)) for number, filed in enumerate(world)])
        with city.writer() as session:
            session.add_all([_row(number, filed, clock) for number, filed in enumerate(world)])
            session.flush()
            for actor in someone:
                _assert_one_rule(session, index, actor, world, word)
            session.rollback()


def _assert_one_rule(session: Session, index: WhooshIndex, actor: Actor, world: list[Filed], word: str) -> None:
    scope = view_scope(actor)
    visible = {n for n, filed in enumerate(world) if decide(actor, Action.RECORD_VIEW, filed.facts).allowed}
    rows = select(Record.id).where(sql_filter(scope, Record.office_id, Record.level, Record.state))
    assert {one.int for one in session.scalars(rows)} == visible
    asked = {n for n in visible if word in world[n].text.split() or not word}
    answer = index.search(SearchRequest(word, search_tokens(scope, OFFICES), limit=50, facets=FACETS))
    assert {UUID(hit.record_id).int for hit in answer.hits} == asked
    assert answer.total == len(asked)
    for name, value_of in FACETS_OF.items():
        assert dict(answer.facets[name]) == dict(Counter(value_of(world[n]) for n in asked))


FACETS_OF: dict[str, Callable[[Filed], str]] = {
    "office": lambda filed: str(filed.facts.office_id),
    "class_code": lambda filed: filed.class_code,
    "level": lambda filed: filed.facts.effective_level.value,
    "state": lambda filed: filed.facts.stage.value,
    "year": lambda filed: str(filed.year),
}
FACETS = tuple(FACETS_OF)


def _indexed(number: int, filed: Filed) -> IndexDocument:
    shown = {name: value_of(filed) for name, value_of in FACETS_OF.items() if name != "year"}
    return IndexDocument(str(UUID(int=number)), 1, record_token(filed.facts), text=filed.text, year=filed.year, **shown)


def _row(number: int, filed: Filed, clock: FixedClock) -> Record:
    facts = filed.facts
    return Record(
        id=UUID(int=number),
        office_id=facts.office_id,
        level=facts.level.value if facts.level else None,
        state=facts.stage.value,
        file_name="surat.pdf",
        title=filed.text,
        received_at=clock.now(),
        received_by="test",
    )


@given(facts=records, action=st.sampled_from(list(Action)))
def test_nobody_without_roles_may_anything(facts: RecordFacts, action: Action) -> None:
    nobody = Actor(ActorKind.PERSON, "x", "x", None, frozenset(OFFICES), frozenset(), Level.TOP_SECRET)
    assert not decide(nobody, action, facts).allowed
    assert not decide(nobody, action).allowed


@given(facts=records)
def test_administrator_console_and_system_see_no_content(facts: RecordFacts) -> None:
    administrator = Actor(
        ActorKind.PERSON, "a", "a", None, frozenset(OFFICES), frozenset({Role.ADMINISTRATOR}), Level.TOP_SECRET
    )
    for actor in (administrator, console_actor("root"), system_actor("capture")):
        for action in (Action.RECORD_VIEW, Action.RECORD_DOWNLOAD, Action.RECORD_EXPORT):
            assert not decide(actor, action, facts).allowed


@given(facts=records, clearance=st.sampled_from(list(Level)))
def test_unclassified_counts_as_restricted(facts: RecordFacts, clearance: Level) -> None:
    """R26: without a level a record is treated as restricted, never as open."""
    clerk = Actor(ActorKind.PERSON, "c", "c", None, frozenset(OFFICES[:1]), frozenset({Role.CLERK}), clearance)
    bare = RecordFacts(facts.office_id, None, facts.stage)
    restricted = RecordFacts(facts.office_id, Level.RESTRICTED, facts.stage)
    for action in Action:
        assert decide(clerk, action, bare).allowed == decide(clerk, action, restricted).allowed


@pytest.mark.parametrize("level", [Level.RESTRICTED, Level.SECRET, Level.TOP_SECRET])
def test_other_offices_see_open_declared_records_only(level: Level) -> None:
    """R21, R22: an employee reaches only records within the own task; open ones are for all officials."""
    official = Actor(
        ActorKind.PERSON, "o", "o", None, frozenset(OFFICES[:1]), frozenset({Role.OFFICIAL}), Level.TOP_SECRET
    )
    assert not decide(official, Action.RECORD_VIEW, RecordFacts(OFFICES[1], level, Stage.DECLARED)).allowed
    assert decide(official, Action.RECORD_VIEW, RecordFacts(OFFICES[1], Level.OPEN, Stage.DECLARED)).allowed
    assert not decide(official, Action.RECORD_VIEW, RecordFacts(OFFICES[1], Level.OPEN, Stage.PENDING)).allowed
