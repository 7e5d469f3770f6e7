"""A real file system of a few mebibytes, which can be filled to the last block and made read-only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MEBIBYTE = 1024 * 1024
FILLER = "filler"


class SmallDisk:
    """A tmpfs mounted at `path`."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        options = f"size={size},mode=700"
        told = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "edms-tests", path], capture_output=True, text=True
        )
        if told.returncode:
            pytest.skip(f"NO SMALL DISK CAN BE MOUNTED HERE (needs root): {told.stderr.strip()}")

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.path).free

    @property
    def used(self) -> int:
        return shutil.disk_usage(self.path).used

    def fill(self, leaving: int = 0) -> None:
        """Fill all of it but `leaving` bytes."""
        with (self.path / FILLER).open("ab") as filler:
            if self.free > leaving:
                os.posix_fallocate(filler.fileno(), filler.tell(), self.free - leaving)

    def clear(self) -> None:
        """Give the space back."""
        (self.path / FILLER).unlink(missing_ok=True)

    def resize(self, size: int) -> None:
        """Make it another size, no smaller than what is on it: what does not cost the memory that a filler does."""
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True, capture_output=True)

    def read_only(self, so: bool = True) -> None:
        """Remount. Nobody may have a file open for writing there."""
        subprocess.run(["mount", "-o", f"remount,{'ro' if so else 'rw'}", self.path], check=True, capture_output=True)

    def end(self) -> None:
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 24 MiB."""
    disk = SmallDisk(tmp_path / "disk", 24 * MEBIBYTE)
    yield disk
    disk.end()
