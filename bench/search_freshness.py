"""How long a declared record waits until a search finds it, while documents keep coming: 5 a second, two workers.

Born-digital PDFs are accepted at even distances. A process of its own asks the index again and again, as another
person would, for what is declared; the moment at which it meets a record is held against the moment of the transaction
that declared it. The longest that a question of it may have been on its way is in the figure. Every record must be met.
"""

import io
import multiprocessing
import time
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench import material
from bench.installation import WORKERS, Installation, installation, wait_until_settled, workers
from bench.measuring import figure, rounded
from edms.access.levels import Level
from edms.bootstrap import open_archive
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.core.config import load_settings
from edms.records.archive import Archive
from edms.records.model import Record
from edms.search.protocol import EVERYTHING, Filters, SearchRequest

PER_SECOND = 5.0
SECONDS = 60
WARM_UP = 10
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
LANE = "born-digital PDF"
TARGET = "p95 under 2 s"


def run(large: bool) -> dict[str, Any]:
    """Feed the archive for a minute, or for ten."""
    return measure(int(PER_SECOND * SECONDS) * (10 if large else 1))


def smoke() -> dict[str, Any]:
    """Feed it with five documents."""
    return measure(5)


def measure(count: int) -> dict[str, Any]:
    """Return `figures`, how fast the documents really came, and which engine found them."""
    with installation() as place, workers(place.config):
        feed(place, material.made(LANE, WARM_UP, 70))
        wait_until_settled(place.archive)
        asking, telling = multiprocessing.get_context("spawn").Pipe()
        finder = multiprocessing.get_context("spawn").Process(
            target=_find, args=(telling, place.config, WARM_UP + count), daemon=True
        )
        finder.start()
        assert asking.poll(PATIENCE_SECONDS), "nobody looks"
        asking.recv()
        documents = material.made(LANE, count, 71)
        seconds = feed(place, documents)
        assert asking.poll(PATIENCE_SECONDS), "not every record was found"
        met: dict[str, datetime] = asking.recv()
        finder.join()
        waits = sorted(waited(place.archive, met))
        engine = place.archive.settings.search.engine
    figures = [
        {
            **figure("declared until found", waits[len(waits) // 2], "s", target=TARGET),
            "p95": rounded(waits[int(len(waits) * 0.95)]),
        },
        figure("the longest of them", waits[-1], "s"),
        figure("documents that came", len(documents) / seconds, "1/s"),
    ]
    return {"figures": figures, "documents": count, "workers": WORKERS, "engine": engine, "text": material.source()}


def feed(place: Installation, documents: list[tuple[str, bytes]]) -> float:
    """Accept documents at even distances; return how many seconds it took."""
    clerk, placement = place.clerk, Placement(place.office, "000.1.5", Level.OPEN)
    start = time.perf_counter()
    for number, (mark, content) in enumerate(documents, 1):
        accept(clerk, place.archive, IncomingFile(f"{mark}.pdf", io.BytesIO(content)), placement)
        time.sleep(max(start + number / PER_SECOND - time.perf_counter(), 0))
    return time.perf_counter() - start


def waited(archive: Archive, met: dict[str, datetime]) -> list[float]:
    """Return the seconds between declaration and finding of each record that came while somebody looked."""
    with archive.database.reader() as session:
        rows = session.execute(select(Record.id, Record.declared_at).where(Record.declared_at.is_not(None))).all()
    declared = {str(record_id): moment for record_id, moment in rows}
    first = min(met.values())  # what was met by the very first look had been there for long
    return [(moment - declared[one]).total_seconds() for one, moment in met.items() if moment > first]


def _find(told: Connection, config: Path, count: int) -> None:
    """Ask for declared records until `count` were met; tell when each was."""
    archive = open_archive(load_settings(config))
    request = SearchRequest(
        "", EVERYTHING, Filters(states=frozenset({"declared"})), limit=count, highlight=False, sort="newest"
    )
    met: dict[str, datetime] = {}
    told.send(None)
    until = time.monotonic() + count / PER_SECOND + PATIENCE_SECONDS
    while len(met) < count and time.monotonic() < until:
        found = [hit.record_id for hit in archive.index.search(request).hits]
        moment = archive.clock.now()
        for one in found:
            met.setdefault(one, moment)
        time.sleep(PAUSE_SECONDS)
    if len(met) == count:
        told.send(met)
    archive.database.close()
