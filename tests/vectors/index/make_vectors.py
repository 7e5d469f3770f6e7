"""Writes the vectors of index files, posting lists and columns (docs/formats/index.md).

    python tests/vectors/index/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

Files are sealed under the key 00 01 .. 1f as `CURRENT`. The first byte of a column's input is the number of documents.
"""

import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

KEY, SALT, PREFIX = bytes(range(32)), b"\xa0" * 32, b"\xb1" * 7


def sealed(content: bytes, bound: bytes) -> bytes:
    """Seal one segment, as section 2 of vault.md says."""
    derived = HKDF(SHA256(), 32, SALT, bound).derive(KEY)
    return bytes([40]) + SALT + PREFIX + AESGCM(derived).encrypt(PREFIX + bytes(4) + b"\x01", content, None)


def postings(count: int, places: int, widths: tuple[int, int, int], *runs: bytes) -> bytes:
    return struct.pack("<IIBBBB", count, places, *widths, 0) + b"".join(runs)


def column(codes: list[int], values: list[str]) -> bytes:
    told = b"".join(struct.pack("<I", len(value.encode())) + value.encode() for value in values)
    return bytes([len(codes)]) + struct.pack(f"<{len(codes)}I", *codes) + told


CURRENT = b'{"generation": 3, "analysis": 2}'
TRUE = sealed(CURRENT, b"edms-index/1|CURRENT")
LIST = postings(2, 3, (1, 1, 1), b"\x01\x04", b"\x01\x02", b"\x05\x00\x09")


def accepted() -> Vectors:
    read = {"ids": [0, 4], "frequencies": [1, 2], "positions": [5, 0, 9]}
    ones = {"ids": [0, 1], "frequencies": [1, 1], "positions": []}
    return {
        "current": vector("index-file", "which generation serves", TRUE, read=CURRENT.decode()),
        "postings": vector("postings", "two documents", LIST, read=read),
        "postings-all-ones": vector("postings", "width 0: every value is 1", postings(2, 0, (0, 0, 1)), read=ones),
        "column": vector("codes", "three documents", column([1, 0, 1], ["", "dinkes"]), read=["dinkes", "", "dinkes"]),
    }


def rejected() -> Vectors:
    files = {
        "of-another-name": sealed(CURRENT, b"edms-index/1|3|journal-00000000"), "cut": TRUE[:-1], "empty": b"",
        "flipped": TRUE[:50] + bytes([TRUE[50] ^ 1]) + TRUE[51:], "extended": TRUE + b"x", "plain": CURRENT,
    }  # fmt: skip
    lists = {
        "empty": b"", "head-cut": LIST[:11], "ids-cut": LIST[:13], "positions-cut": LIST[:-1],
        "width-unknown": postings(1, 0, (3, 1, 1), b"\x01\x01\x01"),
    }  # fmt: skip
    columns = {
        "codes-cut": b"\x02" + bytes(7), "value-cut": column([0], ["abc"])[:-1], "length-cut": column([0], [""])[:-1],
        "value-not-held": column([1], ["a"]), "not-utf-8": bytes([1]) + bytes(4) + b"\x01\0\0\0\xff",
    }  # fmt: skip
    return {
        **{
            f"file-{why}": vector("index-file", why, content, refused="not authentic") for why, content in files.items()
        },
        **{
            f"postings-{why}": vector("postings", why, content, refused="posting list")
            for why, content in lists.items()
        },
        **{f"column-{why}": vector("codes", why, content, refused="column") for why, content in columns.items()},
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
