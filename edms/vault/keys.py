"""Who wraps the data keys: the KeyProvider contract, and the envelope that the AES-GCM providers share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True)
class Wrapping:
    """A wrapped key with the associated data that it was made for: what is needed to wrap it anew."""

    key: WrappedKey
    associated_data: bytes


class KeyProvider(Protocol):
    """Wraps and unwraps 32-byte data keys. One contract suite runs against every implementation.

    Two wrappings of one key MUST differ. The associated data, the key id and the epoch MUST be authenticated.
    No method may log, store or return the key-encryption key itself, and no error may show key, PIN or token.
    """

    @property
    def key_id(self) -> str:
        """The identity of the key-encryption key: 1 to 64 of a-z, 0-9 and `-`."""

    @property
    def epoch(self) -> int:
        """The epoch in which new keys are wrapped, as this process knows it; it only grows."""

    def epochs(self) -> tuple[int, ...]:
        """The epochs that can be unwrapped, ascending, as this process knows them."""

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        """Wrap under the current epoch. MUST raise KeyUnavailable when the provider cannot do it now."""

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        """Return the data key.

        MUST find an epoch that another process has made since. MUST raise KeyUnavailable when that key or epoch is
        not to be had, and IntegrityFault when the wrapped bytes are not exactly what `wrap` made for this associated
        data.
        """

    def rewrap(self, wrappings: Sequence[Wrapping]) -> list[WrappedKey]:
        """Return the same data keys wrapped under the current epoch, in order. MUST raise like `unwrap`."""

    def refresh(self) -> None:
        """Learn which epochs other processes have made or destroyed."""

    def new_epoch(self, after: int, now: datetime) -> int:
        """Make a fresh key-encryption key the current one; return its epoch. Older ones stay.

        MUST be durable on return. MUST make none when the current epoch is greater than `after` already, so that an
        interrupted call can be repeated.
        """

    def destroy_before(self, epoch: int) -> None:
        """Destroy every key-encryption key older than `epoch`, durably. MUST succeed when there are none left.

        MUST refuse (ValueError) to destroy the current one.
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


def checked_destruction(epoch: int, current: int) -> None:
    """Raise ValueError when destroying everything before `epoch` would destroy the current key."""
    if epoch > current:
        raise ValueError(f"epoch {current} is the current one and is not destroyed")


def rewrap_one_by_one(keys: KeyProvider, wrappings: Sequence[Wrapping]) -> list[WrappedKey]:
    """`KeyProvider.rewrap` for a provider to which one key at a time is no slower than many."""
    return [
        keys.wrap(keys.unwrap(one.key.key_id, one.key.epoch, one.key.wrapped, one.associated_data), one.associated_data)
        for one in wrappings
    ]
