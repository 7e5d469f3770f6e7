"""The `transit` key provider: a key server (OpenBao, Vault) wraps and unwraps; the keys never leave it.

Versions of the server's key are our epochs. What is stored has the envelope of the `file` provider: the server's
ciphertext `vault:vN:BASE64` without its prefix, since `N` is the epoch (docs/formats/vault.md, section 5).
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from edms.core.errors import ConfigurationError, IntegrityFault, KeyUnavailable
from edms.vault.key_files import ProviderFile, create_provider_file, read_provider_file
from edms.vault.keys import WRAP_VERSION, WrappedKey, Wrapping, checked_destruction, wrap_context
from edms.vault.transit_client import ServerRefusal, TransitClient

KEY_TYPE = "aes256-gcm96"
_CIPHERTEXT = re.compile(r"vault:v(\d+):([A-Za-z0-9+/]+=*)")
_GONE = ("too old", "too new", "key not found", "no key found")


@dataclass(frozen=True)
class _Versions:
    oldest: int
    current: int


class TransitKeyProvider:
    """A KeyProvider on one named key of a transit engine at `mount`."""

    def __init__(self, client: TransitClient, mount: str, name: str, key_id: str) -> None:
        self._client, self._mount, self._name, self._key_id = client, mount, name, key_id
        self._versions = _Versions(1, 1)

    @classmethod
    def create(cls, folder: Path, client: TransitClient, mount: str, name: str) -> Self:
        """Make the server's key when it has none of that name, then `provider.json`. Raises ConfigurationError."""
        provider = cls(client, mount, name, secrets.token_hex(8))
        client.call(f"{mount}/keys/{name}", {"type": KEY_TYPE, "exportable": False, "derived": False})
        provider.refresh()
        create_provider_file(folder, ProviderFile(provider="transit", key_id=provider.key_id, name=name))
        return provider

    @classmethod
    def open(cls, folder: Path, client: TransitClient, mount: str) -> Self:
        """Open the key that `provider.json` names. Raises KeyUnavailable."""
        file = read_provider_file(folder, "transit")
        provider = cls(client, mount, file.name, file.key_id)
        provider.refresh()
        return provider

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def epoch(self) -> int:
        return self._versions.current

    def epochs(self) -> tuple[int, ...]:
        return tuple(range(self._versions.oldest, self._versions.current + 1))

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        return self._wrap_all([(data_key, associated_data)])[0]

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        return self._unwrap_all([Wrapping(WrappedKey(key_id, epoch, wrapped), associated_data)])[0]

    def rewrap(self, wrappings: Sequence[Wrapping]) -> list[WrappedKey]:
        # Not the server's own rewrap: it takes no associated data, and ours name the epoch.
        keys = self._unwrap_all(wrappings)
        return self._wrap_all([(key, one.associated_data) for key, one in zip(keys, wrappings, strict=True)])

    def refresh(self) -> None:
        try:
            found = self._client.call(f"{self._mount}/keys/{self._name}")
            self._versions = _Versions(
                max(int(found["min_decryption_version"]), int(found["min_available_version"]), 1),
                int(found["latest_version"]),
            )
            kind, exportable = found["type"], found["exportable"] or found["allow_plaintext_backup"]
        except ServerRefusal:
            raise KeyUnavailable(f"the key server has no key {self._name}") from None
        except (KeyError, ValueError, TypeError):
            raise KeyUnavailable("the key server's answer about its key is not understood") from None
        if kind != KEY_TYPE or exportable:
            raise ConfigurationError(
                f"the server's key {self._name} must be of type {KEY_TYPE}, not exportable, without plaintext backup"
            )

    def new_epoch(self, after: int, now: datetime) -> int:
        self.refresh()
        if self.epoch <= after:
            self._told(lambda: self._client.call(f"{self._mount}/keys/{self._name}/rotate", {}, repeatable=False))
            self.refresh()
        return self.epoch

    def destroy_before(self, epoch: int) -> None:
        self.refresh()
        checked_destruction(epoch, self.epoch)
        key = f"{self._mount}/keys/{self._name}"
        limits = {"min_decryption_version": epoch, "min_encryption_version": epoch}
        self._told(lambda: self._client.call(f"{key}/config", limits))
        # Only the trim removes the old versions from the server's storage; before it they could be allowed again.
        self._told(lambda: self._client.call(f"{key}/trim", {"min_available_version": epoch}))
        self.refresh()

    def _wrap_all(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        epoch = self.epoch
        items = [
            {"plaintext": _text(key), "associated_data": self._bound(epoch, data), "key_version": epoch}
            for key, data in keys
        ]
        try:
            results = self._batch("encrypt", items)
        except ServerRefusal as refusal:
            raise KeyUnavailable(f"the key server does not wrap: {refusal}") from None
        return [WrappedKey(self._key_id, epoch, self._envelope(result, epoch)) for result in results]

    def _unwrap_all(self, wrappings: Sequence[Wrapping]) -> list[bytes]:
        items = [
            {
                "ciphertext": self._ciphertext(one.key),
                "associated_data": self._bound(one.key.epoch, one.associated_data),
            }
            for one in wrappings
        ]
        try:
            results = self._batch("decrypt", items)
        except ServerRefusal as refusal:
            raise _fault("; ".join(refusal.errors)) from None
        return [self._plaintext(result) for result in results]

    def _batch(self, act: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = self._client.call(f"{self._mount}/{act}/{self._name}", {"batch_input": items})
        results = answer.get("batch_results")
        if not isinstance(results, list) or len(results) != len(items):
            raise KeyUnavailable("the key server's answer is not understood")
        return results

    def _bound(self, epoch: int, associated_data: bytes) -> str:
        return _text(wrap_context(self._key_id, epoch) + b"|" + associated_data)

    def _ciphertext(self, key: WrappedKey) -> str:
        if key.key_id != self._key_id:
            raise KeyUnavailable(f"the key {key.key_id} is needed and {self._key_id} is here")
        if key.epoch > self.epoch:
            self.refresh()
        if not self._versions.oldest <= key.epoch <= self.epoch:
            raise KeyUnavailable(f"version {key.epoch} of the key {self._name} was destroyed or is not on the server")
        if key.wrapped[:1] != WRAP_VERSION:
            raise IntegrityFault("the wrapped key has an unknown version", "it may come from a newer release")
        return f"vault:v{key.epoch}:{_text(key.wrapped[1:])}"

    def _envelope(self, result: dict[str, Any], epoch: int) -> bytes:
        found = _CIPHERTEXT.fullmatch(str(result.get("ciphertext", "")))
        if found is None or int(found[1]) != epoch:
            raise KeyUnavailable(f"the key server does not wrap: {result.get('error', 'unknown answer')}")
        return WRAP_VERSION + base64.b64decode(found[2], validate=True)

    @staticmethod
    def _plaintext(result: dict[str, Any]) -> bytes:
        if "plaintext" not in result or result.get("error"):
            raise _fault(str(result.get("error", "unknown answer")))
        try:
            return base64.b64decode(str(result["plaintext"]), validate=True)
        except binascii.Error:
            raise KeyUnavailable("the key server's answer is not understood") from None

    @staticmethod
    def _told(call: Callable[[], object]) -> None:
        try:
            call()
        except ServerRefusal as refusal:
            raise KeyUnavailable(f"the key server refused: {refusal}") from None


def _fault(said: str) -> IntegrityFault | KeyUnavailable:
    """Tell from the server's words whether the key is gone or the bytes are not what it made."""
    if any(word in said for word in _GONE):
        return KeyUnavailable(f"the key server cannot open it: {said[:200]}")
    return IntegrityFault("the wrapped key is not authentic: altered, or it belongs to something else")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
