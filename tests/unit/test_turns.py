"""Whose turn it is: no office waits for the many of another, none is passed over, none saves up."""

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from edms.jobs.turns import Turns

OFFICES = [UUID(int=number) for number in range(1, 7)]
costs = st.floats(min_value=0.0, max_value=60.0, allow_nan=False)
# Each step: who waits at that moment, and what serving the one whose turn it is costs.
days = st.lists(st.tuples(st.sets(st.sampled_from(OFFICES), min_size=1), costs), min_size=1, max_size=80)


def served(day: list[tuple[set[UUID], float]]) -> list[UUID]:
    turns, taken = Turns(), []
    for waiting, cost in day:
        order = turns.order(waiting)
        assert sorted(order) == sorted(waiting), "everybody who waits is in the order, and nobody else"
        turns.charge(order[0], cost)
        taken.append(order[0])
    return taken


@given(days)
def test_offices_that_wait_together_are_served_alike(day: list[tuple[set[UUID], float]]) -> None:
    """While two offices both wait without a break, what is spent on them never differs by more than two services."""
    taken, most = served(day), max(cost for _waiting, cost in day)
    for one in OFFICES:
        for other in OFFICES:
            spent: dict[UUID, float] = defaultdict(float)
            for (waiting, cost), office in zip(day, taken, strict=True):
                if not {one, other} <= waiting:
                    spent.clear()
                    continue
                spent[office] += cost
                assert abs(spent[one] - spent[other]) <= 2 * most + 1e-6


@given(st.integers(1, 5000), st.integers(1, 5))
def test_an_office_that_comes_is_served_within_one_round(before: int, others: int) -> None:
    """However many files the others have had done already, and however long it has been away."""
    crowd, late = set(OFFICES[:others]), OFFICES[-1]
    turns = Turns()
    for _turn in range(min(before, 300)):
        turns.charge(turns.order(crowd)[0], 1.0)
    seen = []
    for _turn in range(others + 1):
        seen.append(turns.order(crowd | {late})[0])
        turns.charge(seen[-1], 1.0)
    assert late in seen
    assert seen.count(late) <= 2, "and it has not saved up while it was away"


@given(days, days)
def test_the_same_day_gives_the_same_turns(
    day: list[tuple[set[UUID], float]], more: list[tuple[set[UUID], float]]
) -> None:
    assert served(day + more)[: len(day)] == served(day)
