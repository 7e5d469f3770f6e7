"""The formula of the ranking: what must hold whatever the documents are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.search import ranking
from edms.search.positions import nearest

counts = st.integers(0, 1000)
lengths = st.floats(0, 100_000)
places = st.lists(st.integers(0, 300), max_size=12, unique=True).map(sorted)


@settings(deadline=None)
@given(st.sampled_from(sorted(ranking.FIELD_WEIGHTS)), lengths, lengths, st.just(0.0) | st.floats(0.001, 10_000))
def test_a_longer_field_counts_each_word_less(field: str, short: float, more: float, average: float) -> None:
    here, there = ranking.norm(field, short, average), ranking.norm(field, short + more, average)
    assert ranking.LEAST_NORM <= here <= there or math.isclose(here, there)
    assert np.allclose(ranking.norm(field, np.array([short, short + more]), average), [here, there])


@settings(deadline=None)
@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_more_of_a_word_is_better_and_never_without_end(some: float, more: float) -> None:
    assert 0 <= ranking.saturated(some) <= ranking.saturated(some + more) <= ranking.K1 + 1
    assert ranking.saturated(0.0) == 0


@settings(deadline=None)
@given(st.integers(1, 10**7), counts, st.integers(1, 1000))
def test_a_rarer_word_weighs_more(count: int, found: int, more: int) -> None:
    assert ranking.rarity(count, found) >= ranking.rarity(count, found + more) > 0


@settings(deadline=None)
@given(counts.filter(bool), st.integers(1, 10**6))
def test_the_form_that_was_asked_for_beats_the_stem_and_the_expansion(frequency: int, count: int) -> None:
    weight, sat = ranking.rarity(count, 1), ranking.saturated(float(frequency))
    exact = weight * sat * (1 + ranking.EXACT_WEIGHT)
    assert exact > weight * sat > ranking.EXPANSION_WEIGHT * weight * sat * (1 + ranking.EXACT_WEIGHT)


@settings(deadline=None)
@given(places, places)
def test_nearness_is_of_the_nearest_pair(first: list[int], second: list[int]) -> None:
    gaps = [abs(one - other) for one in first for other in second if one != other]
    best = min(gaps, default=ranking.PROXIMITY_WINDOW + 1)
    expected = 1 / best if best <= ranking.PROXIMITY_WINDOW else 0.0
    assert ranking.nearness(first, second) == ranking.nearness(second, first) == expected
    packed = [np.array([(5 << 33) | place for place in some], np.int64) for some in (first, second)]
    told = nearest(packed[0], packed[1], 7)
    assert math.isclose(told[5], expected, rel_tol=1e-6)
    assert told.sum() == told[5]


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 15), min_size=2, max_size=6), st.data())
def test_proximity_never_outweighs_the_words(rarities: list[float], data: st.DataObject) -> None:
    found = [data.draw(places) for _ in rarities]
    extra = ranking.proximity(rarities, found)
    assert 0 <= extra <= ranking.PROXIMITY_WEIGHT * sum(rarities)


@settings(deadline=None)
@given(st.floats(0, 1e6), st.floats(1, 1e6))
def test_recency_is_weak_and_does_not_touch_what_has_no_date(younger: float, more: float) -> None:
    new, old = ranking.recency(younger), ranking.recency(younger + more)
    assert new >= old
    assert 1 - ranking.RECENCY_WEIGHT <= old <= new <= 1 + ranking.RECENCY_WEIGHT
    assert ranking.recency(ranking.RECENCY_DAYS) == 1


@pytest.mark.parametrize("place", [[], [3]])
def test_one_word_is_near_nothing(place: list[int]) -> None:
    assert ranking.proximity([2.0], [place]) == 0
