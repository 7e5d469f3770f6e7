"""Files in a watched folder: what lies there, whether it is still being written, and moving it away, never deleting it.

Works by looking, not by being told: network file systems tell nobody of changes. The only place where an original's
name in the folder goes is `move_away`, after its content is durable elsewhere.

Whoever may write to the folder may put a link in the place of a sub-folder, or of "done", at any moment: no link is
followed at any step below the folder.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import BinaryIO

from edms.capture.given import held_inside, open_given, refusal_of
from edms.core.errors import Refused
from edms.core.intake_settings import WatchedFolder

MOST_DEPTH = 32
MOST_LOOKED_AT = 20_000
_CHUNK = 1024 * 1024
_LONGEST_NAME = 200
_LEASE_HELD_BY_WRITER = (errno.EAGAIN, errno.EWOULDBLOCK)


class Unsettled(Exception):
    """The file is not ready: it changes, or somebody has it open for writing."""


@dataclass(frozen=True)
class Seen:
    """An entry as it looked: `inside` is its path below the watched folder, `refusal` why it is no file."""

    path: Path
    inside: PurePath
    size: int
    changed_ns: int
    inode: int
    refusal: str = ""

    @property
    def root(self) -> Path:
        """The watched folder."""
        return self.path.parents[len(self.inside.parts) - 1]

    @property
    def looks(self) -> str:
        """What changes when the file does."""
        return f"{self.size}:{self.changed_ns}:{self.inode}"

    @property
    def shown(self) -> str:
        """The path as text: bytes that are no UTF-8 are escaped."""
        return os.fsencode(self.inside).decode("utf-8", "backslashreplace")


def files_in(folder: WatchedFolder) -> Iterator[Seen]:
    """Yield what lies in the folder, at most MOST_LOOKED_AT entries. Raises OSError when the folder cannot be read.

    A sub-folder that cannot be read is passed over: what is in it is not lost, and stays where it is.
    """
    left = [(folder.path, PurePath(), 0)]
    count = 0
    while left:
        below, inside, depth = left.pop()
        try:
            found = _entries(folder.path, inside)
        except OSError:
            if depth == 0:
                raise
            continue
        for entry in reversed(found):
            path = below / entry.name
            if path in (folder.done, folder.failed):
                continue
            if depth < MOST_DEPTH and entry.is_folder and not skipped(entry.name, folder.skip):
                left.append((path, inside / entry.name, depth + 1))
        for entry in found:
            ours = below / entry.name in (folder.done, folder.failed)
            if ours or skipped(entry.name, folder.skip) or entry.is_folder or entry.seen is None:
                continue
            count += 1
            if count > MOST_LOOKED_AT:
                return
            yield replace(entry.seen, path=below / entry.name)


@dataclass(frozen=True)
class _Entry:
    name: str
    is_folder: bool
    seen: Seen | None


def _entries(root: Path, inside: PurePath) -> list[_Entry]:
    """Return what lies in a folder below the watched one, sorted; `seen` is None for what has gone meanwhile."""
    found = []
    with held_inside(root, inside) as held, os.scandir(held) as entries:
        for entry in sorted(entries, key=lambda one: os.fsencode(one.name)):
            seen = None
            with contextlib.suppress(FileNotFoundError):
                seen = look(held / entry.name, inside / entry.name)
            found.append(_Entry(entry.name, entry.is_dir(follow_symlinks=False), seen))
    return found


def look(path: Path, inside: PurePath) -> Seen:
    """Return how an entry looks now. Raises OSError."""
    found = path.lstat()
    return Seen(path, inside, found.st_size, found.st_mtime_ns, found.st_ino, refusal_of(found.st_mode))


def skipped(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name is one of those that programs give to files that are not finished."""
    folded = name.casefold()
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


@contextlib.contextmanager
def opened(seen: Seen) -> Iterator["SteadyFile"]:
    """Open a file for capture. Raises Unsettled when it has changed since it was seen or somebody writes to it,
    Refused when it is no file any more, OSError."""
    with held_inside(seen.root, seen.inside.parent) as held, open_given(held / seen.path.name) as stream:
        if written_to(stream.fileno()):
            raise Unsettled
        steady = SteadyFile(stream, seen)
        steady.require_unchanged()
        yield steady


class SteadyFile:
    """A file that is read to its end only if it is then what it was at the beginning; else `read` raises Unsettled."""

    def __init__(self, stream: BinaryIO, seen: Seen) -> None:
        self._stream = stream
        self._seen = seen

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(size)
        if size < 0 or len(found) < size:
            self.require_unchanged()
        return found

    def require_unchanged(self) -> None:
        now = os.fstat(self._stream.fileno())
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self._seen.size, self._seen.changed_ns, self._seen.inode):
            raise Unsettled


def written_to(descriptor: int) -> bool:
    """Whether somebody is known to have the file open for writing.

    Linux grants a read lease on a file only while nobody has it open for writing (fcntl(2), F_SETLEASE). Where leases
    are not to be had (most network file systems, other owners' files) nothing is known, and False is the answer.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)  # a broken lease would else end the process (SIGIO)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno in _LEASE_HELD_BY_WRITER
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def move_away(seen: Seen, below: Path, reason: str = "") -> Path:
    """Move the entry below another folder, keeping its path, and return where it lies; `reason` goes beside it.

    Nothing there is overwritten. Raises Unsettled when the entry is not what it was: a newer one stays where it is.
    Raises OSError; then the entry is where it was.
    """
    inner, base, place = seen.inside.parent, below, seen.inside.parent
    if below.is_relative_to(seen.root):
        base, place = seen.root, below.relative_to(seen.root) / inner
    else:
        below.mkdir(parents=True, exist_ok=True)
    with held_inside(seen.root, inner) as source, held_inside(base, place, make=True) as held:
        target = _free(held / seen.inside.name)
        _moved_with_reason(seen, source / seen.path.name, target, reason)
        return below / inner / target.name


def _moved_with_reason(seen: Seen, path: Path, target: Path, reason: str) -> None:
    if not reason:
        _moved(seen, path, target)
        return
    note = target.with_name(f"{_shortened(target.name)}.reason")
    with note.open("x", encoding="utf-8") as out:
        out.write(f"{reason}\n")
    try:
        _moved(seen, path, target)
    except BaseException:
        note.unlink(missing_ok=True)
        raise


def _moved(seen: Seen, path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copied(seen, path, target)
        return
    if look(target, seen.inside).looks != seen.looks:
        # Something newer had taken its name in between: it has not been captured, so it goes back.
        target.rename(_free(path))
        raise Unsettled


def _copied(seen: Seen, path: Path, target: Path) -> None:
    """Move over to another file system: the copy is durable and the same, byte for byte, before the name here goes."""
    if seen.refusal:
        raise Refused("it cannot be moved to another file system", "take it away by hand")
    partial = target.with_name(f".{_shortened(target.name)}.part")
    partial.unlink(missing_ok=True)  # of one that was killed
    try:
        with opened(seen) as source, partial.open("xb") as out:
            given = _digest_while_copying(source, out)
            os.fsync(out.fileno())
        with partial.open("rb") as copy:
            if hashlib.file_digest(copy, "sha256").digest() != given:
                raise OSError(errno.EIO, "the copy is not the same", str(target))
        shutil.copystat(path, partial, follow_symlinks=False)
        partial.rename(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    if look(path, seen.inside).looks != seen.looks:
        raise Unsettled
    path.unlink()


def _digest_while_copying(source: SteadyFile, out: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        out.write(chunk)
    out.flush()
    return digest.digest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free(path: Path) -> Path:
    """Return `path`, or it with a number where something of that name lies already (also the note of a refusal)."""
    number, candidate = 1, path
    while os.path.lexists(candidate) or os.path.lexists(candidate.with_name(f"{_shortened(candidate.name)}.reason")):
        number += 1
        candidate = path.with_name(f"{_shortened(path.stem)} ({number}){path.suffix[:20]}")
    return candidate


def _shortened(name: str) -> str:
    """Leave room for what is put behind a name; file systems end at 255 bytes."""
    return os.fsdecode(os.fsencode(name)[:_LONGEST_NAME])


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder that can be listed now."""
    try:
        return stat.S_ISDIR(path.stat().st_mode) and os.access(path, os.R_OK | os.X_OK)
    except OSError:
        return False
