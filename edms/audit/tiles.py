"""The trail as static files for auditors' own tools: C2SP tlog-tiles, pure (docs/formats/audit.md, section 7).

A tile holds the hashes of up to 256 neighbouring subtrees of one height; an entry bundle the leaves under a tile of
level 0. From them anybody computes every root and every proof, with nothing asked of the archive.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edms.audit import tree
from edms.audit.tree import HASH_BYTES

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MOST_LEVEL = 63
MOST_ENTRY_BYTES = 65_535
_NAME = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Tile:
    """One tile (`level` 0 to 63) or entry bundle (`level` None): number `position`, holding `width` things."""

    level: int | None
    position: int
    width: int = TILE_WIDTH

    @property
    def whole(self) -> bool:
        return self.width == TILE_WIDTH

    @property
    def first(self) -> int:
        """The first node of the tile, counted on its own level; for a bundle the index of its first leaf."""
        return self.position * TILE_WIDTH

    @property
    def node_level(self) -> int:
        """The level in the Merkle tree of the hashes that a tile holds."""
        return (self.level or 0) * TILE_HEIGHT

    @property
    def name(self) -> str:
        """The path below the prefix, on disk as over HTTP."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.whole else f".p/{self.width}"
        return f"tile/{level}/{_spelled(self.position)}{partial}"


def tile_named(name: str) -> Tile:
    """Return the tile with this path. Raises ValueError for any other spelling than the one of `Tile.name`."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError("that is not the path of a tile")
    level = None if found[1] == "entries" else int(found[1])
    tile = Tile(level, int(found[2].replace("x", "").replace("/", "")), int(found[3] or TILE_WIDTH))
    if tile.name != name or (level or 0) > MOST_LEVEL or tile.width > TILE_WIDTH:
        raise ValueError("that is not the path of a tile")
    return tile


def width_at(size: int, level: int | None, position: int) -> int:
    """Return how many things the tile holds in a tree of `size` leaves: 0 to 256."""
    nodes = size >> ((level or 0) * TILE_HEIGHT)
    return max(0, min(TILE_WIDTH, nodes - position * TILE_WIDTH))


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Yield the tiles and bundles of a tree of `size` leaves that one of `since` leaves did not have, lowest first."""
    for level in (None, *range(MOST_LEVEL + 1)):
        shift = (level or 0) * TILE_HEIGHT
        nodes, before = size >> shift, since >> shift
        if not nodes:
            return
        for position in range(before // TILE_WIDTH, -(-nodes // TILE_WIDTH)):
            tile = Tile(level, position, width_at(size, level, position))
            if width_at(since, level, position) < tile.width:
                yield tile


def bundle_bytes(leaves: Iterable[bytes]) -> bytes:
    """Return an entry bundle. Raises ValueError for a leaf over 65,535 bytes, whose length no bundle can tell."""
    parts = []
    for leaf in leaves:
        if len(leaf) > MOST_ENTRY_BYTES:
            raise ValueError(f"an entry of a bundle has at most {MOST_ENTRY_BYTES} bytes")
        parts += [struct.pack(">H", len(leaf)), leaf]
    return b"".join(parts)


def bundle_leaves(content: bytes, width: int) -> list[bytes]:
    """Return the `width` leaves of an entry bundle. Raises ValueError when it does not hold exactly these."""
    leaves, place = [], 0
    for _number in range(width):
        (length,) = struct.unpack_from(">H", content, place) if place + 2 <= len(content) else (MOST_ENTRY_BYTES + 1,)
        leaf = content[place + 2 : place + 2 + length]
        if len(leaf) != length:
            raise ValueError("the entry bundle is cut")
        leaves.append(leaf)
        place += 2 + length
    if place != len(content):
        raise ValueError("the entry bundle holds more than its leaves")
    return leaves


def tile_hashes(content: bytes, width: int) -> list[bytes]:
    """Return the `width` hashes of a tile. Raises ValueError when it does not hold exactly these."""
    if len(content) != width * HASH_BYTES:
        raise ValueError("the tile has not the length of its hashes")
    return [content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES)]


def hash_above(hashes: Sequence[bytes]) -> bytes:
    """Return the hash that a whole tile has in the tile above it. Raises ValueError for a partial one."""
    if len(hashes) != TILE_WIDTH:
        raise ValueError("only a whole tile is hashed into the one above")
    return tree.root_of(hashes)


def _spelled(position: int) -> str:
    """Groups of three digits, all but the last behind an x, so that no file has the name of a folder."""
    last, groups = f"{position % 1000:03}", []
    while position := position // 1000:
        groups.append(f"x{position % 1000:03}/")
    return "".join(reversed(groups)) + last
