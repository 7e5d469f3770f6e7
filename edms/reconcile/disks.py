"""Whether the disks that the archive writes to have room and can be written: said before a capture is refused."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edms.records.archive import Archive
from edms.records.findings import Finding


def space_findings(archive: Archive) -> Iterator[Finding]:
    """Yield an error for each disk that is nearly full or cannot be written; each disk is named once."""
    bound = archive.settings.storage.little_space_bytes
    seen: set[int] = set()
    for what, folder in _places(archive):
        try:
            disk = folder.stat().st_dev
            free = shutil.disk_usage(folder).free
        except OSError as error:
            yield Finding("error", f"{what} {folder} cannot be looked at: {error.strerror}", "is it mounted?")
            continue
        if not _writable(folder):
            mend = "mount it for writing, or let this account own it; until then nothing is captured there"
            yield Finding("error", f"{what} {folder} cannot be written", mend)
        if disk not in seen and free < bound:
            mend = "free some space; while the disk is full captures are refused, and what was captured stays"
            yield Finding("error", f"only {free // 1024**2} MiB are free on the disk of {what} {folder}", mend)
        seen.add(disk)


def _places(archive: Archive) -> Iterator[tuple[str, Path]]:
    """Where the service writes. The database of a server of its own is that server's to look after."""
    storage = archive.settings.storage.path
    yield "the storage", storage
    for name in ("blobs", "index", "uploads", "pictures"):
        if (storage / name).is_dir():
            yield f"the folder of {name}", storage / name
    yield "the keys", archive.settings.keys_path
    yield "the folder for temporary files", Path(tempfile.gettempdir())


def _writable(folder: Path) -> bool:
    return not os.statvfs(folder).f_flag & os.ST_RDONLY and os.access(folder, os.W_OK | os.X_OK)
