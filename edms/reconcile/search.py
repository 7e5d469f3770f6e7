"""What the doctor says of search: the engine, how long real searches take, and when to change over."""

from collections.abc import Iterator

from sqlalchemy import func, select

from edms.records.archive import Archive
from edms.records.findings import Finding
from edms.records.model import Record
from edms.search.latency import NEXT, advice


def search_findings(archive: Archive) -> Iterator[Finding]:
    """Which engine finds, how long it takes, and whether another one would do better."""
    engines = archive.index
    with archive.database.reader() as session:
        records = session.scalar(select(func.count()).select_from(Record)) or 0
    told = engines.latencies()
    speed = ""
    if told.searches:
        half, most = told.percentile(0.5), told.percentile(0.95)
        speed = f"; of {told.searches} searches half took at most {half} ms, 95% at most {most} ms"
    yield Finding("info", f"search: {engines.serving}{speed}")
    if why := advice(engines.serving, records, told):
        yield Finding(
            "warning",
            f"search has outgrown the engine {engines.serving}: {why}",
            f"edms reindex --engine {NEXT[engines.serving]}, then follow docs/search.md",
        )
    for name in engines.beside():
        yield Finding(
            "info",
            f"the index of {name} is kept up to date beside it",
            f"if it is not needed: edms reindex --drop {name}",
        )
