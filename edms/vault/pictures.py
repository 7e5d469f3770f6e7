"""A bounded cache of pictures of pages, each sealed under a key that follows from its document's own data key.

Whoever cannot unwrap the document's key can neither find nor open its pictures: they die with it (format:
docs/formats/vault.md, section 12). Nothing depends on the cache; what is missing, cut off or altered is made anew.
"""

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edms.core.errors import StorageFault
from edms.vault.file_operations import make_private_folder

log = logging.getLogger("edms.pictures")

MEBIBYTE = 1024 * 1024
NONCE_BYTES = 12
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SHARE = 16  # the cache is looked through each time that this part of it has been written


class PictureCache:
    """Sealed pictures as files in `folder`, together at most `most_bytes` (0: none is kept); the longest unused go.

    Several threads and processes may use one folder; each of the latter may pass the bound by a sixteenth.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._room = 0  # what may still be written before the folder is looked through
        self._lock = Lock()

    @property
    def keeps(self) -> bool:
        """False when no picture is kept at all."""
        return self._most > 0

    def get(self, key: bytes, page: int, width: int) -> bytes | None:
        """Return the picture of a page (first is 1), `width` pixels wide, or None. `key`: from Vault.picture_key."""
        if not self.keeps:
            return None
        name, sealing, data = _own(key, page, width)
        path = self._folder / name
        try:
            sealed = path.read_bytes()
            picture = sealing.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], data)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (InvalidTag, ValueError):
            log.warning("a kept picture is damaged and is made anew")
            return None
        except OSError as error:
            log.warning("a kept picture cannot be read and is made anew: %s", error.strerror)
            return None
        return picture

    def put(self, key: bytes, page: int, width: int, picture: bytes) -> None:
        """Keep a picture. A full or broken disk is no fault of whoever asked: then it is not kept."""
        share = self._most // _SHARE
        size = NONCE_BYTES + len(picture) + 16
        if not self.keeps or size > share:
            return
        name, sealing, data = _own(key, page, width)
        nonce = os.urandom(NONCE_BYTES)
        part = self._folder / f"{secrets.token_hex(16)}.part"
        try:
            self._make_room(size, share)
            # Only ciphertext reaches the disk, and it has its name when it is whole. It need not be durable: what a
            # crash leaves does not open and is made anew.
            with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
                file.write(nonce + sealing.encrypt(nonce, picture, data))
            part.replace(self._folder / name)
        except (OSError, StorageFault) as error:
            log.warning("a picture cannot be kept: %s", error)
            self._room = 0
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _make_room(self, size: int, share: int) -> None:
        with self._lock:
            if size > self._room:
                make_private_folder(self._folder)
                self._drop_down_to(self._most - share)
                self._room = share
            self._room -= size

    def _drop_down_to(self, most: int) -> None:
        """Remove the longest unused files, leftovers of crashes among them, until `most` bytes are left."""
        files = sorted(self._files(), reverse=True)
        total = 0
        for _, size, path in files:
            total += size
            if total > most:
                Path(path).unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[int, int, str]]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # somebody else dropped it meanwhile
                    told = entry.stat(follow_symlinks=False)
                    yield told.st_mtime_ns, told.st_size, entry.path


def _own(key: bytes, page: int, width: int) -> tuple[str, AESGCM, bytes]:
    """Return name, cipher and associated data of one picture; the name tells nothing without the key."""
    data = f"edms.picture.v1|{page}|{width}".encode("ascii")
    made = HKDF(SHA256(), 48, salt=None, info=data).derive(key)
    return made[32:].hex(), AESGCM(made[:32]), data
