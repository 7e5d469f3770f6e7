"""Files that live only while an index is being written: in memory, and past a size on disk under an ephemeral key.

Whoosh writes its pieces to temporary files and unpickles what it reads back, so these must be as unreadable and as
authentic as the index itself (DESIGN invariant 7).
"""

import io
import os
import struct
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edms.search.errors import IndexDamaged

PAGE = 64 * 1024
NONCE = 12
TAG = 16
SPOOL_LIMIT = 4 * 1024 * 1024
"""Bytes a scratch file may hold in memory before it goes to disk."""


class EphemeralFile:
    """A seekable file of AES-256-GCM pages whose key and nonces exist in this process only.

    The file has no name from the moment it is made, so nothing is left behind by a crash. A page that was replaced
    on disk by an older one of the same place does not open either, because the nonces are remembered here.
    """

    def __init__(self, folder: Path) -> None:
        self._raw = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by close()
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._nonces: list[bytes] = []
        self._page = bytearray()
        self._number = 0
        self._dirty = False
        self._position = 0
        self._size = 0

    def _load(self, number: int) -> None:
        if number == self._number:
            return
        self._store()
        self._number = number
        if number >= len(self._nonces):
            self._page = bytearray()
            return
        sealed = os.pread(self._raw.fileno(), PAGE + TAG, number * (PAGE + TAG))
        try:
            self._page = bytearray(self._cipher.decrypt(self._nonces[number], sealed, struct.pack("<Q", number)))
        except InvalidTag:
            raise IndexDamaged("a temporary file of the index was altered while it was written") from None

    def _store(self) -> None:
        if not self._dirty:
            return
        nonce = os.urandom(NONCE)
        sealed = self._cipher.encrypt(nonce, bytes(self._page), struct.pack("<Q", self._number))
        os.pwrite(self._raw.fileno(), sealed, self._number * (PAGE + TAG))
        if self._number == len(self._nonces):
            self._nonces.append(nonce)
        else:
            self._nonces[self._number] = nonce
        self._dirty = False

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            number, offset = divmod(self._position, PAGE)
            self._load(number)
            piece = view[: PAGE - offset]
            self._page[offset : offset + len(piece)] = piece
            self._dirty = True
            self._position += len(piece)
            self._size = max(self._size, self._position)
            view = view[len(piece) :]
        return len(data)

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._position if size < 0 else min(size, self._size - self._position)
        pieces = []
        while left > 0:
            number, offset = divmod(self._position, PAGE)
            self._load(number)
            piece = bytes(self._page[offset : offset + left])
            pieces.append(piece)
            self._position += len(piece)
            left -= len(piece)
        return b"".join(pieces)

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if not 0 <= base + position <= self._size:
            raise ValueError("a temporary file is written without gaps")
        self._position = base + position
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._raw.close()
        self._page = bytearray()


class Spool(io.RawIOBase):
    """A scratch file: bytes in memory up to `SPOOL_LIMIT`, then an `EphemeralFile` in `folder`.

    Closing it only rewinds: Whoosh closes a file after writing and opens it again by name. `discard()` frees it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._file: io.BytesIO | EphemeralFile = io.BytesIO()
        self.size = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if isinstance(self._file, io.BytesIO) and self._file.tell() + len(data) > SPOOL_LIMIT:
            self._spill()
        self._file.write(data)
        self.size = max(self.size, self._file.tell())
        return len(data)

    def _spill(self) -> None:
        memory, self._file = self._file, EphemeralFile(self._folder)
        position = memory.tell()
        self._file.write(memory.getvalue())  # type: ignore[union-attr]
        self._file.seek(position)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Pickle asks for this method; protocol 2 and later call it only for names of globals."""
        line = bytearray()
        while not line.endswith(b"\n") and (byte := self._file.read(1)):
            line += byte
        return bytes(line)

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.seek(0)

    def discard(self) -> None:
        """Free the memory or the disk space; the content is gone."""
        self._file.close()
        super().close()
