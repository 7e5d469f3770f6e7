"""Hash trees of evidence records (RFC 4998 section 4), pure: one timestamp covers any number of records.

A leaf is the hash of a record's group of documents. Leaves are paired in their order; each pair is sorted and hashed;
what is left without a partner goes up as it is. The tree is kept as tiles: tile (level, index) holds the up to 256
hashes at height `level * 8` from position `index * 256`. All hashes between are computed when they are needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edms.signing.evidence_record import Partial, digest

TILE_HEIGHT = 8
TILE_HASHES = 1 << TILE_HEIGHT

Tile = tuple[int, int, bytes]
ReadTile = Callable[[int, int], bytes]


def group_hash(algorithm: str, digests: Iterable[bytes]) -> bytes:
    """Return the hash of a data object group: its documents' hashes, sorted and concatenated, hashed (section 4.2).

    A group of one document has that document's hash. Equal documents count once. Raises ValueError for no document.
    """
    return list_hash(algorithm, group_list(digests))


def group_list(digests: Iterable[bytes]) -> Partial:
    """Return the hashes of a group as they stand in the first list of a reduced hash tree: sorted, each once."""
    found = tuple(sorted(set(digests)))
    if not found:
        raise ValueError("a group has at least one document")
    return found


def list_hash(algorithm: str, values: Sequence[bytes]) -> bytes:
    """Return the father of hashes: one alone goes up as it is, else their sorted concatenation is hashed."""
    return values[0] if len(values) == 1 else digest(algorithm, b"".join(sorted(values)))


def root_of_lists(algorithm: str, reduced: Sequence[Partial]) -> bytes:
    """Return the root that a reduced hash tree leads to (section 4.3, step 3). Raises ValueError when it is empty."""
    if not reduced:
        raise ValueError("there is no list of hashes")
    above = list_hash(algorithm, reduced[0])
    for part in reduced[1:]:
        above = list_hash(algorithm, (*part, above))
    return above


def document_lists(first: Partial, partners: Sequence[bytes]) -> tuple[Partial, ...]:
    """Return the reduced hash tree of a group: its documents alone in the first list, then a partner in each list."""
    return (first, *((one,) for one in partners))


def renewal_lists(first: Partial, partners: Sequence[bytes]) -> tuple[Partial, ...]:
    """Return the reduced hash tree of a chain that is renewed; `first`: the hashes of its timestamps so far.

    One timestamp alone in the tree needs no list: the new one is over its hash. One beside others shares the first
    list with its partner, since a list of one hash is read in two ways (docs/formats/evidence-record.md, section 3).
    """
    if len(first) > 1:
        return document_lists(first, partners)
    if not partners:
        return ()
    return (tuple(sorted((*first, partners[0]))), *((one,) for one in partners[1:]))


@dataclass
class TreeBuilder:
    """Takes leaves one by one and yields tiles as they fill; memory is 256 hashes for each level.

    Use: `yield from builder.add(leaf)` for each leaf, `yield from builder.finish()` once, then `builder.root`.
    """

    algorithm: str
    size: int = 0
    root: bytes = b""
    _open: list[list[bytes]] = field(default_factory=list)
    _written: list[int] = field(default_factory=list)

    def add(self, leaf: bytes) -> Iterator[Tile]:
        """Take the next leaf; yield the tiles that are full with it, bottom first."""
        self.size += 1
        yield from self._put(0, leaf)

    def finish(self) -> Iterator[Tile]:
        """Yield the tiles that are not full. Sets `root`. Raises ValueError for a tree without leaves."""
        if not self.size:
            raise ValueError("a tree has at least one leaf")
        level = 0
        while True:
            waiting, written = self._open[level], self._written[level]
            if not written and len(waiting) < TILE_HASHES:
                yield level, 0, b"".join(waiting)
                self.root = reduce_tile(self.algorithm, waiting)[-1][0]
                return
            if waiting:
                yield level, written, b"".join(waiting)
                yield from self._put(level + 1, reduce_tile(self.algorithm, waiting)[-1][0])
            level += 1

    def _put(self, level: int, value: bytes) -> Iterator[Tile]:
        if level == len(self._open):
            self._open.append([])
            self._written.append(0)
        waiting = self._open[level]
        waiting.append(value)
        if len(waiting) == TILE_HASHES:
            yield level, self._written[level], b"".join(waiting)
            above = reduce_tile(self.algorithm, waiting)[-1][0]
            self._open[level] = []
            self._written[level] += 1
            yield from self._put(level + 1, above)


def reduce_tile(algorithm: str, values: Sequence[bytes]) -> list[list[bytes]]:
    """Return the rows of the tree over up to 256 hashes, from `values` themselves up to the one on top."""
    rows = [list(values)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        pairs = [digest(algorithm, left + right if left < right else right + left)
                 for left, right in zip(below[::2], below[1::2], strict=False)]  # fmt: skip
        rows.append([*pairs, below[-1]] if len(below) % 2 else pairs)
    return rows


def tile_levels(size: int) -> list[int]:
    """Return how many hashes stand at the foot of each level of tiles, for a tree of `size` leaves."""
    counts = [size]
    while counts[-1] >= TILE_HASHES:
        counts.append(-(-counts[-1] // TILE_HASHES))
    return counts


def siblings(algorithm: str, read: ReadTile, size: int, position: int) -> list[bytes]:
    """Return the partners of a leaf on its way to the root, bottom first: each is a list of the reduced hash tree.

    `read(level, index)` returns a tile's hashes, one behind the other. Raises ValueError when they do not fit the tree.
    """
    if not 0 <= position < size:
        raise ValueError("the leaf is not in a tree of that size")
    found: list[bytes] = []
    for level, count in enumerate(tile_levels(size)):
        index, place = divmod(position, TILE_HASHES)
        values = hashes_of(algorithm, read(level, index), min(TILE_HASHES, count - index * TILE_HASHES))
        for row in reduce_tile(algorithm, values)[:-1]:
            if place ^ 1 < len(row):
                found.append(row[place ^ 1])
            place >>= 1
        position = index
    return found


def hashes_of(algorithm: str, tile: bytes, count: int) -> list[bytes]:
    """Return the hashes of a tile. Raises ValueError when there are not `count` of them."""
    size = len(digest(algorithm, b""))
    if len(tile) != count * size:
        raise ValueError("a tile of the hash tree has not the length that it should have")
    return [tile[start : start + size] for start in range(0, len(tile), size)]
