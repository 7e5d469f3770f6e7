"""Blobs as files in a folder of this machine, fanned out over 256 sub-folders by the first two digits of the name.

blobs/3f/3f9c…   whole blobs, mode 0600
blobs/incoming/  blobs being written; what a crash leaves here is garbage, cleaned after a grace period
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from edms.core.errors import NotFound
from edms.vault.file_operations import (
    make_private_folder,
    remove_durably,
    storage_faults,
    write_durably,
)
from edms.vault.store import checked_name

INCOMING = "incoming"
_FOLDERS = tuple(f"{number:02x}" for number in range(256))
_WHOLE = re.compile(r"[0-9a-f]{32}")


class LocalBlobStore:
    """A BlobStore under the folder `root`, which is made when it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / INCOMING
        make_private_folder(self._incoming)
        self._durable: set[Path] = set()

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> None:
        final = self._path(name)
        self._make_durable_folder(final.parent)
        write_durably(final, self._incoming / name, write)

    def open(self, name: str) -> BinaryIO:
        with storage_faults(f"cannot open blob {name}"):
            try:
                return self._path(name).open("rb", buffering=0)
            except FileNotFoundError:
                raise NotFound(f"blob {name} is not in the store") from None

    def delete(self, name: str) -> None:
        remove_durably(self._path(name))

    def names(self) -> Iterator[str]:
        for folder in _FOLDERS:
            with storage_faults(f"cannot read the folder {folder}"):
                try:
                    found = os.listdir(self._root / folder)  # noqa: PTH208
                except FileNotFoundError:  # made with its first blob
                    continue
            yield from (name for name in found if _WHOLE.fullmatch(name) and name.startswith(folder))

    def exists(self, name: str) -> bool:
        try:
            self._stat(name)
        except NotFound:
            return False
        return True

    def size(self, name: str) -> int:
        return self._stat(name).st_size

    def written_at(self, name: str) -> datetime:
        return datetime.fromtimestamp(self._stat(name).st_mtime, UTC)

    def clean_leftovers(self, older_than: datetime) -> int:
        removed = 0
        with storage_faults("cannot clean the folder of incoming blobs"):
            for path in list(self._incoming.iterdir()):
                removed += self._clean(path, older_than)
        return removed

    def _clean(self, path: Path, older_than: datetime) -> bool:
        try:
            if path.stat().st_mtime >= older_than.timestamp():
                return False
            return remove_durably(path)
        except FileNotFoundError:  # its writer has just finished
            return False

    def _make_durable_folder(self, folder: Path) -> None:
        # Once in each process even when the folder is there: another one may have made it and not yet fsynced it.
        if folder not in self._durable:
            make_private_folder(folder, certain=True)
            self._durable.add(folder)

    def _path(self, name: str) -> Path:
        return self._root / checked_name(name)[:2] / name

    def _stat(self, name: str) -> os.stat_result:
        with storage_faults(f"cannot look at blob {name}"):
            try:
                return self._path(name).stat()
            except FileNotFoundError:
                raise NotFound(f"blob {name} is not in the store") from None
