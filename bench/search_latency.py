"""Search: build rate, index size, memory and latencies of our encrypted index, beside plain SQLite FTS5 in one run.

The records are recombined from the words of real Indonesian text (`bench.material`). The peer is FTS5 without a key:
the fastest thing an honest comparison has on the same machine, without encryption, access filter, facets or stems.
Each kind of question is asked of the bare engine under an access filter that leaves 5% of the records and one of 50
tokens, with and without facets, and through the whole operation (`edms.records.searching.search`: door, access rule,
rows from the database, highlights) as an official asks it.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlite
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from bench import material
from bench.installation import installation
from bench.many_records import ManyRecords
from bench.measuring import figure, percentiles, rounded
from edms.core.settings import SearchSettings
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import console_person
from edms.records.searching import Question, document_of, search
from edms.search.protocol import IndexDocument, SearchRequest
from edms.search.whoosh_index import WhooshIndex

SIZES, LARGE = (1_000, 10_000), (1_000, 10_000, 100_000)
WORDS_PER_DOCUMENT = 300
ROUNDS = 30
FACETS = ("class_code", "year", "office", "level", "record_type")
KINDS = ("rare", "common", "two words", "phrase", "prefix")
TOKENS = [f"office-{number:02d}.{level}" for number in range(20) for level in range(5)]
ACCESS = {"5%": frozenset(TOKENS[:5]), "50 tokens": frozenset(TOKENS[:50])}


def run(large: bool) -> dict[str, Any]:
    """Measure 1,000 and 10,000 records; `large` adds 100,000."""
    return measure(LARGE if large else SIZES)


def smoke() -> dict[str, Any]:
    """Measure 100 records."""
    return measure((100,))


def measure(sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return `figures`, and for each size what was measured of the engine, the operation and the peer."""
    answer: dict[str, Any] = {"figures": [], "words_per_document": WORDS_PER_DOCUMENT, "text": material.source()}
    answer["sizes"] = {}
    for count in sizes:
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            engine, peer = _engine(Path(ours), count), _peer(Path(theirs), count)
        operation = _operation(count)
        answer["sizes"][str(count)] = {"engine": engine, "operation": operation, "fts5_plain": peer}
        answer["figures"] += _figures(count, engine, operation, peer)
    return answer


def texts(count: int) -> Iterator[tuple[str, str]]:
    """Yield title and text of `count` records: runs of real words from random places, and some rare names."""
    chance, words = random.Random(2), material.words()
    for _number in range(count):
        pieces: list[str] = []
        while len(pieces) < WORDS_PER_DOCUMENT:
            start = chance.randrange(max(len(words) - 30, 1))
            pieces += words[start : start + 30]
        pieces.insert(chance.randrange(len(pieces)), f"langka{chance.randrange(max(count // 3, 1))}")
        yield " ".join(pieces[:8]), " ".join(pieces)


def documents(count: int) -> Iterator[IndexDocument]:
    """Yield `count` records for the bare engine, spread evenly over the tokens."""
    chance = random.Random(4)
    for number, (title, text) in enumerate(texts(count)):
        year = 2005 + chance.randrange(20)
        yield IndexDocument(
            f"record-{number:09d}",
            1,
            TOKENS[number % len(TOKENS)],
            title=title,
            text=text,
            number=f"{chance.randrange(1000):03d}/{chance.randrange(9999)}/{year}",
            office=TOKENS[number % len(TOKENS)].split(".")[0],
            class_code=f"{chance.randrange(9)}00.{chance.randrange(5)}.{chance.randrange(9)}",
            level=chance.choice(["terbuka", "terbatas", "rahasia"]),
            record_type=chance.choice(["surat", "keputusan", "laporan"]),
            date=date(year, 1 + chance.randrange(12), 1 + chance.randrange(28)),
            language="id",
        )


def questions() -> dict[str, list[str]]:
    """Return the texts asked, by kind."""
    chance, words = random.Random(3), material.words()
    counts = [word for word, _ in Counter(word.lower() for word in words if len(word) > 3).most_common(2000)]
    common, middle = counts[:40], counts[100:1000]
    runs = [chance.randrange(len(words) - 3) for _ in range(ROUNDS)]
    return {
        "rare": [f"langka{chance.randrange(300)}" for _ in range(ROUNDS)],
        "common": [chance.choice(common) for _ in range(ROUNDS)],
        "two words": [f"{chance.choice(common)} {chance.choice(middle)}" for _ in range(ROUNDS)],
        "phrase": [f'"{words[at]} {words[at + 1]}"' for at in runs],
        "prefix": [f"{chance.choice(counts)[: chance.choice([3, 4])]}*" for _ in range(ROUNDS)],
    }


def _engine(folder: Path, count: int) -> dict[str, Any]:
    index = WhooshIndex(folder / "index", bytes(32), SearchSettings())
    start = time.perf_counter()
    index.rebuild(documents(count))
    seconds = time.perf_counter() - start
    latencies: dict[str, dict[str, dict[str, float]]] = {}
    for access, tokens in ACCESS.items():
        for facets in (FACETS, ()):
            name = f"{access}, {'facets' if facets else 'no facets'}"
            latencies[name] = {
                kind: percentiles(
                    lambda text, tokens=tokens, facets=facets: index.search(  # type: ignore[misc]
                        SearchRequest(text, tokens, limit=20, facets=facets)
                    ),
                    asked,
                )
                for kind, asked in questions().items()
            }
    return {
        "build_per_second": rounded(count / seconds),
        "bytes": _folder_bytes(folder),
        "text_bytes": sum(len(text) for _title, text in texts(count)),
        "reader_memory_mib": reader_memory(folder / "index", "whoosh"),
        "latency": latencies,
    }


def reader_memory(folder: Path, engine: str) -> float:
    """Return what a fresh process holds for the index once it has answered each kind of question, in MiB."""
    return reader(folder, engine)[0]


def reader(folder: Path, engine: str) -> tuple[float, float]:
    """Return what `reader_memory` does, and what the whole process holds, in MiB of private memory."""
    asked = json.dumps([text for some in questions().values() for text in some[:5]])
    program = [sys.executable, "-m", "bench.search_reader", str(folder), engine]
    told = subprocess.run(program, cwd=material.ROOT, input=asked, capture_output=True, text=True, check=True)
    grown, whole = map(float, told.stdout.split())
    return rounded(grown), rounded(whole)


def _operation(count: int) -> dict[str, Any]:
    """Measure the whole use case over `count` declared records of a demo archive, facets and highlights on."""
    with installation() as place:
        archive = place.archive
        ManyRecords(archive).fill(count)
        archive.index.rebuild(indexed(archive, count))
        official = console_person(archive, "official-dinkes", "bench")
        found = search(official, archive, Question(questions()["common"][0])).answer.total
        assert found, "the official finds nothing: what is measured would be an empty answer"
        return {
            kind: percentiles(lambda text: search(official, archive, Question(text, facets=FACETS)), asked)
            for kind, asked in questions().items()
        }


def indexed(archive: Archive, count: int) -> Iterator[IndexDocument]:
    """Yield what the index keeps of the records, with synthetic text in place of text from the vault."""
    made = texts(count)
    with archive.database.reader() as session:
        rows = select(Record).options(selectinload(Record.office), selectinload(Record.components))
        for record in session.scalars(rows.order_by(Record.id).execution_options(yield_per=500)):
            title, text = next(made)
            yield replace(document_of(archive, record), title=title, text=text)


def _peer(folder: Path, count: int) -> dict[str, Any]:
    """Measure FTS5 in a plain file: the same texts, the total counted and the first 20 ranked."""
    connection = sqlite.connect(str(folder / "peer.db"))
    connection.execute("CREATE VIRTUAL TABLE peer USING fts5(title, text, number, tokenize='unicode61')")
    start = time.perf_counter()
    rows = ((one.title, one.text, one.number) for one in documents(count))
    connection.executemany("INSERT INTO peer VALUES (?, ?, ?)", rows)
    connection.commit()
    seconds = time.perf_counter() - start

    def ask(text: str) -> object:
        connection.execute("SELECT count(*) FROM peer WHERE peer MATCH ?", (text,)).fetchone()
        query = "SELECT rowid, snippet(peer, 1, '[', ']', '', 20) FROM peer WHERE peer MATCH ? ORDER BY rank LIMIT 20"
        return connection.execute(query, (text,)).fetchall()

    latencies = {kind: percentiles(ask, asked) for kind, asked in questions().items()}
    connection.close()
    return {"build_per_second": rounded(count / seconds), "bytes": _folder_bytes(folder), "latency": latencies}


def _figures(
    count: int, engine: dict[str, Any], operation: dict[str, Any], peer: dict[str, Any]
) -> list[dict[str, Any]]:
    made = [
        figure(
            f"{count:,} records, build",
            engine["build_per_second"],
            "1/s",
            against=f"FTS5 plain: {peer['build_per_second']}",
            ratio=engine["build_per_second"] / peer["build_per_second"],
        ),
        figure(
            f"{count:,} records, index on disk",
            engine["bytes"] / 1e6,
            "MB",
            against="bytes of text",
            ratio=engine["bytes"] / engine["text_bytes"],
        ),
        figure(f"{count:,} records, memory of a reader", engine["reader_memory_mib"], "MiB"),
    ]
    for kind in KINDS:
        theirs = peer["latency"][kind]
        named = {**engine["latency"], "whole operation": operation}
        for place, latencies in named.items():
            ours = latencies[kind]
            shown = figure(
                f"{count:,} records, {kind}, {place}",
                ours["p50_ms"],
                "ms",
                against=f"FTS5 plain: {theirs['p50_ms']} ms, p95 {theirs['p95_ms']}",
                ratio=ours["p50_ms"] / max(theirs["p50_ms"], 0.01),
            )
            made.append({**shown, "p95": ours["p95_ms"]})
    return made


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
