"""The course of a disposal: no walk reaches its end without every step, taken by different people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.access.separation import APART, Duty, clash
from edms.core.errors import Refused
from edms.disposal.course import EXCLUDABLE, FINAL, FROZEN_FROM, MOVES, Kind, Office, State, Step, move, next_moves
from edms.retention.types import Tier

PEOPLE = ("ani", "budi", "citra", "dewi", "eko", "fajar", "gita")
BEFORE_EXECUTING = [
    Step.COMMITTEE, Step.SELECT, Step.PROPOSE, Step.ASSESS, Step.REQUEST, Step.APPROVE, Step.DECIDE, Step.EXECUTE,
]  # fmt: skip
WHOLE = {
    Kind.DESTRUCTION: [*BEFORE_EXECUTING, Step.FINISH, Step.CLOSE],
    Kind.TRANSFER: [Step.SELECT, Step.SIGN_UP, Step.SIGN_UK, Step.RECEIVE],
    Kind.HANDOVER: [Step.COMMITTEE, Step.SELECT, Step.ASSESS, Step.APPROVE, Step.DECIDE, Step.PACKAGE, Step.SEND,
                    Step.RECEIVE, Step.CLOSE],
}  # fmt: skip
ENDS = {Kind.DESTRUCTION: State.CLOSED, Kind.TRANSFER: State.RECEIVED, Kind.HANDOVER: State.CLOSED}
CASES = [(kind, tier) for kind in Kind for tier in Tier]


@pytest.mark.parametrize(("kind", "tier"), CASES)
def test_the_whole_way_is_one_way(kind: Kind, tier: Tier) -> None:
    state, done = State.DRAFT, [Step.OPEN]
    for step in WHOLE[kind]:
        assert next_moves(kind, tier, state, done)[0].step is step
        state = move(kind, tier, state, step, done).target
        done.append(step)
    assert state is ENDS[kind]
    assert not next_moves(kind, tier, state, done)


@settings(max_examples=400)
@given(st.data(), st.sampled_from(CASES))
def test_no_walk_skips_a_step_or_lets_one_person_take_two_duties(data: st.DataObject, case: tuple[Kind, Tier]) -> None:
    """Anybody tries any step at any time; what goes through is always the whole way, by different people."""
    kind, tier = case
    state, done, had, taken = State.DRAFT, [Step.OPEN], {}, []
    for _ in range(60):
        step, person = data.draw(st.sampled_from(list(Step))), data.draw(st.sampled_from(PEOPLE))
        try:
            found = move(kind, tier, state, step, done)
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
    assert ahead == WHOLE[kind][: len(ahead)]
    for one, others in APART.items():
        assert all(had.get(one, set()).isdisjoint(had.get(other, set())) for other in others)


@pytest.mark.parametrize("tier", Tier)
def test_five_duties_stand_before_an_execution(tier: Tier) -> None:
    found = {one.duty for one in MOVES[Kind.DESTRUCTION, tier] if one.step in BEFORE_EXECUTING}
    assert found == {
        Duty.PROPOSE_DISPOSAL, Duty.ASSESS_DISPOSAL, Duty.APPROVE_DISPOSAL, Duty.DECIDE_DISPOSAL, Duty.EXECUTE_DISPOSAL,
    }  # fmt: skip
    for one in found:
        assert APART[one] >= found - {one}


def test_who_approves_decides_and_carries_out_is_by_tier() -> None:
    by = {
        tier: {one.step: one.by for one in MOVES[Kind.DESTRUCTION, tier] if one.step is not Step.REJECT}
        for tier in Tier
    }
    assert [by[Tier.LOWER][step] for step in (Step.APPROVE, Step.DECIDE, Step.EXECUTE)] == [
        Office.REGIONAL_HEAD, Office.UNIT_HEAD, Office.RECORDS_UNIT,
    ]  # fmt: skip
    assert [by[Tier.UPPER][step] for step in (Step.APPROVE, Step.DECIDE, Step.EXECUTE)] == [
        Office.NATIONAL_ARCHIVES, Office.REGIONAL_HEAD, Office.CITY_ARCHIVES,
    ]  # fmt: skip
    assert {step: by[Tier.LOWER][step] for step in BEFORE_EXECUTING[:5]} == {
        step: by[Tier.UPPER][step] for step in BEFORE_EXECUTING[:5]
    }


@pytest.mark.parametrize(("kind", "tier"), CASES)
def test_what_has_ended_goes_nowhere_and_nothing_is_given_up_once_it_was_carried_out(kind: Kind, tier: Tier) -> None:
    for one in MOVES[kind, tier]:
        assert one.source not in FINAL - {State.RECEIVED}
        if one.target in (State.REJECTED, State.CANCELLED):
            assert one.source not in (State.EXECUTING, State.EXECUTED, State.SENT, State.RECEIVED)
    assert State.EXECUTING not in EXCLUDABLE
    assert FROZEN_FROM[kind] in {one.step for one in MOVES[kind, tier]}
