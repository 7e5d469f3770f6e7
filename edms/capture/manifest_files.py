"""The files that a manifest names: only regular files below its folder, whatever the manifest says."""

import os
import stat
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from edms.capture.given import held_inside, open_given, refusal_of


class FileProblem(Exception):
    """Why a file is not taken: `code` is stable, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def open_inside(folder: Path, path: Path) -> BinaryIO:
    """Open a file below `folder` without following a link at any step, also one put there since it was checked.

    Raises OSError, and Refused for what is no regular file.
    """
    with held_inside(folder, path.parent.relative_to(folder)) as held:
        return open_given(held / path.name)


class Inside:
    """Files below one folder, found by the paths of a manifest (with / or \\, as the systems write them)."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._names: dict[Path, dict[str, str]] = {}

    def file(self, name: str) -> Path:
        """Return the file that `name` names. Raises FileProblem.

        Names that differ only in how Unicode spells an accent (as between macOS and others) are the same.
        """
        parts = self._parts(name)
        path = self._folder
        for number, part in enumerate(parts):
            path = path / self._spelled(path, part)
            try:
                mode = path.lstat().st_mode
            except (OSError, ValueError):
                raise FileProblem("missing_file", f"there is no file {name!r} below the folder") from None
            inner = number < len(parts) - 1
            if inner and not stat.S_ISDIR(mode):
                raise FileProblem("not_a_file", f"{name!r}: {refusal_of(mode) or 'a part of the path is no folder'}")
        return self._checked(path, name)

    def _checked(self, path: Path, name: str) -> Path:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            raise FileProblem("not_a_file", f"{name!r} is a folder")
        if refusal := refusal_of(found.st_mode):
            raise FileProblem("not_a_file", f"{name!r}: {refusal}")
        if found.st_size > self._most:
            raise FileProblem("too_large", f"{name!r} is larger than the limit of {self._most} bytes")
        if not os.access(path, os.R_OK):
            raise FileProblem("unreadable", f"{name!r} cannot be read by this account")
        return path

    @staticmethod
    def _parts(name: str) -> tuple[str, ...]:
        if not name:
            raise FileProblem("no_file", "no file is named")
        windows = PureWindowsPath(name)
        if windows.drive or windows.root or PurePosixPath(name).is_absolute():
            raise FileProblem("path_escapes", f"{name!r} is not below the folder: write paths from the folder on")
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        if ".." in parts or "\x00" in name or not parts:
            raise FileProblem("path_escapes", f"{name!r} leads out of the folder")
        return parts

    def _spelled(self, folder: Path, part: str) -> str:
        """The name as it stands on the disk; the given one where there is none like it."""
        if folder not in self._names:
            try:
                listed = [path.name for path in folder.iterdir()]
            except OSError:
                listed = []
            self._names[folder] = {unicodedata.normalize("NFC", name): name for name in listed}
        return self._names[folder].get(unicodedata.normalize("NFC", part), part)
