"""The course of a disposal: no walk reaches its end without every step, taken by different people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.access.separation import APART, Duty, clash
from edms.core.errors import Refused
from edms.disposal.course import EXCLUDABLE, FINAL, MOVES, PROVEN, Office, State, Step, move, next_moves
from edms.retention.types import Tier

PEOPLE = ("ani", "budi", "citra", "dewi", "eko", "fajar", "gita")
BEFORE_EXECUTING = [
    Step.COMMITTEE, Step.SELECT, Step.PROPOSE, Step.ASSESS, Step.REQUEST, Step.APPROVE, Step.DECIDE, Step.EXECUTE,
]  # fmt: skip
WHOLE = [*BEFORE_EXECUTING, Step.FINISH, Step.CLOSE]


@pytest.mark.parametrize("tier", Tier)
def test_the_whole_way_is_one_way(tier: Tier) -> None:
    state, done = State.DRAFT, [Step.OPEN]
    for step in WHOLE:
        assert next_moves(tier, state, done)[0].step is step
        state = move(tier, state, step, done).target
        done.append(step)
    assert state is State.CLOSED
    assert not next_moves(tier, state, done)


@settings(max_examples=400)
@given(st.data(), st.sampled_from(Tier))
def test_no_walk_skips_a_step_or_lets_one_person_take_two_duties(data: st.DataObject, tier: Tier) -> None:
    """Anybody tries any step at any time; what goes through is always the whole way, by different people."""
    state, done, had, taken = State.DRAFT, [Step.OPEN], {}, []
    for _ in range(60):
        step, person = data.draw(st.sampled_from(list(Step))), data.draw(st.sampled_from(PEOPLE))
        try:
            found = move(tier, state, step, done)
        except Refused:
            continue
        if clash(found.duty, (person,), had) is not None:
            continue
        had.setdefault(found.duty, set()).add(person)
        state = found.target
        done.append(step)
        taken.append(step)
        if state in (State.REJECTED, State.CANCELLED):
            break
    ahead = [step for step in dict.fromkeys(taken) if step not in (Step.REJECT, Step.CANCEL)]
    assert ahead == WHOLE[: len(ahead)]
    for one, others in APART.items():
        assert all(had.get(one, set()).isdisjoint(had.get(other, set())) for other in others)


@pytest.mark.parametrize("tier", Tier)
def test_five_duties_stand_before_an_execution(tier: Tier) -> None:
    found = {one.duty for one in MOVES[tier] if one.step in BEFORE_EXECUTING}
    assert found == {
        Duty.PROPOSE_DISPOSAL, Duty.ASSESS_DISPOSAL, Duty.APPROVE_DISPOSAL, Duty.DECIDE_DISPOSAL, Duty.EXECUTE_DISPOSAL,
    }  # fmt: skip
    for one in found:
        assert APART[one] >= found - {one}


def test_who_approves_decides_and_carries_out_is_by_tier() -> None:
    by = {tier: {one.step: one.by for one in MOVES[tier] if one.step is not Step.REJECT} for tier in Tier}
    assert [by[Tier.LOWER][step] for step in (Step.APPROVE, Step.DECIDE, Step.EXECUTE)] == [
        Office.REGIONAL_HEAD, Office.UNIT_HEAD, Office.RECORDS_UNIT,
    ]  # fmt: skip
    assert [by[Tier.UPPER][step] for step in (Step.APPROVE, Step.DECIDE, Step.EXECUTE)] == [
        Office.NATIONAL_ARCHIVES, Office.REGIONAL_HEAD, Office.CITY_ARCHIVES,
    ]  # fmt: skip
    assert {step: by[Tier.LOWER][step] for step in BEFORE_EXECUTING[:5]} == {
        step: by[Tier.UPPER][step] for step in BEFORE_EXECUTING[:5]
    }


@pytest.mark.parametrize("tier", Tier)
def test_what_has_ended_goes_nowhere_and_nothing_is_given_up_once_it_was_carried_out(tier: Tier) -> None:
    for one in MOVES[tier]:
        assert one.source not in FINAL
        if one.target in (State.REJECTED, State.CANCELLED):
            assert one.source not in (State.EXECUTING, State.EXECUTED)
    assert State.EXECUTING not in EXCLUDABLE


def test_whoever_approves_decides_or_begins_to_carry_out_proves_who_they_are() -> None:
    assert {"approve", "decide", "execute"} == PROVEN
