"""The `file` key provider: the key-encryption key in a private JSON file (docs/formats/key-ring.md).

The key may lie in the file as it is, for a machine whose disk and account are trusted, or wrapped by a passphrase.
"""

import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from edms.core.clock import Clock
from edms.core.errors import ConfigurationError, IntegrityFault, KeyUnavailable, Refused
from edms.vault.file_operations import PRIVATE_FILE, PRIVATE_FOLDER, folder_lock, make_private_folder
from edms.vault.key_files import RESTORE, Base64, KeyFilePart, decode, encode, read_key_file, write_key_file
from edms.vault.keys import (
    KEK_BYTES,
    NONCE_BYTES,
    WrappedKey,
    Wrapping,
    checked_destruction,
    rewrap_one_by_one,
    unwrap_with,
    wrap_context,
    wrap_with,
)

KEY_FILE = "kek.json"
SALT_BYTES = 16
FEWEST_PASSPHRASE_CHARACTERS = 12
_TIME_COST, _MEMORY_KIB, _LANES = 3, 65536, 4  # RFC 9106, section 4, second recommended choice


class WrongPassphrase(KeyUnavailable):
    """The passphrase does not open the key file."""

    def __init__(self) -> None:
        super().__init__("the passphrase is wrong, or the key file was altered", "try the passphrase again")


def checked_passphrase(passphrase: bytes) -> bytes:
    """Return a passphrase that is to be set; raises Refused when it is too short to withstand guessing."""
    if len(passphrase.decode("utf-8", "replace")) < FEWEST_PASSPHRASE_CHARACTERS:
        raise Refused(
            f"a passphrase has at least {FEWEST_PASSPHRASE_CHARACTERS} characters", "four or five random words are good"
        )
    return passphrase


class _NoDerivation(KeyFilePart):
    name: Literal["none"] = "none"


class _Argon2id(KeyFilePart):
    """The bounds keep a tampered file from asking for all memory."""

    name: Literal["argon2id"] = "argon2id"
    salt: Base64
    time_cost: int = Field(_TIME_COST, ge=1, le=20)
    memory_kib: int = Field(_MEMORY_KIB, ge=8192, le=1024 * 1024)
    parallelism: int = Field(_LANES, ge=1, le=16)


class _Epoch(KeyFilePart):
    epoch: int = Field(ge=1)
    created_at: datetime
    key: Base64 = Field(repr=False)


class _KeyFile(KeyFilePart):
    format: Literal["edms-kek"] = "edms-kek"
    version: Literal[1] = 1
    key_id: str = Field(pattern="^[0-9a-z-]{1,64}$")
    current: int = Field(ge=1)
    kdf: Annotated[_NoDerivation | _Argon2id, Field(discriminator="name")]
    epochs: tuple[_Epoch, ...] = Field(min_length=1)


@dataclass(frozen=True)
class _Known:
    """What was read from the key file: replaced as a whole, so that threads see one state or the other."""

    current: int
    keks: dict[int, AESGCM]


class FileKeyProvider:
    """A KeyProvider whose key-encryption keys are read from a file, and again when another process changed it.

    With a passphrase the key that opens the file stays in memory beside the keys it opened, so that epochs made later
    can be read without asking again.
    """

    def __init__(
        self,
        key_id: str,
        current: int,
        keks: dict[int, bytes],
        folder: Path | None = None,
        lock: "_Lock | None" = None,
    ) -> None:
        self._key_id = key_id
        self._folder = folder
        self._lock = lock or _Lock()
        self._known = _known(current, keks)

    @classmethod
    def create(cls, folder: Path, clock: Clock, passphrase: bytes | None = None) -> Self:
        """Make a new key file in `folder` (made when missing), durably, and open it.

        Raises ConfigurationError when there is one already: a key file is never overwritten.
        """
        make_private_folder(folder)
        key_id, kek, lock = secrets.token_hex(8), AESGCM.generate_key(256), _Lock.new(passphrase)
        content = _KeyFile(key_id=key_id, current=1, kdf=lock.kdf, epochs=(lock.entry(kek, key_id, 1, clock.now()),))
        with folder_lock(folder):
            if os.path.lexists(folder / KEY_FILE):
                raise ConfigurationError(f"{folder / KEY_FILE} is there already", "a key file is never overwritten")
            write_key_file(folder / KEY_FILE, content)
        return cls(key_id, 1, {1: kek}, folder, lock)

    @classmethod
    def open(cls, folder: Path, passphrase: bytes | None = None) -> Self:
        """Read the key file. Raises KeyUnavailable (missing, locked, wrong passphrase), IntegrityFault (damaged)."""
        file = _read(folder)
        lock = _Lock.of(file, folder, passphrase)
        return cls(file.key_id, file.current, lock.keks(file, folder), folder, lock)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def epoch(self) -> int:
        return self._known.current

    def epochs(self) -> tuple[int, ...]:
        return tuple(sorted(self._known.keks))

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        known = self._known
        wrapped = wrap_with(
            known.keks[known.current], wrap_context(self._key_id, known.current), data_key, associated_data
        )
        return WrappedKey(self._key_id, known.current, wrapped)

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        if key_id != self._key_id:
            raise KeyUnavailable(
                f"the key {key_id} is needed and {self._key_id} is here", "put the right key file in its place"
            )
        kek = self._known.keks.get(epoch)
        if kek is None and self._folder is not None:
            self.refresh()
            kek = self._known.keks.get(epoch)
        if kek is None:
            raise KeyUnavailable(f"epoch {epoch} of the key {key_id} was destroyed or is not in the key file")
        return unwrap_with(kek, wrap_context(key_id, epoch), wrapped, associated_data)

    def rewrap(self, wrappings: Sequence[Wrapping]) -> list[WrappedKey]:
        return rewrap_one_by_one(self, wrappings)

    def refresh(self) -> None:
        self._take(_read(self._own_folder()))

    def new_epoch(self, after: int, now: datetime) -> int:
        folder = self._own_folder()
        with folder_lock(folder):
            file = self._checked(_read(folder, locked=True))
            if file.current <= after:
                epoch = file.current + 1
                entry = self._lock.entry(AESGCM.generate_key(256), self._key_id, epoch, now)
                file = file.model_copy(update={"current": epoch, "epochs": (*file.epochs, entry)})
                write_key_file(folder / KEY_FILE, file, replace=True)
        self._take(file)
        return file.current

    def destroy_before(self, epoch: int) -> None:
        folder = self._own_folder()
        with folder_lock(folder):
            file = self._checked(_read(folder, locked=True))
            checked_destruction(epoch, file.current)
            kept = tuple(entry for entry in file.epochs if entry.epoch >= epoch)
            if kept != file.epochs:
                file = file.model_copy(update={"epochs": kept})
                write_key_file(folder / KEY_FILE, file, replace=True)
        self._take(file)

    def set_passphrase(self, passphrase: bytes) -> None:
        """Lock the key file by another passphrase, with a fresh salt and today's cost; the keys stay the same.

        Processes that have the file open go on with the keys they know; they learn of later epochs when started anew.
        """
        folder, lock = self._own_folder(), _Lock.new(passphrase)
        with folder_lock(folder):
            file = self._checked(_read(folder, locked=True))
            times = {entry.epoch: entry.created_at for entry in file.epochs}
            entries = tuple(
                lock.entry(kek, file.key_id, epoch, times[epoch])
                for epoch, kek in sorted(self._lock.keks(file, folder).items())
            )
            write_key_file(
                folder / KEY_FILE, file.model_copy(update={"kdf": lock.kdf, "epochs": entries}), replace=True
            )
        self._lock = lock

    def _own_folder(self) -> Path:
        if self._folder is None:
            raise KeyUnavailable("these keys lie in memory only and cannot be changed")
        return self._folder

    def _take(self, file: _KeyFile) -> None:
        self._known = _known(file.current, self._lock.keks(self._checked(file), self._own_folder()))

    def _checked(self, file: _KeyFile) -> _KeyFile:
        if file.key_id != self._key_id:
            raise KeyUnavailable(f"the key file holds {file.key_id} now, not {self._key_id}", "start the service again")
        if file.kdf != self._lock.kdf:
            raise KeyUnavailable("the passphrase of the key file was changed", "start the service again")
        return file


@dataclass(frozen=True)
class _Lock:
    """How the keys lie in the file: as they are, or under the key that a passphrase gave."""

    kdf: _NoDerivation | _Argon2id = field(default_factory=_NoDerivation)
    opening: bytes | None = field(default=None, repr=False)

    @classmethod
    def new(cls, passphrase: bytes | None) -> "_Lock":
        if passphrase is None:
            return cls()
        salt = encode(os.urandom(SALT_BYTES))
        kdf = _Argon2id(salt=salt, time_cost=_TIME_COST, memory_kib=_MEMORY_KIB, parallelism=_LANES)
        return cls(kdf, _passphrase_key(kdf, passphrase))

    @classmethod
    def of(cls, file: _KeyFile, folder: Path, passphrase: bytes | None) -> "_Lock":
        if not isinstance(file.kdf, _Argon2id):
            return cls(file.kdf)
        if passphrase is None:
            raise KeyUnavailable(f"the key file {folder / KEY_FILE} is locked", "give its passphrase")
        return cls(file.kdf, _passphrase_key(file.kdf, passphrase))

    def entry(self, kek: bytes, key_id: str, epoch: int, now: datetime) -> _Epoch:
        stored = _lock(kek, self.opening, key_id, epoch) if self.opening else kek
        return _Epoch(epoch=epoch, created_at=now, key=encode(stored))

    def keks(self, file: _KeyFile, folder: Path) -> dict[int, bytes]:
        """Return the keys by epoch. Raises KeyUnavailable (wrong passphrase), IntegrityFault (damaged)."""
        keks = {}
        for entry in file.epochs:
            stored = decode(entry.key)
            keks[entry.epoch] = _unlock(stored, self.opening, file.key_id, entry.epoch) if self.opening else stored
        if file.current not in keks or any(len(kek) != KEK_BYTES for kek in keks.values()):
            raise IntegrityFault(f"the key file {folder / KEY_FILE} is damaged", RESTORE)
        return keks


def _known(current: int, keks: dict[int, bytes]) -> _Known:
    return _Known(current, {epoch: AESGCM(kek) for epoch, kek in keks.items()})


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


def _read(folder: Path, *, locked: bool = False) -> _KeyFile:
    return read_key_file(folder / KEY_FILE, _KeyFile, "the key file", locked=locked)


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
        raise WrongPassphrase() from None
