"""How fast the vault seals and opens, as a ratio to raw AES-256-GCM of the `cryptography` package in the same run.

`python -m bench.vault_throughput` prints one JSON object. Figures are MB/s (10^6 bytes) over 100 MB, best of five.
The blobs lie in memory (/dev/shm) where there is such a folder: the disk is not what is measured.
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

from edms.core.clock import FixedClock
from edms.core.segments import SegmentReader, SegmentWriter
from edms.vault.file_provider import FileKeyProvider
from edms.vault.local_store import LocalBlobStore
from edms.vault.vault import Vault

MEBIBYTE = 1024 * 1024
SIZE = 100 * 1000 * 1000
ROUNDS = 5
SMALL_BYTES = 4096
SMALL_COUNT = 300
LIMIT_RATIO = 0.7


def measure(size: int = SIZE) -> dict[str, Any]:
    """Return {"limit", "mb_per_second": {name: figure}, "ratio": {"seal","open","put","verify"}, "small": {...}}.

    The ratios of sealing and putting are to raw encryption, those of opening and verifying to raw decryption. `put`
    and `verify` also hash all bytes with SHA-256, whose own speed is given: which is their ceiling.
    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return _measure(Path(folder), os.urandom(size))


def _measure(folder: Path, content: bytes) -> dict[str, Any]:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    vault = Vault(LocalBlobStore(folder / "blobs"), FileKeyProvider.create(folder / "keys", clock), clock)
    blob = vault.put(io.BytesIO(content), "original")
    key = AESGCM.generate_key(256)
    sealed = folder / "sealed"
    _seal(sealed, key, content)
    speeds = _speeds(
        len(content),
        {
            "raw_encrypt": lambda: _raw_encrypt(content),
            "raw_decrypt": _raw_decryption(content),
            "sha256": lambda: hashlib.sha256(content),
            "seal": lambda: _seal(sealed, key, content),
            "open": lambda: _drain(SegmentReader(sealed.open("rb", buffering=0), key, b"bench")),
            "put": lambda: vault.delete(vault.put(io.BytesIO(content), "original")),
            "vault_open": lambda: _drain(vault.open(blob)),
            "verify": lambda: vault.verify(blob),
        },
    )
    encrypt, decrypt = speeds["raw_encrypt"], speeds["raw_decrypt"]
    ratio = {name: speeds[name] / encrypt for name in ("seal", "put")}
    ratio |= {name: speeds[name] / decrypt for name in ("open", "vault_open", "verify")}
    return {
        "bytes": len(content),
        "limit": LIMIT_RATIO,
        "mb_per_second": {name: round(speed) for name, speed in speeds.items()},
        "ratio": {name: round(value, 2) for name, value in ratio.items()},
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


def _raw_encrypt(content: bytes) -> None:
    cipher, view = AESGCM(bytes(32)), memoryview(content)
    for start in range(0, len(content), MEBIBYTE):
        cipher.encrypt(start.to_bytes(12, "big"), view[start : start + MEBIBYTE], None)


def _raw_decryption(content: bytes) -> Callable[[], None]:
    cipher, nonce = AESGCM(bytes(32)), bytes(12)
    sealed = cipher.encrypt(nonce, content[:MEBIBYTE], None)
    count = -(-len(content) // MEBIBYTE)

    def decrypt() -> None:
        for _ in range(count):
            cipher.decrypt(nonce, sealed, None)

    return decrypt


def _seal(path: Path, key: bytes, content: bytes) -> None:
    with path.open("wb", buffering=0) as raw, SegmentWriter(raw, key, b"bench") as sealing:
        view = memoryview(content)
        for start in range(0, len(content), MEBIBYTE):
            sealing.write(view[start : start + MEBIBYTE])


def _drain(plain: Any) -> None:
    room = bytearray(MEBIBYTE)
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
