"""Who wraps the data keys: the KeyProvider contract, and the envelope that the AES-GCM providers share."""

import os
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edms.core.errors import IntegrityFault

KEK_BYTES = 32
NONCE_BYTES = 12
WRAP_VERSION = b"\x01"


@dataclass(frozen=True)
class WrappedKey:
    """A data key that only the named key-encryption key, in that epoch, can unwrap."""

    key_id: str
    epoch: int
    wrapped: bytes


class KeyProvider(Protocol):
    """Wraps and unwraps 32-byte data keys. One contract suite runs against every implementation.

    Two wrappings of one key MUST differ. The associated data, the key id and the epoch MUST be authenticated.
    No method may log, store or return the key-encryption key itself.
    """

    @property
    def key_id(self) -> str:
        """The identity of the key-encryption key: 1 to 64 of a-z, 0-9 and `-`."""

    @property
    def epoch(self) -> int:
        """The epoch in which new keys are wrapped; it only grows."""

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        """Wrap under the current epoch. MUST raise KeyUnavailable when the provider cannot do it now."""

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        """Return the data key.

        MUST raise KeyUnavailable when that key or epoch is not to be had, and IntegrityFault when the wrapped bytes
        are not exactly what `wrap` made for this associated data.
        """


def wrap_with(kek: AESGCM, context: bytes, data_key: bytes, associated_data: bytes) -> bytes:
    """Return version || nonce || AES-256-GCM ciphertext and tag; `context` names the key and its epoch."""
    nonce = os.urandom(NONCE_BYTES)
    return WRAP_VERSION + nonce + kek.encrypt(nonce, data_key, _bound(context, associated_data))


def unwrap_with(kek: AESGCM, context: bytes, wrapped: bytes, associated_data: bytes) -> bytes:
    """Undo `wrap_with`; raises IntegrityFault."""
    if wrapped[:1] != WRAP_VERSION:
        raise IntegrityFault("the wrapped key has an unknown version", "it may come from a newer release")
    nonce, sealed = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
    try:
        return kek.decrypt(nonce, sealed, _bound(context, associated_data))
    except (InvalidTag, ValueError):
        raise IntegrityFault("the wrapped key is not authentic: altered, or it belongs to something else") from None


def wrap_context(key_id: str, epoch: int) -> bytes:
    """Return the associated data that names a key-encryption key."""
    return f"edms.wrap.v1|{key_id}|{epoch}".encode("ascii")


def _bound(context: bytes, associated_data: bytes) -> bytes:
    # The context has no second separator after its epoch, so no two pairs give the same bytes.
    return context + b"|" + associated_data
