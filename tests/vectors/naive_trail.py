"""The audit trail of docs/formats/audit.md a second time, naively: for the makers of vectors that show parts of it.

Its trees are held against roots that the reference implementation publishes by `audit/make_vectors.py`.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "edms/arsip-kota"


def canonical(told: Any) -> bytes:
    """RFC 8785 for what stands in here: texts, whole numbers, lists and objects of ASCII names."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def split(leaves: list[bytes]) -> int:
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return k


def root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    k = split(leaves)
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(leaves)
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def key_of(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def pem_of(seed: bytes) -> str:
    return key_of(seed).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def note(size: int, tree: bytes, seed: bytes) -> str:
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(tree).decode()}\n"
    public = key_of(seed).public_key().public_bytes_raw()
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    return f"{text}\n\u2014 {ORIGIN} {base64.b64encode(key_id + key_of(seed).sign(text.encode())).decode()}\n"


def proven(events: Sequence[dict[str, Any]], named: Iterable[int], seed: bytes) -> dict[str, Any]:
    """The part of a certificate that leads from the leaves at these places to a signed checkpoint over all events."""
    leaves = [canonical(event) for event in events]
    return {
        "leaves": [{"index": index, "leaf": leaves[index].decode(),
                    "proof": [step.hex() for step in path(index, leaves)]} for index in sorted(named)],
        "size": len(leaves), "checkpoint": note(len(leaves), root(leaves), seed), "keys": pem_of(seed),
    }  # fmt: skip
