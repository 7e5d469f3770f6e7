"""What the search index on PostgreSQL promises beside the contract of every engine (ADR 0081)."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ordeal_parts import PostgreSql
from postgresql_indexes import KEY, schema_of
from postgresql_server import IN_MEMORY
from test_search_index import FORK, ask, document, found, put

from edms.core.errors import ConfigurationError, StorageFault
from edms.core.settings import DatabaseSettings, SearchSettings, Settings
from edms.search import analysis
from edms.search.engines import open_index as open_engine
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.postgresql import server, writing
from edms.search.postgresql.building import Gathering, joined, stretches
from edms.search.postgresql.index import PostgresqlIndex
from edms.search.protocol import EVERYTHING, FACETS, Delete, Filters, IndexDocument, SearchRequest, Upsert
from edms.search.whoosh_index import WhooshIndex

pytestmark = pytest.mark.postgresql
Open = Callable[[Path], PostgresqlIndex]
PLACE = Path("here")


@pytest.fixture
def index(open_postgresql_index: Open) -> PostgresqlIndex:
    return open_postgresql_index(PLACE)


@pytest.fixture
def rows(fresh_postgresql_url: str, index: PostgresqlIndex) -> Iterator[Callable[..., list[Any]]]:
    """Run a statement on the tables of the index, as somebody with all rights on the server can."""
    with psycopg.connect(plain(fresh_postgresql_url), autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", [schema_of(PLACE)])

        def run(statement: Any, *values: Any) -> list[Any]:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        yield run


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def many(count: int, word: str = "rapat", version: int = 1) -> list[IndexDocument]:
    return [document(str(number), f"{word} kata{number}", version) for number in range(count)]


# The same answers as the other engines

WORDS = ["anggaran", "dinas", "kesehatan", "membangun", "pembangunan", "005/12/2014", "rapat"]
texts = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
records = st.builds(
    IndexDocument,
    st.uuids().map(str), st.just(1), st.sampled_from(["a", "b"]), title=texts, text=texts, number=texts,
    sender=st.sampled_from(["", "dinas", "kepala dinas"]), office=st.sampled_from(["dinkes", "bappeda", ""]),
    class_code=st.sampled_from(["900.1", "900.1.3", "900.10"]), date=st.one_of(st.none(), st.dates()),
    language=st.sampled_from(["id", "en", ""]),
)  # fmt: skip
clauses = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(WORDS).map(lambda word: f"-{word}"),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(lambda some: f'"{" ".join(some)}"'),
    st.sampled_from(WORDS).map(lambda word: f"{word[:4]}*"), st.sampled_from(["OR", "judul:rapat", "kelas:900.1"]),
    st.sampled_from(["dari:dinas", "nomor:005/12", "tahun:1990..2014", "tanggal:2000-02..", "kantor:dinkes"]),
    st.sampled_from(WORDS).map(lambda word: f"{word[:3]}{word[4:]}~"),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(st.lists(records, max_size=8), min_size=1, max_size=3),
    asked=st.lists(st.lists(clauses, max_size=4).map(" ".join), min_size=4, max_size=8),
    narrow=st.sampled_from([Filters(), Filters(class_prefix="900.1"), Filters(year_from=2000)]),
)
def test_it_finds_what_the_embedded_engine_finds(
    open_postgresql_index: Open, batches: list[list[IndexDocument]], asked: list[str], narrow: Filters
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = open_postgresql_index(Path(folder)), WhooshIndex(Path(folder), KEY, SearchSettings())
        for batch in batches:
            put(ours, *batch)
            put(theirs, *batch)
        every = [one.record_id for batch in batches for one in batch]
        granted, withheld = frozenset(every[:2]), frozenset(every[1:3])
        for text in asked:
            for access in (EVERYTHING, frozenset("a")):
                request = SearchRequest(
                    text, access, narrow, limit=100, facets=FACETS, sort="newest", granted=granted, withheld=withheld
                )
                one, other = ours.search(request), theirs.search(request)
                assert (one.total, one.facets, one.notices) == (other.total, other.facets, other.notices)
                assert [hit.record_id for hit in one.hits] == [hit.record_id for hit in other.hits]
                assert [hit.highlights for hit in one.hits] == [hit.highlights for hit in other.hits]


def test_a_term_in_many_documents_is_found_as_in_few(index: PostgresqlIndex) -> None:
    """Terms in more documents than a block holds have lists of their own."""
    index.rebuild(iter([*many(100), document("lain", 'dinas "rapat kata" rapat kota')]))
    assert len(found(index, "rapat")) == 101
    assert found(index, '"rapat kota"') == {"lain"}
    assert found(index, "kata7*") == {"7", *(f"7{n}" for n in range(10))}
    assert ask(index, "rapat kata42").hits[0].highlights["text"].ranges == ((0, 5), (6, 12))
    assert list(index.verify((str(n), 1) for n in [*range(100), "lain"])) == []


# Building


def test_terms_joined_stretch_by_stretch_are_those_joined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, first = [], 0
    for part in range(3):
        gathering = Gathering()
        for number in range(5):
            gathering.add({"text": analysis.terms(f"kota dinas{number} rapat{part} kota {'a b c ' * number}", "id")})
        runs.append(gathering.run(first))
        first += 5
    whole = joined(runs, [None] * 3)
    monkeypatch.setattr("edms.search.postgresql.building.STRETCH", 10)
    pieces = [joined(stretch, [None] * 3) for stretch in stretches(runs)]
    assert len(pieces) > 3
    assert [key for piece in pieces for key in piece.keys] == whole.keys
    for name in ("counts", "ids", "frequencies", "positions"):
        assert [int(n) for piece in pieces for n in getattr(piece, name)] == getattr(whole, name).tolist()


def test_small_segments_become_larger_ones(index: PostgresqlIndex, rows: Callable[..., list[Any]]) -> None:
    for number in range(30):
        put(index, document(str(number), f"rapat kata{number}"), document("sering", f"ulang{number}", version=number))
    assert rows("SELECT count(*) FROM segment_1")[0][0] < 12
    assert found(index, "rapat") == {str(number) for number in range(30)}
    assert found(index, "ulang29") == {"sering"}
    assert found(index, "ulang28") == set()
    assert list(index.verify()) == []


def test_segments_of_a_rebuild_have_a_bound(
    open_postgresql_index: Open, rows: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_DOCUMENTS", 40)
    index = open_postgresql_index(PLACE)
    index.rebuild(iter(many(100)))
    assert [row[0] for row in rows("SELECT documents FROM segment_1 ORDER BY number")] == [40, 40, 20]
    assert len(found(index, "rapat")) == 100


# Kills


def _rebuild_and_stop(open_index: Open, reached: Any) -> None:
    def source() -> Iterator[IndexDocument]:
        for number in range(1500):
            yield document(f"r{number}", "rapat", version=2)
        reached.send(True)
        signal.pause()

    open_index(PLACE).rebuild(source())


def test_a_killed_rebuild_is_gone_on_with(
    open_postgresql_index: Open, rows: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_DOCUMENTS", 400)
    put(open_postgresql_index(PLACE), document("r0", "lama"), document("r9", "lama"))
    receiving, sending = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_rebuild_and_stop, args=(open_postgresql_index, sending))
    child.start()
    assert receiving.poll(60)
    assert found(open_postgresql_index(PLACE), "lama") == {"r0", "r9"}
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    index = open_postgresql_index(PLACE)
    assert found(index, "lama") == {"r0", "r9"}
    # Meanwhile: one is changed, one is deleted, and one that was already taken in is gone from the archive.
    index.apply([Upsert(document("r1", "rapat baru", version=3)), Delete("r2", 3)])
    before = rows("SELECT segment FROM document_2 WHERE record = 'r5'")
    assert before[0][0]
    source = (document(f"r{number}", "rapat", version=2) for number in range(1500) if number not in (2, 7))
    assert index.rebuild(source) == 1498
    assert rows("SELECT segment FROM document_2 WHERE record = 'r5'") == before
    assert dict(index.document_versions()) == {f"r{n}": 3 if n == 1 else 2 for n in range(1500) if n not in (2, 7)}
    assert found(index, "baru") == {"r1"}
    assert list(index.verify()) == []
    assert rows("SELECT to_regclass('document_1')") == [(None,)]


def test_a_killed_server_loses_nothing_and_the_next_question_is_answered() -> None:
    folder = tempfile.mkdtemp(prefix="edms-postgresql-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
    own = PostgreSql(Path(folder) / "data")
    index = PostgresqlIndex(own.url, KEY, SearchSettings())
    try:
        for round_number in range(3):
            put(index, *many(20 + round_number, version=round_number + 1))
            with pytest.raises(StorageFault), index._server.reading() as session:
                own.kill()
                session.rows("SELECT 1")
            assert len(found(index, "rapat")) == 20 + round_number
            assert list(index.verify((str(n), round_number + 1) for n in range(20 + round_number))) == []
    finally:
        index.close()
        own.stop()
        shutil.rmtree(folder, ignore_errors=True)


# Damage


def test_an_altered_row_is_named_and_never_served(
    open_postgresql_index: Open, index: PostgresqlIndex, rows: Callable[..., list[Any]]
) -> None:
    index.rebuild(iter(many(50)))
    pieces = rows("SELECT segment, kind, number, data FROM piece_1")
    assert {row[1] for row in pieces} == {0, 1, 2, 3, 4, 5}
    for segment, kind, number, data in pieces[:: max(len(pieces) // 20, 1)] + pieces[-1:]:
        place = (segment, kind, number)
        for change in (bytes([data[0] ^ 1]) + data[1:], data[:-1], data + b"x", b""):
            rows("UPDATE piece_1 SET data = %s WHERE segment = %s AND kind = %s AND number = %s", change, *place)
            faults = list(open_postgresql_index(PLACE).verify())
            assert [fault.kind for fault in faults] == ["index-file"]
            if (kind, number) == (0, 0):
                with pytest.raises(IndexDamaged):
                    ask(open_postgresql_index(PLACE), "rapat")
        rows("DELETE FROM piece_1 WHERE segment = %s AND kind = %s AND number = %s", *place)
        assert list(open_postgresql_index(PLACE).verify())
        rows("INSERT INTO piece_1 VALUES (%s, %s, %s, %s)", *place, data)
    assert list(index.verify()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE key_1 SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
        "DELETE FROM key_1",
        "DELETE FROM generation",
        "UPDATE piece_1 SET data = set_byte(data, 9, get_byte(data, 9) # 1) WHERE kind IN (0, 1)",
        "DELETE FROM piece_1",
        "DROP TABLE piece_1",
        "DROP TABLE dead_1",
        "DROP TABLE generation",
        "DROP TABLE segment_1",
        "TRUNCATE segment_1",
        "TRUNCATE document_1",
        "DELETE FROM document_1 WHERE record = '1'",
    ],
)
def test_damage_is_told_and_a_rebuild_mends_it(
    open_postgresql_index: Open, index: PostgresqlIndex, rows: Callable[..., list[Any]], statement: str
) -> None:
    put(index, *many(3))
    rows(statement)
    with pytest.raises(IndexDamaged):
        ask(open_postgresql_index(PLACE), "rapat")
    assert list(open_postgresql_index(PLACE).verify())
    assert open_postgresql_index(PLACE).rebuild(iter(many(3))) == 3
    assert found(open_postgresql_index(PLACE), "rapat") == {"0", "1", "2"}
    assert list(open_postgresql_index(PLACE).verify([("0", 1), ("1", 1), ("2", 1)])) == []
    assert rows("SELECT to_regclass('segment_1')") == [(None,)]


@pytest.mark.parametrize("table", ["segment_1", "piece_1", "document_1", "dead_1"])
def test_a_writer_that_misses_a_table_says_that_the_index_is_damaged(
    index: PostgresqlIndex, rows: Callable[..., list[Any]], table: str
) -> None:
    put(index, *many(3))
    rows(f"DROP TABLE {table}")
    with pytest.raises(IndexDamaged):
        put(index, *many(3, version=2))
    if table == "dead_1":
        with pytest.raises(IndexDamaged):
            index.purge()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document_1 SET version = 7 WHERE record = '1'",
        "UPDATE document_1 SET record = 'x' WHERE record = '1'",
        "UPDATE document_1 SET segment = 77 WHERE record = '1'",
        "UPDATE document_1 SET number = 9 WHERE record = '1'",
        "DELETE FROM document_1 WHERE record = '1'",
        "INSERT INTO document_1 VALUES ('x', 1, 1, 9, 1)",
        "DELETE FROM dead_1",
        "INSERT INTO dead_1 VALUES (1, 2, 1)",
        "INSERT INTO piece_1 VALUES (1, 4, 99, 'x')",
        "UPDATE piece_1 SET number = CASE number WHEN 0 THEN -1 ELSE 0 END WHERE kind = 4 AND number < 2",
    ],
)
def test_a_row_in_the_wrong_place_is_noticed(
    index: PostgresqlIndex, rows: Callable[..., list[Any]], statement: str
) -> None:
    put(index, *many(9))
    put(index, document("0", "rapat", version=2))
    assert list(index.verify()) == []
    rows(statement)
    assert {fault.kind for fault in index.verify()} == {"index-file"}


def test_another_key_opens_nothing(index: PostgresqlIndex, fresh_postgresql_url: str) -> None:
    put(index, *many(3))
    other = PostgresqlIndex(fresh_postgresql_url, bytes(32), SearchSettings(), schema_of(PLACE))
    with pytest.raises(IndexDamaged):
        ask(other, "rapat")
    other.close()


# What the server knows


def test_the_server_sees_no_word_and_no_title(index: PostgresqlIndex, rows: Callable[..., list[Any]]) -> None:
    words = ["sangatrahasia", "walikota", "kesehatan", "pembangunan"]
    index.rebuild(
        document(
            f"r-{n}", " ".join(words), title="judulrahasia", number="005/1234", access="tokenrahasia", office="opd"
        )
        for n in range(50)
    )
    stored = b"".join(
        bytes(value) if isinstance(value, bytes) else str(value).encode()
        for (table,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema_of(PLACE))
        for row in rows(f'SELECT * FROM "{table}"')
        for value in row
    )
    assert b"r-1" in stored
    for word in [*words, "judulrahasia", "005/1234", "tokenrahasia", "opd", "bangun"]:
        assert word.encode() not in stored


def test_purged_words_cannot_be_opened_any_more(index: PostgresqlIndex, rows: Callable[..., list[Any]]) -> None:
    index.rebuild(iter(many(50)))
    (old,) = rows("SELECT wrapped FROM key_1")
    pieces = dict(rows("SELECT number, data FROM piece_1 WHERE kind = 4"))
    index.apply([Delete("7", 2)])
    index.purge()
    assert len(found(index, "rapat")) == 49
    assert found(index, "kata7") == set()
    assert not set(pieces.values()) & {row[0] for row in rows("SELECT data FROM piece_1 WHERE kind = 4")}
    rows("CHECKPOINT")
    (file,) = rows("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('key_1')")[0]
    assert old[0] not in Path(file).read_bytes()
    assert list(index.verify([(str(n), 1) for n in range(50) if n != 7])) == []
    index.apply([Upsert(document("7", "rapat", version=2))])
    assert len(found(index, "rapat")) == 49


def test_a_purge_removes_what_a_killed_switch_left(index: PostgresqlIndex, rows: Callable[..., list[Any]]) -> None:
    index.rebuild(iter(many(3)))
    index.rebuild(iter(many(3, version=2)))
    with index._server.writing() as session:
        session.create_tables(1)
    rows("INSERT INTO generation (number, state, analysis) VALUES (1, 'old', 1)")
    index.purge()
    assert rows("SELECT to_regclass('piece_1')") == [(None,)]
    assert rows("SELECT number, state FROM generation") == [(2, "serving")]
    assert found(index, "rapat") == {"0", "1", "2"}


# Others at work


def test_a_second_builder_is_told_and_the_first_goes_on(open_postgresql_index: Open, index: PostgresqlIndex) -> None:
    def source() -> Iterator[IndexDocument]:
        with pytest.raises(IndexBusy):
            open_postgresql_index(PLACE).rebuild(iter([]))
        yield document("1", "rapat")

    assert index.rebuild(source()) == 1
    assert found(index, "rapat") == {"1"}


def test_a_writer_that_holds_the_lock_is_waited_for_and_then_named(
    open_postgresql_index: Open, index: PostgresqlIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(index, document("1", "rapat"))
    monkeypatch.setattr(server, "WRITER_WAIT", "100ms")
    with index._server.writing():
        with pytest.raises(IndexBusy):
            put(open_postgresql_index(PLACE), document("2", "rapat"))
        assert found(index, "rapat") == {"1"}
    put(index, document("2", "rapat"))
    assert found(index, "rapat") == {"1", "2"}


def test_questions_go_on_while_generations_come_and_go(open_postgresql_index: Open, index: PostgresqlIndex) -> None:
    put(index, *many(20))
    done, problems = threading.Event(), list[BaseException]()

    def search() -> None:
        own = open_postgresql_index(PLACE)
        while not done.is_set():
            try:
                assert ask(own, "rapat").total == 20
            except BaseException as problem:  # noqa: BLE001 - reported below
                problems.append(problem)
                return

    readers = [threading.Thread(target=search) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in range(2, 8):
        index.rebuild(iter(many(20, version=version)))
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


# Settings


def test_where_it_is_comes_from_the_settings(fresh_postgresql_url: str, tmp_path: Path) -> None:
    here = Settings(search=SearchSettings(engine="postgresql")).rooted_at(tmp_path)
    with pytest.raises(ConfigurationError, match="needs a server"):
        open_engine(here, KEY)
    put(open_engine(here, KEY, fresh_postgresql_url), document("1", "rapat"))
    there = here.model_copy(update={"search": SearchSettings(engine="postgresql", postgresql_url=fresh_postgresql_url)})
    assert found(open_engine(there, KEY, "postgresql+psycopg://nowhere.invalid/x"), "rapat") == {"1"}


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://somebody:geheim@/edms?host={tmp_path}"
    index = PostgresqlIndex(url, KEY, SearchSettings())
    with pytest.raises(StorageFault) as told:
        ask(index, "rapat")
    assert "geheim" not in str(told.value)
    with pytest.raises(ConfigurationError, match="no name for a schema"):
        PostgresqlIndex(url, KEY, SearchSettings(), 'x"; DROP')
    assert DatabaseSettings().url == ""


# Beginnings


def test_a_beginning_of_too_many_words_keeps_those_that_most_visible_documents_have(
    fresh_postgresql_url: str, tmp_path: Path
) -> None:
    """As the embedded engine does, and whatever the hidden documents hold."""
    few = SearchSettings(max_prefix_terms=5)
    ours, theirs = PostgresqlIndex(fresh_postgresql_url, KEY, few), WhooshIndex(tmp_path, KEY, few)
    words = [f"kata{number:03d}" for number in range(40)]
    documents = [document(str(n), " ".join(words[: n % 41]), access="a" if n % 3 else "b") for n in range(120)]
    for index in (ours, theirs):
        index.apply([Upsert(one) for one in documents[:60]])
        index.rebuild(iter(documents))
    for text in ("kata*", "kata00*", "kata03*", "judul:kata*"):
        for access in (EVERYTHING, frozenset("a"), frozenset("c")):
            request = SearchRequest(text, access, limit=200, sort="newest")
            one, other = ours.search(request), theirs.search(request)
            assert (one.total, one.notices) == (other.total, other.notices)
            assert [hit.record_id for hit in one.hits] == [hit.record_id for hit in other.hits]
    assert [notice.code for notice in ask(ours, "kata*").notices] == ["prefix-cut"]
    ours.close()


def test_a_word_that_nobody_holds_is_taken_for_a_near_one_whatever_the_segment(index: PostgresqlIndex) -> None:
    index.rebuild(document(str(n), f"kata{n} anggaran dinas", title="Undangan") for n in range(100))
    put(index, document("baru", "anggarann"), document("lain", "anggaram", access="b"))
    answer = ask(index, "angaran")
    assert answer.total == 100
    assert answer.suggestion == "anggaran"
    assert found(index, "anggaran~") == {"baru", "lain", *map(str, range(100))}
    assert found(index, "anggaran~", access=frozenset("b")) == {"lain"}
    assert found(index, "judul:undagan") == set(map(str, range(100)))
