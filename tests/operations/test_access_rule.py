"""Invariant 5: the verdict, the SQL filter and the search filter are one rule, over random worlds (R18-R27)."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import PUBLIC, Actor, ActorKind, Role, console_actor, system_actor
from edms.access.filters import facts_in, record_token, search_tokens
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.policy import Action, decide, follow_scope, may_know_duplicate, view_scope
from edms.access.positions import Rank
from edms.access.scope import Granted, GrantMode, RecordFacts, Scope, Stage
from edms.access.token_scopes import TokenScope, token_actions
from edms.core.clock import FixedClock
from edms.core.database import Database
from edms.core.settings import SearchSettings
from edms.operation.model import OutboxEntry
from edms.records.classification import KIP_CATEGORIES
from edms.records.facts import facts_of
from edms.records.grants_model import AccessGrant, RecordSet, RecordSetItem
from edms.records.model import Folder, Record
from edms.records.searching import INDEX_TOPIC, granted_now, withheld_now
from edms.records.visible import grants_on, visible_to
from edms.search.protocol import IndexDocument, SearchRequest, Upsert
from edms.search.whoosh_index import WhooshIndex

OFFICES = [UUID(int=number) for number in range(1, 6)]
PEOPLE = [UUID(int=number) for number in range(101, 105)]
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)

few_offices = st.frozensets(st.sampled_from(OFFICES), max_size=3)
actors = st.builds(
    lambda offices, headed, staff_in, **told: Actor(
        offices=offices, headed=headed & offices, staff_in=(staff_in & offices) - headed, **told
    ),
    kind=st.sampled_from([ActorKind.PERSON, ActorKind.PERSON, ActorKind.CONSOLE, ActorKind.SYSTEM]),
    id=st.sampled_from([str(one) for one in PEOPLE]),
    name=st.just("p"),
    offices=few_offices,
    headed=few_offices,
    staff_in=few_offices,
    roles=st.frozensets(st.sampled_from(list(Role)), max_size=3),
    clearance=st.sampled_from(list(Level)),
)
tokens = st.builds(
    lambda actor, scopes, office: replace(
        actor, kind=ActorKind.PERSON, actions=token_actions(scopes), bound_to=office, token_id=UUID(int=500)
    ),
    actors,
    st.frozensets(st.sampled_from(list(TokenScope)), min_size=1),
    st.none() | st.sampled_from(OFFICES),
)
someone = actors | st.just(PUBLIC) | tokens
records = st.builds(
    RecordFacts,
    st.sampled_from(OFFICES),
    st.none() | st.sampled_from(list(Level)),
    st.sampled_from(list(Stage)),
    st.sampled_from(list(Rank)),
    st.booleans(),
    st.none() | st.sampled_from(KIP_CATEGORIES),
)


@dataclass(frozen=True)
class Filed:
    """A record of a random world: who may see it, and what can be asked and counted.

    `before`: what it was when the index last heard of it, where the index lags behind.
    """

    facts: RecordFacts
    text: str
    class_code: str
    year: int
    before: RecordFacts | None
    folder: int | None


@dataclass(frozen=True)
class Given:
    """A grant of a random world, on a record, a folder or a set; hours from now of its beginning and end."""

    person: UUID
    kind: str
    subject: int
    mode: GrantMode
    begins: int
    ends: int
    revoked: bool
    emergency: bool


WORDS = ("air", "jalan", "pasar")
MOST, FOLDERS, SETS = 40, 3, 3
worlds = st.lists(
    st.builds(
        Filed,
        records,
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(["000.1", "400.7"]),
        st.integers(2019, 2021),
        st.none() | records,
        st.none() | st.integers(0, FOLDERS - 1),
    ),
    min_size=5,
    max_size=MOST,
)
grants = st.lists(
    st.builds(
        Given,
        st.sampled_from(PEOPLE),
        st.sampled_from(["record", "folder", "set"]),
        st.integers(0, MOST - 1),
        st.sampled_from(list(GrantMode)),
        st.integers(-3, 1),
        st.integers(-2, 3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)
members = st.lists(st.tuples(st.integers(0, SETS - 1), st.integers(0, MOST - 1)), max_size=20, unique=True)


@pytest.fixture
def city(database: Database, clock: FixedClock) -> Database:
    """An empty database with the offices and people of the worlds."""
    with database.writer() as session:
        session.add_all(
            [Office(id=one, code=f"o{one.int}", name=f"Office {one.int}", created_at=clock.now()) for one in OFFICES]
        )
        session.add_all(
            [
                Person(id=one, username=f"p{one.int}", name="P", roles="", clearance="open", password_hash="",
                       created_at=clock.now())
                for one in PEOPLE
            ]
        )  # fmt: skip
        session.commit()
    return database


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(
    asking=st.lists(someone, min_size=1, max_size=6),
    world=worlds,
    given_out=grants,
    sets=members,
    word=st.sampled_from([*WORDS, ""]),
)
def test_verdict_sql_and_search_agree(
    city: Database, asking: list[Actor], world: list[Filed], given_out: list[Given], sets: list[tuple[int, int]],
    word: str,
) -> None:  # fmt: skip
    """Over the real tables and the real index, which lags: hits, total and every count of every facet."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        index = WhooshIndex(Path(folder), bytes(32), SearchSettings())
        index.apply([Upsert(_indexed(number, filed)) for number, filed in enumerate(world)])
        with city.writer() as session:
            _store(session, world, given_out, sets)
            for actor in asking:
                _assert_one_rule(session, index, actor, world, word)
            session.rollback()


def _assert_one_rule(session: Session, index: WhooshIndex, actor: Actor, world: list[Filed], word: str) -> None:
    scope = view_scope(actor, NOW)
    visible = {n for n in range(len(world)) if _verdict(session, actor, n)}
    assert {one.int for one in session.scalars(select(Record.id).where(visible_to(scope)))} == visible
    withheld = withheld_now(session, scope)
    granted = granted_now(session, scope)
    asked = {n for n in visible if word in world[n].text.split() or not word}
    # What became visible and is not drained yet is found when it is: never too much, soon enough.
    late = {n for n in asked if str(UUID(int=n)) not in granted and not _known(scope, world[n])}
    found = asked - late
    answer = index.search(
        SearchRequest(word, search_tokens(scope), limit=50, facets=FACETS, granted=granted, withheld=withheld)
    )
    assert {UUID(hit.record_id).int for hit in answer.hits} == found
    assert answer.total == len(found)
    for name, value_of in FACETS_OF.items():
        assert dict(answer.facets[name]) == dict(Counter(value_of(_as_indexed(world[n])) for n in found))


def _verdict(session: Session, actor: Actor, number: int) -> bool:
    row = session.get_one(Record, UUID(int=number))
    own = () if actor is PUBLIC else grants_on(session, UUID(actor.id), row.id, row.folder_id, NOW)
    if actor.actions is not None and Action.RECORD_SEARCH in actor.actions:
        actor = replace(actor, actions=actor.actions | {Action.RECORD_VIEW})  # what may be found, and not opened
    return decide(actor, Action.RECORD_VIEW, facts_of(row, own)).allowed


def _as_indexed(filed: Filed) -> Filed:
    return replace(filed, facts=filed.before or filed.facts)


def _known(scope: Scope, filed: Filed) -> bool:
    return record_token(_as_indexed(filed).facts) in search_tokens(scope)


FACETS_OF: dict[str, Callable[[Filed], str]] = {
    "office": lambda filed: str(filed.facts.office_id),
    "class_code": lambda filed: filed.class_code,
    "level": lambda filed: filed.facts.effective_level.value,
    "state": lambda filed: filed.facts.stage.value,
    "year": lambda filed: str(filed.year),
}
FACETS = tuple(FACETS_OF)


def _indexed(number: int, filed: Filed) -> IndexDocument:
    filed = _as_indexed(filed)
    shown = {name: value_of(filed) for name, value_of in FACETS_OF.items() if name != "year"}
    return IndexDocument(str(UUID(int=number)), 1, record_token(filed.facts), text=filed.text, year=filed.year, **shown)


def _store(session: Session, world: list[Filed], given_out: list[Given], sets: list[tuple[int, int]]) -> None:
    session.add_all(_folder(number) for number in range(FOLDERS))
    session.flush()
    session.add_all(_row(number, filed) for number, filed in enumerate(world))
    session.add_all(RecordSet(id=UUID(int=300 + n), title="S", made_by="x", made_at=NOW) for n in range(SETS))
    session.flush()
    session.add_all(
        RecordSetItem(set_id=UUID(int=300 + one), record_id=UUID(int=record))
        for one, record in sets
        if record < len(world)
    )
    session.add_all(
        OutboxEntry(topic=INDEX_TOPIC, subject_id=UUID(int=number), created_at=NOW)
        for number, filed in enumerate(world)
        if filed.before
    )
    session.add_all(_grant(number, one) for number, one in enumerate(given_out) if one.subject < len(world))
    session.flush()


def _folder(number: int) -> Folder:
    return Folder(
        id=UUID(int=200 + number), office_id=OFFICES[0], code=f"f{number}", title="F", class_code="000.1",
        level="open", opened_on=NOW.date(),
    )  # fmt: skip


def _grant(number: int, one: Given) -> AccessGrant:
    subject = {
        "record": {"record_id": UUID(int=one.subject)},
        "folder": {"folder_id": UUID(int=200 + one.subject % FOLDERS)},
        "set": {"set_id": UUID(int=300 + one.subject % SETS)},
    }[one.kind]
    return AccessGrant(
        id=UUID(int=400 + number), person_id=one.person, office_id=OFFICES[0], mode=one.mode.value, purpose="x",
        granted_by="x", granted_at=NOW + timedelta(hours=one.begins), until=NOW + timedelta(hours=one.ends),
        emergency=one.emergency, revoked_at=NOW if one.revoked else None, **subject,
    )  # fmt: skip


def _row(number: int, filed: Filed) -> Record:
    facts = filed.facts
    return Record(
        id=UUID(int=number),
        office_id=facts.office_id,
        folder_id=None if filed.folder is None else UUID(int=200 + filed.folder),
        level=facts.level.value if facts.level else None,
        state=facts.stage.value,
        who_may=None if facts.who_may is Rank.BELOW_HEAD and number % 2 else facts.who_may.value,
        personal_data=facts.personal_data,
        kip=facts.kip,
        file_name="surat.pdf",
        title=filed.text,
        received_at=NOW,
        received_by="test",
    )


@given(facts=records, scope=someone.map(view_scope))
def test_a_token_says_all_that_the_rule_asks(facts: RecordFacts, scope: Scope) -> None:
    assert (scope.without_grants().covers(facts) is None) == (record_token(facts) not in search_tokens(scope))
    assert record_token(facts_in(record_token(facts))) == record_token(facts)


@given(facts=records, actor=actors, mode=st.sampled_from(list(GrantMode)))
def test_a_grant_lifts_no_clearance_and_gives_no_role(facts: RecordFacts, actor: Actor, mode: GrantMode) -> None:
    """R22: what is above the clearance stays hidden; who sees no content sees none by a grant either."""
    granted = replace(facts, grants=(Granted(UUID(int=1), mode),))
    for action in Action:
        with_grant, without = decide(actor, action, granted), decide(actor, action, facts)
        assert with_grant.allowed >= without.allowed
        if with_grant.allowed > without.allowed:
            assert actor.clearance.permits(facts.effective_level)
            assert not actor.roles.isdisjoint(
                {Role.CLERK, Role.OFFICIAL, Role.RECORDS_OFFICER, Role.AUDITOR, Role.GUEST}
            )
            assert mode is GrantMode.MANAGE or action in (
                Action.RECORD_VIEW, Action.RECORD_DOWNLOAD, Action.RECORD_EXPORT,
            )  # fmt: skip


@given(facts=records, token=tokens, mode=st.none() | st.sampled_from(list(GrantMode)))
def test_a_token_may_nothing_that_its_person_may_not(facts: RecordFacts, token: Actor, mode: GrantMode | None) -> None:
    """Nor what it was not made for, nor anything of another office than the one it is bound to."""
    facts = replace(facts, grants=(Granted(UUID(int=1), mode),) if mode else ())
    person = replace(token, actions=None, bound_to=None, token_id=None)
    for action in Action:
        for told in (facts, None):
            by_token = decide(token, action, told).allowed
            assert by_token <= decide(person, action, told).allowed
            assert not by_token or (token.actions is not None and action in token.actions)
            if by_token and told is not None:
                assert token.bound_to in (None, facts.office_id)
    assert (view_scope(token).covers(facts) is not None) <= (view_scope(person).covers(facts) is not None)
    assert may_know_duplicate(token, facts) <= may_know_duplicate(person, facts)
    if token.bound_to not in (None, facts.office_id):
        assert follow_scope(token).covers(facts) is None


@given(token=tokens)
def test_no_token_manages_anything(token: Actor) -> None:
    for action in (
        Action.ACCOUNT_MANAGE, Action.PEOPLE_MANAGE, Action.ACCESS_ASK, Action.ACCESS_EMERGENCY, Action.RECORD_SIGN,
        Action.RECORD_DESTROY, Action.AUDIT_READ, Action.KEYS_MANAGE,
    ):  # fmt: skip
        assert not decide(token, action).allowed


@given(facts=records)
def test_anybody_sees_what_is_published_and_no_more(facts: RecordFacts) -> None:
    """R21, R66: open, of a public category, without personal data; declared, or left here when it was handed over."""
    public = (
        facts.level is Level.OPEN
        and facts.stage in (Stage.DECLARED, Stage.HANDED_OVER)
        and not facts.personal_data
        and facts.kip in ("berkala", "serta_merta", "setiap_saat")
    )
    assert decide(PUBLIC, Action.RECORD_VIEW, facts).allowed is public
    for action in set(Action) - {Action.RECORD_VIEW, Action.RECORD_DOWNLOAD, Action.RECORD_SEARCH}:
        assert not decide(PUBLIC, action, facts).allowed


@pytest.mark.parametrize(
    ("rank", "who_may", "sees"),
    [
        (Rank.HEAD, Rank.HEAD, True), (Rank.HEAD, Rank.BELOW_HEAD, True), (Rank.HEAD, Rank.STAFF, True),
        (Rank.BELOW_HEAD, Rank.HEAD, False), (Rank.BELOW_HEAD, Rank.BELOW_HEAD, True),
        (Rank.BELOW_HEAD, Rank.STAFF, True),
        (Rank.STAFF, Rank.HEAD, False), (Rank.STAFF, Rank.BELOW_HEAD, False), (Rank.STAFF, Rank.STAFF, True),
    ],
)  # fmt: skip
def test_the_head_and_one_level_below_see_what_is_restricted(rank: Rank, who_may: Rank, sees: bool) -> None:
    """R22, and what the security scheme says otherwise of a class; the open ones are for all of the office."""
    own = frozenset({OFFICES[0]})
    official = Actor(
        ActorKind.PERSON, "o", "o", None, own, frozenset({Role.OFFICIAL}), Level.TOP_SECRET,
        headed=own if rank is Rank.HEAD else frozenset(), staff_in=own if rank is Rank.STAFF else frozenset(),
    )  # fmt: skip
    for level in (Level.RESTRICTED, Level.SECRET, Level.TOP_SECRET, None):
        facts = RecordFacts(OFFICES[0], level, Stage.DECLARED, who_may)
        assert decide(official, Action.RECORD_VIEW, facts).allowed is sees
    assert decide(official, Action.RECORD_VIEW, RecordFacts(OFFICES[0], Level.OPEN, Stage.PENDING, who_may)).allowed


def test_what_holds_personal_data_is_for_its_own_office() -> None:
    """Also an open record: who has no task in it does not need it (R21, R66)."""
    official = Actor(ActorKind.PERSON, "o", "o", None, frozenset(OFFICES[:1]), frozenset({Role.OFFICIAL}))
    for office, sees in ((OFFICES[0], True), (OFFICES[1], False)):
        facts = RecordFacts(office, Level.OPEN, Stage.DECLARED, personal_data=True)
        assert decide(official, Action.RECORD_VIEW, facts).allowed is sees


@given(facts=records, held=st.booleans(), terjaga=st.booleans())
def test_nothing_held_or_terjaga_is_destroyed(facts: RecordFacts, held: bool, terjaga: bool) -> None:
    officer = Actor(
        ActorKind.PERSON, "r", "r", None, frozenset(), frozenset({Role.RECORDS_OFFICER}), Level.TOP_SECRET
    )  # fmt: skip
    verdict = decide(officer, Action.RECORD_DESTROY, replace(facts, held=held, terjaga=terjaga))
    assert verdict.allowed is not (held or terjaga)


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
