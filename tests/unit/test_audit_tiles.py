"""Tiles against the tree that they are cut from, and against the sizes that tlog-tiles itself gives as an example."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edms.audit import tree
from edms.audit.tiles import (
    MOST_ENTRY_BYTES,
    TILE_WIDTH,
    Tile,
    bundle_bytes,
    bundle_leaves,
    hash_above,
    tile_hashes,
    tile_named,
    tiles_of,
    width_at,
)

SIZES = st.integers(0, 2**40)


def hashes(size: int) -> dict[tuple[int, int], bytes]:
    """Every node of a tree of `size` leaves."""
    growing = tree.Frontier()
    made = [growing.add(tree.leaf_hash(str(number).encode())) for number in range(size)]
    return {(level, position): value for nodes in made for level, position, value in nodes}


def content(nodes: dict[tuple[int, int], bytes], tile: Tile) -> bytes:
    return b"".join(nodes[tile.node_level, tile.first + number] for number in range(tile.width))


def test_the_example_of_the_specification() -> None:
    """tlog-tiles, partial tiles: a tree of 70,000 leaves, and one of 256."""
    shapes = [(tile.level, tile.position, tile.width) for tile in tiles_of(70_000)]
    assert len([shape for shape in shapes if shape[0] == 0 and shape[2] == TILE_WIDTH]) == 273
    assert [shape for shape in shapes if shape[0] == 0][-1] == (0, 273, 112)
    assert [shape for shape in shapes if shape[0] == 1] == [(1, 0, 256), (1, 1, 17)]
    assert [shape for shape in shapes if shape[0] == 2] == [(2, 0, 1)]
    assert [tile.name for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize(
    ("tile", "name"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(None, 5, 17), "tile/entries/005.p/17"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
    ],
    ids=["three groups", "entries", "partial"],
)
def test_names(tile: Tile, name: str) -> None:
    assert tile.name == name
    assert tile_named(name) == tile


@given(st.none() | st.integers(0, 63), SIZES, st.integers(1, TILE_WIDTH))
def test_a_name_comes_back(level: int | None, position: int, width: int) -> None:
    tile = Tile(level, position, width)
    assert tile_named(tile.name) == tile


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/01", "tile/data/000", "tile/0/../000", "/tile/0/000", "tile/0/000/",
        "tile/0/٠٠٠", "tile/0/x001/x234/067x", "",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="path of a tile"):
        tile_named(name)


@given(SIZES, SIZES)
def test_what_a_larger_tree_adds(one: int, other: int) -> None:
    """What was given out whole is never given out again; nothing is left out (sizes kept small by their top bits)."""
    old, new = sorted((one >> 26, other >> 26))
    before, after = {tile.name for tile in tiles_of(old)}, {tile.name for tile in tiles_of(new)}
    added = [tile.name for tile in tiles_of(new, old)]
    assert len(set(added)) == len(added)
    assert set(added) == after - before


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_tiles_hold_the_tree(size: int) -> None:
    nodes = hashes(size)
    whole = {}
    for tile in tiles_of(size):
        assert tile.width == width_at(size, tile.level, tile.position)
        if tile.level is not None:
            inside = tile_hashes(content(nodes, tile), tile.width)
            whole[tile.level, tile.position] = inside
            if tile.level:
                assert inside == [
                    hash_above(whole[tile.level - 1, tile.first + number]) for number in range(tile.width)
                ]
    leaves = [one for (level, _position), inside in sorted(whole.items()) if level == 0 for one in inside]
    assert tree.root_of(leaves) == tree.root_at(lambda level, position: nodes[level, position], size)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_back(leaves: list[bytes]) -> None:
    assert bundle_leaves(bundle_bytes(leaves), len(leaves)) == leaves


def test_bundles_that_are_not_whole_are_refused() -> None:
    good = bundle_bytes([b"one", b"", b"three"])
    for wrong, width in ((good[:-1], 3), (good + b"\0", 3), (good, 2), (good, 4), (b"\0", 1), (b"", 1)):
        with pytest.raises(ValueError, match="bundle"):
            bundle_leaves(wrong, width)
    bundle_bytes([bytes(MOST_ENTRY_BYTES)])
    with pytest.raises(ValueError, match="at most"):
        bundle_bytes([bytes(MOST_ENTRY_BYTES + 1)])


def test_tiles_that_are_not_whole_are_refused() -> None:
    one = hashlib.sha256(b"x").digest()
    for wrong, width in ((one[:-1], 1), (one, 2), (one * 3, 2)):
        with pytest.raises(ValueError, match="tile"):
            tile_hashes(wrong, width)
    with pytest.raises(ValueError, match="whole"):
        hash_above([one] * 255)
