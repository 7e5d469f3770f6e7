"""Writes the vectors of the index on PostgreSQL (docs/formats/index-postgresql.md).

    python tests/vectors/index_postgresql/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

The key of the index is 00 01 .. 1f, the segment is 5 of generation 3, its key ff fe .. e0; a sealed piece is body 7.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

KEY, SEGMENT_KEY, NONCE = bytes(range(32)), bytes(range(255, 223, -1)), b"\xa0" * 12


def wrapped(key: bytes, place: str) -> bytes:
    return NONCE + AESGCM(KEY).encrypt(NONCE, key, f"edms-index-postgresql/1|{place}".encode())


def piece(kind: int, number: int, content: bytes) -> bytes:
    return AESGCM(SEGMENT_KEY).encrypt(bytes([kind]) + number.to_bytes(11, "big"), content, None)


def head(told: object, arrays: object, *runs: bytes) -> bytes:
    made = json.dumps({"told": told, "arrays": arrays}).encode()
    return struct.pack("<I", len(made)) + made + b"".join(runs)


def block(
    terms: list[bytes], counts: list[int], lists: list[int], ids: list[int], times: bytes, places: bytes
) -> bytes:
    ends = [sum(map(len, terms[: at + 1])) for at in range(len(terms))]
    numbers = struct.pack(f"<{3 * len(terms)}I{len(ids)}H", *ends, *counts, *lists, *ids)
    return struct.pack("<IIIBBxx", len(terms), len(ids), len(places), 1, 1) + numbers + times + places + b"".join(terms)


def posting_list(ids: list[int], width: int, times: bytes) -> bytes:
    return struct.pack("<IBxxx", len(ids), width) + struct.pack(f"<{len(ids)}H", *ids) + times


def body(record: bytes, shown: bytes, passages: bytes) -> bytes:
    return struct.pack("<HI", len(record), len(shown)) + record + shown + passages


TRUE_KEY, TRUE_PIECE = wrapped(SEGMENT_KEY, "3/5"), piece(4, 7, b"content")
HEAD = head({"documents": 2}, [["day", "<i4", 2], ["codes", "|u1", 2]], struct.pack("<2i", 5, 7), b"\x01\x00")
BLOCK = block([b"\x05xkota", b"\x05xrapat"], [2, 40], [0, 1], [0, 9], b"\x01\x02", b"\x03\x00\x08")
LIST = posting_list([0, 65535], 1, b"\x01\x03")


def accepted() -> Vectors:
    read = {
        "keys": [b"\x05xkota".hex(), b"\x05xrapat".hex()], "counts": [2, 40], "lists": [0, 1],
        "ids": [0, 9], "frequencies": [1, 2], "positions": [3, 0, 8],
    }  # fmt: skip
    arrays = {"day": [5, 7], "codes": [1, 0]}
    return {
        "key": vector("pg-key", "the key of a segment", TRUE_KEY, read=SEGMENT_KEY.hex()),
        "piece": vector("pg-piece", "a sealed piece", TRUE_PIECE, read=b"content".hex()),
        "head": vector("pg-head", "two arrays", HEAD, read={"told": {"documents": 2}, "arrays": arrays}),
        "block": vector("pg-block", "a term of its own and one with a list", BLOCK, read=read),
        "list": vector("pg-list", "two documents", LIST, read={"ids": [0, 65535], "frequencies": [1, 3]}),
        "places": vector("pg-places", "two bytes each", b"\x02\x01\x00\x00\x01", read=[1, 256]),
        "forms": vector("pg-forms", "two forms", zlib.compress(b"kota\nrapat", 1), read=["kota", "rapat"]),
        "body": vector("pg-body", "a document", body(b"r-1", b"\x01", b"\x02\x03"), read=["r-1", "01", "0203"]),
    }


def rejected() -> Vectors:
    keys = {
        "of-another-segment": wrapped(SEGMENT_KEY, "3/6"), "cut": TRUE_KEY[:-1], "empty": b"",
        "flipped": TRUE_KEY[:20] + bytes([TRUE_KEY[20] ^ 1]) + TRUE_KEY[21:], "short": wrapped(SEGMENT_KEY[:5], "3/5"),
    }  # fmt: skip
    pieces = {
        "of-another-number": piece(4, 8, b"content"), "of-another-kind": piece(3, 7, b"content"), "empty": b"",
        "extended": TRUE_PIECE + b"x", "plain": b"content",
    }  # fmt: skip
    heads = {
        "empty": b"", "cut": HEAD[:-1], "no-json": struct.pack("<I", 3) + b"{x}",
        "no-object": struct.pack("<I", 1) + b"1",
        "unknown-type": head({}, [["a", "zz", 1]], b"1"), "objects": head({}, [["a", "|O", 1]], bytes(8)),
        "deep": struct.pack("<I", 20_000) + b"[" * 20_000,
    }  # fmt: skip
    blocks = {
        "empty": b"", "head-cut": BLOCK[:15], "numbers-cut": BLOCK[:40], "names-cut": BLOCK[:-1],
        "extended": BLOCK + b"x", "width-unknown": BLOCK[:12] + b"\x03" + BLOCK[13:],
        "postings-without-a-term": block([b"\x05xa"], [1], [1], [4], b"\x01", b"\x00"),
        "places-without-a-posting": block([b"\x05xa"], [40], [1], [], b"", b"\x00"),
    }  # fmt: skip
    lists = {"empty": b"", "cut": LIST[:-1], "extended": LIST + b"x", "width-unknown": posting_list([1], 3, b"\x01")}
    places = {"empty": b"", "width-unknown": b"\x03\x01\x01\x01", "cut": b"\x02\x01"}
    bodies = {"empty": b"", "cut": body(b"r-1", b"\x01", b"")[:-2], "not-utf-8": body(b"\xff", b"", b"")}
    told = (
        ("pg-key", keys, "key of segment"), ("pg-piece", pieces, "not authentic"), ("pg-head", heads, "head"),
        ("pg-block", blocks, "block"), ("pg-list", lists, "posting list"), ("pg-places", places, "posting list"),
        ("pg-body", bodies, "document"), ("pg-forms", {"empty": b"", "plain": b"kota"}, "forms"),
    )  # fmt: skip
    return {
        f"{kind.removeprefix('pg-')}-{why}": vector(kind, why, content, refused=refused)
        for kind, some, refused in told
        for why, content in some.items()
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
