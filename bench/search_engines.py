"""The three search engines as an archive grows: build rate, size, memory and latency of a fixed mix, encrypted.

The mix is rare and common words, two words, phrases, beginnings, nearly-words, and words narrowed by class and years,
asked with facets and highlights by a searcher with 50 of 100 access tokens. What encryption and access cost is measured
in the same run and in turns, question by question: against the FTS5 engine without a key, and against a searcher who
sees everything. Beside the clock stands the processor time of the asking process, which hangs less on who else is at
work; of the engine postgresql it leaves the server's work out.

`--records 1000,20000` measures at these sizes instead: a slow machine builds some hundred records a second.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from bench.measuring import figure, rounded
from bench.search_latency import ACCESS, FACETS, documents, questions, reader
from bench.search_postgresql import index_bytes, own_server
from edms.core.settings import SearchSettings
from edms.search.fts5_index import Fts5Index
from edms.search.postgresql.index import PostgresqlIndex
from edms.search.protocol import EVERYTHING, Access, Filters, SearchIndex, SearchRequest
from edms.search.sqlcipher_file import PAGE_BYTES, SqlcipherFile
from edms.search.whoosh_index import WhooshIndex

SIZES, LARGE = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
WHOOSH_UP_TO: Final = 50_000
"""Beyond it is not advised (`edms.search.latency`), and takes long to build."""
POSTGRESQL_UP_TO: Final = 100_000
"""What it does beyond, `search_postgresql` measures."""
NARROWED: Final = Filters(class_prefix="100", year_from=2010, year_to=2016)
RESTRICTED: Final = ACCESS["50 tokens"]
PLAIN: Final = "fts5 without a key"


class PlainFile(SqlcipherFile):
    """The same file without a key."""

    def _unlock(self, connection: Any) -> None:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")

    def page_faults(self) -> Iterator[str]:
        yield from ()


class PlainFts5(Fts5Index):
    """The FTS5 engine without encryption: only to be measured against."""

    file_type = PlainFile


def run(large: bool) -> dict[str, Any]:
    """Measure up to 100,000 records; `large` adds 1,000,000."""
    return measure(LARGE if large else SIZES)


def smoke() -> dict[str, Any]:
    """Measure 100 records."""
    return measure((100,))


def measure(sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return `figures`, and by size and engine what was measured."""
    answer: dict[str, Any] = {"figures": [], "sizes": {}}
    with own_server() as url:
        for count in sizes:
            with tempfile.TemporaryDirectory() as place:
                told = _size(Path(place), url, count)
            answer["sizes"][str(count)] = told
            answer["figures"] += _figures(count, told)
    return answer


def mix() -> list[tuple[str, str, Filters]]:
    """Return (kind, text, filters) of every question of the mix."""
    asked = [(kind, text, Filters()) for kind, texts in questions().items() for text in texts]
    asked += [("nearly", f"{word[:2]}{word[3:]}~", Filters()) for word in questions()["common"]]
    return [*asked, *(("narrowed", text, NARROWED) for text in questions()["common"])]


def _size(place: Path, url: str, count: int) -> dict[str, Any]:
    """Measure all engines at one size."""
    opened: dict[str, Callable[[], SearchIndex]] = {
        "fts5": lambda: Fts5Index(place / "fts5", bytes(32), SearchSettings()),
        PLAIN: lambda: PlainFts5(place / PLAIN, bytes(32), SearchSettings()),
    }
    if count <= WHOOSH_UP_TO:
        opened["whoosh"] = lambda: WhooshIndex(place / "whoosh", bytes(32), SearchSettings())
    if count <= POSTGRESQL_UP_TO:
        opened["postgresql"] = lambda: PostgresqlIndex(url, bytes(32), SearchSettings(), f"search_{count}")
    indexes, told = {}, {}
    for name, make in opened.items():
        indexes[name] = make()
        told[name] = _built(indexes[name], count)
        if name == "postgresql":
            told[name]["bytes"] = index_bytes(url, f"search_{count}")
        else:
            told[name]["bytes"] = sum(path.stat().st_size for path in (place / name).rglob("*") if path.is_file())
        if name in ("fts5", "whoosh"):
            told[name]["reader_memory_mib"], told[name]["process_memory_mib"] = reader(place / name, name)
    for name, asked in latencies(indexes).items():
        told[name].update(asked)
    return told


def _built(index: SearchIndex, count: int) -> dict[str, Any]:
    """Build an index; what the making of the records takes is left out of rate and processor time."""
    start, worked = time.perf_counter(), _processor()
    made = sum(1 for _ in documents(count))
    making, making_worked = time.perf_counter() - start, _processor() - worked
    with _most_memory() as most:
        start, worked = time.perf_counter(), _processor()
        index.rebuild(documents(count))
        seconds, worked = time.perf_counter() - start, _processor() - worked
    return {
        "build_per_second": rounded(made / max(seconds - making, 1e-6)),
        "build_cpu_ms": rounded(max(worked - making_worked, 0) * 1000 / made),
        "build_memory_mib": rounded(most[0]),
    }


def _processor() -> float:
    """Return the processor seconds of this process and of those it started and waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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


@dataclass(slots=True)
class Times:
    """Milliseconds by the clock, and of the processor."""

    clock: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        return {
            "p50_ms": rounded(percentile(self.clock, 0.5)), "p95_ms": rounded(percentile(self.clock, 0.95)),
            "cpu_p50_ms": rounded(percentile(self.worked, 0.5)), "cpu_p95_ms": rounded(percentile(self.worked, 0.95)),
            "cpu_mean_ms": rounded(sum(self.worked) / len(self.worked)),
        }  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all stays below."""
    return sorted(values)[int(len(values) * share)]


def latencies(indexes: dict[str, SearchIndex]) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return by engine, searcher (`restricted`, `unrestricted`) and kind, and of the mix, what a search takes.

    Each question is asked of all engines and searchers in turn, once before it counts, so that what else the machine
    does at that moment falls on each alike; every other question in the opposite order, since what is asked first reads
    for the others.
    """
    searchers: dict[str, Access] = {"restricted": RESTRICTED, "unrestricted": EVERYTHING}
    taken: dict[tuple[str, str], dict[str, Times]] = {(n, s): {} for n in indexes for s in searchers}
    for warm in (True, False):
        for number, (kind, text, filters) in enumerate(mix()):
            for (name, who), kinds in list(taken.items())[:: 1 - 2 * (number % 2)]:
                request = SearchRequest(text, searchers[who], filters, facets=FACETS)
                start, begun = time.perf_counter(), time.process_time()
                indexes[name].search(request)
                worked, clock = (time.process_time() - begun) * 1000, (time.perf_counter() - start) * 1000
                for told in () if warm else (kind, "mix"):
                    times = kinds.setdefault(told, Times())
                    times.clock.append(clock)
                    times.worked.append(worked)
    answer: dict[str, dict[str, dict[str, dict[str, float]]]] = {name: {} for name in indexes}
    for (name, who), kinds in taken.items():
        answer[name][who] = {kind: times.told() for kind, times in kinds.items()}
    return answer


def _figures(count: int, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in sorted(told.keys() - {PLAIN}):
        one, title = told[name], f"{count:,} records, {name}"
        yield figure(
            f"{title}, build", one["build_per_second"], "1/s",
            against=f"CPU of a record: {one['build_cpu_ms']} ms", target=_target(name, count, "build"),
        )  # fmt: skip
        yield figure(f"{title}, memory of the build", one["build_memory_mib"], "MiB", target="under 1 GB")
        yield figure(f"{title}, on disk", one["bytes"] / 1e6, "MB")
        if "reader_memory_mib" in one:
            yield figure(
                f"{title}, memory of a reader", one["reader_memory_mib"], "MiB",
                against=f"the whole process: {one['process_memory_mib']} MiB", target="under 400 MB",
            )  # fmt: skip
        for kind, times in one["restricted"].items():
            shown = figure(
                f"{title}, {kind}", times["p50_ms"], "ms",
                against=f"CPU: {times['cpu_p50_ms']} ms, p95 {times['cpu_p95_ms']}",
                target=_target(name, count, "latency") if kind == "mix" else "",
            )  # fmt: skip
            yield {**shown, "p95": times["p95_ms"]}
        yield _compared(
            f"{title}, what access costs", one["restricted"]["mix"], one["unrestricted"]["mix"], "everything", 1.2
        )
    ours, plain = told["fts5"], told[PLAIN]
    title = f"{count:,} records, fts5, what encryption costs"
    yield _compared(f"{title} a search", ours["restricted"]["mix"], plain["restricted"]["mix"], "without a key", 1.3)
    mine, other = ours["build_cpu_ms"], plain["build_cpu_ms"]
    yield figure(
        f"{title} the build", mine, "ms", against=f"CPU of a record without a key: {other} ms",
        ratio=mine / max(other, 0.001), target="at most 1.4",
    )  # fmt: skip


def _compared(what: str, ours: dict[str, float], other: dict[str, float], name: str, most: float) -> dict[str, Any]:
    """Return the processor time of both as a figure, with the ratio by the clock beside it."""
    clock = rounded(ours["p50_ms"] / max(other["p50_ms"], 0.001))
    return figure(
        what, ours["cpu_mean_ms"], "ms",
        against=f"{name}: {other['cpu_mean_ms']} ms; by the clock, medians: {clock}",
        ratio=ours["cpu_mean_ms"] / max(other["cpu_mean_ms"], 0.001), target=f"at most {most}",
    )  # fmt: skip


def _target(name: str, count: int, what: str) -> str:
    targets = {
        ("fts5", 100_000, "build"): "at least 2,000",
        ("fts5", 100_000, "latency"): "p50 under 15, p95 under 60",
        ("fts5", 1_000_000, "latency"): "p95 under 300",
    }
    return targets.get((name, count, what), "")
