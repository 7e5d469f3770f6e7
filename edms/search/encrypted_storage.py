"""A Whoosh storage whose files are encrypted, authenticated and fsynced (docs/formats/index.md).

Whoosh unpickles what it reads. Here every byte it gets has been authenticated under the index key, together with the
file's name and generation, so that an altered, swapped or foreign file raises `IndexDamaged` before it is parsed.
"""

import itertools
import os
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from whoosh.filedb.filestore import Storage
from whoosh.filedb.structfile import StructFile

from edms.core.errors import IntegrityFault, StorageFault
from edms.core.segments import HEADER_BYTES, PLAIN_BYTES, SegmentReader, SegmentWriter, plaintext_size
from edms.search.errors import IndexDamaged
from edms.search.scratch import Spool

INDEX_NAME = "edms"
FORMAT = "edms-index/1"
COPY = 1024 * 1024
_TABLE_OF_CONTENTS = re.compile(rf"_{INDEX_NAME}_[0-9]+\.toc")
_DURABLE = re.compile(rf"{INDEX_NAME}_[0-9a-z]+\.seg|{_TABLE_OF_CONTENTS.pattern}(\.[0-9.]+)?")


class PageCache:
    """Decrypted pages of index files, least recently used first out, at most `limit` bytes in one process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pages: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, int]) -> bytes | None:
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: tuple[int, int], page: bytes) -> None:
        with self._lock:
            if key in self._pages:
                return
            self._pages[key] = page
            self._held += len(page)
            while self._held > self._limit and len(self._pages) > 1:
                _, old = self._pages.popitem(last=False)
                self._held -= len(old)

    def forget(self, file: int) -> None:
        """Drop the pages of a file that is no longer open."""
        with self._lock:
            for key in [key for key in self._pages if key[0] == file]:
                self._held -= len(self._pages.pop(key))

    @property
    def held(self) -> int:
        """Bytes of plaintext pages now in memory."""
        return self._held


class _Positional:
    """A view of an open descriptor with a position of its own; closing it leaves the descriptor open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        base = os.fstat(self._descriptor).st_size if whence == os.SEEK_END else 0
        self._at = base + position
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._descriptor, [buffer], self._at)
        self._at += count
        return count

    def close(self) -> None:
        """Do nothing."""


class SealedFile:
    """One durable file of the index, open for reading at any position by many threads.

    It stays readable after a writer has removed its name. Only the segments asked for are read and decrypted.
    """

    _numbers = itertools.count(1)

    def __init__(self, path: Path, key: bytes, associated_data: bytes, cache: PageCache) -> None:
        self.name = path.name
        self.number = next(self._numbers)
        self._key = key
        self._associated_data = associated_data
        self._cache = cache
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._closer = weakref.finalize(self, _release, self._descriptor, cache, self.number)
        with self._guarded():
            self.size = plaintext_size(os.fstat(self._descriptor).st_size)
            self._last = self._locate(max(self.size - 1, 0))[0]
            self._page(self._last)  # the last segment authenticates the length

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except IntegrityFault as fault:
            raise IndexDamaged(f"index file {self.name} is not authentic") from fault

    @staticmethod
    def _locate(position: int) -> tuple[int, int]:
        index, offset = divmod(position + HEADER_BYTES, PLAIN_BYTES)
        return index, offset if index else offset - HEADER_BYTES

    def _page(self, index: int) -> bytes:
        page = self._cache.get((self.number, index))
        if page is None:
            page = self._decrypt(index)
            self._cache.put((self.number, index), page)
        return page

    def _decrypt(self, index: int) -> bytes:
        start = index * PLAIN_BYTES - HEADER_BYTES if index else 0
        end = min((index + 1) * PLAIN_BYTES - HEADER_BYTES, self.size)
        raw = cast(BinaryIO, _Positional(self._descriptor))
        with self._guarded(), SegmentReader(raw, self._key, self._associated_data) as reader:
            if end >= self.size and reader.plaintext_size != self.size:
                raise IntegrityFault("the file changed its length")
            page = bytearray(end - start)
            reader.seek(start)
            if reader.readinto(page) != len(page):
                raise IntegrityFault("the file is cut short")
        return bytes(page)

    def get(self, position: int, length: int) -> bytes:
        """Return up to `length` authenticated bytes from `position`; fewer at the end of the file."""
        length = min(length, self.size - position)
        if length <= 0:
            return b""
        index, offset = self._locate(position)
        piece = self._page(index)[offset : offset + length]
        if len(piece) == length:
            return piece
        pieces = [piece]
        length -= len(piece)
        while length > 0:
            index += 1
            pieces.append(self._page(index)[:length])
            length -= len(pieces[-1])
        return b"".join(pieces)

    def authenticate(self) -> None:
        """Decrypt the whole file once, past the cache. Raises IndexDamaged."""
        for index in range(self._last + 1):
            self._decrypt(index)

    def close(self) -> None:
        self._closer()


def _release(descriptor: int, cache: PageCache, number: int) -> None:
    os.close(descriptor)
    cache.forget(number)


class SealedView(StructFile):  # type: ignore[misc]
    """A part of a `SealedFile` as Whoosh wants to see it: structured reads, with a position of its own."""

    def __init__(self, sealed: SealedFile, start: int, length: int, name: str) -> None:
        self._sealed = sealed
        self._start = start
        self._length = length
        self._at = 0
        self._name = name
        self.is_real = False
        self.is_closed = False
        self.onclose = None

    @property
    def file(self) -> "SealedView":
        """What Whoosh's own methods read from. Kept as an attribute it would be a circle, and the file's descriptor,
        with the room of a file that was removed, would be held until Python looks for circles."""
        return self

    def read(self, size: int | None = None) -> bytes:
        left = max(self._length - self._at, 0)
        data = self._sealed.get(self._start + self._at, left if size is None or size < 0 else min(size, left))
        self._at += len(data)
        return data

    def readline(self) -> bytes:
        """Pickle asks for this method; protocol 2 calls it for the names of globals."""
        start, line = self._at, self.read(256)
        while b"\n" not in line and (more := self.read(256)):
            line += more
        line = line[: line.find(b"\n") + 1] or line
        self._at = start + len(line)
        return line

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence] + position
        return self._at

    def tell(self) -> int:
        return self._at

    def get(self, position: int, length: int) -> bytes:
        return self._sealed.get(self._start + position, min(length, max(self._length - position, 0)))

    def get_array(self, position: int, typecode: str, length: int) -> Any:
        """Read an array as Whoosh wrote it, at a position of its own: threads share the view of a column's file."""
        return self.subset(position, max(self._length - position, 0)).read_array(typecode, length)

    def subset(self, offset: int, length: int, name: str | None = None) -> "SealedView":
        return SealedView(self._sealed, self._start + offset, length, name or self._name)

    def close(self) -> None:
        self.is_closed = True


class _Output(StructFile):  # type: ignore[misc]
    """A file being written. Whoosh may patch its head before it closes, so it is sealed only then.

    The posting pool closes `raw_file()` instead of this object, so `file` must be the one whose closing counts.
    """

    is_closed: bool

    def __init__(self, spool: Spool, name: str, seal: Any = None) -> None:
        super().__init__(spool, name=name)
        self.is_real = False
        self._seal = seal

    def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self.file.close()
        if self._seal:
            self._seal(self._name, self.file)


class ScratchStorage(Storage):  # type: ignore[misc]
    """Whoosh's temporary files: see `edms.search.scratch`. Nothing of it has a name on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Spool] = {}

    def create_file(self, name: str, **_: Any) -> StructFile:
        self._files[name] = spool = Spool(self._folder)
        return _Output(spool, name)

    def open_file(self, name: str, **_: Any) -> StructFile:
        spool = self._files[name]
        spool.seek(0)
        return _Output(spool, name)

    def list(self) -> list[str]:
        return list(self._files)

    def file_exists(self, name: str) -> bool:
        return name in self._files

    def file_length(self, name: str) -> int:
        return self._files[name].size

    def file_modified(self, _name: str) -> int:
        return 0

    def delete_file(self, name: str) -> None:
        self._files.pop(name).discard()

    def destroy(self) -> None:
        for name in self.list():
            self.delete_file(name)


class EncryptedStorage(Storage):  # type: ignore[misc]
    """The files of one generation of the index, in `folder`, under `key` (32 bytes).

    Whole segments and tables of contents are durable files; the pieces a segment is put together from stay scratch.
    """

    supports_mmap = False

    def __init__(self, folder: Path, key: bytes, generation: int, cache: PageCache) -> None:
        self.folder = folder
        self.generation = generation
        self._key = key
        self._cache = cache
        self._scratch = ScratchStorage(folder)

    def associated_data(self, name: str) -> bytes:
        """Return what is bound to a file: format, generation and the name it is read under."""
        bound = _TABLE_OF_CONTENTS.match(name)
        return f"{FORMAT}|{self.generation}|{bound.group() if bound else name}".encode()

    def open_sealed(self, name: str) -> SealedFile:
        """Open a durable file. Raises FileNotFoundError, IndexDamaged."""
        return SealedFile(self.folder / name, self._key, self.associated_data(name), self._cache)

    def create_file(self, name: str, **_: Any) -> StructFile:
        if not _DURABLE.fullmatch(name):
            return self._scratch.create_file(name)
        return _Output(Spool(self.folder), name, self._seal)

    def _seal(self, name: str, spool: Spool) -> None:
        seal_file(self.folder / name, self._key, self.associated_data(name), spool)
        spool.discard()

    def open_file(self, name: str, **_: Any) -> StructFile:
        if self._scratch.file_exists(name):
            return self._scratch.open_file(name)
        sealed = self.open_sealed(name)
        return SealedView(sealed, 0, sealed.size, name)

    def durable(self) -> Iterator[str]:
        """Yield the names of the durable files in the folder, unfinished ones included; none when it is gone."""
        with suppress(FileNotFoundError):
            yield from [path.name for path in self.folder.iterdir() if _DURABLE.fullmatch(path.name)]

    def list(self) -> list[str]:
        return [*self.durable(), *self._scratch.list()]

    def file_exists(self, name: str) -> bool:
        return self._scratch.file_exists(name) or (self.folder / name).exists()

    def file_length(self, name: str) -> int:
        return self._scratch.file_length(name) if self._scratch.file_exists(name) else self.open_file(name)._length

    def file_modified(self, _name: str) -> int:
        return 0

    def delete_file(self, name: str) -> None:
        if self._scratch.file_exists(name):
            self._scratch.delete_file(name)
        else:
            (self.folder / name).unlink(missing_ok=True)

    def rename_file(self, old: str, new: str, safe: bool = False) -> None:
        """Put a finished table of contents in force. Everything it names is durable before, the name after."""
        if safe and (self.folder / new).exists():
            raise StorageFault(f"the index already has a file {new}", "two writers? stop one")
        if self.associated_data(old) != self.associated_data(new):
            raise ValueError("only a table of contents is renamed")
        sync_folder(self.folder)
        (self.folder / old).rename(self.folder / new)
        sync_folder(self.folder)

    def temp_storage(self, name: str | None = None) -> ScratchStorage:
        return ScratchStorage(self.folder)

    def drop_scratch(self) -> None:
        """Free what an unfinished writer left behind in this process."""
        self._scratch.destroy()

    def close(self) -> None:
        """Readers close their storage; this one is shared and holds nothing open."""


def seal_file(path: Path, key: bytes, associated_data: bytes, source: Any) -> None:
    """Write `source` encrypted to `path` and make its bytes durable (not yet its name). Raises StorageFault."""
    try:
        with path.open("wb") as raw:
            writer = SegmentWriter(raw, key, associated_data)
            while piece := source.read(COPY):
                writer.write(piece)
            writer.close()
            raw.flush()
            os.fsync(raw.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageFault(f"the index file {path.name} could not be written: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
