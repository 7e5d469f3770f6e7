"""Reading a stream in pieces with reused buffers, and hashing it beside the work that is done with each piece."""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import BinaryIO, Self

SMALL_PIECE_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024
BUFFERS = 4

Piece = bytes | memoryview


def pieces(source: BinaryIO) -> Iterator[Piece]:
    """Yield the rest of `source` in pieces that stay valid until BUFFERS further ones were asked for."""
    first = source.read(SMALL_PIECE_BYTES)
    if first:
        yield first
        yield from _large_pieces(source)


def _large_pieces(source: BinaryIO) -> Iterator[Piece]:
    fill = getattr(source, "readinto", None)
    if fill is None:
        while piece := source.read(PIECE_BYTES):
            yield piece
        return
    # Fresh memory for every piece would cost more than encrypting it.
    buffers: deque[memoryview] = deque()
    while True:
        room = buffers.popleft() if len(buffers) == BUFFERS else memoryview(bytearray(PIECE_BYTES))
        size = fill(room)
        if not size:
            return
        buffers.append(room)
        yield room[:size]


class Digest:
    """SHA-256 of a stream of pieces. Large pieces are hashed by a second thread while the caller goes on.

    A piece is hashed, and may be reused, when the second next `update` has returned.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()
        self.size = 0

    def update(self, piece: Piece) -> None:
        self.size += len(piece)
        if self._thread is None and len(piece) <= SMALL_PIECE_BYTES:
            self._hash.update(piece)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
        self._running.append(self._thread.submit(self._hash.update, piece))
        self._wait(2)

    def hexdigest(self) -> str:
        self._wait(0)
        return self._hash.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def _wait(self, outstanding: int) -> None:
        while len(self._running) > outstanding:
            self._running.popleft().result()
