"""Writes the vectors of the vault format, by a second, naive implementation of docs/formats/vault.md.

    python tests/vectors/vault/make_vectors.py        writes accept/*.json and reject/*.json again, the same bytes

A vector of kind `blob` says how its plaintext and its blob are made, which edits are then applied to the blob, and
the SHA-256 of the result, so that megabytes of noise need not be kept. Kind `wrapped-key` gives all its bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = Path(__file__).parent
MIB = 1024 * 1024
FIRST, NEXT = MIB - 56, MIB - 16
ID, OTHER_ID = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"
KEY, OTHER_KEY = bytes(range(32)).hex(), bytes(range(1, 33)).hex()
DATA = f"edms.blob.v1|{ID}|original"
THREE = FIRST + NEXT + 1000


def plaintext(size: int) -> bytes:
    """Byte i is i modulo 251, a prime, so that no segment equals its neighbour."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def made_blob(made: dict[str, Any]) -> bytes:
    """Seal `plaintext(made["size"])`; keys: key, salt, prefix (hex), associated_data (text)."""
    salt, prefix, content = bytes.fromhex(made["salt"]), bytes.fromhex(made["prefix"]), plaintext(made["size"])
    derived = HKDF(SHA256(), 32, salt, made["associated_data"].encode()).derive(bytes.fromhex(made["key"]))
    parts = [content[:FIRST]] + [content[start : start + NEXT] for start in range(FIRST, len(content), NEXT)]
    blob = bytes([40]) + salt + prefix
    for number, part in enumerate(parts):
        last = bytes([number == len(parts) - 1])
        blob += AESGCM(derived).encrypt(prefix + number.to_bytes(4, "big") + last, part, None)
    return blob


def edited(blob: bytes, edits: list[list[Any]]) -> bytes:
    """Apply edits: cut to a length, append hex, flip a bit mask at an offset, put the 1 MiB segments in an order."""
    for name, *values in edits:
        if name == "cut":
            blob = blob[: values[0]]
        elif name == "append":
            blob += bytes.fromhex(values[0])
        elif name == "flip":
            blob = blob[: values[0]] + bytes([blob[values[0]] ^ values[1]]) + blob[values[0] + 1 :]
        elif name == "order":
            blob = b"".join(blob[number * MIB : (number + 1) * MIB] for number in values[0])
        elif name == "graft":
            start, made = values
            blob = blob[:start] + made_blob(made)[start:]
        else:
            raise ValueError(name)
    return blob


def blob_vector(why: str, size: int, edits: list[list[Any]] | None = None, **opened_with: str) -> dict[str, Any]:
    made = {"size": size, "key": KEY, "salt": "a0" * 32, "prefix": "b1" * 7, "associated_data": DATA}
    blob = edited(made_blob(made), edits or [])
    return {
        "why": why,
        "kind": "blob",
        "made": made,
        "edits": edits or [],
        "blob_bytes": len(blob),
        "blob_sha256": hashlib.sha256(blob).hexdigest(),
        "open_with": {"key": KEY, "associated_data": DATA} | opened_with,
        "plaintext_sha256": hashlib.sha256(plaintext(size)).hexdigest(),
    }


def key_vector(why: str, flip: int | None = None, cut: int = 61, **opened_with: Any) -> dict[str, Any]:
    bound = f"edms.wrap.v1|0123456789abcdef|3|edms.blob-key.v1|{ID}|original".encode()
    wrapped = b"\x01" + b"\xc2" * 12 + AESGCM(b"\x0e" * 32).encrypt(b"\xc2" * 12, bytes.fromhex(KEY), bound)
    if flip is not None:
        wrapped = edited(wrapped, [["flip", flip, 1]])
    told = {"kek": "0e" * 32, "key_id": "0123456789abcdef", "epoch": 3, "blob_id": ID, "purpose": "original"}
    return {
        "why": why,
        "kind": "wrapped-key",
        "wrapped": wrapped[:cut].hex(),
        "open_with": told | opened_with,
        "data_key": KEY,
    }


def accepted() -> dict[str, dict[str, Any]]:
    sizes = {
        "empty": 0,
        "one-byte": 1,
        "one-segment-less-a-byte": FIRST - 1,
        "one-segment": FIRST,
        "one-segment-and-a-byte": FIRST + 1,
        "two-segments": FIRST + NEXT,
        "two-segments-and-a-byte": FIRST + NEXT + 1,
        "three-segments": THREE,
    }
    vectors = {name: blob_vector(f"a whole blob of {size} bytes", size) for name, size in sizes.items()}
    return vectors | {"wrapped-key": key_vector("a data key as it was wrapped")}


def rejected() -> dict[str, dict[str, Any]]:
    whole = 40 + THREE + 48
    other = {"size": THREE, "key": KEY, "salt": "a2" * 32, "prefix": "b1" * 7, "associated_data": DATA}
    cuts = [
        0,
        1,
        39,
        40,
        55,
        56,
        MIB - 1,
        MIB,
        MIB + 1,
        MIB + 16,
        MIB + 17,
        2 * MIB - 1,
        2 * MIB,
        2 * MIB + 16,
        whole - 1,
    ]
    vectors = {
        f"cut-at-{length}": blob_vector("bytes are missing at the end", THREE, [["cut", length]]) for length in cuts
    }
    flips = {
        "length": 0,
        "salt": 1,
        "prefix": 33,
        "first": 40,
        "first-tag": MIB - 1,
        "middle": MIB,
        "last-tag": whole - 1,
    }
    for name, offset in flips.items():
        vectors[f"flip-{name}"] = blob_vector("one bit is changed", THREE, [["flip", offset, 1]])
    for order in ([1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 2], [1, 2]):
        name = "order-" + "-".join(map(str, order))
        vectors[name] = blob_vector("segments reordered, repeated or left out", THREE, [["order", order]])
    for name, size, extra in (
        ("empty", 0, "00"),
        ("empty-tag", 0, "00" * 16),
        ("one-segment", FIRST, "00" * 17),
        ("three-segments", THREE, "00"),
    ):
        vectors[f"trailing-{name}"] = blob_vector("bytes were appended", size, [["append", extra]])
    other_data = f"edms.blob.v1|{OTHER_ID}|original"
    return vectors | {
        "graft": blob_vector("segments of another blob under the same key", THREE, [["graft", MIB, other]]),
        "wrong-key": blob_vector("another data key", 100, key=OTHER_KEY),
        "swapped-blob": blob_vector("the blob of another id", 100, associated_data=other_data),
        "swapped-purpose": blob_vector(
            "the blob of another purpose", 100, associated_data=DATA.replace("original", "text")
        ),
        "empty-data": blob_vector("no associated data", 0, associated_data=""),
        "wrapped-key-swapped": key_vector("the wrapped key of another blob", blob_id=OTHER_ID),
        "wrapped-key-purpose": key_vector("the wrapped key of another purpose", purpose="text"),
        "wrapped-key-epoch": key_vector("another epoch is claimed", epoch=4),
        "wrapped-key-id": key_vector("another key id is claimed", key_id="fedcba9876543210"),
        "wrapped-key-kek": key_vector("another key-encryption key", kek="0f" * 32),
        "wrapped-key-version": key_vector("an unknown version of the envelope", flip=0),
        "wrapped-key-nonce": key_vector("one bit of the nonce is changed", flip=1),
        "wrapped-key-tag": key_vector("one bit of the tag is changed", flip=60),
        "wrapped-key-cut": key_vector("bytes are missing", cut=60),
        "wrapped-key-empty": key_vector("nothing is there", cut=0),
        "wrapped-key-short": key_vector("only the version is there", cut=1),
    }


def main() -> None:
    for folder, vectors in (("accept", accepted()), ("reject", rejected())):
        (HERE / folder).mkdir(exist_ok=True)
        for name, vector in vectors.items():
            (HERE / folder / f"{name}.json").write_text(json.dumps(vector, indent=2) + "\n")


if __name__ == "__main__":
    main()
