"""The rows of a segment are sealed: the server that keeps them sees sizes and numbers, no word and no title.

Each segment has a random key of its own, which stands wrapped under the key of the index in a table of its own. So
what a segment held is gone with one small row (REQUIREMENTS R50), whatever else the server keeps of its pages.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edms.search.errors import IndexDamaged

FORMAT: Final = "edms-index-postgresql/1"
KEY_BYTES: Final = 32
_NONCE: Final = 12


class SegmentSeal:
    """Seals the pieces of one segment, each once: a nonce is the piece's kind and number, the key is the segment's."""

    def __init__(self, key: bytes, place: str) -> None:
        self.key = key
        self._cipher = AESGCM(key)
        self._place = place

    def seal(self, kind: int, number: int, content: bytes) -> bytes:
        """Return AES-256-GCM of a piece; kind and number are bound by the nonce."""
        return self._cipher.encrypt(_nonce(kind, number), content, None)

    def open(self, kind: int, number: int, sealed: bytes) -> bytes:
        """Return the piece. Raises IndexDamaged when it is not the one that was sealed."""
        try:
            return self._cipher.decrypt(_nonce(kind, number), sealed, None)
        except (InvalidTag, ValueError):
            raise IndexDamaged(f"piece {self._place}/{kind}/{number} of the index is not authentic") from None


def _nonce(kind: int, number: int) -> bytes:
    return bytes([kind]) + number.to_bytes(_NONCE - 1, "big")


def new_seal(place: str) -> SegmentSeal:
    """Return the seal of a new segment, under a new key."""
    return SegmentSeal(os.urandom(KEY_BYTES), place)


def wrap(index_key: bytes, place: str, key: bytes) -> bytes:
    """Return a segment's key, sealed under the key of the index; `place` names generation and segment."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(index_key).encrypt(nonce, key, f"{FORMAT}|{place}".encode())


def unwrap(index_key: bytes, place: str, wrapped: bytes) -> SegmentSeal:
    """Return the seal of a segment. Raises IndexDamaged."""
    try:
        key = AESGCM(index_key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], f"{FORMAT}|{place}".encode())
        return SegmentSeal(key, place)
    except (InvalidTag, ValueError):
        raise IndexDamaged(f"the key of segment {place} of the index is not authentic") from None
