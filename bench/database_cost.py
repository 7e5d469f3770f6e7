"""What encrypting the embedded database costs: the same captures with SQLCipher and, in the same run, without.

`python -m bench.database_cost` prints one JSON object. Two archives stand side by side, with the same library and the
same settings; one is never given its key, so that its file is plain. Both capture the same documents in turn, batch by
batch, from `accept` until declared and indexed, so that a busy moment of the machine falls on both. `capture` is what a
clerk feels; `rows` is the database alone: small transactions and reads, without files, seals and parsers around them.
"""

import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import sqlcipher3.dbapi2 as sqlcipher
from fpdf import FPDF
from sqlalchemy import text

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.bootstrap import DATABASE_FILE, initialise, open_archive
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.work import work_until_idle
from edms.core import database
from edms.core.database_conversion import is_plain_sqlite
from edms.core.settings import Settings
from edms.records.archive import Archive
from edms.records.people import console_person

LIMIT_RATIO = 1.2
BATCH = 3
ROUNDS, LARGE_ROUNDS = 6, 30
ROWS = 300


class _Cursor(sqlcipher.Cursor):  # type: ignore[misc]
    def execute(self, statement: str, *values: Any) -> Any:
        return self if statement.startswith("PRAGMA key") else super().execute(statement, *values)


class _Connection(sqlcipher.Connection):  # type: ignore[misc]
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


def _without_key() -> Any:
    """The library, except that the key never reaches it."""
    module = SimpleNamespace(**{name: getattr(sqlcipher, name) for name in dir(sqlcipher)})
    module.connect = lambda *a, **named: sqlcipher.connect(*a, **named, factory=_Connection)
    return mock.patch.object(database, "sqlcipher3", SimpleNamespace(dbapi2=module))


def run(large: bool) -> dict[str, Any]:
    """Return {"limit", "capture": {...}, "rows": {...}, "within_limit"}; milliseconds for a document or row."""
    with tempfile.TemporaryDirectory() as folder:
        encrypted = _archive(Path(folder) / "encrypted")
        # A plain database is refused in earnest; here it is the thing to compare with.
        with _without_key(), mock.patch("edms.bootstrap.is_plain_sqlite", return_value=False):
            plain = _archive(Path(folder) / "plain")
        try:
            _require(plain, encrypted)
            rounds = LARGE_ROUNDS if large else ROUNDS
            capture = _compare(plain, encrypted, rounds, BATCH, _capture)
            rows = _compare(plain, encrypted, rounds, ROWS, _rows)
        finally:
            for archive in (plain, encrypted):
                archive.sandbox.close()
                archive.database.close()
    return {
        "limit": LIMIT_RATIO,
        "capture": capture,
        "rows": rows,
        "within_limit": capture["ratio"] <= LIMIT_RATIO,
    }


def _archive(folder: Path) -> Archive:
    folder.mkdir()
    settings = Settings().rooted_at(folder)
    initialise(settings, console_actor("bench"), demo=True)
    archive = open_archive(settings)
    with archive.database.reader() as session:
        session.execute(text("SELECT count(*) FROM people")).scalar()
    return archive


def _require(plain: Archive, encrypted: Archive) -> None:
    found = [is_plain_sqlite(one.settings.storage.path / DATABASE_FILE) for one in (plain, encrypted)]
    if found != [True, False]:
        raise RuntimeError("the two databases are not what they should be")


def _compare(
    plain: Archive, encrypted: Archive, rounds: int, count: int, work: Callable[[Archive, int], None]
) -> dict[str, Any]:
    """Let both do the same in turn; the first round of each is not counted."""
    taken: dict[str, list[float]] = {"plain": [], "encrypted": []}
    for number in range(rounds + 1):
        pair = [("plain", plain), ("encrypted", encrypted)]
        for name, archive in pair if number % 2 else reversed(pair):
            began = time.perf_counter()
            work(archive, number)
            taken[name].append((time.perf_counter() - began) * 1000 / count)
    middle = {name: statistics.median(times[1:]) for name, times in taken.items()}
    ratios = [ours / theirs for ours, theirs in zip(taken["encrypted"][1:], taken["plain"][1:], strict=True)]
    return {
        "plain_ms": round(middle["plain"], 2),
        "encrypted_ms": round(middle["encrypted"], 2),
        "ratio": round(statistics.median(ratios), 3),
    }


def _capture(archive: Archive, number: int) -> None:
    clerk = console_person(archive, "clerk-dinkes", "bench")
    if clerk.office_id is None:
        raise RuntimeError("the demo clerk has no office")
    placement = Placement(clerk.office_id, "000.1.5", Level.OPEN)
    for part in range(BATCH):
        content = _letter(f"{number}-{part}")
        accept(clerk, archive, IncomingFile(f"surat-{number}-{part}.pdf", io.BytesIO(content)), placement)
    work_until_idle(archive, "bench/0")
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass


def _letter(mark: str) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=11)
    document.add_page()
    document.multi_cell(0, 6, f"Surat nomor {mark} tentang drainase kelurahan. " * 40)
    return bytes(document.output())


def _rows(archive: Archive, number: int) -> None:
    """Small transactions, as events and jobs make them, each read back."""
    with archive.database.writer() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS bench_rows (id INTEGER PRIMARY KEY, body BLOB)"))
        session.commit()
    body = os.urandom(600)
    for _row in range(ROWS):
        with archive.database.writer() as session:
            session.execute(text("INSERT INTO bench_rows (body) VALUES (:body)"), {"body": body})
            session.commit()
        with archive.database.reader() as session:
            session.execute(text("SELECT body FROM bench_rows WHERE id > :id LIMIT 5"), {"id": number}).all()


if __name__ == "__main__":
    print(json.dumps(run("--large" in sys.argv), indent=2))
