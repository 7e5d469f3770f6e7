"""Invariant 5: the verdict, the SQL filter and the search filter are one rule, over random worlds (R18-R27)."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from edms.access.actors import Actor, ActorKind, Role, console_actor, system_actor
from edms.access.filters import record_token, search_tokens, sql_filter
from edms.access.levels import Level
from edms.access.policy import Action, RecordFacts, Stage, decide, view_scope

OFFICES = [UUID(int=number) for number in range(1, 6)]


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[UUID]
    level: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))


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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actor=actors, world=st.lists(records, max_size=25))
def test_verdict_sql_and_search_agree(actor: Actor, world: list[RecordFacts]) -> None:
    scope = view_scope(actor)
    by_verdict = {n for n, facts in enumerate(world) if decide(actor, Action.RECORD_VIEW, facts).allowed}
    tokens = search_tokens(scope, OFFICES)
    by_search = {n for n, facts in enumerate(world) if record_token(facts) in tokens}
    engine = create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for number, facts in enumerate(world):
            row = {"id": number, "office_id": facts.office_id, "level": facts.level, "state": facts.stage.value}
            connection.execute(insert(_Row), row)
        query = select(_Row.id).where(sql_filter(scope, _Row.office_id, _Row.level, _Row.state))
        by_sql = set(connection.scalars(query))
    assert by_verdict == by_search == by_sql


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
