"""What searching takes in memory and time of a running `edms serve`: the pages that an official reads, by HTTP.

A demo archive of so many declared records with 300 words each, whose index is built before the server starts. Then an
official asks the mix of questions page by page, with facets and highlights, each once before it counts. Memory is the
proportional set size of the process that serves pages, with all that a service holds (program, pool, templates,
sessions, dictionary, index), and of all processes of the service together. No worker runs: the records stand in the
tables alone, and one would tell of each that the trail does not know it.
"""

import re
import urllib.parse
from typing import Any, Final

import psutil

from bench.installation import Installation, free_port, installation, running
from bench.many_records import ManyRecords
from bench.measuring import figure, percentiles, pss_mib
from bench.search_latency import indexed
from bench.search_postgresql import questions
from bench.visitor import Visitor
from edms.bootstrap import open_archive
from edms.core.config import load_settings

MEGABYTES: Final = 2**20 / 1e6
SIZES: Final = (("whoosh", 10_000), ("fts5", 10_000))
LARGE: Final = (("whoosh", 50_000), ("fts5", 100_000))
OFFICIAL: Final = "official-dinkes"


def run(large: bool) -> dict[str, Any]:
    """Measure 10,000 records; `large` measures 50,000 with Whoosh and 100,000 with FTS5."""
    return measure(LARGE if large else SIZES)


def smoke() -> dict[str, Any]:
    """Measure 100 records."""
    return measure((("whoosh", 100),))


def measure(sizes: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    """Return `figures`, and by engine and size what was measured."""
    answer: dict[str, Any] = {"figures": [], "sizes": {}}
    for engine, count in sizes:
        with installation() as place:
            _filled(place, engine, count)
            told = _served(place)
        title = f"{engine}, {count:,} records"
        answer["sizes"][title] = told
        answer["figures"] += [
            figure(f"{title}, the process of the pages", told["pages_mib"] * MEGABYTES, "MB", target="under 400 MB"),
            figure(f"{title}, before the first question", told["before_mib"] * MEGABYTES, "MB"),
            figure(f"{title}, with its parsers", told["service_mib"] * MEGABYTES, "MB"),
            {**figure(f"{title}, a page of answers", told["p50_ms"], "ms"), "p95": told["p95_ms"]},
        ]
    return answer


def _filled(place: Installation, engine: str, count: int) -> None:
    """Fill the archive, choose the engine and build its index."""
    ManyRecords(place.archive).fill(count)
    text = place.config.read_text("utf-8")
    place.config.write_text(re.sub(r'^engine = "\w+"', f'engine = "{engine}"', text, flags=re.MULTILINE), "utf-8")
    archive = open_archive(load_settings(place.config))
    try:
        archive.index.rebuild(indexed(archive, count))
    finally:
        archive.sandbox.close()
        archive.database.close()


def _served(place: Installation) -> dict[str, float]:
    """Serve the archive and ask it."""
    port = free_port()
    with running(place.config, "serve", "--port", str(port), "--workers", "0") as server:
        official = Visitor(port, place, OFFICIAL)
        before = _largest(server)

        marked: list[bool] = []

        def ask(text: str) -> None:
            page = official.page("/search?" + urllib.parse.urlencode({"q": text}))
            marked.append("<mark>" in page)

        taken = percentiles(ask, [text for some in questions().values() for text in some])
        assert sum(marked) > len(marked) // 3, "the official finds next to nothing: these are empty pages"
        return {**taken, "before_mib": before, "pages_mib": _largest(server), "service_mib": pss_mib([server])}


def _largest(server: psutil.Process) -> float:
    """Return what the process of the pages holds, which is the largest of the service, in MiB."""
    every = (server, *server.children(recursive=True))
    return max(float(one.memory_full_info().pss) for one in every) / 2**20
