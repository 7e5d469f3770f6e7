"""Every durable write of the vault, in one place, so that a test can fail each system call in turn.

The rule: a file is written whole under a temporary name, fsynced, renamed, and its folder fsynced. When a function
here returns, what it did survives a power cut; when it raises, what it was asked to make is not there.
"""

import contextlib
import errno
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from edms.core.errors import StorageFault

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_ZEROS = 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def storage_faults(doing: str) -> Iterator[None]:
    """Turn an OSError into the StorageFault that says what was being done and what to do."""
    try:
        yield
    except OSError as fault:
        reason = fault.strerror or str(fault)
        mend = "free some space, then try again" if fault.errno in _FULL else "check the disk and the permissions"
        raise StorageFault(f"{doing}: {reason}", mend) from fault


class _DurableFile(io.RawIOBase):
    """A new private file whose faults are StorageFaults, so that they differ from faults of what is being read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._doing = f"cannot write {path.name}"
        self._descriptor = -1
        with storage_faults(self._doing):
            self._descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE
            )

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        with storage_faults(self._doing):
            return os.write(self._descriptor, data)

    def make_durable(self) -> None:
        with storage_faults(self._doing):
            os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with storage_faults(self._doing):
                os.close(descriptor)
        super().close()


def write_durably(final: Path, temporary: Path, write: Callable[[BinaryIO], None], *, replace: bool = False) -> None:
    """Make the file `final` from what `write` puts into the stream it is given; durable on return.

    `temporary` must lie on the same file system. When anything fails, whoever's fault it is, neither file is left.
    Raises StorageFault (also when `final` is there already and `replace` is false), and whatever `write` raises.
    """
    with contextlib.ExitStack() as undo:
        with contextlib.closing(_DurableFile(temporary)) as file:
            undo.callback(_remove_quietly, temporary)
            write(cast(BinaryIO, file))
            file.make_durable()
        if not replace and os.path.lexists(final):
            raise StorageFault(f"{final.name} is there already and is never overwritten")
        with storage_faults(f"cannot put {final.name} in its place"):
            os.rename(temporary, final)  # noqa: PTH104 - the system calls of this file are meant to be seen
        if not replace:
            undo.callback(_remove_quietly, final)
        sync_folder(final.parent)
        undo.pop_all()


def replace_and_overwrite(final: Path, temporary: Path, write: Callable[[BinaryIO], None]) -> None:
    """Put a new file in the place of `final`, durably, then overwrite with zeros what the old one held.

    For files whose old content must not be had again. It reaches the blocks that the file had; not copies that the
    file system's journal, a snapshot or the disk's own remapping keep (docs/formats/vault.md, section 9).
    """
    with storage_faults(f"cannot open {final.name}"):
        old = os.open(final, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        write_durably(final, temporary, write, replace=True)
        overwrite(old, final.name)
    finally:
        os.close(old)


def overwrite(descriptor: int, name: str) -> None:
    """Overwrite the whole of an open file with zeros, and fsync it."""
    with storage_faults(f"cannot overwrite the old content of {name}"):
        left = os.fstat(descriptor).st_size
        position = 0
        while left:
            done = os.pwrite(descriptor, bytes(min(left, _ZEROS)), position)
            position, left = position + done, left - done
        os.fsync(descriptor)


def remove_durably(path: Path) -> bool:
    """Remove a file so that it stays removed; return False when there was none."""
    with storage_faults(f"cannot remove {path.name}"):
        try:
            os.unlink(path)  # noqa: PTH108
        except FileNotFoundError:
            return False
    sync_folder(path.parent)
    return True


def make_private_folder(path: Path, *, certain: bool = False) -> None:
    """Make a folder that only its owner can enter, with the parents it needs; durable on return.

    One that is there already is taken as durable, unless it must be `certain`.
    """
    if path.is_dir() and not certain:
        return
    if not path.parent.exists():
        make_private_folder(path.parent)
    with storage_faults(f"cannot make the folder {path}"):
        try:
            os.mkdir(path, PRIVATE_FOLDER)  # noqa: PTH102
        except FileExistsError:
            if not path.is_dir():
                raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    with storage_faults(f"cannot make the folder {path.name} durable"):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def folder_lock(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Let one process at a time change a folder, or several read it. The lock goes with the process that holds it."""
    with storage_faults(f"cannot lock the folder {folder.name}"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with storage_faults(f"cannot lock the folder {folder.name}"):
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        with contextlib.suppress(OSError):  # what was done under the lock is done; only the lock is given back
            os.close(descriptor)


def _remove_quietly(path: Path) -> None:
    """Undo after a failure: its own failure must not hide the first one."""
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108
