"""What is reckoned over whole arrays is what reckoning one by one gives: beginnings, facets, recency, checksums."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.search.analysis import query_word, tokens
from edms.search.beginnings import SMALL, ListStretch, ReadLists, frequencies, keep_commonest, kept_names
from edms.search.codec import Postings, encode_postings
from edms.search.coding import Codes
from edms.search.errors import IndexDamaged
from edms.search.masks import facet_counts
from edms.search.passages import Wanted
from edms.search.ranking import UNDATED, recencies, recency
from edms.search.sqlcipher_file import summed, unsummed

DOCUMENTS = 70_000
one_list = st.dictionaries(
    st.one_of(st.integers(0, 300), st.integers(0, DOCUMENTS - 1)),
    st.one_of(st.integers(1, 3), st.integers(1, 70_000)),
    min_size=1,
    max_size=40,
)
some_lists = st.lists(one_list, max_size=8)


def encoded(held: dict[int, int]) -> bytes:
    ids = sorted(held)
    return encode_postings(ids, [held[one] for one in ids], [])


def stretch(lists: list[dict[int, int]]) -> ListStretch:
    named = [(f"xkata{number}".encode(), held) for number, held in enumerate(lists)]
    small = [(name, encoded(held)) for name, held in named if len(held) <= SMALL]
    large = [(name, Postings(encoded(held))) for name, held in named if len(held) > SMALL]
    return ListStretch(ReadLists(small, large))


@given(some_lists, st.integers(1, 5))
def test_a_beginning_counts_what_its_lists_say(lists: list[dict[int, int]], step: int) -> None:
    made = stretch(lists)
    mask = np.arange(DOCUMENTS) % step == 0
    told = {f"xkata{number}".encode(): held for number, held in enumerate(lists)}
    assert sorted(made.names()) == sorted(told)
    seen = dict(zip(made.names(), made.seen(mask).tolist(), strict=True))
    assert seen == {name: sum(one % step == 0 for one in held) for name, held in told.items()}
    wanted: Counter[int] = Counter()
    for held in lists:
        wanted.update(held)
    found = frequencies([made], DOCUMENTS)
    assert (found is None) == (not lists)
    assert found is None or {int(one): int(found[one]) for one in np.flatnonzero(found)} == wanted


def test_what_is_not_kept_does_not_count() -> None:
    many = dict.fromkeys(range(SMALL + 10), 1)
    made = stretch([{1: 2, 5: 1}, many, {7: 1}])
    masks = [np.ones(DOCUMENTS, bool)]
    assert not keep_commonest([made], masks, 3)
    assert keep_commonest([made], masks, 2)
    assert kept_names(made, 9) == [b"xkata0", b"xkata1"]
    assert kept_names(made, 1) == [b"xkata0"]
    found = frequencies([made], DOCUMENTS)
    assert found is not None
    assert found[7] == 1  # of the second term alone
    assert found[1] == 3


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-1], lambda data: data[:8] + b"\x07" + data[9:], lambda data: data[:5], lambda data: bytes(12)],
    ids=["cut", "no width", "no head", "no documents"],
)
def test_a_list_that_is_none_is_damage(spoil: Any) -> None:
    whole = encoded({3: 700, 9: 1})
    with pytest.raises(IndexDamaged):
        ReadLists([(b"xa", whole), (b"xb", spoil(whole))], [])


@dataclass
class Segment:
    """The columns of some documents."""

    office: list[str]
    year: list[int]

    def numbers(self, name: str) -> Any:
        return np.array(getattr(self, name), np.int32)

    def codes(self, name: str) -> tuple[Any, list[str]]:
        values = ["", *dict.fromkeys(value for value in getattr(self, name) if value)]
        return np.array([values.index(value) for value in getattr(self, name)], np.int32), values


@dataclass
class State:
    views: list[Segment]
    coded: Codes


documents = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c", "Z"]), st.sampled_from([0, 999, 1999, 2010])))


@given(st.lists(documents, max_size=4), st.integers(1, 3))
def test_facets_are_counted_over_segments_that_number_values_each_in_its_way(parts: list[Any], step: int) -> None:
    views = [Segment([one for one, _ in part], [year for _, year in part]) for part in parts]
    state = State(views, Codes(lambda name: [view.codes(name)[1] for view in views]))
    masks = [np.arange(len(part)) % step == 0 for part in parts]
    found = facet_counts(cast(Any, state), masks, ("office", "year", "nonsense"))
    matching = [one for part in parts for one in part[::step]]
    for name, values in (
        ("office", [office for office, _ in matching if office]),
        ("year", [str(year) for _, year in matching if year]),
    ):
        wanted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
        assert list(found[name].items()) == wanted
    assert set(found) == {"office", "year"}


def test_recency_from_the_table_is_that_of_the_formula() -> None:
    for most in (0, 1, 5000):
        older = np.array([0, most // 2, most])
        assert recencies(most)[older].tolist() == recency(older).tolist()
        assert recencies(most)[UNDATED] == 1


@given(st.binary(max_size=40), st.integers(0, 400))
def test_a_value_with_its_checksum_is_known_from_one_that_was_changed(value: bytes, bit: int) -> None:
    stored = summed(value)
    assert unsummed(stored) == value
    changed = bytearray(stored)
    changed[bit // 8 % len(stored)] ^= 1 << bit % 8
    for spoiled in (bytes(changed), stored[:-1], bytes(len(stored))):
        if spoiled != stored:
            with pytest.raises(IndexDamaged):
                unsummed(spoiled)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=70), st.sampled_from(["", "kes", "ß", "1"]))
def test_a_word_of_a_text_is_marked_as_its_form_is(surface: str, prefix: str) -> None:
    asked = query_word("kesehatan")
    wanted = Wanted(frozenset({asked.exact, *asked.stems}), (prefix,) if prefix else ())
    for one in (surface, f"kes{surface}", "Kesehatan", "sehat", "KESEHATANNYA"):
        if one.isalnum():
            form = next(tokens(one)).parts[0].form
            assert bool(wanted.ranges(one)) == wanted.matches(form)
