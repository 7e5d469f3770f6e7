"""Writes the vectors of tiles, entry bundles and their paths (docs/formats/audit.md, section 7).

    python tests/vectors/tiles/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

The first byte of a tile's or a bundle's input is the number of things it holds, less one; the content follows.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

A, B = bytes(range(32)), bytes(range(32, 64))


def accepted() -> Vectors:
    return {
        "path-first": vector("tile-path", "the first tile", "tile/0/000", read=[0, 0, 256]),
        "path-partial": vector("tile-path", "a tile of five hashes", "tile/1/003.p/5", read=[1, 3, 5]),
        "path-groups": vector("tile-path", "groups of three", "tile/0/x001/x234/067", read=[0, 1234067, 256]),
        "path-entries": vector("tile-path", "a bundle of leaves", "tile/entries/001.p/1", read=[None, 1, 1]),
        "path-level": vector("tile-path", "the highest level", "tile/63/000.p/1", read=[63, 0, 1]),
        "tile-two": vector("tile", "two hashes", b"\x01" + A + B, read=[A.hex(), B.hex()]),
        "entries-two": vector("entries", "two leaves", b"\x01\0\x02ab\0\x01c", read=["6162", "63"]),
        "entries-empty-leaf": vector("entries", "a leaf of no bytes", b"\0\0\0", read=[""]),
    }


def rejected() -> Vectors:
    paths = {
        "zeros-in-front": "tile/0/x000/000", "level-in-two-digits": "tile/00/000", "level-too-high": "tile/64/000",
        "whole-told": "tile/0/000.p/256", "no-width": "tile/0/000.p/0", "more-than-a-tile": "tile/0/000.p/257",
        "no-x": "tile/0/001/000", "up": "tile/0/../000", "newline": "tile/0/000\n", "other-digits": "tile/0/00\u0661",
        "short-group": "tile/0/00", "slash": "/tile/0/000", "empty": "",
    }  # fmt: skip
    no_path = "that is not the path of a tile"
    return {
        **{f"path-{name}": vector("tile-path", name, path, refused=no_path) for name, path in paths.items()},
        "tile-cut": vector("tile", "a byte is missing", b"\x01" + A + B[:-1], refused="not the length"),
        "tile-more": vector("tile", "a hash too many", b"\0" + A + B, refused="not the length"),
        "tile-empty": vector("tile", "no hash", b"\0", refused="not the length"),
        "entries-cut": vector("entries", "the leaf is cut", b"\0\0\x02a", refused="is cut"),
        "entries-no-length": vector("entries", "the length is cut", b"\0\0", refused="is cut"),
        "entries-more": vector("entries", "bytes behind the leaf", b"\0\0\x01ab", refused="more than its leaves"),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
