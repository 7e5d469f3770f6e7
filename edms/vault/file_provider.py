"""The `file` key provider: the key-encryption key in a private JSON file (docs/formats/key-ring.md).

The key may lie in the file as it is, for a machine whose disk and account are trusted, or wrapped by a passphrase.
"""

import os
import secrets
import stat
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError, IntegrityFault, KeyUnavailable
from edms.vault.file_operations import PRIVATE_FILE, PRIVATE_FOLDER, folder_lock, make_private_folder
from edms.vault.key_files import RESTORE, Base64, KeyFilePart, decode, encode, read_key_file, write_key_file
from edms.vault.keys import KEK_BYTES, NONCE_BYTES, WrappedKey, unwrap_with, wrap_context, wrap_with

KEY_FILE = "kek.json"
SALT_BYTES = 16


class _NoDerivation(KeyFilePart):
    name: Literal["none"] = "none"


class _Argon2id(KeyFilePart):
    """RFC 9106, second recommended choice. The bounds keep a tampered file from asking for all memory."""

    name: Literal["argon2id"] = "argon2id"
    salt: Base64
    time_cost: int = Field(3, ge=1, le=20)
    memory_kib: int = Field(65536, ge=8192, le=1024 * 1024)
    parallelism: int = Field(4, ge=1, le=16)


class _Epoch(KeyFilePart):
    epoch: int = Field(ge=1)
    created_at: datetime
    key: Base64


class _KeyFile(KeyFilePart):
    format: Literal["edms-kek"] = "edms-kek"
    version: Literal[1] = 1
    key_id: str = Field(pattern="^[0-9a-z-]{1,64}$")
    current: int = Field(ge=1)
    kdf: Annotated[_NoDerivation | _Argon2id, Field(discriminator="name")]
    epochs: tuple[_Epoch, ...] = Field(min_length=1)


class FileKeyProvider:
    """A KeyProvider whose key-encryption keys were read from a file. It does not change once it is open."""

    def __init__(self, key_id: str, current: int, keks: dict[int, bytes]) -> None:
        self._key_id = key_id
        self._epoch = current
        self._keks = {epoch: AESGCM(kek) for epoch, kek in keks.items()}

    @classmethod
    def create(cls, folder: Path, clock: Clock, passphrase: bytes | None = None) -> Self:
        """Make a new key file in `folder` (made when missing), durably, and open it.

        Raises ConfigurationError when there is one already: a key file is never overwritten.
        """
        make_private_folder(folder)
        key_id, kek = secrets.token_hex(8), AESGCM.generate_key(256)
        kdf: _NoDerivation | _Argon2id = _NoDerivation()
        stored = kek
        if passphrase is not None:
            kdf = _Argon2id(salt=encode(os.urandom(SALT_BYTES)))
            stored = _lock(kek, _passphrase_key(kdf, passphrase), key_id, 1)
        content = _KeyFile(
            key_id=key_id,
            current=1,
            kdf=kdf,
            epochs=(_Epoch(epoch=1, created_at=clock.now(), key=encode(stored)),),
        )
        with folder_lock(folder):
            if os.path.lexists(folder / KEY_FILE):
                raise ConfigurationError(f"{folder / KEY_FILE} is there already", "a key file is never overwritten")
            write_key_file(folder / KEY_FILE, content)
        return cls(key_id, 1, {1: kek})

    @classmethod
    def open(cls, folder: Path, passphrase: bytes | None = None) -> Self:
        """Read the key file. Raises KeyUnavailable (missing, locked, wrong passphrase), IntegrityFault (damaged)."""
        file = _read(folder)
        opening: bytes | None = None
        if isinstance(file.kdf, _Argon2id):
            if passphrase is None:
                raise KeyUnavailable(f"the key file {folder / KEY_FILE} is locked", "give its passphrase")
            opening = _passphrase_key(file.kdf, passphrase)
        keks = {}
        for entry in file.epochs:
            stored = decode(entry.key)
            keks[entry.epoch] = _unlock(stored, opening, file.key_id, entry.epoch) if opening else stored
        if file.current not in keks or any(len(kek) != KEK_BYTES for kek in keks.values()):
            raise IntegrityFault(f"the key file {folder / KEY_FILE} is damaged", RESTORE)
        return cls(file.key_id, file.current, keks)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def epoch(self) -> int:
        return self._epoch

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        context = wrap_context(self._key_id, self._epoch)
        wrapped = wrap_with(self._keks[self._epoch], context, data_key, associated_data)
        return WrappedKey(self._key_id, self._epoch, wrapped)

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        if key_id != self._key_id:
            raise KeyUnavailable(
                f"the key {key_id} is needed and {self._key_id} is here", "put the right key file in its place"
            )
        kek = self._keks.get(epoch)
        if kek is None:
            raise KeyUnavailable(f"epoch {epoch} of the key {key_id} was destroyed or is not in the key file")
        return unwrap_with(kek, wrap_context(key_id, epoch), wrapped, associated_data)


def is_locked(folder: Path) -> bool:
    """Say whether the key file asks for a passphrase; raises like `FileKeyProvider.open`."""
    return isinstance(_read(folder).kdf, _Argon2id)


def permission_findings(folder: Path) -> list[str]:
    """Return what is wrong with the permissions of a key folder and everything in it; empty when all is well."""
    if not folder.is_dir():
        return [f"the key folder {folder} is missing"]
    findings = []
    for path in (folder, *sorted(folder.rglob("*"))):
        found = path.lstat()
        wanted = PRIVATE_FOLDER if stat.S_ISDIR(found.st_mode) else PRIVATE_FILE
        if stat.S_ISLNK(found.st_mode):
            findings.append(f"{path} is a symbolic link; keys must lie in the folder itself")
            continue
        if stat.S_IMODE(found.st_mode) & ~wanted:
            findings.append(
                f"{path} has mode {stat.S_IMODE(found.st_mode):04o}, others may reach it: run chmod {wanted:04o} {path}"
            )
        if found.st_uid not in (os.geteuid(), 0):
            findings.append(f"{path} belongs to user {found.st_uid}, not to the one the archive runs as")
    return findings


def _read(folder: Path) -> _KeyFile:
    return read_key_file(folder / KEY_FILE, _KeyFile, "the key file")


def _passphrase_key(kdf: _Argon2id, passphrase: bytes) -> bytes:
    return hash_secret_raw(
        passphrase, decode(kdf.salt), kdf.time_cost, kdf.memory_kib, kdf.parallelism, KEK_BYTES, Type.ID
    )


def _file_data(key_id: str, epoch: int) -> bytes:
    return f"edms.kek.v1|{key_id}|{epoch}".encode("ascii")


def _lock(kek: bytes, opening: bytes, key_id: str, epoch: int) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(opening).encrypt(nonce, kek, _file_data(key_id, epoch))


def _unlock(stored: bytes, opening: bytes, key_id: str, epoch: int) -> bytes:
    try:
        return AESGCM(opening).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], _file_data(key_id, epoch))
    except (InvalidTag, ValueError):
        raise KeyUnavailable(
            "the passphrase is wrong, or the key file was altered", "try the passphrase again"
        ) from None
