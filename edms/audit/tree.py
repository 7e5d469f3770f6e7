"""The Merkle tree of RFC 6962 section 2.1, pure: roots, inclusion and consistency proofs, and their checking.

Proof makers ask for hashes of complete subtrees through `Nodes`: (level, position) covers the leaves from
`position << level` up to `(position + 1) << level`. Level 0 holds the leaf hashes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows leaf by leaf and keeps only the roots of its complete subtrees, one for each bit of its size.

    `known` are those roots for a tree of `size` leaves, from the largest subtree to the smallest.
    """

    def __init__(self, size: int = 0, known: Sequence[bytes] = ()) -> None:
        levels = frontier_levels(size)
        if len(known) != len(levels):
            raise ValueError(f"a tree of {size} leaves has {len(levels)} complete subtrees, not {len(known)}")
        self.size = size
        self._stack = list(zip(levels, known, strict=True))

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf *hash*; return (level, position, hash) of it and of every node that it completes, upwards."""
        made = [(0, self.size, leaf)]
        level, current = 0, leaf
        while self._stack and self._stack[-1][0] == level:
            current = node_hash(self._stack.pop()[1], current)
            level += 1
            made.append((level, self.size >> level, current))
        self._stack.append((level, current))
        self.size += 1
        return made

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Add leaf *hashes*; return (level, first position, hashes) of all nodes that this completes, for each level.

        The same as adding them one by one, several times as fast.
        """
        made, left = [], []
        level, position, row = 0, self.size, list(leaves)
        self.size += len(row)
        while row:
            made.append((level, position, row))
            if position & 1:
                row = [self._stack.pop()[1], *row]
            if len(row) & 1:
                left.append((level, row[-1]))
            row = [node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=False)]
            level, position = level + 1, position >> 1
        self._stack += reversed(left)
        return made

    def copy(self) -> "Frontier":
        """Return the same tree, which grows by itself."""
        return Frontier(self.size, [root for _level, root in self._stack])

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        if not self._stack:
            return EMPTY_ROOT
        root = self._stack[-1][1]
        for _level, left in reversed(self._stack[:-1]):
            root = node_hash(left, root)
        return root


def frontier_levels(size: int) -> list[int]:
    """Return the levels of the complete subtrees that make up a tree of `size` leaves, the largest first."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes given in order; memory is logarithmic in their number."""
    growing = Frontier()
    for current in leaf_hashes:
        growing.add(current)
    return growing.root()


def places_read(make: Callable[[Nodes], object]) -> list[tuple[int, int]]:
    """Return the (level, position) of every node that `make` reads of a tree, so that they can be had all at once."""
    places: dict[tuple[int, int], None] = {}

    def note(level: int, position: int) -> bytes:
        places[level, position] = None
        return bytes(HASH_BYTES)

    make(note)
    return list(places)


def completed_by(index: int) -> int:
    """Return how many levels above the leaf `index` are completed by it (0 for an even index)."""
    return ((index + 1) & -(index + 1)).bit_length() - 1


def root_at(nodes: Nodes, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return _range_hash(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_path(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in a tree of that size")
    return _path(nodes, index, 0, size)


def consistency_path(nodes: Nodes, old_size: int, size: int) -> list[bytes]:
    """Return the proof that the tree of `size` begins with the tree of `old_size` (RFC 6962 section 2.1.2).

    It is empty for equal sizes and for an old size of 0, which every tree begins with.
    """
    if not 0 <= old_size <= size:
        raise ValueError("the old size must not exceed the size")
    if old_size in (0, size):
        return []
    return _subproof(nodes, old_size, 0, size, whole=True)


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof for a leaf *hash* (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *path):
        return False
    position, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def consistent(old_size: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Check a consistency proof (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old_size <= size or not _hashes(old_root, root, *path):
        return False
    if old_size == size:
        return not path and old_root == root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if len(hashes) < 2:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(nodes: Nodes, start: int, end: int) -> bytes:
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_hash(nodes, start, middle), _range_hash(nodes, middle, end))


def _path(nodes: Nodes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(nodes, index, start, middle), _range_hash(nodes, middle, end)]
    return [*_path(nodes, index, middle, end), _range_hash(nodes, start, middle)]


def _subproof(nodes: Nodes, old_end: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if old_end == end:
        return [] if whole else [_range_hash(nodes, start, end)]
    middle = start + _split(end - start)
    if old_end <= middle:
        return [*_subproof(nodes, old_end, start, middle, whole=whole), _range_hash(nodes, middle, end)]
    return [*_subproof(nodes, old_end, middle, end, whole=False), _range_hash(nodes, start, middle)]
