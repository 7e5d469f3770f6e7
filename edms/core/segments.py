"""Authenticated streams in segments: the wire format of Tink's AesGcmHkdfStreaming, AES256_GCM_HKDF_1MB.

`docs/formats/vault.md` describes it byte by byte. It lives in `core` because the vault and the search index both
keep their bytes in it. Neither side holds more than a few segments of 1 MiB, whatever the length of the stream.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edms.core.errors import IntegrityFault, LimitExceeded, StorageFault

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

KEY_BYTES = 32
SALT_BYTES = 32
PREFIX_BYTES = 7
HEADER_BYTES = 1 + SALT_BYTES + PREFIX_BYTES
TAG_BYTES = 16
SEGMENT_BYTES = 1024 * 1024
FIRST_PLAIN_BYTES = SEGMENT_BYTES - HEADER_BYTES - TAG_BYTES
PLAIN_BYTES = SEGMENT_BYTES - TAG_BYTES
MAX_SEGMENTS = 2**32


def ciphertext_size(plaintext: int) -> int:
    """Return how many bytes `plaintext` bytes take when sealed."""
    if plaintext < 0:
        raise ValueError("a size cannot be negative")
    following = max(0, plaintext - FIRST_PLAIN_BYTES)
    return HEADER_BYTES + plaintext + TAG_BYTES * (1 + -(-following // PLAIN_BYTES))


def plaintext_size(ciphertext: int) -> int:
    """Return how many bytes a sealed stream of `ciphertext` bytes holds.

    Raises IntegrityFault when no writer makes a stream of that length. The answer follows from the length alone
    and is not authenticated: `SegmentReader.plaintext_size` is.
    """
    count = -(-ciphertext // SEGMENT_BYTES)
    last = ciphertext - (count - 1) * SEGMENT_BYTES
    shortest = HEADER_BYTES + TAG_BYTES if count == 1 else TAG_BYTES + 1
    if count < 1 or last < shortest or count > MAX_SEGMENTS:
        raise IntegrityFault(f"a sealed stream cannot be {ciphertext} bytes long: it was cut or extended")
    return ciphertext - HEADER_BYTES - TAG_BYTES * count


def _cipher(key: bytes, salt: bytes, associated_data: bytes) -> AESGCM:
    """Derive the stream's own key (HKDF-SHA256, RFC 5869): salt from the header, info = the associated data."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key must be {KEY_BYTES} bytes")
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, associated_data).derive(key))


def _nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + index.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


class SegmentWriter:
    """Seal a stream into `raw` (binary, writable, need not be seekable) under a 32-byte `key`.

    Leaving a `with` block by an exception calls `discard`, so that half a stream never looks whole. An object that
    is merely dropped writes nothing more. `raw` is never closed here.
    """

    def __init__(self, raw: BinaryIO, key: bytes, associated_data: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._raw = raw
        self._prefix = os.urandom(PREFIX_BYTES)
        self._cipher = _cipher(key, salt, associated_data)
        self._header = bytes([HEADER_BYTES]) + salt + self._prefix
        self._pending = bytearray()
        self._held = 0
        self._sealed = bytearray()
        self._index = 0
        self._written = 0
        self.closed = False

    def write(self, data: "ReadableBuffer") -> int:
        """Take all of `data`; return its length in bytes."""
        self._check_open()
        view = memoryview(data).cast("B")
        offset = 0
        while offset < len(view):
            room = self._capacity() - self._held
            if room == 0:
                # Only now is it known that the pending segment is not the last one.
                self._emit_pending(last=False)
            elif not self._held and len(view) - offset > room:
                self._emit(view[offset : offset + room], last=False)
                offset += room
            else:
                offset += self._hold(view[offset : offset + room])
        self._written += len(view)
        return len(view)

    def tell(self) -> int:
        """Return how many plaintext bytes were written so far."""
        return self._written

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Do nothing: a segment is sealed when it is full or the stream ends."""

    def close(self) -> None:
        """Seal the last segment. Without it the stream is refused by every reader. Calling again does nothing."""
        if not self.closed:
            self._emit_pending(last=True)
            self.discard()

    def discard(self) -> None:
        """Give the stream up: what was written stays unreadable as a whole."""
        self.closed = True
        self._pending = bytearray()
        self._sealed = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _capacity(self) -> int:
        return PLAIN_BYTES if self._index else FIRST_PLAIN_BYTES

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the sealed stream is closed")

    def _hold(self, piece: memoryview) -> int:
        """Keep a piece until it is known whether its segment is the last; a short stream takes little memory."""
        held = self._held + len(piece)
        if held > len(self._pending):
            grown = min(self._capacity(), max(held, 4 * len(self._pending)))
            self._pending.extend(bytes(grown - len(self._pending)))
        memoryview(self._pending)[self._held : held] = piece
        self._held = held
        return len(piece)

    def _emit_pending(self, last: bool) -> None:
        self._emit(memoryview(self._pending)[: self._held], last)
        self._held = 0

    def _emit(self, plain: memoryview, last: bool) -> None:
        if self._index >= MAX_SEGMENTS:
            raise LimitExceeded("a sealed stream cannot have more than 2^32 segments")
        sealed = self._sealed_buffer(len(plain) + TAG_BYTES)
        self._cipher.encrypt_into(_nonce(self._prefix, self._index, last), plain, None, sealed)
        if self._index == 0:
            self._raw_write(memoryview(self._header))
        self._raw_write(sealed)
        self._index += 1

    def _sealed_buffer(self, size: int) -> memoryview:
        if len(self._sealed) < size:
            self._sealed = bytearray(size)
        return memoryview(self._sealed)[:size]

    def _raw_write(self, view: memoryview) -> None:
        """Write all of it: an unbuffered file may take less than it is given."""
        while view:
            taken = self._raw.write(view)
            if not taken:
                raise StorageFault("the store took no bytes")
            view = view[taken:]


class SegmentReader(io.RawIOBase):
    """Open a sealed stream in `raw` (binary, seekable, starting at its position 0) for reading anywhere.

    A read decrypts only the segments that it touches, and returns no byte that was not authenticated. Any answer
    about the end (`plaintext_size`, a seek from the end, a read that returns less than asked) authenticates the last
    segment first, so that a stream cut at a segment's border cannot pass as a shorter one.
    Raises IntegrityFault for altered, cut, extended or swapped bytes, wrong key or wrong associated data, and
    StorageFault when `raw` cannot be read. Closing it closes `raw`. Not for use by several threads at once.
    """

    def __init__(self, raw: BinaryIO, key: bytes, associated_data: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._position = 0
        self._cached_index = -1
        self._cached: memoryview | bytes = b""
        self._plain = bytearray()
        self._sealed = bytearray()
        self._end_known = False
        with _reading():
            self._size = raw.seek(0, io.SEEK_END)
        self._claimed = plaintext_size(self._size)
        self._last = -(-self._size // SEGMENT_BYTES) - 1
        header = bytes(self._fetch(0, HEADER_BYTES))
        if header[0] != HEADER_BYTES:
            raise IntegrityFault("these bytes are not a sealed stream: the header is wrong")
        self._prefix = header[1 + SALT_BYTES :]
        self._cipher = _cipher(key, header[1 : 1 + SALT_BYTES], associated_data)

    @property
    def plaintext_size(self) -> int:
        """The length in bytes, authenticated."""
        self._know_end()
        return self._claimed

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        if base is None:
            if whence != io.SEEK_END:
                raise ValueError("unknown whence")
            base = self.plaintext_size
        if base + offset < 0:
            raise ValueError("cannot seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` as far as the stream reaches; return the number of bytes."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and self._position < self._claimed:
            index, start = self._locate()
            size = self._plain_length(index)
            if start == 0 and len(view) - filled >= size and index != self._cached_index:
                self._open_segment(index, view[filled : filled + size])
                step = size
            else:
                piece = self._segment(index)[start : start + len(view) - filled]
                step = len(piece)
                view[filled : filled + step] = piece
            filled += step
            self._position += step
        if filled < len(view):
            self._know_end()
        return filled

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes; everything to the end when it is None or negative."""
        self._check_open()
        if size is None or size < 0:
            return self.readall()
        if size == 0:  # asks nothing and tells nothing; at a border behind the last segment there is none to open
            return b""
        index, start = self._locate()
        if self._position + size <= self._claimed and start + size <= self._plain_length(index):
            piece = bytes(self._segment(index)[start : start + size])
            self._position += size
            return piece
        content = self._read_exactly(max(0, min(size, self._claimed - self._position)))
        if len(content) < size:
            self._know_end()
        return content

    def readall(self) -> bytes:
        self._check_open()
        content = self._read_exactly(max(0, self._claimed - self._position))
        self._know_end()
        return content

    def _read_exactly(self, size: int) -> bytes:
        """Decrypt straight into what is handed out: `getvalue` gives the buffer itself when it has its exact size."""
        room = io.BytesIO()
        if size:
            room.seek(size - 1)
            room.write(b"\0")
            with room.getbuffer() as view:
                self.readinto(view)
        return room.getvalue()

    def close(self) -> None:
        if not self.closed:
            self._cached = b""
            self._raw.close()
        super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the sealed stream is closed")

    def _locate(self) -> tuple[int, int]:
        """Return the segment of the position and the offset inside its plaintext."""
        index, start = divmod(self._position + HEADER_BYTES, PLAIN_BYTES)
        return index, start if index else start - HEADER_BYTES

    def _plain_length(self, index: int) -> int:
        if index < self._last:
            return PLAIN_BYTES if index else FIRST_PLAIN_BYTES
        return self._claimed - (index * PLAIN_BYTES - HEADER_BYTES if index else 0)

    def _know_end(self) -> None:
        if not self._end_known:
            self._segment(self._last)

    def _segment(self, index: int) -> memoryview | bytes:
        """Return one segment's plaintext; it stays at hand until another one is asked for."""
        if index != self._cached_index:
            size = self._plain_length(index)
            self._cached_index = -1
            if len(self._plain) < size:
                self._plain = bytearray(size)
            target = memoryview(self._plain)[:size]
            self._open_segment(index, target)
            self._cached, self._cached_index = target, index
        return self._cached

    def _open_segment(self, index: int, target: memoryview) -> None:
        """Decrypt one segment into `target`, which has its exact size and is wiped when it is not authentic."""
        start = index * SEGMENT_BYTES if index else HEADER_BYTES
        sealed = self._fetch(start, len(target) + TAG_BYTES)
        try:
            self._cipher.decrypt_into(_nonce(self._prefix, index, index == self._last), sealed, None, target)
        except InvalidTag:
            target[:] = bytes(len(target))
            raise IntegrityFault(
                f"segment {index} is not authentic: altered, cut, swapped, or opened with the wrong key"
            ) from None
        if index == self._last:
            self._end_known = True

    def _fetch(self, start: int, size: int) -> memoryview:
        if len(self._sealed) < size:
            self._sealed = bytearray(size)
        view = memoryview(self._sealed)[:size]
        with _reading():
            self._raw.seek(start)
            filled = 0
            while filled < size:
                taken = self._raw.readinto(view[filled:])  # type: ignore[attr-defined]
                if not taken:
                    raise IntegrityFault("the sealed stream ends before its own length")
                filled += taken
        return view


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise StorageFault(f"the sealed stream cannot be read: {fault.strerror or fault}") from fault
