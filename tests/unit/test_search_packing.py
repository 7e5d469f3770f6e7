"""Posting lists of a segment that are made all at once, against one made for each term."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.search import sorted_lists
from edms.search.codec import Postings, encode_postings
from edms.search.sorted_lists import DOCUMENT_BITS, LAST_POSITION, POSITION_BITS, posting_lists

PLACES = st.dictionaries(
    st.integers(0, 5),
    st.dictionaries(
        st.one_of(st.integers(0, 40), st.integers(0, (1 << DOCUMENT_BITS) - 1)),
        st.sets(st.one_of(st.integers(0, 3), st.integers(0, 70_000), st.integers(0, LAST_POSITION)), min_size=1),
        min_size=1,
        max_size=30,
    ),
    max_size=5,
)
Places = Mapping[int, Mapping[int, set[int]]]


def _keys(places: Places) -> list[int]:
    return sorted(
        ((term << DOCUMENT_BITS | document) << POSITION_BITS) | position
        for term, documents in places.items()
        for document, positions in documents.items()
        for position in positions
    )


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@given(places=PLACES)
def test_all_at_once_is_byte_for_byte_what_each_alone_is(block: int, places: Places) -> None:
    made = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sorted_lists, "_BLOCK", block)
        made = list(posting_lists(np.array(_keys(places), np.int64)))
    assert [term for term, _, _ in made] == sorted(places)
    for term, count, data in made:
        ids = sorted(places[term])
        alone = [sorted(places[term][document]) for document in ids]
        flat = [position for positions in alone for position in positions]
        assert count == len(ids)
        assert data == encode_postings(ids, [len(one) for one in alone], flat)
        assert Postings(data).positions.tolist() == flat
