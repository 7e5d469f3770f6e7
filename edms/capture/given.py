"""What lies below the paths given to `edms ingest`: every entry is named once, also what is not taken in and why.

Links are not followed, since they lead out of what was given; only regular files are opened, since a pipe would hold
the console up for ever (R85).
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from edms.core.errors import Refused

_KINDS = (
    (stat.S_ISLNK, "a symbolic link, which is not followed: give the file itself"),
    (stat.S_ISFIFO, "a pipe, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
)


@dataclass(frozen=True)
class Given:
    """One entry. `refusal`: why it is not taken in, "" for a file."""

    path: Path
    refusal: str = ""


def entries_below(paths: Sequence[Path]) -> Iterator[Given]:
    """Yield every entry given or below a given folder, in a stable order; what is no regular file with its reason."""
    for path in paths:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            yield from _folder(path)
        else:
            yield Given(path, refusal_of(mode))


@contextlib.contextmanager
def held_inside(folder: Path, inner: PurePath, *, make: bool = False) -> Iterator[Path]:
    """Hold the folder `inner` below `folder`, found without following a link at any step below `folder`.

    Yields a path that leads there for as long as it is held, whatever somebody puts in its place meanwhile. `make`:
    what is missing is made. Raises OSError, NotADirectoryError where there is a link.
    """
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in inner.parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=held)
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=held)
            os.close(held)
            held = deeper
        yield Path(f"/proc/self/fd/{held}")
    finally:
        os.close(held)


def open_given(path: Path) -> BinaryIO:
    """Open a regular file for reading; raises OSError, and Refused for what has become something else meanwhile."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    return require_regular(descriptor)


def require_regular(descriptor: int) -> BinaryIO:
    """Return the stream of an open regular file; raises Refused for anything else, with the descriptor closed."""
    refusal = refusal_of(os.fstat(descriptor).st_mode)
    if refusal:
        os.close(descriptor)
        raise Refused(refusal)
    return os.fdopen(descriptor, "rb")


def _folder(top: Path) -> Iterator[Given]:
    unread: list[Given] = []

    def note(error: OSError) -> None:
        unread.append(Given(Path(error.filename), f"a folder that cannot be read: {error.strerror}"))

    for name, below, files in os.walk(top, followlinks=False, onerror=note):
        below.sort()
        folder = Path(name)
        yield from (Given(folder / link, _KINDS[0][1]) for link in below if (folder / link).is_symlink())
        for file in sorted(files):
            yield Given(folder / file, refusal_of(_mode(folder / file)))
    yield from unread


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except OSError:
        return None


def refusal_of(mode: int | None) -> str:
    """Return why an entry of this mode (`st_mode`, None when there is none) is not taken in; "" for a regular file."""
    if mode is None:
        return "it cannot be read or has gone"
    if stat.S_ISREG(mode):
        return ""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "not a file")
