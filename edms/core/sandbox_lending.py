"""Files that a sandboxed process reads piece by piece: it asks for bytes, and the owner of the keys opens just these.

So neither of them ever holds a large file whole, and nothing of it is written anywhere. A file taken over by its
content can ask for bytes of the files it was lent and for nothing else.

A request is the number of a file, an offset and a length; the answer a length and the bytes. With the length 0 the
answer is the file's size (8 bytes).
"""

import io
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_REQUEST = struct.Struct(">IQI")
_LENGTH = struct.Struct(">I")
_SIZE = struct.Struct(">Q")
PIECE_BYTES = 256 * 1024
_MOST_OPEN = 4

Opener = Callable[[], BinaryIO]


class Lending:
    """Answers the requests of one call from a thread of its own until the other side is closed."""

    def __init__(self, openers: Sequence[Opener]) -> None:
        self._openers = openers
        self._open: dict[int, BinaryIO] = {}
        self._ours, self.theirs = socket.socketpair()
        self.fault: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name="lending", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, and close the files that it opened."""
        self.theirs.close()
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._ours.close()

    def _serve(self) -> None:
        try:
            while request := _exactly(self._ours, _REQUEST.size):
                number, offset, length = _REQUEST.unpack(request)
                file = self._file(number)
                if length == 0:
                    self._ours.sendall(_SIZE.pack(file.seek(0, os.SEEK_END)))
                    continue
                file.seek(offset)
                piece = file.read(min(length, PIECE_BYTES))
                self._ours.sendall(_LENGTH.pack(len(piece)) + piece)
        except (OSError, IndexError):  # the other side went away, or asks for what it was not lent
            self._ours.close()
        except Exception as fault:  # noqa: BLE001 - the caller raises it, in its own thread
            self.fault = fault
            self._ours.close()
        finally:
            for file in self._open.values():
                file.close()

    def _file(self, number: int) -> BinaryIO:
        if number not in self._open:
            while len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
            self._open[number] = self._openers[number]()
        return self._open[number]


class _Borrowed(io.RawIOBase):
    """One lent file, as the sandboxed process sees it."""

    def __init__(self, connection: socket.socket, lock: threading.Lock, number: int) -> None:
        super().__init__()
        self._connection, self._lock, self._number = connection, lock, number
        self._at = 0
        self._size = _SIZE.unpack(self._ask(0, 0, _SIZE.size))[0]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = (0, self._at, self._size)[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), PIECE_BYTES, max(0, self._size - self._at))
        if wanted == 0:
            return 0
        piece = self._ask(self._at, wanted, 0)
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _ask(self, offset: int, length: int, fixed: int) -> bytes:
        with self._lock:
            self._connection.sendall(_REQUEST.pack(self._number, offset, length))
            size = fixed or _LENGTH.unpack(self._all(_LENGTH.size))[0]
            return self._all(size)

    def _all(self, size: int) -> bytes:
        found = _exactly(self._connection, size)
        if len(found) != size:
            raise OSError("the file is no longer lent")
        return found


def opened(descriptor: int) -> BinaryIO:
    """Open the input of a call: a file of its own, or the first of those that are lent over a socket."""
    if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return borrowed(descriptor, 1)[0]
    return os.fdopen(os.dup(descriptor), "rb")


def borrowed(descriptor: int, count: int) -> list[BinaryIO]:
    """Open `count` files lent over the socket `descriptor`, in their order."""
    connection, lock = socket.socket(fileno=os.dup(descriptor)), threading.Lock()
    return [
        cast(BinaryIO, io.BufferedReader(_Borrowed(connection, lock, number), PIECE_BYTES)) for number in range(count)
    ]


def _exactly(connection: socket.socket, count: int) -> bytes:
    """Read `count` bytes; fewer only when the other side is closed."""
    received = bytearray()
    while len(received) < count and (piece := connection.recv(count - len(received))):
        received += piece
    return bytes(received)
