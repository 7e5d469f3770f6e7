"""A file of 5 GB through the vault: how much memory it takes, and how fast it goes in and out.

`python -m bench.large_file` prints one JSON object. The bytes are made on the way, so that only the vault's memory
grows. `extra_mebibytes` is the growth of the process's peak resident memory beside that of a small file before.
Beside it the same work by hand: SHA-256, AES-256-GCM in chunks of 1 MiB, one file, fsync.
"""

import hashlib
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edms.core.clock import FixedClock
from edms.vault.file_provider import FileKeyProvider
from edms.vault.local_store import LocalBlobStore
from edms.vault.vault import Vault

MEBIBYTE = 1024 * 1024
SIZE = 5_000_000_000
LIMIT_MEBIBYTES = 64


class Generated(io.RawIOBase):
    """`size` bytes out of nothing."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._page = os.urandom(MEBIBYTE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        size = min(self._left, len(view), MEBIBYTE)
        view[:size] = memoryview(self._page)[:size]
        self._left -= size
        return size


def run(large: bool) -> dict[str, Any]:
    """Measure; `large` changes nothing, since what is to be shown is a large file."""
    return measure(SIZE)


def measure(size: int) -> dict[str, Any]:
    """Return {"bytes", "extra_mebibytes", "limit", "within_limit", "mb_per_second"}."""
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        if shutil.disk_usage(folder).free < 2 * size:
            raise RuntimeError(f"{folder} has no room for a file of {size} bytes: name another with TMPDIR")
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        vault = Vault(LocalBlobStore(Path(folder) / "blobs"), FileKeyProvider("00", 1, {1: bytes(32)}), clock)
        _through(vault, 16 * MEBIBYTE)
        before = _peak()
        put, verify = _through(vault, size)
        extra = (_peak() - before) / 1024
        by_hand = _by_hand(Path(folder) / "by-hand", size)
    return {
        "bytes": size,
        "extra_mebibytes": round(extra, 1),
        "limit": LIMIT_MEBIBYTES,
        "within_limit": extra < LIMIT_MEBIBYTES,
        "mb_per_second": {"put": round(put), "verify": round(verify), "put_by_hand": round(by_hand)},
    }


def _through(vault: Vault, size: int) -> tuple[float, float]:
    began = time.perf_counter()
    blob = vault.put(Generated(size), "original")  # type: ignore[arg-type]
    stored = time.perf_counter()
    vault.verify(blob)
    read = time.perf_counter()
    with vault.open(blob) as plain:
        plain.seek(-10, io.SEEK_END)
        if len(plain.read()) != 10:
            raise RuntimeError("the end is not there")
    vault.delete(blob)
    return size / (stored - began) / 1e6, size / (read - stored) / 1e6


def _by_hand(path: Path, size: int) -> float:
    cipher, digest, source = AESGCM(bytes(32)), hashlib.sha256(), Generated(size)
    room, number = bytearray(MEBIBYTE), 0
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while taken := source.readinto(room):
            digest.update(memoryview(room)[:taken])
            file.write(cipher.encrypt(number.to_bytes(12, "big"), bytes(memoryview(room)[:taken]), None))
            number += 1
        os.fsync(file.fileno())
    return size / (time.perf_counter() - began) / 1e6


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else SIZE), indent=2))
