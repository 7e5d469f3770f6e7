"""Uploads under way: sealed parts of a file on the disk, until it is whole and becomes a blob.

uploads/ID/0000000000000000   the part that begins at that byte of the file: a sealed stream of its own, mode 0600
uploads/ID/incoming-…         a part being written; worth nothing until it has its name
uploads/ID/finishing          the lock of whoever makes the whole file a blob

A part gets its name when its bytes are fsynced, so that the names and lengths alone tell how far an upload has come,
after a kill -9 too. Parts are never rewritten: no segment is sealed twice under one nonce (docs/uploads.md).
"""

import base64
import binascii
import bisect
import contextlib
import fcntl
import hashlib
import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast
from uuid import UUID

from edms.core.errors import IntegrityFault, LimitExceeded, NotFound, Refused
from edms.core.segments import SegmentReader, SegmentWriter, plaintext_size
from edms.vault.file_operations import (
    PRIVATE_FILE,
    folder_lock,
    make_private_folder,
    remove_durably,
    storage_faults,
    sync_folder,
    write_durably,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PART_BYTES = 16 * 1024 * 1024
"""A long piece is made durable in parts of so many bytes, so that a kill -9 costs no more than one of them."""
MOST_PARTS = 4096
_READ_BYTES = 256 * 1024
_PART = re.compile(r"[0-9]{16}")
_LOCK = "finishing"
_INCOMING = re.compile(r"incoming-[0-9a-f]{16}")
CHECKSUMS = ("sha256", "sha1")


class OffsetConflict(Refused):
    """The piece does not begin where the upload ends: another one was faster, or the sender remembers wrongly."""


class UploadBusy(Refused):
    """The upload is being finished at this moment."""


class ChecksumMismatch(Refused):
    """What arrived is not what was sent."""


@dataclass(frozen=True)
class Checksum:
    """The digest that a piece must have."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, header: str) -> Self:
        """Read `Upload-Checksum` of tus 1.0: algorithm, space, digest in base64. Raises Refused."""
        algorithm, _, encoded = header.partition(" ")
        if algorithm not in CHECKSUMS:
            raise Refused(f"a checksum must be one of {', '.join(CHECKSUMS)}")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise Refused("the checksum is not a digest in base64")
        return cls(algorithm, digest)


class Staging:
    """Keeps uploads under way below the folder `root`, sealed under `key` (32 bytes)."""

    def __init__(self, root: Path, key: bytes) -> None:
        self._root = root
        self._key = key

    def offset(self, upload_id: UUID) -> int:
        """Return how many bytes from the beginning are durable; 0 for an upload of which nothing has come."""
        folder = self._folder(upload_id)
        if not folder.is_dir():
            return 0
        # A part has its name a moment before its name is durable.
        with folder_lock(folder, shared=True):
            sync_folder(folder)
            return self._end(upload_id)

    def receive(self, upload_id: UUID, at: int, source: BinaryIO, room: int, check: Checksum | None = None) -> int:
        """Append what `source` gives, at most `room` bytes; return the new offset, durable.

        When reading breaks (OSError), what had come is kept and the error goes on; with `check` nothing is kept then,
        nor when the digest differs. Raises OffsetConflict when the upload does not end at `at` (any longer),
        ChecksumMismatch, LimitExceeded for more than `room` bytes or too many parts, StorageFault,
        NotFound when the upload is removed meanwhile.
        """
        make_private_folder(self._folder(upload_id))
        if len(self._parts(upload_id)) >= MOST_PARTS:
            raise LimitExceeded("the upload came in too many small pieces", "begin it again, with larger ones")
        if self._end(upload_id) != at:
            raise OffsetConflict("the piece does not begin where the upload ends")
        feed = _Feed(source, room, check)
        while not feed.ended:
            at += self._add_part(upload_id, at, feed)
        if feed.fault is not None:
            raise feed.fault
        return at

    def open(self, upload_id: UUID, size: int) -> BinaryIO:
        """Return the whole file of `size` bytes as one seekable stream; every byte is authenticated."""
        parts = self._parts(upload_id)
        if sum(length for _start, length in parts) != size:
            raise IntegrityFault("an upload has not the length that it was finished with")
        return cast(BinaryIO, _Joined(self, upload_id, [start for start, _length in parts], size))

    @contextlib.contextmanager
    def held(self, upload_id: UUID) -> Iterator[None]:
        """Let one at a time finish or remove an upload. Raises UploadBusy at once."""
        make_private_folder(self._folder(upload_id))
        lock = self._folder(upload_id) / _LOCK
        with storage_faults("cannot hold an upload"):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy("the upload is being finished", "ask again in a moment") from None
            yield
        finally:
            os.close(descriptor)

    def remove(self, upload_id: UUID) -> None:
        """Remove all parts, durably; done again it changes nothing."""
        folder = self._folder(upload_id)
        with storage_faults("cannot remove an upload"):
            try:
                names = sorted(path.name for path in folder.iterdir())
            except FileNotFoundError:
                return
            for name in names:
                if name == _LOCK or _PART.fullmatch(name) or _INCOMING.fullmatch(name):
                    (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # a sender may be writing there still; what it leaves is collected
                folder.rmdir()
            sync_folder(self._root)

    def all(self) -> list[tuple[UUID, datetime]]:
        """Return every upload on the disk, and when its folder was last changed (UTC, by the disk's clock)."""
        found = []
        with storage_faults("cannot read the folder of uploads"):
            for path in self._root.iterdir() if self._root.is_dir() else ():
                with contextlib.suppress(ValueError, FileNotFoundError):
                    found.append((UUID(path.name), datetime.fromtimestamp(path.stat().st_mtime, UTC)))
        return found

    def clean(self, upload_id: UUID, older_than: datetime) -> None:
        """Remove pieces of crashed writes that were last touched before `older_than`."""
        folder = self._folder(upload_id)
        with contextlib.suppress(FileNotFoundError):
            for path in list(folder.iterdir()):
                if _INCOMING.fullmatch(path.name) and path.stat().st_mtime < older_than.timestamp():
                    remove_durably(path)

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        make_private_folder(self._root)
        with storage_faults("cannot ask how full the disk is"):
            return shutil.disk_usage(self._root).free

    def open_part(self, upload_id: UUID, start: int) -> SegmentReader:
        """Return one part's plaintext. Raises IntegrityFault, StorageFault."""
        with storage_faults("cannot open a part of an upload"):
            try:
                raw = self._part(upload_id, start).open("rb", buffering=0)
            except FileNotFoundError:
                raise IntegrityFault("a part of an upload has gone") from None
        return SegmentReader(cast(BinaryIO, raw), self._key, _associated_data(upload_id, start))

    def _add_part(self, upload_id: UUID, at: int, feed: "_Feed") -> int:
        """Seal one part and give it its name; return its size. Nothing is held while the sender is waited for."""
        folder = self._folder(upload_id)
        temporary = folder / f"incoming-{secrets.token_hex(8)}"
        size = 0
        with contextlib.ExitStack() as publishing:

            def write(raw: BinaryIO) -> None:
                nonlocal size
                with SegmentWriter(raw, self._key, _associated_data(upload_id, at)) as sealing:
                    for piece in feed.part():
                        size += len(piece)
                        sealing.write(piece)
                feed.require_checksum()
                if size == 0:
                    raise _NothingCame
                if not temporary.exists():
                    raise NotFound()  # removed while it was coming
                # Two senders at once: who comes first to this lock is the one whose part counts.
                publishing.enter_context(folder_lock(folder))
                if self._end(upload_id) != at:
                    raise OffsetConflict("another piece was faster")

            try:
                write_durably(self._part(upload_id, at), temporary, write)
            except _NothingCame:
                return 0
        return size

    def _end(self, upload_id: UUID) -> int:
        return sum(size for _start, size in self._parts(upload_id))

    def _parts(self, upload_id: UUID) -> list[tuple[int, int]]:
        """Return start and size of the parts that follow each other without a gap."""
        folder = self._folder(upload_id)
        with storage_faults("cannot read an upload"):
            try:
                names = sorted(name for name in os.listdir(folder) if _PART.fullmatch(name))  # noqa: PTH208
                sizes = [(folder / name).stat().st_size for name in names]
            except FileNotFoundError:
                return []
        found, end = [], 0
        for name, size in zip(names, sizes, strict=True):
            if int(name) != end:
                break
            found.append((end, plaintext_size(size)))
            end += found[-1][1]
        return found

    def _folder(self, upload_id: UUID) -> Path:
        return self._root / str(upload_id)

    def _part(self, upload_id: UUID, start: int) -> Path:
        return self._folder(upload_id) / f"{start:016d}"


class _NothingCame(Exception):
    """The part has no bytes, so there is none."""


def _associated_data(upload_id: UUID, start: int) -> bytes:
    return f"edms.upload.v1|{upload_id}|{start}".encode("ascii")


class _Feed:
    """The body of one request, handed out in parts; remembers how it ended."""

    def __init__(self, source: BinaryIO, room: int, check: Checksum | None) -> None:
        self._source = source
        self._room = room
        self._check = check
        self._hash = hashlib.new(check.algorithm, usedforsecurity=False) if check else None
        self.ended = False
        self.fault: OSError | None = None

    def part(self) -> Iterator[bytes]:
        """Yield pieces for one part: up to PART_BYTES, or all there is when a checksum must hold for all of it."""
        left = self._room if self._check else PART_BYTES
        while left > 0 and not self.ended:
            piece = self._read(min(left, _READ_BYTES))
            if piece:
                left -= len(piece)
                yield piece
        if self._check and not self.ended:
            self._read(1)

    def _read(self, size: int) -> bytes:
        try:
            piece = self._source.read(size if self._room >= size else self._room + 1)
        except OSError as fault:
            if self._check is not None:
                raise
            self.fault, self.ended = fault, True
            return b""
        if not piece:
            self.ended = True
        if len(piece) > self._room:
            raise LimitExceeded("more bytes came than the upload was to have")
        self._room -= len(piece)
        if self._hash is not None:
            self._hash.update(piece)
        return piece

    def require_checksum(self) -> None:
        if self._check is not None and self._hash is not None and self._hash.digest() != self._check.digest:
            raise ChecksumMismatch("the piece did not arrive as it was sent", "send it again")


class _Joined(io.RawIOBase):
    """The parts of an upload one after the other. What is on the disk is not believed before it is opened."""

    def __init__(self, staging: Staging, upload_id: UUID, starts: list[int], end: int) -> None:
        super().__init__()
        self._staging, self._upload_id = staging, upload_id
        self._starts, self._end = starts, end
        self._position = 0
        self._opened = -1
        self._reader: SegmentReader | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        if base + offset < 0:
            raise ValueError("cannot seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and self._position < self._end:
            taken = self._at_position().readinto(view[filled:])
            if taken == 0:
                raise IntegrityFault("a part of an upload is shorter than it was")
            filled += taken
            self._position += taken
        return filled

    def _at_position(self) -> SegmentReader:
        part = bisect.bisect_right(self._starts, self._position) - 1
        if self._reader is None or part != self._opened:
            self._shut()
            self._reader, self._opened = self._staging.open_part(self._upload_id, self._starts[part]), part
        self._reader.seek(self._position - self._starts[part])
        return self._reader

    def _shut(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def close(self) -> None:
        self._shut()
        super().close()
