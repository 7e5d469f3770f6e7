"""The Merkle tree against the published proofs of certificate transparency, against pymerkle, and against tampering."""

from collections.abc import Sequence

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.audit import tree

# Leaves and hashes that the reference implementation of certificate transparency publishes for RFC 6962.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (0, 2, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]

sizes = st.integers(1, 70)


class Grown:
    """A tree grown leaf by leaf, with every node it ever completed."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.stored: dict[tuple[int, int], bytes] = {}
        self.roots = [tree.EMPTY_ROOT]
        growing = tree.Frontier()
        for leaf in leaves:
            self.stored |= {(level, place): value for level, place, value in growing.add(tree.leaf_hash(leaf))}
            self.roots.append(growing.root())

    def nodes(self, level: int, position: int) -> bytes:
        return self.stored[level, position]


def numbered(count: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(count)]


def grown() -> Grown:
    return Grown([bytes.fromhex(text) for text in INPUTS])


def test_the_roots_are_the_published_ones() -> None:
    assert [root.hex() for root in grown().roots] == ROOTS
    assert [tree.root_at(grown().nodes, size).hex() for size in range(9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "published"), INCLUSION)
def test_the_inclusion_proofs_are_the_published_ones(index: int, size: int, published: list[str]) -> None:
    path = tree.inclusion_path(grown().nodes, index, size)
    assert [step.hex() for step in path] == published
    assert tree.included(tree.leaf_hash(bytes.fromhex(INPUTS[index])), index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "size", "published"), CONSISTENCY)
def test_the_consistency_proofs_are_the_published_ones(old: int, size: int, published: list[str]) -> None:
    path = tree.consistency_path(grown().nodes, old, size)
    assert [step.hex() for step in path] == published
    assert tree.consistent(old, size, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[size]), path)


@given(sizes)
def test_pymerkle_computes_the_same_root(count: int) -> None:
    judge = pymerkle.InmemoryTree(algorithm="sha256")
    judge.append_entries(numbered(count))
    assert tree.root_of(map(tree.leaf_hash, numbered(count))) == judge.get_root()


@given(sizes, st.data())
def test_pymerkle_takes_our_inclusion_proofs_and_we_take_its(count: int, data: st.DataObject) -> None:
    ours, judge = Grown(numbered(count)), pymerkle.InmemoryTree(algorithm="sha256")
    judge.append_entries(numbered(count))
    size = data.draw(st.integers(1, count))
    index = data.draw(st.integers(0, size - 1))
    theirs = judge.prove_inclusion(index + 1, size)
    leaf, path = tree.leaf_hash(numbered(count)[index]), tree.inclusion_path(ours.nodes, index, size)
    assert theirs.path == [leaf, *path]
    pymerkle.verify_inclusion(leaf, ours.roots[size], theirs, index=index + 1, size=size)
    assert tree.included(leaf, index, size, theirs.path[1:], judge.get_root(size))


@given(sizes, st.data())
def test_every_consistency_proof_holds_and_pymerkle_agrees_on_both_states(count: int, data: st.DataObject) -> None:
    ours, judge = Grown(numbered(count)), pymerkle.InmemoryTree(algorithm="sha256")
    judge.append_entries(numbered(count))
    size = data.draw(st.integers(0, count))
    old = data.draw(st.integers(0, size))
    path = tree.consistency_path(ours.nodes, old, size)
    states = [judge.get_root(length) if length else tree.EMPTY_ROOT for length in (old, size)]
    assert tree.consistent(old, size, states[0], states[1], path)


@given(sizes, st.data())
def test_a_proof_holds_for_nothing_else(count: int, data: st.DataObject) -> None:
    ours = Grown(numbered(count))
    index, other = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, count - 1))
    path = tree.inclusion_path(ours.nodes, index, count)
    claim = tree.leaf_hash(numbered(count)[other])
    assert tree.included(claim, other, count, path, ours.roots[count]) == (index == other)
    assert tree.included(claim, index, count, path, ours.roots[count]) == (index == other)


@given(st.integers(2, 70), st.data())
def test_a_rewritten_history_has_no_proof(count: int, data: st.DataObject) -> None:
    honest = Grown(numbered(count))
    old = data.draw(st.integers(1, count))
    victim = data.draw(st.integers(0, old - 1))
    leaves = numbered(count)
    leaves[victim] = b"rewritten"
    forged = Grown(leaves)
    path = tree.consistency_path(forged.nodes, old, count)
    assert not tree.consistent(old, count, honest.roots[old], forged.roots[count], path)


@given(st.integers(0, 200), st.integers(0, 60))
def test_a_frontier_goes_on_where_it_was_left(start: int, more: int) -> None:
    whole = Grown(numbered(start + more))
    known = [whole.nodes(level, (start >> level) - 1) for level in tree.frontier_levels(start)]
    growing = tree.Frontier(start, known)
    assert growing.root() == whole.roots[start]
    for leaf in numbered(start + more)[start:]:
        growing.add(tree.leaf_hash(leaf))
    assert growing.root() == whole.roots[start + more]


@given(st.integers(0, 70), st.integers(0, 140))
def test_many_leaves_at_once_complete_the_same_nodes_as_one_by_one(start: int, more: int) -> None:
    leaves = [tree.leaf_hash(bytes([number])) for number in range(start + more)]
    one, many = tree.Frontier(), tree.Frontier()
    for leaf in leaves[:start]:
        one.add(leaf)
    many.extend(leaves[:start])
    expected = {row for leaf in leaves[start:] for row in one.add(leaf)}
    made = many.copy().extend(leaves[start:])
    assert many.size == start
    many.extend(leaves[start:])
    rows = [(level, position, value) for level, first, row in made for position, value in enumerate(row, first)]
    assert set(rows) == expected
    assert len(rows) == len(expected)
    assert (many.size, many.root()) == (one.size, one.root())
    assert many.add(tree.EMPTY_ROOT) == one.add(tree.EMPTY_ROOT)


def test_a_frontier_with_a_hash_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="3 complete subtrees"):
        tree.Frontier(7, [tree.EMPTY_ROOT])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 4), (4, 4)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion_path(grown().nodes, index, size)


def test_completed_by_counts_the_levels_that_add_makes() -> None:
    growing = tree.Frontier()
    for index, leaf in enumerate(numbered(64)):
        assert len(growing.add(tree.leaf_hash(leaf))) == tree.completed_by(index) + 1
