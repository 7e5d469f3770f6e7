"""Posting lists and the dictionary of a segment: what is written comes back, and is what Whoosh itself would write."""

import io
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh.codec.whoosh3 import W3TermInfo
from whoosh.filedb.filetables import OrderedHashReader, OrderedHashWriter
from whoosh.filedb.structfile import StructFile

from edms.search.codec import LexiconEntry, Postings, decode_postings, encode_postings
from edms.search.encrypted_storage import ScratchStorage
from edms.search.errors import IndexDamaged
from edms.search.segment_writer import ListPool, _renumbered, _renumbered_few
from edms.search.term_writer import TermDictionary

PLACES = st.lists(st.integers(0, 10**5), min_size=1, max_size=6, unique=True).map(sorted)
ENTRIES = st.dictionaries(st.integers(0, 10**6), PLACES, min_size=1, max_size=30)


def lists(entries: dict[int, list[int]]) -> tuple["array[int]", "array[int]", "array[int]"]:
    ids = sorted(entries)
    places = [entries[id_] for id_ in ids]
    return array("I", ids), array("I", map(len, places)), array("I", [place for one in places for place in one])


def plain(found: tuple[Any, Any, Any]) -> list[list[int]]:
    return [[int(number) for number in part] for part in found]


@given(ENTRIES)
def test_posting_lists_come_back(entries: dict[int, list[int]]) -> None:
    ids, frequencies, positions = lists(entries)
    data = encode_postings(ids, frequencies, positions)
    found = Postings(data)
    assert found.ids.tolist() == ids.tolist()
    assert found.frequencies.tolist() == frequencies.tolist()
    for id_ in (ids[0], ids[-1]):
        assert found.positions_in(id_).tolist() == entries[id_]
    assert not len(found.positions_in(10**7))
    assert plain(decode_postings(data)) == plain((ids, frequencies, positions))


@given(ENTRIES)
def test_few_and_many_are_written_alike(entries: dict[int, list[int]]) -> None:
    """The same list by both ways: the short one is only faster."""
    given = lists(entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edms.search.codec._SHORT", 0)
        by_numpy = encode_postings(*given)
        patch.setattr("edms.search.codec._SHORT", 10**6)
        assert encode_postings(*given) == by_numpy
        assert plain(decode_postings(by_numpy)) == plain(given)


@pytest.mark.parametrize("cut", [0, 3, 15, 17])
def test_a_list_that_is_cut_is_damage(cut: int) -> None:
    data = encode_postings(array("I", [1, 5]), array("I", [1, 2]), array("I", [4, 5, 70_000]))
    with pytest.raises(IndexDamaged):
        decode_postings(data[:cut])


@given(ENTRIES, st.data())
def test_documents_are_left_out_alike(entries: dict[int, list[int]], data: st.DataObject) -> None:
    ids, frequencies, positions = lists(entries)
    kept = data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
    numbers = [10 * place if keep else -1 for place, keep in enumerate(kept)]
    few = _renumbered_few(numbers, frequencies.tolist(), positions.tolist())
    many = _renumbered(np.array(numbers), np.array(frequencies), np.array(positions))
    assert plain(few) == plain(many)
    assert plain(few)[0] == [number for number in numbers if number >= 0]
    assert plain(few)[2] == [place for id_, keep in zip(ids, kept, strict=True) if keep for place in entries[id_]]


@given(st.dictionaries(st.binary(min_size=1, max_size=12), st.binary(max_size=40), max_size=700))
def test_the_dictionary_is_byte_for_byte_whooshs(entries: dict[bytes, bytes]) -> None:
    written = []
    for kind in (OrderedHashWriter, TermDictionary):
        file = io.BytesIO()
        dictionary = kind(StructFile(file))
        dictionary.extras["fieldmap"] = {"text": 0}
        file.close = lambda: None  # type: ignore[method-assign] - it is read below
        for key, value in sorted(entries.items()):
            dictionary.add(key, value)
        dictionary.close()
        written.append(file.getvalue())
    assert written[0] == written[1]
    reader = OrderedHashReader(StructFile(io.BytesIO(written[1])), len(written[1]))
    assert list(reader.items()) == sorted(entries.items())
    assert all(reader[key] == value for key, value in entries.items())


def test_terms_out_of_order_are_damage() -> None:
    dictionary = TermDictionary(StructFile(io.BytesIO()))
    dictionary.add(b"b", b"")
    for key in (b"a", b"b"):
        with pytest.raises(IndexDamaged):
            dictionary.add(key, b"")


@given(ENTRIES, st.integers(0, 2**40), st.integers(1, 2**30))
def test_an_entry_is_whooshs(entries: dict[int, list[int]], offset: int, length: int) -> None:
    ids, frequencies, _positions = lists(entries)
    peer = W3TermInfo(weight=float(sum(frequencies)), df=len(ids), minid=ids[0], maxid=ids[-1])
    peer.set_extent(offset, length)
    made = LexiconEntry.made(ids, frequencies, offset, length)
    assert made == peer.to_bytes()
    assert LexiconEntry.extent(made) == (offset, length)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([b"x", b"y", b"z"]), PLACES), max_size=30))
def test_a_pool_that_spills_gives_what_one_that_does_not_gives(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, bytes, list[int]]]
) -> None:
    found = []
    for limit in (1, 10**9):
        pool = ListPool(ScratchStorage(tmp_path_factory.mktemp("scratch")), limit)
        for document, (field, term, places) in enumerate(given):
            pool.add((field, term, document, float(len(places)), array("I", places)))
        found.append([tuple(run) for run in pool.lists()])
    assert found[0] == found[1]
    assert [run[:2] for run in found[0]] == sorted({(field, term) for field, term, _places in given})
