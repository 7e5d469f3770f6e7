"""Opening a zip file that may be hostile: everything about it is checked before anything in it is read (invariant 11).

Whatever is wrong with it becomes IntegrityFault; no entry is ever written to the disk.
"""

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from edms.audit.bundle_format import place_of, safe_name
from edms.core.errors import IntegrityFault, Refused

MOST_ENTRIES = 1000
MOST_DIRECTORY_BYTES = 1024 * 1024
MOST_BYTES = 16 * 1024**3
MOST_NAME_CHARACTERS = 500
MOST_RATIO = 200
MOST_TEXT_BYTES = 4 * 1024 * 1024
_CHUNK = 1024 * 1024
_ENCRYPTED = 0x1
_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR = struct.Struct("<4sLQL")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    KeyError,
)


class Limits(NamedTuple):
    """The most that a zip file of one kind may hold; of its directory and of what it unpacks to in bytes."""

    entries: int
    directory_bytes: int
    bytes: int


BUNDLE = Limits(MOST_ENTRIES, MOST_DIRECTORY_BYTES, MOST_BYTES)


class Package:
    """An opened zip file whose directory is within limits and whose names are safe and single."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = tuple(entry.filename for entry in archive.infolist())

    def read(self, name: str, most: int = MOST_TEXT_BYTES) -> bytes:
        """Return the bytes of one entry. Raises IntegrityFault when it is missing, damaged or larger than `most`."""
        with _as_fault(name):
            if self._archive.getinfo(name).file_size > most:
                raise IntegrityFault(f"it is larger than {most} bytes")
            return self._archive.read(name)

    def digest(self, name: str) -> tuple[int, str]:
        """Return size and SHA-256 (hexadecimal) of one entry, in constant memory. Raises IntegrityFault."""
        size, value = self.hash(name, "sha256")
        return size, value.hex()

    def hash(self, name: str, algorithm: str) -> tuple[int, bytes]:
        """Return size and hash of one entry under an algorithm of hashlib; constant memory. Raises IntegrityFault."""
        hashed, size = hashlib.new(algorithm, usedforsecurity=False), 0
        with _as_fault(name), self._archive.open(name) as entry:
            while chunk := entry.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
        return size, hashed.digest()


@contextmanager
def open_package(path: Path, limits: Limits = BUNDLE) -> Iterator[Package]:
    """Open the zip file at `path`. Raises Refused when there is no such file, IntegrityFault when it is not one."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    with stream:
        with _as_fault(path.name):
            count = _check_directory(stream, limits)
            archive = zipfile.ZipFile(stream)
            _check_entries(archive, count, limits)
        with archive:
            yield Package(archive)


@contextmanager
def _as_fault(name: str) -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise IntegrityFault("it is missing") from None
    except _BROKEN as error:
        raise IntegrityFault(f"{name} is damaged or not what it should be ({type(error).__name__})") from None


def _check_directory(stream: BinaryIO, limits: Limits) -> int:
    """Look at the end record ourselves, and return how many entries it tells of.

    `zipfile` would read a directory of any size into memory before it can be asked.
    """
    total = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, total - _END64.size - _LOCATOR.size - _END.size))
    tail = stream.read()
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\5\6":
        raise IntegrityFault("it is not a zip file, or it was cut or has something appended")
    _, disk, start_disk, here, entries, size, offset, comment = _END.unpack(tail[-_END.size :])
    place = total - _END.size
    locator = tail[-_END.size - _LOCATOR.size : -_END.size]
    if locator[:4] == b"PK\6\7" and len(tail) == _END64.size + _LOCATOR.size + _END.size:
        found = _END64.unpack(tail[: _END64.size])
        place -= _LOCATOR.size + _END64.size
        if found[0] != b"PK\6\6":
            raise IntegrityFault("its end record is damaged")
        disk, start_disk, here, entries, size, offset = found[4:]
    if disk or start_disk or here != entries or comment:
        raise IntegrityFault("it is not one plain zip file")
    if entries > limits.entries or size > limits.directory_bytes:
        raise IntegrityFault(f"it has more entries than it may have ({limits.entries})")
    if offset + size != place:
        raise IntegrityFault("something lies in front of its entries or behind its directory")
    stream.seek(0)
    return int(entries)


def _check_entries(archive: zipfile.ZipFile, count: int, limits: Limits) -> None:
    if len(archive.infolist()) != count:
        raise IntegrityFault("its directory does not have as many entries as it says")
    seen: set[str] = set()
    total = 0
    for entry in archive.infolist():
        name = entry.filename
        problem = _problem(entry)
        if problem or place_of(name) in seen:
            raise IntegrityFault(f"its entry {name[:100]!r} {problem or 'is there twice'}")
        seen.add(place_of(name))
        total += entry.file_size
    if total > limits.bytes:
        raise IntegrityFault(f"it unpacks to more than {limits.bytes} bytes")


def _problem(entry: zipfile.ZipInfo) -> str:
    """Say why an entry is not one that a bundle may have, or return an empty string."""
    name, mode = entry.filename, entry.external_attr >> 16
    if entry.orig_filename != name or len(name) > MOST_NAME_CHARACTERS:
        return "has a name that no entry may have"
    if any(safe_name(part) != part for part in name.split("/")):
        return "has a name that leads elsewhere"
    if entry.is_dir() or (stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
        return "is not a plain file"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that a bundle is not"
    if entry.file_size > max(_CHUNK, MOST_RATIO * entry.compress_size):
        return "unpacks to far more than it is"
    return ""
