"""How fast the vault seals and opens, as a ratio to raw AES-256-GCM of the `cryptography` package in the same run.

`python -m bench.vault_throughput` prints one JSON object. Figures are MB/s (10^6 bytes) over 100 MB, best of five.
Each of ours stands against a plain loop over 1 MiB chunks that does the same work with the bare library:

    seal, open            encryption alone, in memory             against raw_encrypt, raw_decrypt
    seal_file, open_file  and the file written or read            against raw_write, raw_read
    put, verify           and SHA-256 of all plaintext            against raw_put, raw_verify

Ours is fed and drained in steps of 4 MiB. Files lie in memory (/dev/shm) where there is such a folder: the disk is
not what is measured.
"""

import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measuring import figure
from edms.core.clock import FixedClock
from edms.core.segments import SegmentReader, SegmentWriter
from edms.vault.file_provider import FileKeyProvider
from edms.vault.local_store import LocalBlobStore
from edms.vault.vault import Vault

MEBIBYTE = 1024 * 1024
SIZE = 100 * 1000 * 1000
ROUNDS = 5
STEP = 4 * MEBIBYTE
SMALL_BYTES = 4096
SMALL_COUNT = 300
LIMIT_RATIO = 0.7


def run(large: bool) -> dict[str, Any]:
    """Return `measure` of 100 MB, or of 1 GB, with its `figures`."""
    return _with_figures(measure(SIZE * (10 if large else 1)))


def smoke() -> dict[str, Any]:
    """Measure 2 MB."""
    return _with_figures(measure(2 * 1000 * 1000))


def _with_figures(measured: dict[str, Any]) -> dict[str, Any]:
    pairs = dict(zip(list(measured["mb_per_second"])[1::2], list(measured["mb_per_second"])[::2], strict=True))
    figures = [
        figure(
            ours,
            measured["mb_per_second"][ours],
            "MB/s",
            against=f"{theirs}: {measured['mb_per_second'][theirs]} MB/s",
            ratio=measured["ratio"][ours],
            target=f"at least {LIMIT_RATIO}",
        )
        for ours, theirs in pairs.items()
    ]
    small = [
        figure(f"blobs of {SMALL_BYTES} bytes, {name.split('_')[0]}", speed, "1/s")
        for name, speed in measured["small"].items()
    ]
    return {"figures": [*figures, *small], **measured}


def measure(size: int = SIZE) -> dict[str, Any]:
    """Return {"bytes", "limit", "mb_per_second": {name: figure}, "ratio": {name: ours / raw}, "small": {...}}."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return _measure(Path(folder), os.urandom(size))


def _measure(folder: Path, content: bytes) -> dict[str, Any]:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    vault = Vault(LocalBlobStore(folder / "blobs"), FileKeyProvider.create(folder / "keys", clock), clock)
    blob = vault.put(io.BytesIO(content), "original")
    key, path, raw_path = AESGCM.generate_key(256), folder / "sealed", folder / "raw"
    _seal_file(path, key, content)
    sealed = path.read_bytes()
    raw = _Raw(raw_path, content)
    speeds = _speeds(
        len(content),
        {
            "raw_encrypt": raw.encrypt,
            "seal": lambda: _seal(_Nowhere(), key, content),
            "raw_decrypt": raw.decrypt,
            "open": lambda: _drain(SegmentReader(io.BytesIO(sealed), key, b"bench")),
            "raw_write": lambda: raw.write(),
            "seal_file": lambda: _seal_file(path, key, content),
            "raw_read": lambda: raw.read(),
            "open_file": lambda: _drain(SegmentReader(path.open("rb", buffering=0), key, b"bench")),
            "raw_put": lambda: raw.write(hashlib.sha256()),
            "put": lambda: vault.delete(vault.put(io.BytesIO(content), "original")),
            "raw_verify": lambda: raw.read(hashlib.sha256()),
            "verify": lambda: vault.verify(blob),
        },
    )
    names = list(speeds)
    return {
        "bytes": len(content),
        "limit": LIMIT_RATIO,
        "mb_per_second": {name: round(speed) for name, speed in speeds.items()},
        "ratio": {
            ours: round(speeds[ours] / speeds[theirs], 2) for theirs, ours in zip(names[::2], names[1::2], strict=True)
        },
        "small": _small(vault),
    }


def _speeds(size: int, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Time all works in turn, round by round, so that a busy moment of the machine falls on all of them."""
    best = dict.fromkeys(works, float("inf"))
    for _round in range(ROUNDS):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - began)
    return {name: size / seconds / 1e6 for name, seconds in best.items()}


class _Raw:
    """What one would write without us: chunks of 1 MiB, each sealed by one call of the library."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._cipher = AESGCM(bytes(32))
        self._chunks = [content[start : start + MEBIBYTE] for start in range(0, len(content), MEBIBYTE)]
        self._sealed = [self._cipher.encrypt(bytes(12), chunk, None) for chunk in self._chunks]
        self.write()

    def encrypt(self) -> None:
        for number, chunk in enumerate(self._chunks):
            self._cipher.encrypt(number.to_bytes(12, "big"), chunk, None)

    def decrypt(self) -> None:
        for chunk in self._sealed:
            self._cipher.decrypt(bytes(12), chunk, None)

    def write(self, digest: Any = None) -> None:
        with self._path.open("wb", buffering=0) as file:
            for chunk in self._chunks:
                if digest:
                    digest.update(chunk)
                file.write(self._cipher.encrypt(bytes(12), chunk, None))
            os.fsync(file.fileno())

    def read(self, digest: Any = None) -> None:
        with self._path.open("rb", buffering=0) as file:
            while sealed := file.read(MEBIBYTE + 16):
                chunk = self._cipher.decrypt(bytes(12), sealed, None)
                if digest:
                    digest.update(chunk)


class _Nowhere(io.RawIOBase):
    def write(self, data: Any, /) -> int:
        return len(data)


def _seal(raw: Any, key: bytes, content: bytes) -> None:
    view = memoryview(content)
    with SegmentWriter(raw, key, b"bench") as sealing:
        for start in range(0, len(content), STEP):
            sealing.write(view[start : start + STEP])


def _seal_file(path: Path, key: bytes, content: bytes) -> None:
    with path.open("wb", buffering=0) as raw:
        _seal(raw, key, content)
        os.fsync(raw.fileno())


def _drain(plain: Any) -> None:
    room = bytearray(STEP)
    with plain:
        while plain.readinto(room):
            pass


def _small(vault: Vault) -> dict[str, float]:
    """Blobs of 4 KiB per second: what many letters and page texts look like."""
    content = os.urandom(SMALL_BYTES)
    began = time.perf_counter()
    blobs = [vault.put(io.BytesIO(content), "text") for _ in range(SMALL_COUNT)]
    put = time.perf_counter()
    for blob in blobs:
        with vault.open(blob) as plain:
            plain.read()
    opened = time.perf_counter()
    for blob in blobs:
        vault.delete(blob)
    return {
        "put_per_second": round(SMALL_COUNT / (put - began)),
        "open_per_second": round(SMALL_COUNT / (opened - put)),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
