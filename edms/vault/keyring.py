"""The key ring: named secrets, each in its own file, each under a key that the KeyProvider wraps.

It holds what the archive needs besides blobs: the database key, the index key, signing seeds. See
docs/formats/key-ring.md.
"""

import os
import re
import secrets
from collections import Counter
from pathlib import Path
from typing import Literal, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError, IntegrityFault
from edms.vault.file_operations import folder_lock, make_private_folder, storage_faults
from edms.vault.file_provider import KEY_FILE, FileKeyProvider
from edms.vault.key_files import (
    PROVIDER_FILE,
    RESTORE,
    Base64,
    KeyFilePart,
    decode,
    encode,
    read_key_file,
    write_key_file,
)
from edms.vault.keys import NONCE_BYTES, KeyProvider, WrappedKey, Wrapping

SECRETS_FOLDER = "secrets"
MAX_SECRET_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,47}")


class _SecretFile(KeyFilePart):
    format: Literal["edms-secret"] = "edms-secret"
    version: Literal[1] = 1
    name: str
    key_id: str
    epoch: int = Field(ge=1)
    wrapped_key: Base64
    value: Base64


class KeyRing:
    """Named secrets below `folder`, opened by `keys`. A secret is written once and never overwritten."""

    def __init__(self, folder: Path, keys: KeyProvider) -> None:
        self._folder = folder / SECRETS_FOLDER
        self._keys = keys

    @classmethod
    def create(cls, folder: Path, clock: Clock, passphrase: bytes | None = None) -> Self:
        """Make a new ring with a `file` key provider. Raises ConfigurationError when there is one already."""
        keys = FileKeyProvider.create(folder, clock, passphrase)
        make_private_folder(folder / SECRETS_FOLDER)
        return cls(folder, keys)

    @classmethod
    def open(cls, folder: Path, passphrase: bytes | None = None) -> Self:
        """Open a ring with a `file` key provider; raises KeyUnavailable or IntegrityFault."""
        return cls(folder, FileKeyProvider.open(folder, passphrase))

    @staticmethod
    def exists(folder: Path) -> bool:
        """Say whether a key folder was made here, whichever provider holds the key."""
        return (folder / KEY_FILE).is_file() or (folder / PROVIDER_FILE).is_file()

    @property
    def keys(self) -> KeyProvider:
        """The provider that wraps the blobs' keys too."""
        return self._keys

    def names(self) -> list[str]:
        """Return the names of all secrets, sorted."""
        with storage_faults("cannot read the key ring"):
            found = os.listdir(self._folder) if self._folder.is_dir() else []  # noqa: PTH208
        stems = [name.removesuffix(".json") for name in found if name.endswith(".json")]
        return sorted(stem for stem in stems if _NAME.fullmatch(stem))

    def add(self, name: str, value: bytes) -> None:
        """Seal a new secret, durably. Raises ConfigurationError when the name is taken."""
        path = self._path(name)
        if len(value) > MAX_SECRET_BYTES:
            raise ValueError(f"a secret has at most {MAX_SECRET_BYTES} bytes")
        data_key, nonce = AESGCM.generate_key(256), os.urandom(NONCE_BYTES)
        wrapped = self._keys.wrap(data_key, _associated_data("secret-key", name))
        content = _SecretFile(
            name=name,
            key_id=wrapped.key_id,
            epoch=wrapped.epoch,
            wrapped_key=encode(wrapped.wrapped),
            value=encode(nonce + AESGCM(data_key).encrypt(nonce, value, _associated_data("secret", name))),
        )
        make_private_folder(self._folder)
        with folder_lock(self._folder):
            if os.path.lexists(path):
                raise ConfigurationError(f"the key ring has a secret {name} already", "a secret is never overwritten")
            write_key_file(path, content)

    def add_random(self, name: str, size: int = 32) -> None:
        """Seal a new secret of `size` random bytes."""
        self.add(name, secrets.token_bytes(size))

    def secret(self, name: str) -> bytes:
        """Return a secret. Raises KeyUnavailable when it is missing, IntegrityFault when its file was altered."""
        file = self._read(name)
        data_key = self._keys.unwrap(
            file.key_id, file.epoch, decode(file.wrapped_key), _associated_data("secret-key", name)
        )
        sealed = decode(file.value)
        try:
            return AESGCM(data_key).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _associated_data("secret", name)
            )
        except (InvalidTag, ValueError):
            raise IntegrityFault(f"the secret {name} of the key ring was altered", RESTORE) from None

    def epochs(self) -> dict[int, int]:
        """Return how many secrets each epoch wraps."""
        return dict(Counter(self._read(name).epoch for name in self.names()))

    def rewrap(self) -> int:
        """Wrap the key of each secret under the current epoch; return how many were not. Safe to repeat.

        The secrets stay what they are; the bytes of the old files are overwritten.
        """
        changed = 0
        for name in self.names():
            with folder_lock(self._folder):
                file = self._read(name, locked=True)
                if (file.key_id, file.epoch) == (self._keys.key_id, self._keys.epoch):
                    continue
                old = WrappedKey(file.key_id, file.epoch, decode(file.wrapped_key))
                new = self._keys.rewrap([Wrapping(old, _associated_data("secret-key", name))])[0]
                update = {"key_id": new.key_id, "epoch": new.epoch, "wrapped_key": encode(new.wrapped)}
                write_key_file(self._path(name), file.model_copy(update=update), replace=True)
                changed += 1
        return changed

    def _read(self, name: str, *, locked: bool = False) -> _SecretFile:
        return read_key_file(self._path(name), _SecretFile, f"the secret {name} of the key ring", locked=locked)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a secret's name is up to 48 of a-z, 0-9 and -")
        return self._folder / f"{name}.json"


def _associated_data(kind: str, name: str) -> bytes:
    return f"edms.{kind}.v1|{name}".encode("ascii")
