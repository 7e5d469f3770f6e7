"""The `pkcs11` key provider: the key-encryption keys are made in a token and never leave it (docs/formats/key-ring.md).

Every epoch is one AES-256 key of the token, labelled with the key id, its `CKA_ID` the epoch (4 bytes). What the token
offers decides how a data key is wrapped: AES-GCM, or AES key wrap (RFC 3394 / RFC 5649) for tokens without it.
"""

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pkcs11
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from edms.core.errors import ConfigurationError, IntegrityFault, KeyUnavailable
from edms.vault.key_files import ProviderFile, create_provider_file, read_provider_file
from edms.vault.keys import (
    KEK_BYTES,
    NONCE_BYTES,
    WRAP_VERSION,
    WrappedKey,
    Wrapping,
    checked_destruction,
    rewrap_one_by_one,
    wrap_context,
)

KEY_WRAP_VERSION = b"\x02"
TAG_BYTES = 16
_TROUBLE = (pkcs11.exceptions.PKCS11Error, RuntimeError, OSError)
_SESSION_LOST = (
    pkcs11.exceptions.ObjectHandleInvalid,
    pkcs11.exceptions.KeyHandleInvalid,
    pkcs11.exceptions.SessionHandleInvalid,
    pkcs11.exceptions.SessionClosed,
    pkcs11.exceptions.DeviceRemoved,
    pkcs11.exceptions.TokenNotPresent,
    pkcs11.exceptions.UserNotLoggedIn,
)
_WRAP_MECHANISMS = (Mechanism.AES_KEY_WRAP_PAD, Mechanism.AES_KEY_WRAP)


class Pkcs11KeyProvider:
    """A KeyProvider on one token. Its calls take turns: a PKCS #11 session does one thing at a time."""

    def __init__(self, module: str, token: str, pin: Callable[[], bytes], key_id: str, wrapping: str = "auto") -> None:
        self._module, self._token, self._pin, self._wrapping = module, token, pin, wrapping
        self._key_id = key_id
        self._turn = threading.RLock()
        self._session: Any = None
        self._keks: dict[int, Any] = {}

    @classmethod
    def create(cls, folder: Path, module: str, token: str, pin: Callable[[], bytes], wrapping: str = "auto") -> Self:
        """Make the first key in the token, then `provider.json` in `folder`; raises like `open`."""
        provider = cls(module, token, pin, secrets.token_hex(8), wrapping)
        provider._make_key(1)
        create_provider_file(folder, ProviderFile(provider="pkcs11", key_id=provider.key_id, name=token))
        provider.refresh()
        return provider

    @classmethod
    def open(cls, folder: Path, module: str, pin: Callable[[], bytes], wrapping: str = "auto") -> Self:
        """Open the token that `provider.json` names. Raises KeyUnavailable (no token, no key, wrong PIN)."""
        file = read_provider_file(folder, "pkcs11")
        provider = cls(module, file.name, pin, file.key_id, wrapping)
        provider.refresh()
        return provider

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def epoch(self) -> int:
        return max(self._keks)

    def epochs(self) -> tuple[int, ...]:
        return tuple(sorted(self._keks))

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        with self._at_token():
            epoch = self.epoch
            bound = wrap_context(self._key_id, epoch) + b"|" + associated_data
            wrapped = self._again_after_loss(epoch, lambda kek: _wrap(self._session, kek, data_key, bound))
        return WrappedKey(self._key_id, epoch, wrapped)

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        if key_id != self._key_id:
            raise KeyUnavailable(f"the key {key_id} is needed and {self._key_id} is in the token")
        bound = wrap_context(key_id, epoch) + b"|" + associated_data
        with self._at_token():
            if epoch not in self._keks:
                self.refresh()
            try:
                return self._again_after_loss(epoch, lambda kek: _unwrap(kek, wrapped, bound))
            except _NotAuthentic:
                # Tokens answer "general error" to forged bytes and to trouble of their own: a probe tells them apart.
                self._probe(epoch)
                raise IntegrityFault(
                    "the wrapped key is not authentic: altered, or it belongs to something else"
                ) from None

    def rewrap(self, wrappings: Sequence[Wrapping]) -> list[WrappedKey]:
        return rewrap_one_by_one(self, wrappings)

    def refresh(self) -> None:
        with self._at_token():
            found = self._find()
            if not found:
                self._reconnect()
                found = self._find()
            if not found:
                raise KeyUnavailable(f"the token {self._token} has no key {self._key_id}", "is it the right token?")
            self._keks = found

    def new_epoch(self, after: int, now: datetime) -> int:
        with self._at_token():
            self.refresh()
            if self.epoch <= after:
                self._make_key(self.epoch + 1)
                self.refresh()
            return self.epoch

    def destroy_before(self, epoch: int) -> None:
        with self._at_token():
            self.refresh()
            checked_destruction(epoch, self.epoch)
            for number in [number for number in self._keks if number < epoch]:
                self._keks.pop(number).destroy()
            self.refresh()
            if min(self._keks) < epoch:
                raise KeyUnavailable("the token still has keys that it was told to destroy", "look at its own tools")

    @contextmanager
    def _at_token(self) -> Iterator[None]:
        """Take a turn; what the token cannot do is said without any value of PIN or key."""
        with self._turn:
            try:
                if self._session is None:
                    self._connect()
                yield
            except pkcs11.exceptions.PinIncorrect:
                raise KeyUnavailable(f"the PIN of the token {self._token} is wrong") from None
            except pkcs11.exceptions.PinLocked:
                raise KeyUnavailable(
                    f"the PIN of the token {self._token} is locked", "unlock it as its security officer"
                ) from None
            except _TROUBLE as fault:
                self._session = None
                raise KeyUnavailable(
                    f"the token {self._token} does not answer: {type(fault).__name__}", "is it plugged in and set up?"
                ) from None

    def _connect(self) -> None:
        library = pkcs11.lib(self._module)
        try:
            token = library.get_token(token_label=self._token)
        except _TROUBLE:
            # A library learns of tokens that were put in or taken out only when it begins anew.
            library.reinitialize()
            token = library.get_token(token_label=self._token)
        try:
            self._session = token.open(rw=True, user_pin=self._pin().decode())
        except pkcs11.exceptions.UserAlreadyLoggedIn:
            # One sign-in counts for the whole process: somebody else here, such as a signer, was first.
            self._session = token.open(rw=True)

    def _reconnect(self) -> None:
        """Begin anew with the token. The lost session is not closed: closing signs the whole process out."""
        self._session = None
        pkcs11.lib(self._module).reinitialize()
        self._connect()

    def _again_after_loss(self, epoch: int, work: Callable[[Any], bytes]) -> bytes:
        try:
            return work(self._kek(epoch))
        except _SESSION_LOST:
            self._reconnect()
            self.refresh()
            return work(self._kek(epoch))

    def _kek(self, epoch: int) -> Any:
        kek = self._keks.get(epoch)
        if kek is None:
            raise KeyUnavailable(f"epoch {epoch} of the key {self._key_id} was destroyed or is not in the token")
        return kek

    def _probe(self, epoch: int) -> None:
        sample, kek = os.urandom(KEK_BYTES), self._kek(epoch)
        if _unwrap(kek, _wrap(self._session, kek, sample, b"probe"), b"probe") != sample:
            raise KeyUnavailable(f"the token {self._token} does not give back what it wrapped")

    def _find(self) -> dict[int, Any]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._key_id}
        return {int.from_bytes(key.id, "big"): key for key in self._session.get_objects(wanted)}

    def _make_key(self, epoch: int) -> None:
        with self._at_token():
            gcm = self._wrapping == "aes-gcm" or (self._wrapping == "auto" and self._offers(Mechanism.AES_GCM))
            if not gcm and not any(self._offers(mechanism) for mechanism in _WRAP_MECHANISMS):
                raise ConfigurationError(f"the token {self._token} offers neither AES-GCM nor AES key wrap")
            self._session.generate_key(
                KeyType.AES,
                KEK_BYTES * 8,
                id=epoch.to_bytes(4, "big"),
                label=self._key_id,
                store=True,
                template={
                    Attribute.TOKEN: True,
                    Attribute.PRIVATE: True,
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.ENCRYPT: gcm,
                    Attribute.DECRYPT: gcm,
                    Attribute.WRAP: not gcm,
                    Attribute.UNWRAP: not gcm,
                    Attribute.SIGN: False,
                    Attribute.VERIFY: False,
                    Attribute.DERIVE: False,
                },
            )

    def _offers(self, mechanism: Mechanism) -> bool:
        return mechanism in self._session.token.slot.get_mechanisms()


class _NotAuthentic(Exception):
    """The token refused the bytes, or was not able to look at them."""


def _wrap(session: Any, kek: Any, data_key: bytes, bound: bytes) -> bytes:
    """Return 0x01 || nonce || GCM by the token; or 0x02 || nonce || GCM under a fresh key || that key, wrapped."""
    nonce = os.urandom(NONCE_BYTES)
    if kek[Attribute.ENCRYPT]:
        sealed = kek.encrypt(data_key, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, bound))
        return WRAP_VERSION + nonce + bytes(sealed)
    # Key wrap has no associated data; so the token wraps a key of this one wrapping, and that key binds them.
    single = AESGCM.generate_key(256)
    passing = session.create_object(_passing_key(single))
    try:
        wrapped = kek.wrap_key(passing, mechanism=_wrap_mechanism(kek))
    finally:
        passing.destroy()
    return KEY_WRAP_VERSION + nonce + AESGCM(single).encrypt(nonce, data_key, bound) + bytes(wrapped)


def _unwrap(kek: Any, wrapped: bytes, bound: bytes) -> bytes:
    version, nonce, rest = wrapped[:1], wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
    if version not in (WRAP_VERSION, KEY_WRAP_VERSION):
        raise IntegrityFault("the wrapped key has an unknown version", "it may come from a newer release")
    if kek[Attribute.DECRYPT] != (version == WRAP_VERSION):
        raise IntegrityFault("the wrapped key is not authentic: its key does not wrap in this way")
    middle = KEK_BYTES + TAG_BYTES
    if len(rest) < middle or (version == WRAP_VERSION and len(rest) != middle):
        raise IntegrityFault("the wrapped key is cut or extended")
    try:
        if version == WRAP_VERSION:
            return bytes(kek.decrypt(rest, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, bound)))
        passing = kek.unwrap_key(
            ObjectClass.SECRET_KEY,
            KeyType.AES,
            rest[middle:],
            mechanism=_wrap_mechanism(kek),
            store=False,
            template=_PASSING,
        )
        try:
            single = bytes(passing[Attribute.VALUE])
        finally:
            passing.destroy()
        return AESGCM(single).decrypt(nonce, rest[:middle], bound)
    except _SESSION_LOST:
        raise
    except (pkcs11.exceptions.PKCS11Error, InvalidTag, ValueError):
        raise _NotAuthentic from None


_PASSING = {Attribute.TOKEN: False, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}


def _passing_key(value: bytes) -> dict[Attribute, Any]:
    """The template of a key that lives in the session for one call and is no secret from us."""
    return {
        **_PASSING,
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.VALUE: value,
    }


def _wrap_mechanism(kek: Any) -> Mechanism:
    offered = kek.session.token.slot.get_mechanisms()
    return next(mechanism for mechanism in _WRAP_MECHANISMS if mechanism in offered)


def _gcm(nonce: bytes, bound: bytes) -> Any:
    return pkcs11.GCMParams(nonce, aad=bound, tag_bits=TAG_BYTES * 8)
