"""How long it takes to wrap every data key anew, beside the limit of 60 s for a million, and what it costs in parts.

`python -m bench.key_rotation` prints one JSON object: 100,000 keys, or 1,000,000 with `--large`, with the `file`
provider on the embedded database. `limit` is scaled to the number of keys. In the same run, for comparison:
`wrapping_seconds`, the cipher's work alone in a plain loop; `writer_waits`, how long a writer beside it had to wait.
"""

import json
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import func, insert, select

from edms.access.actors import console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.keys import rotate
from edms.vault.model import KeyRotation, StoredBlob
from edms.vault.sealed import key_data

SMALL, LARGE = 100_000, 1_000_000
LIMIT_SECONDS_PER_MILLION = 60.0
CHUNK = 20_000


def run(large: bool) -> dict[str, Any]:
    """Return {"keys", "seconds", "limit", "within_limit", "per_second", "wrapping_seconds", "writer_waits": {...}}."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings().rooted_at(Path(folder))
        initialise(settings, console_actor("bench"), demo=True)
        archive = open_archive(settings)
        try:
            return _measure(archive, LARGE if large else SMALL)
        finally:
            archive.database.close()


def _measure(archive: Archive, count: int) -> dict[str, Any]:
    _fill(archive, count)
    wrapping = _wrapping(archive, min(count, SMALL)) * count / min(count, SMALL)
    stop, waits = threading.Event(), [0.0]
    writer = threading.Thread(target=_write_beside, args=(archive, stop, waits))
    writer.start()
    began = time.perf_counter()
    report = rotate(console_actor("bench"), archive)
    seconds = time.perf_counter() - began
    stop.set()
    writer.join()
    with archive.database.reader() as session:
        left = session.scalar(select(func.count()).select_from(StoredBlob).where(StoredBlob.epoch != report.to_epoch))
    if left or report.blobs != count:
        raise RuntimeError(f"{left} keys were left, {report.blobs} of {count} were wrapped")
    limit = LIMIT_SECONDS_PER_MILLION * count / 1_000_000
    return {
        "keys": count,
        "seconds": round(seconds, 1),
        "limit": limit,
        "within_limit": seconds < limit,
        "per_second": round(count / seconds),
        "wrapping_seconds": round(wrapping, 1),
        "writer_waits": {"writes": len(waits) - 1, "longest_seconds": round(max(waits), 2)},
    }


def _fill(archive: Archive, count: int) -> None:
    """Rows of blobs as an archive has them, with keys wrapped by the provider."""
    keys, now = archive.keys.keys, datetime(2026, 1, 1, tzinfo=UTC)
    key = AESGCM.generate_key(256)
    for start in range(0, count, CHUNK):
        rows = []
        for number in range(start, min(count, start + CHUNK)):
            blob_id = UUID(int=(0x0190_0000_0000_7000_8000 << 48) + number)
            wrapped = keys.wrap(key, key_data(blob_id, "original"))
            rows.append(
                {
                    "id": blob_id,
                    "name": f"{number:032x}",
                    "purpose": "original",
                    "size": 1,
                    "sha256": "0" * 64,
                    "wrapped_key": wrapped.wrapped,
                    "key_id": wrapped.key_id,
                    "epoch": wrapped.epoch,
                    "created_at": now,
                }
            )
        with archive.database.writer() as session:
            session.execute(insert(StoredBlob), rows)
            session.commit()


def _wrapping(archive: Archive, count: int) -> float:
    """Seconds to open and seal `count` keys with the bare cipher."""
    cipher, nonce = AESGCM(AESGCM.generate_key(256)), bytes(12)
    sealed = cipher.encrypt(nonce, bytes(32), b"bench")
    began = time.perf_counter()
    for _number in range(count):
        cipher.encrypt(nonce, cipher.decrypt(nonce, sealed, b"bench"), b"bench")
    return time.perf_counter() - began


def _write_beside(archive: Archive, stop: threading.Event, waits: list[float]) -> None:
    """What a capture worker would meet: a small transaction every tenth of a second."""
    while not stop.wait(0.1):
        began = time.perf_counter()
        with archive.database.writer() as session:
            session.execute(select(func.count()).select_from(KeyRotation))
            session.rollback()
        waits.append(time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(run("--large" in sys.argv), indent=2))
