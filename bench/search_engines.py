"""Search engines beside each other as an archive grows: build rate, size, memory and latency of a fixed mix, encrypted.

The mix is rare and common words, two words, phrases, beginnings, nearly-words, and words narrowed by class and years,
asked with facets and highlights by a searcher with 50 of 100 access tokens. What encryption and access cost is measured
in the same run: against the FTS5 engine without a key, and against a searcher who sees everything.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from bench.measuring import figure, rounded
from bench.search_latency import ACCESS, FACETS, documents, questions, reader_memory
from edms.core.settings import SearchSettings
from edms.search.fts5_index import Fts5Index
from edms.search.protocol import EVERYTHING, Access, Filters, SearchIndex, SearchRequest
from edms.search.sqlcipher_file import PAGE_BYTES, SqlcipherFile
from edms.search.whoosh_index import WhooshIndex

SIZES, LARGE = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
WHOOSH_UP_TO: Final = 10_000
"""What Whoosh does beyond, `search_latency` measures."""
NARROWED: Final = Filters(class_prefix="100", year_from=2010, year_to=2016)


class PlainFile(SqlcipherFile):
    """The same file without a key."""

    def _unlock(self, connection: Any) -> None:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")

    def page_faults(self) -> Iterator[str]:
        yield from ()


class PlainFts5(Fts5Index):
    """The FTS5 engine without encryption: only to be measured against."""

    file_type = PlainFile


ENGINES: dict[str, Callable[[Path], SearchIndex]] = {
    "whoosh": lambda folder: WhooshIndex(folder, bytes(32), SearchSettings()),
    "fts5": lambda folder: Fts5Index(folder, bytes(32), SearchSettings()),
    "fts5 without a key": lambda folder: PlainFts5(folder, bytes(32), SearchSettings()),
}


def run(large: bool) -> dict[str, Any]:
    """Measure up to 100,000 records; `large` adds 1,000,000."""
    return measure(LARGE if large else SIZES)


def smoke() -> dict[str, Any]:
    """Measure 100 records."""
    return measure((100,))


def measure(sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return `figures`, and by size and engine what was measured."""
    answer: dict[str, Any] = {"figures": [], "sizes": {}}
    for count in sizes:
        told = {
            name: _engine(name, opened, count)
            for name, opened in ENGINES.items()
            if name != "whoosh" or count <= WHOOSH_UP_TO
        }
        answer["sizes"][str(count)] = told
        answer["figures"] += _figures(count, told)
    return answer


def mix() -> list[tuple[str, str, Filters]]:
    """Return (kind, text, filters) of every question of the mix."""
    asked = [(kind, text, Filters()) for kind, texts in questions().items() for text in texts]
    asked += [("nearly", f"{word[:2]}{word[3:]}~", Filters()) for word in questions()["common"]]
    return [*asked, *(("narrowed", text, NARROWED) for text in questions()["common"])]


def _engine(name: str, opened: Callable[[Path], SearchIndex], count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "index"
        index = opened(folder)
        with _most_memory() as most:
            start, cpu = time.perf_counter(), time.process_time()
            index.rebuild(documents(count))
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        start = time.perf_counter()
        made = sum(1 for _ in documents(count))
        making = time.perf_counter() - start
        return {
            "build_per_second": rounded(made / max(seconds - making, 1e-6)),
            "build_memory_mib": rounded(most[0]),
            "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
            "reader_memory_mib": reader_memory(folder, name) if name in ("whoosh", "fts5") else None,
            "restricted": _latencies(index, ACCESS["50 tokens"]),
            "unrestricted": _latencies(index, EVERYTHING),
        }


@contextmanager
def _most_memory() -> Iterator[list[float]]:
    """Give a list whose one number becomes the most memory (PSS, MiB) that this process and its children grew by."""
    process, most, done = psutil.Process(), [0.0], threading.Event()

    def now() -> float:
        total = 0.0
        for one in (process, *process.children(recursive=True)):
            try:
                total += one.memory_full_info().pss / 2**20
            except psutil.Error:
                continue
        return total

    before = now()

    def watch() -> None:
        while not done.wait(0.5):
            most[0] = max(most[0], now() - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _latencies(index: SearchIndex, access: Access) -> dict[str, dict[str, float]]:
    """Return p50 and p95 in milliseconds by kind and of the whole mix, and the processor's share; each asked twice."""
    times: dict[str, list[float]] = {}
    asked = [(kind, SearchRequest(text, access, filters, facets=FACETS)) for kind, text, filters in mix()]
    for _, request in asked:
        index.search(request)
    processor = time.process_time()
    for kind, request in asked:
        start = time.perf_counter()
        index.search(request)
        taken = (time.perf_counter() - start) * 1000
        times.setdefault(kind, []).append(taken)
        times.setdefault("mix", []).append(taken)
    processor = (time.process_time() - processor) * 1000 / len(asked)
    made = {
        kind: {"p50_ms": rounded(sorted(all_)[len(all_) // 2]), "p95_ms": rounded(sorted(all_)[int(len(all_) * 0.95)])}
        for kind, all_ in times.items()
    }
    return {**made, "processor": {"mean_ms": rounded(processor)}}


def _figures(count: int, told: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    for name, one in told.items():
        if name == "fts5 without a key":
            continue
        title = f"{count:,} records, {name}"
        made.append(figure(f"{title}, build", one["build_per_second"], "1/s", target=_target(name, count, "build")))
        made.append(figure(f"{title}, memory of the build", one["build_memory_mib"], "MiB", target="under 1 GB"))
        made.append(figure(f"{title}, on disk", one["bytes"] / 1e6, "MB"))
        made.append(figure(f"{title}, memory of a reader", one["reader_memory_mib"], "MiB", target="under 400"))
        mixed, free = one["restricted"]["mix"], one["unrestricted"]["mix"]
        made.append(
            {
                **figure(
                    f"{title}, the mix, restricted",
                    mixed["p50_ms"],
                    "ms",
                    against=f"unrestricted: {free['p50_ms']} ms, p95 {free['p95_ms']}",
                    ratio=mixed["p50_ms"] / max(free["p50_ms"], 0.01),
                    target=_target(name, count, "latency"),
                ),
                "p95": mixed["p95_ms"],
            }
        )
        made.append(figure(f"{title}, processor time of a search", one["restricted"]["processor"]["mean_ms"], "ms"))
    ours, plain = told["fts5"], told["fts5 without a key"]
    mixed, other = (one["restricted"]["mix"]["p50_ms"] for one in (ours, plain))
    rates = ours["build_per_second"], plain["build_per_second"]
    made.append(
        figure(
            f"{count:,} records, encryption at a search", mixed, "ms",
            against=f"without a key: {other} ms", ratio=mixed / max(other, 0.01), target="at most 1.3",
        )
    )  # fmt: skip
    made.append(
        figure(
            f"{count:,} records, encryption at the build", rates[0], "1/s",
            against=f"without a key: {rates[1]} 1/s", ratio=rates[1] / max(rates[0], 0.01), target="at most 1.4",
        )
    )  # fmt: skip
    return made


def _target(name: str, count: int, what: str) -> str:
    targets = {
        ("fts5", 100_000, "build"): "at least 2,000",
        ("fts5", 100_000, "latency"): "p50 under 15, p95 under 60",
        ("fts5", 1_000_000, "latency"): "p95 under 300",
    }
    return targets.get((name, count, what), "")
