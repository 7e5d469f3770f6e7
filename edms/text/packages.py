"""Zip packages (office documents): measured by decompressing them before anything parses them (R85)."""

import zipfile
from typing import BinaryIO

from edms.text.types import Unreadable

_CHUNK = 1024 * 1024
_SMALL = 10 * 1024 * 1024


def open_package(stream: BinaryIO, limits: dict[str, int]) -> zipfile.ZipFile:
    """Open and measure a zip. Raises Unreadable: damaged, encrypted, decompression_bomb.

    The sizes in a zip's headers are claims; what counts is what comes out, so every entry is decompressed once and
    thrown away, up to the limits.
    """
    try:
        package = zipfile.ZipFile(stream)
        entries = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise Unreadable("damaged", "the file is damaged: its package cannot be opened") from None
    if len(entries) > limits["max_archive_entries"]:
        raise Unreadable(
            "decompression_bomb", f"it holds {len(entries)} entries; the limit is {limits['max_archive_entries']}"
        )
    total = 0
    for entry in entries:
        if (entry.flag_bits | _local_flags(stream, entry)) & 1:
            raise Unreadable("encrypted", "the package is protected by a password; bring it without one")
        total += _measured(package, entry, limits, total)
    return package


def _local_flags(stream: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """The flags in the entry's own header: other programs believe these, so that both must say the same."""
    stream.seek(entry.header_offset + 6)
    return int.from_bytes(stream.read(2), "little")


def _measured(package: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: dict[str, int], before: int) -> int:
    size = 0
    try:
        with package.open(entry) as content:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                too_much = before + size > limits["max_archive_bytes"]
                too_dense = size > _SMALL and size > entry.compress_size * limits["max_decompression_ratio"]
                if too_much or too_dense:
                    raise Unreadable(
                        "decompression_bomb", "it unpacks to far more than is allowed; it was not unpacked"
                    )
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError):
        raise Unreadable("damaged", "the file is damaged: a part of its package cannot be read") from None
    return size
