"""Search: build rate, index size and latencies of our encrypted index, beside plain SQLite FTS5 in the same run.

The records are recombined from the words of real Indonesian documents when the corpus is there, else from a small
vocabulary of our own with the same skew. The peer is FTS5 without a key: the fastest thing an honest comparison has
on the same machine, without encryption, access filter, facets or stems.
"""

import argparse
import json
import os
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlite

from edms.core.settings import SearchSettings
from edms.search.protocol import EVERYTHING, Filters, IndexDocument, SearchRequest
from edms.search.whoosh_index import WhooshIndex

WORDS_PER_DOCUMENT = 300
ROUNDS = 30
FACETS = ("class_code", "year", "office", "level", "record_type")
OFFICES = [f"office-{number}" for number in range(40)]
OWN_TEXT = """surat dinas keputusan anggaran kegiatan pelaksanaan pembangunan pelayanan kesehatan pendidikan masyarakat
wali kota daerah peraturan pegawai laporan undangan rapat permohonan izin tanah jalan air pasar sekolah puskesmas
pajak retribusi arsip kearsipan bulan tahun nomor tanggal perihal lampiran tembusan kepala sekretaris bidang"""


def source_words() -> list[str]:
    """Return words of real text in their order (their skew matters), at most 400,000 of them."""
    root = Path(os.environ.get("EDMS_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "data" / "corpus"))
    words: list[str] = []
    for path in sorted((root / "indonesian").rglob("*.md")) if root.is_dir() else []:
        words += re.findall(r"[A-Za-z]{2,}", path.read_text(errors="replace"))
    collection = root / "ir" / "id-wikipedia-qa" / "corpus.jsonl"
    for line in collection.read_text().splitlines() if collection.is_file() else []:
        words += re.findall(r"[A-Za-z]{2,}", json.loads(line)["text"])
    chance = random.Random(1)
    own = [f"{word}{chance.choice(['', '', 'nya', 'an'])}" for word in OWN_TEXT.split()]
    return words[:400_000] or [own[min(int(chance.paretovariate(0.7)) - 1, len(own) - 1)] for _ in range(100_000)]


def documents(words: list[str], count: int) -> Iterator[IndexDocument]:
    """Yield `count` records: runs of real words from random places, and some names that occur rarely."""
    chance = random.Random(2)
    for number in range(count):
        pieces: list[str] = []
        while len(pieces) < WORDS_PER_DOCUMENT:
            start = chance.randrange(max(len(words) - 30, 1))
            pieces += words[start : start + 30]
        pieces.insert(chance.randrange(len(pieces)), f"langka{chance.randrange(max(count // 3, 1))}")
        year, office = 2005 + chance.randrange(20), chance.choice(OFFICES)
        yield IndexDocument(
            f"record-{number:09d}",
            1,
            f"{office}|{chance.randrange(3)}",
            title=" ".join(pieces[:8]),
            text=" ".join(pieces),
            number=f"{chance.randrange(1000):03d}/{chance.randrange(9999)}/{year}",
            office=office,
            class_code=f"{chance.randrange(9)}00.{chance.randrange(5)}.{chance.randrange(9)}",
            level=chance.choice(["terbuka", "terbatas", "rahasia"]),
            record_type=chance.choice(["surat", "keputusan", "laporan"]),
            date=date(year, 1 + chance.randrange(12), 1 + chance.randrange(28)),
            language="id",
        )


def questions(words: list[str]) -> dict[str, list[str]]:
    """Return the texts asked, by kind."""
    chance = random.Random(3)
    counts = [word for word, _ in Counter(word.lower() for word in words if len(word) > 3).most_common(2000)]
    common, middle = counts[:40], counts[100:1000]
    runs = [chance.randrange(len(words) - 3) for _ in range(ROUNDS)]
    return {
        "rare": [f"langka{chance.randrange(300)}" for _ in range(ROUNDS)],
        "common": [chance.choice(common) for _ in range(ROUNDS)],
        "two words": [f"{chance.choice(common)} {chance.choice(middle)}" for _ in range(ROUNDS)],
        "phrase": [f'"{words[at]} {words[at + 1]}"' for at in runs],
        "prefix": [f"{chance.choice(counts)[: chance.choice([3, 4])]}*" for _ in range(ROUNDS)],
        "filtered": [chance.choice(middle) for _ in range(ROUNDS)],
    }


def percentiles(ask: Callable[[str], object], texts: list[str]) -> dict[str, float]:
    """Return p50 and p95 in milliseconds, each text asked once before and once measured."""
    for text in texts:
        ask(text)
    times = []
    for text in texts:
        start = time.perf_counter()
        ask(text)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {"p50_ms": round(times[len(times) // 2], 2), "p95_ms": round(times[int(len(times) * 0.95)], 2)}


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure_index(folder: Path, words: list[str], count: int) -> dict[str, Any]:
    """Measure our index: restricted to half of the offices, facets and highlights on."""
    index = WhooshIndex(folder / "index", bytes(32), SearchSettings())
    start = time.perf_counter()
    index.rebuild(documents(words, count))
    seconds = time.perf_counter() - start
    tokens = frozenset(f"{office}|{level}" for office in OFFICES[::2] for level in range(3))
    filters = Filters(class_prefix="100", year_from=2010, year_to=2015)
    latencies: dict[str, dict[str, float]] = {}
    for kind, texts in questions(words).items():
        narrowed = filters if kind == "filtered" else Filters()
        latencies[kind] = percentiles(
            lambda text, narrowed=narrowed: index.search(  # type: ignore[misc]
                SearchRequest(text, tokens, narrowed, limit=20, facets=FACETS)
            ),
            texts,
        )
    free = percentiles(lambda text: index.search(SearchRequest(text, EVERYTHING, limit=20, facets=FACETS)),
                       questions(words)["common"])  # fmt: skip
    return {
        "build_per_second": round(count / seconds, 1),
        "bytes": folder_bytes(folder),
        "latency": latencies,
        "common_unrestricted": free,
    }


def measure_peer(folder: Path, words: list[str], count: int) -> dict[str, Any]:
    """Measure FTS5 in a plain file: the same texts, the total counted and the first 20 ranked."""
    connection = sqlite.connect(str(folder / "peer.db"))
    connection.execute("CREATE VIRTUAL TABLE peer USING fts5(title, text, number, tokenize='unicode61')")
    start = time.perf_counter()
    rows = ((one.title, one.text, one.number) for one in documents(words, count))
    connection.executemany("INSERT INTO peer VALUES (?, ?, ?)", rows)
    connection.commit()
    seconds = time.perf_counter() - start

    def ask(text: str) -> object:
        connection.execute("SELECT count(*) FROM peer WHERE peer MATCH ?", (text,)).fetchone()
        query = "SELECT rowid, snippet(peer, 1, '[', ']', '', 20) FROM peer WHERE peer MATCH ? ORDER BY rank LIMIT 20"
        return connection.execute(query, (text,)).fetchall()

    latencies = {kind: percentiles(ask, texts) for kind, texts in questions(words).items() if kind != "filtered"}
    connection.close()
    return {"build_per_second": round(count / seconds, 1), "bytes": folder_bytes(folder), "latency": latencies}


def measure(sizes: tuple[int, ...] = (1000, 10000)) -> dict[str, Any]:
    """Return the figures for each size; `ratio_p50` is ours over the peer's."""
    words = source_words()
    answer: dict[str, Any] = {"words_per_document": WORDS_PER_DOCUMENT, "source_words": len(words), "sizes": {}}
    for count in sizes:
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            own, peer = measure_index(Path(ours), words, count), measure_peer(Path(theirs), words, count)
        ratios = {
            kind: round(own["latency"][kind]["p50_ms"] / max(figures["p50_ms"], 0.01), 2)
            for kind, figures in peer["latency"].items()
        }
        text_bytes = sum(len(one.text) for one in documents(words, min(count, 1000))) * count // min(count, 1000)
        answer["sizes"][str(count)] = {
            "edms": own,
            "fts5_plain": peer,
            "ratio_p50": ratios,
            "ratio_build": round(own["build_per_second"] / peer["build_per_second"], 4),
            "index_bytes_per_text_byte": round(own["bytes"] / text_bytes, 2),
        }
    answer["peak_memory_mebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[1000, 10000])
    print(json.dumps(measure(tuple(parser.parse_args().sizes)), indent=1))
