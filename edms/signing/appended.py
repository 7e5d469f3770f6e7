"""A PDF to which something is appended: what was there is read from where it lies, only what is new is held in memory.

Incremental updates (ISO 32000-1, 7.5.6) never touch what was there, so sealing a file of gigabytes takes no more memory
than sealing a letter.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_BUFFER = 64 * 1024


class Appended(io.RawIOBase):
    """`base` (seekable, not closed here) and behind it what is written. Writing into `base` raises OSError."""

    def __init__(self, base: BinaryIO, appended: bytes = b"") -> None:
        super().__init__()
        self._base = base
        self._size = base.seek(0, os.SEEK_END)
        self._tail = bytearray(appended)
        self._at = 0

    def update(self) -> bytes:
        """Return what was appended."""
        return bytes(self._tail)

    def whole(self) -> bytes:
        """Return everything."""
        self._base.seek(0)
        return self._base.read() + self.update()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = (0, self._at, self._size + len(self._tail))[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        if self._at < self._size:
            self._base.seek(self._at)
            piece = self._base.read(min(len(view), self._size - self._at))
        else:
            start = self._at - self._size
            piece = bytes(self._tail[start : start + len(view)])
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data).cast("B")
        start = self._at - self._size
        if start < 0 or start > len(self._tail):
            raise OSError("an update is appended; what was there stays as it is")
        self._tail[start : start + len(view)] = view
        self._at += len(view)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        end = self._at if size is None else size
        if end < self._size:
            raise OSError("an update is appended; what was there stays as it is")
        del self._tail[end - self._size :]
        return end


@contextmanager
def buffered(document: Appended) -> Iterator[BinaryIO]:
    """Give `document` with a buffer in front: PDF libraries read byte by byte. What was written is in it at the end."""
    stream = io.BufferedRandom(document, _BUFFER)
    yield stream
    stream.flush()
    stream.detach()
