"""The contract of `edms.search.protocol.SearchIndex`, run on every engine (add one to ENGINES)."""

import base64
import math
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edms.core.errors import LimitExceeded
from edms.core.settings import SearchSettings
from edms.search.errors import BadCursor, IndexDamaged
from edms.search.fts5_index import Fts5Index
from edms.search.protocol import (
    EVERYTHING,
    FACETS,
    FEATURES,
    Delete,
    Filters,
    IndexDocument,
    SearchAnswer,
    SearchIndex,
    SearchRequest,
    Upsert,
)
from edms.search.query import FEATURE_NAMES
from edms.search.whoosh_index import WhooshIndex

Open = Callable[[Path], SearchIndex]
KEY = bytes(range(32))
FORK = multiprocessing.get_context("fork")
COMMITS_SEEN = 6
PATIENCE_SECONDS = 120
KILL_ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "8"))


def whoosh(folder: Path, settings: SearchSettings) -> SearchIndex:
    return WhooshIndex(folder / "index", KEY, settings)


def fts5(folder: Path, settings: SearchSettings) -> SearchIndex:
    return Fts5Index(folder / "index", KEY, settings)


WITH_SETTINGS: dict[str, Callable[[Path, SearchSettings], SearchIndex]] = {"whoosh": whoosh, "fts5": fts5}
ENGINES: dict[str, Open] = {
    "whoosh": lambda folder: whoosh(folder, SearchSettings()),
    "fts5": lambda folder: fts5(folder, SearchSettings()),
}
DAMAGED: dict[str, tuple[str, ...]] = {"whoosh": ("CURRENT", ".toc", ".seg"), "fts5": ("CURRENT", "state", "index.db")}
"""The kinds of files of each engine, by how their names end."""
NOT_STORED = "-shm"
"""How the name of a file ends that only living processes share: it goes with the last of them."""


@pytest.fixture(params=[*sorted(ENGINES), pytest.param("postgresql", marks=pytest.mark.postgresql)])
def open_index(request: pytest.FixtureRequest) -> Open:
    if request.param in ENGINES:
        return ENGINES[request.param]
    opener: Open = request.getfixturevalue("open_postgresql_index")
    return opener


@pytest.fixture(params=sorted(ENGINES))
def open_files(request: pytest.FixtureRequest) -> Open:
    """Open an engine that keeps its index in files."""
    return ENGINES[request.param]


@pytest.fixture
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def document(record_id: str, text: str = "", version: int = 1, access: str = "a", **fields: Any) -> IndexDocument:
    return IndexDocument(record_id, version, access, text=text, **fields)


def put(index: SearchIndex, *documents: IndexDocument) -> None:
    index.apply([Upsert(one) for one in documents])


def ask(index: SearchIndex, text: str, *, access: Any = EVERYTHING, **rest: Any) -> SearchAnswer:
    return index.search(SearchRequest(text, access, **rest))


def found(index: SearchIndex, text: str, **rest: Any) -> set[str]:
    answer = ask(index, text, limit=10_000, **rest)
    ids = [hit.record_id for hit in answer.hits]
    assert len(ids) == len(set(ids)) == answer.total
    return set(ids)


# Access


WORDS = ["anggaran", "dinas", "kesehatan", "izin", "rapat", "jalan"]
one_document = st.fixed_dictionaries(
    {
        "words": st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
        "title": st.lists(st.sampled_from(WORDS), max_size=3),
        "access": st.sampled_from(["a", "b", "c"]),
        "office": st.sampled_from(["dinkes", "bappeda", ""]),
        "year": st.one_of(st.none(), st.integers(2010, 2014)),
        "class_code": st.sampled_from(["900.1", "900.1.3", "900.10", "000"]),
    }
)
worlds = st.lists(st.lists(one_document, max_size=6), min_size=1, max_size=3)


def make(description: dict[str, Any], name: str) -> IndexDocument:
    return IndexDocument(
        name,
        1,
        description["access"],
        title=" ".join(description["title"]),
        text=" ".join(description["words"]),
        office=description["office"],
        year=description["year"],
        class_code=description["class_code"],
        language="id",
    )


def same(left: SearchAnswer, right: SearchAnswer) -> None:
    assert (left.total, left.facets, left.notices) == (right.total, right.facets, right.notices)
    assert [hit.record_id for hit in left.hits] == [hit.record_id for hit in right.hits]
    for one, other in zip(left.hits, right.hits, strict=True):
        assert one.highlights == other.highlights
        assert math.isclose(one.score, other.score, rel_tol=1e-4, abs_tol=1e-4)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=worlds, tokens=st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2), words=st.data())
def test_an_answer_depends_on_visible_documents_alone(
    open_index: Open, batches: list[list[dict[str, Any]]], tokens: frozenset[str], words: st.DataObject
) -> None:
    named = [[make(one, f"r{i}-{j}") for j, one in enumerate(batch)] for i, batch in enumerate(batches)]
    asked = words.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True))
    with tempfile.TemporaryDirectory() as everything, tempfile.TemporaryDirectory() as visible_only:
        index, reference = open_index(Path(everything)), open_index(Path(visible_only))
        for batch in named:
            put(index, *batch)
        visible = [one for batch in named for one in batch if one.access in tokens]
        put(reference, *visible)
        for text in (" ".join(asked), f'"{" ".join(asked)}"', asked[0][:3] + "*", f"-{asked[0]}", "kelas:900.1", ""):
            request = SearchRequest(text, tokens, facets=FACETS, limit=50)
            answer = index.search(request)
            same(answer, reference.search(SearchRequest(text, EVERYTHING, facets=FACETS, limit=50)))
        answer = index.search(SearchRequest(" ".join(asked), tokens, facets=("office", "year"), limit=50))
        if not any(notice.code == "not-all-words" for notice in answer.notices):
            matching = [one for one in visible if all(word in f"{one.title} {one.text}".split() for word in asked)]
            assert {hit.record_id for hit in answer.hits} == {one.record_id for one in matching}
            assert answer.total == len(matching)
            assert sum(answer.facets["office"].values()) == sum(bool(one.office) for one in matching)
            assert sum(answer.facets["year"].values()) == sum(one.year is not None for one in matching)


def test_no_token_sees_nothing(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "rapat"), document("2", "rapat", access=""))
    assert ask(index, "", access=frozenset()).total == 0
    assert found(index, "rapat", access=frozenset({"a", ""})) == {"1"}
    assert found(index, "rapat") == {"1", "2"}


# Changes


def test_a_change_twice_or_late_changes_nothing(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "lama", version=3))
    put(index, document("1", "lama", version=3))
    put(index, document("1", "usang", version=2))
    assert list(index.document_versions()) == [("1", 3)]
    assert found(index, "lama") == {"1"}
    put(index, document("1", "baru", version=4))
    assert found(index, "lama") == found(index, "usang") == set()
    assert found(index, "baru") == {"1"}


def test_the_newest_of_one_batch_wins(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "kedua", version=2), document("1", "pertama", version=1))
    assert found(index, "") == found(index, "kedua") == {"1"}


def test_a_deleted_record_stays_deleted(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "arsip"), document("2", "arsip"))
    index.apply([Delete("1", 2), Delete("3", 1)])
    put(index, document("1", "arsip", version=2), document("3", "arsip", version=1))
    assert found(index, "arsip") == {"2"}
    assert dict(index.document_versions()) == {"2": 1}
    put(index, document("1", "arsip", version=3))
    assert found(index, "arsip") == {"1", "2"}


def test_many_commits_keep_every_document(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    for number in range(20):
        put(index, document(str(number), f"nomor{number} bersama"), document("sering", "ulang", version=number))
    assert found(index, "bersama") == {str(number) for number in range(20)}
    assert found(index, "nomor7") == {"7"}
    assert dict(index.document_versions())["sering"] == 19
    assert list(index.verify([*((str(n), 1) for n in range(20)), ("sering", 19)])) == []


# Questions

LETTERS = (
    document(
        "1", "Rencana pembangunan jalan", title="Undangan rapat", number="005/1234/2023", sender="Dinas Kesehatan"
    ),
    document("2", "Jalan itu dibangun oleh dinas", title="Laporan", class_code="900.1.3.1", date=date(2014, 3, 5)),
    document(
        "3", "pemba-\nngunan gedung sekolah", title="Keputusan Wali Kota", class_code="900.1", date=date(2016, 1, 1)
    ),
    document("4", "membangun rumah", office="dinkes", record_type="surat", level="terbatas", class_code="900.13"),
    document("5", "The services of the city", language="en", title="Annual report", state="declared"),
)


@pytest.fixture
def letters(open_index: Open, folder: Path) -> SearchIndex:
    index = open_index(folder)
    put(index, *LETTERS)
    return index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pembangunan", "1234"),
        ("membangun", "1234"),
        ("jalan dinas", "12"),
        ('"rencana pembangunan"', "1"),
        ('"pembangunan rencana"', ""),
        ("pembangunan -jalan", "34"),
        ("pembangunan NOT jalan", "34"),
        ("gedung OR rumah", "34"),
        ("pem*", "13"),
        ("005/1234/2023", "1"),
        ("nomor:1234", "1"),
        ("nomor:005/1234", "1"),
        ("judul:laporan", "2"),
        ("dari:kesehatan", "1"),
        ("kelas:900.1", "23"),
        ("kelas:900.1.3", "2"),
        ("tahun:2014", "2"),
        ("tahun:2014..2016", "23"),
        ("tanggal:2014-03..2015", "2"),
        ("kantor:dinkes", "4"),
        ("tingkat:TERBATAS", "4"),
        ("service", "5"),
        ("PEMBANGUNAN Gedung", "3"),
        ("", "12345"),
    ],
)
def test_what_a_question_finds(letters: SearchIndex, text: str, expected: str) -> None:
    assert found(letters, text) == set(expected)


def test_the_form_asked_for_comes_first(letters: SearchIndex) -> None:
    assert ask(letters, "membangun").hits[0].record_id == "4"
    assert ask(letters, "dibangun").hits[0].record_id == "2"


def test_a_sentence_finds_what_is_like_it(letters: SearchIndex) -> None:
    assert ask(letters, "Kapan jalan dibangun?").hits[0].record_id == "2"
    answer = ask(letters, "pembangunan gedung swasta")
    assert {notice.code for notice in answer.notices} == {"not-all-words"}
    assert answer.hits[0].record_id == "3"


def test_filters_narrow_totals_and_facets(letters: SearchIndex) -> None:
    answer = ask(letters, "", filters=Filters(class_prefix="900.1", year_from=2015), facets=("class_code", "year"))
    assert answer.total == 1
    assert answer.facets == {"class_code": {"900.1": 1}, "year": {"2016": 1}}
    chosen = Filters(offices=frozenset({"dinkes"}), levels=frozenset({"terbatas"}), record_types=frozenset({"surat"}))
    assert found(letters, "", filters=chosen) == {"4"}
    assert found(letters, "", filters=Filters(states=frozenset({"declared"}))) == {"5"}


def test_order_and_pages(letters: SearchIndex) -> None:
    newest = [hit.record_id for hit in ask(letters, "", sort="newest").hits]
    oldest = [hit.record_id for hit in ask(letters, "", sort="oldest").hits]
    assert newest[:2] == ["3", "2"]
    assert oldest[:2] == ["2", "3"]
    pages = [ask(letters, "", limit=2, offset=offset).hits for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [hit.record_id for page in pages for hit in page] == [hit.record_id for hit in ask(letters, "").hits]
    with pytest.raises(LimitExceeded):
        ask(letters, "", offset=SearchSettings().max_results_window)


def test_highlights_mark_text_and_never_make_markup(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    filler = "kata lain " * 2000
    put(
        index,
        document("1", f"{filler}<script>alert(1)</script> anggaran & belanja {filler}", title="Anggaran <b>kota</b>"),
    )
    hit = ask(index, "anggaran").hits[0]
    title, text = hit.highlights["title"], hit.highlights["text"]
    assert [title.text[a:b] for a, b in title.ranges] == ["Anggaran"]
    assert title.text == "Anggaran <b>kota</b>"
    assert [text.text[a:b] for a, b in text.ranges] == ["anggaran"]
    assert "<script>" in text.text or "belanja" in text.text
    assert text.before
    assert text.after
    assert len(text.text) < 400
    assert ask(index, "anggaran", highlight=False).hits[0].highlights == {}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                ["a*", '"', "-", "OR", "NOT", "kelas:", "tahun:2..", "jalan", ":", "dinas*", "..", "(", "\x00"]
            ),
            max_size=9,
        ).map(" ".join),
    )
)
def test_no_text_breaks_a_search(letters: SearchIndex, text: str) -> None:
    answer = ask(letters, text, facets=FACETS)
    assert 0 <= len(answer.hits) <= answer.total <= len(LETTERS)
    for hit in answer.hits:
        for mark in hit.highlights.values():
            assert all(0 <= a < b <= len(mark.text) for a, b in mark.ranges)


def test_a_huge_question_is_answered_and_says_so(letters: SearchIndex) -> None:
    codes = {notice.code for notice in ask(letters, "kata " * 10_000).notices}
    assert "too-long" in codes
    assert "too-many-words" in codes


# Generations and processes


def test_rebuild_serves_the_old_one_and_takes_in_what_came_meanwhile(open_index: Open, folder: Path) -> None:
    index, other = open_index(folder), open_index(folder)
    put(index, document("1", "lama"), document("2", "lama"))
    seen: list[set[str]] = []

    def source() -> Iterator[IndexDocument]:
        yield document("1", "baru", version=2)
        seen.append(found(other, "lama"))
        other.apply([Upsert(document("3", "baru")), Delete("2", 5)])
        seen.append(found(index, ""))
        yield document("2", "baru", version=2)

    assert index.rebuild(source()) == 2
    assert seen == [{"1", "2"}, {"1", "3"}]
    assert found(index, "baru") == found(other, "baru") == {"1", "3"}
    assert list(index.verify([("1", 2), ("3", 1)])) == []


def test_a_failing_rebuild_leaves_the_old_one(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "lama"))

    def source() -> Iterator[IndexDocument]:
        yield document("1", "baru", version=2)
        raise OSError("the database went away")

    with pytest.raises(OSError, match="went away"):
        index.rebuild(source())
    assert found(index, "lama") == {"1"}
    put(index, document("2", "lama"))
    assert index.rebuild(iter([document("9", "lagi")])) == 1
    assert found(index, "") == {"9"}


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_a_rebuild_mends_any_damage(engine: str, folder: Path) -> None:
    open_index = ENGINES[engine]
    put(open_index(folder), document("1", "rapat"))
    for kind in DAMAGED[engine]:
        for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(b"")):
            damage(next(path for path in folder.rglob("*") if path.name.endswith(kind)))
            with pytest.raises(IndexDamaged):
                ask(open_index(folder), "rapat")
            assert open_index(folder).rebuild(iter([document("1", "rapat")])) == 1
            assert found(open_index(folder), "rapat") == {"1"}
            assert list(open_index(folder).verify([("1", 1)])) == []


def test_odd_text_is_taken_in(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "rapat \ud800 dinas\x00", title="judul\udfff", year=10**12), document("2", "x" * 100_000))
    assert found(index, "dinas") == {"1"}
    assert ask(index, "\ud800 rapat").hits[0].highlights["text"].text.startswith("rapat")


def test_searches_go_on_while_others_write(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, *(document(f"tetap{n}", "tetap") for n in range(5)))
    done, problems = threading.Event(), []

    def search() -> None:
        while not done.is_set():
            try:
                assert ask(index, "tetap").total == 5
            except BaseException as problem:  # noqa: BLE001 - reported below
                problems.append(problem)
                return

    readers = [threading.Thread(target=search) for _ in range(3)]
    for reader in readers:
        reader.start()
    writer = open_index(folder)
    for number in range(12):
        put(writer, document(f"n{number}", "lain"))
    writer.rebuild(iter([*(document(f"tetap{n}", "tetap") for n in range(5))]))
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


def _apply_in_child(open_index: Open, folder: Path, documents: list[IndexDocument]) -> None:
    put(open_index(folder), *documents)


def test_a_commit_of_another_process_is_seen(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "rapat"))
    assert ask(index, "rapat").total == 1
    child = FORK.Process(target=_apply_in_child, args=(open_index, folder, [document("2", "rapat")]))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert found(index, "rapat") == {"1", "2"}


def _read_until_seen(open_index: Open, folder: Path, told: Any) -> None:
    """Ask again and again; tell of each commit when the last question began that did not find it."""
    index, number, missed = open_index(folder), 0, 0.0
    assert found(index, "rapat") == {"awal"}
    told.send(-1)
    while number < COMMITS_SEEN:
        began = time.monotonic()
        if ask(index, f"kata{number}").total:
            told.send(missed)
            number += 1
        else:
            missed = began


def test_readers_in_other_processes_see_each_commit_within_a_second(open_index: Open, folder: Path) -> None:
    put(open_index(folder), document("awal", "rapat"))
    pipes, children = list[Any](), list[Any]()
    for _ in range(2):
        receiving, sending = FORK.Pipe(duplex=False)
        children.append(FORK.Process(target=_read_until_seen, args=(open_index, folder, sending)))
        children[-1].start()
        pipes.append(receiving)
    try:
        writer = open_index(folder)
        assert all(pipe.poll(PATIENCE_SECONDS) and pipe.recv() == -1 for pipe in pipes)
        for number in range(COMMITS_SEEN):
            put(writer, document(str(number), f"kata{number}"))
            committed = time.monotonic()
            for pipe in pipes:
                assert pipe.poll(PATIENCE_SECONDS), f"commit {number}"
                assert pipe.recv() - committed < 1.0, "a second later a question still did not find it"
    finally:
        for child in children:
            child.kill()
            child.join()


def _apply_one_by_one(open_index: Open, folder: Path, name: str) -> None:
    index = open_index(folder)
    for number in range(8):
        put(index, document(f"{name}{number}", "bersama"))


def test_two_writers_lose_nothing(open_index: Open, folder: Path) -> None:
    children = [FORK.Process(target=_apply_one_by_one, args=(open_index, folder, name)) for name in "ab"]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert found(open_index(folder), "bersama") == {f"{name}{number}" for name in "ab" for number in range(8)}


def _write_until_killed(open_index: Open, folder: Path, first: int, acknowledged: Any) -> None:
    index = open_index(folder)
    for number in range(first, first + 10_000):
        put(index, *(document(f"{number}-{part}", f"kata{number} bersama") for part in range(3)))
        acknowledged.send(number)


def test_a_killed_writer_loses_nothing_acknowledged(open_index: Open, folder: Path) -> None:
    chance = random.Random(14)
    kept: set[int] = set()
    for round_number in range(KILL_ROUNDS):
        receiving, sending = FORK.Pipe(duplex=False)
        first = round_number * 10_000
        child = FORK.Process(target=_write_until_killed, args=(open_index, folder, first, sending))
        child.start()
        sending.close()
        assert receiving.poll(30)
        child.join(chance.random() * 0.15)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        try:
            while receiving.poll(0):
                kept.add(receiving.recv())
        except EOFError:
            pass
        index = open_index(folder)
        assert list(index.verify()) == []
        held = {int(record_id.split("-")[0]) for record_id in found(index, "bersama")}
        assert kept <= held
        assert len(held - kept) <= round_number + 1
        assert len(found(index, "bersama")) == 3 * len(held)
        kept = held
    put(open_index(folder), document("akhir", "bersama"))
    assert "akhir" in found(open_index(folder), "bersama")


# Checking


def test_verify_names_missing_stale_and_extra_documents(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1"), document("2", version=2), document("3"))
    faults = {(fault.kind, fault.id) for fault in index.verify([("1", 1), ("2", 3), ("4", 1)])}
    assert faults == {("index-stale", "2"), ("index-extra", "3"), ("index-missing", "4")}
    assert list(index.verify([("1", 1), ("2", 2), ("3", 1)])) == []
    assert list(open_index(folder / "none").verify([])) == []


def test_one_altered_byte_in_any_file_is_named_and_never_served(open_files: Open, folder: Path) -> None:
    index = open_files(folder)
    put(index, document("1", "rapat dinas"))
    put(index, document("2", "rapat kota"))
    stored = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(NOT_STORED))
    files = [path for path in stored if path.stat().st_size]
    assert len(files) >= 3
    for path in files:
        good = path.read_bytes()
        for place in {0, 1, len(good) // 2, len(good) - 1}:
            bad = bytearray(good)
            bad[place] ^= 1
            path.write_bytes(bad)
            assert [fault.id.split("/")[-1] for fault in open_files(folder).verify()] == [path.name]
            with pytest.raises(IndexDamaged):
                ask(open_files(folder), "rapat")
        path.write_bytes(good[:-1])
        assert [fault.id.split("/")[-1] for fault in open_files(folder).verify()] == [path.name]
        path.write_bytes(good)
        path.rename(path.with_name("aside"))
        assert list(open_files(folder).verify())
        path.with_name("aside").rename(path)
    assert list(open_files(folder).verify()) == []


def test_no_word_of_a_document_is_in_any_file(open_files: Open, folder: Path) -> None:
    index = open_files(folder)
    words = ["sangatrahasia", "walikota", "kesehatan", "pembangunan"]
    for number in range(10):
        put(
            index,
            document(
                f"berkas-{number}", " ".join(words), title="judulrahasia", number="005/1234", access="tokenrahasia"
            ),
        )
    stored = b"".join(path.read_bytes() + path.name.encode() for path in folder.rglob("*") if path.is_file())
    for word in [*words, "judulrahasia", "005/1234", "tokenrahasia", "berkas-1", "bangun"]:
        assert word.encode() not in stored


# Places


def pages(
    index: SearchIndex, text: str, limit: int, between: Callable[[], None] = lambda: None, **rest: Any
) -> list[str]:
    """Follow the cursors to the end; `between` is called after each page."""
    cursor, ids = "", list[str]()
    for _ in range(1000):
        answer = ask(index, text, limit=limit, cursor=cursor, **rest)
        ids += [hit.record_id for hit in answer.hits]
        cursor = answer.cursor
        if not cursor:
            return ids
        between()
    raise AssertionError("the pages do not end")


SORTS: list[Any] = ["relevance", "newest", "oldest", "title"]


@pytest.mark.parametrize("sort", SORTS)
def test_cursors_lead_through_every_hit_while_documents_are_added(open_index: Open, folder: Path, sort: Any) -> None:
    index, chance = open_index(folder), random.Random(5)

    def some(name: str) -> IndexDocument:
        words = [chance.choice(WORDS) for _ in range(chance.randrange(2, 9))]
        day = chance.choice([None, date(2010 + chance.randrange(9), 1, 1)])
        return document(name, " ".join(["rapat", *words]), title=chance.choice(["", "B judul", "a judul"]), date=day)

    put(index, *(some(f"r{number}") for number in range(60)))
    expected = [hit.record_id for hit in ask(index, "rapat anggaran", limit=100, sort=sort).hits]
    assert pages(index, "rapat anggaran", 7, sort=sort) == expected
    number = 0

    def add() -> None:
        nonlocal number
        put(index, *(some(f"baru{number + one}") for one in range(5)))
        number += 5

    listed = pages(index, "rapat anggaran", 7, add, sort=sort)
    assert [one for one in listed if one.startswith("r")] == expected
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("sort", SORTS)
def test_places_lead_back_the_same_way(open_index: Open, folder: Path, sort: Any) -> None:
    index, chance = open_index(folder), random.Random(6)
    days = [None, date(2012, 1, 1), date(2015, 1, 1)]
    some = [document(f"r{n}", chance.choice(WORDS) + " rapat", title="AB"[n % 2], date=days[n % 3]) for n in range(23)]
    put(index, *some)
    every = [hit.record_id for hit in ask(index, "rapat", limit=50, sort=sort).hits]
    answer = ask(index, "rapat", limit=5, sort=sort)
    assert (answer.previous, answer.start) == ("", 0)
    shown = [answer]
    while answer.cursor:
        answer = ask(index, "rapat", limit=5, sort=sort, cursor=answer.cursor)
        shown.append(answer)
    assert [one.start for one in shown] == [0, 5, 10, 15, 20]
    put(index, document("baru", "rapat", title="A", date=date(2015, 1, 1)))
    back = list[str]()
    while answer.previous:
        answer = ask(index, "rapat", limit=5, sort=sort, cursor=answer.previous)
        back = [hit.record_id for hit in answer.hits] + back
    assert [one for one in back if one != "baru"] == every[:20]
    assert answer.start == 0
    forth = ask(index, "rapat", limit=50, sort=sort, cursor=answer.cursor)
    assert [hit.record_id for hit in forth.hits if hit.record_id != "baru"][-3:] == every[20:]


def test_pages_of_hits_are_told(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    long = " ".join(["kata"] * 700)
    four = ["rapat pembukaan", "anggaran kota", f"{long} jalan {long}", "membangun jalan anggaran"]
    put(
        index,
        document("1", "\n\f".join(four)),
        document("2", "anggaran jalan"),
        document("3", f"anggaran {long}\n\fpenutup"),
    )

    def told(text: str, **more: Any) -> dict[str, tuple[int, ...]]:
        return {hit.record_id: hit.pages for hit in ask(index, text, pages=True, **more).hits}

    assert told("anggaran") == {"1": (2, 4), "2": (), "3": (1,)}
    assert told("anggaran jalan") == {"1": (4,), "2": ()}
    assert told("pembangunan")["1"] == (4,)
    assert told("jal* -penutup")["1"] == (3, 4)
    assert told('"kota membangun"') == {}
    assert told('"anggaran kota"')["1"] == (2,)
    assert told("judul:rapat OR anggaran", highlight=False) == {"1": (), "2": (), "3": ()}
    assert [hit.pages for hit in ask(index, "anggaran").hits] == [(), (), ()]


def test_titles_are_in_order(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(
        index,
        document("1", title="Zebra"),
        document("2", title="árbol"),
        document("3", title="Banjir 2"),
        document("4"),
    )
    put(index, document("4"), document("5", title="banjir 1"))
    assert [hit.record_id for hit in ask(index, "", sort="title").hits] == ["4", "2", "5", "3", "1"]


def test_pages_by_cursor_go_past_the_window(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    window = SearchSettings().max_results_window
    put(index, *(document(f"r{number:05}", "rapat") for number in range(window + 30)))
    last = ask(index, "rapat", offset=window - 500, limit=500, highlight=False)
    after = ask(index, "rapat", limit=500, cursor=last.cursor, highlight=False)
    assert len(after.hits) == 30
    assert not after.cursor
    assert not {hit.record_id for hit in after.hits} & {hit.record_id for hit in last.hits}


def test_a_cursor_serves_one_question_and_one_reader(letters: SearchIndex) -> None:
    cursor = ask(letters, "", limit=2, reader="sari").cursor
    assert ask(letters, "", limit=1, cursor=cursor, reader="sari", facets=FACETS).total == 5
    others: list[dict[str, Any]] = [
        {"text": "", "reader": "budi"},
        {"text": "jalan", "reader": "sari"},
        {"text": "", "reader": "sari", "sort": "newest"},
        {"text": "", "reader": "sari", "filters": Filters(year_from=2014)},
        {"text": "", "reader": "sari", "offset": 2},
    ]
    for other in others:
        with pytest.raises(BadCursor):
            ask(letters, cursor=cursor, **other)
    flipped = ("A" if cursor[-9] != "A" else "B").join([cursor[:-9], cursor[-8:]])
    for wrong in (flipped, cursor[:-4], cursor[:8], "x", "é", cursor + "A" * 40, "A" * 20_000):
        with pytest.raises(BadCursor):
            ask(letters, "", cursor=wrong, reader="sari")


def test_a_cursor_shows_nothing_and_stays_within_what_is_visible(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, *(document(f"r{number}", "rapat", access="ab"[number % 2]) for number in range(40)))
    request = {"access": frozenset({"a"}), "reader": "sari"}
    alone = pages(index, "rapat", 3, **request)
    assert len(alone) == 20
    assert all(int(one[1:]) % 2 == 0 for one in alone)
    first = ask(index, "rapat", limit=3, **request)
    for piece in ("r2", "rapat", "cnt"):
        assert piece not in base64.urlsafe_b64decode(first.cursor + "==").decode("latin-1")
    assert len(first.cursor) < 4000
    # What becomes hidden between two pages is not shown by the second.
    rest = ask(index, "rapat", limit=50, cursor=first.cursor, withheld=frozenset({alone[5]}), **request)
    assert [hit.record_id for hit in rest.hits] == [*alone[3:5], *alone[6:]]


def test_each_feature_is_told_from_every_other(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, *(document(name, features=frozenset({name})) for name in FEATURES), document("none"))
    for asked, name in FEATURE_NAMES.items():
        assert [hit.record_id for hit in ask(index, f"ada:{asked}").hits] == [name]


def test_features_are_asked_for(open_index: Open, folder: Path) -> None:
    index, both = open_index(folder), frozenset({"ocr", "signature"})
    put(index, document("1", features=frozenset({"signature"})), document("2", features=both), document("3"))
    assert found(index, "ada:tandatangan") == found(index, "has:signature") == {"1", "2"}
    assert found(index, "ada:ocr") == {"2"}
    assert found(index, "-ada:ocr") == {"1", "3"}


# Ranking and language


@pytest.mark.parametrize(
    "family",
    [
        "pembangunan dibangun membangun",
        "pemusnahan memusnahkan dimusnahkan musnah",
        "penilaian menilai dinilai nilai",
        "pengelolaan mengelola kelola",
        "menemukan ditemukan penemuan",
        "pertanggungjawaban mempertanggungjawabkan",
        "suratnya suratkah surat",
    ],
)
def test_forms_of_one_root_meet(open_index: Open, folder: Path, family: str) -> None:
    index, forms = open_index(folder), family.split()
    put(index, *(document(form, f"tentang {form} itu", language="id") for form in forms))
    for form in forms:
        assert ask(index, form).hits[0].record_id == form
        assert found(index, form) == set(forms)


def test_of_two_alike_the_newer_comes_first_and_dates_never_decide_alone(open_index: Open, folder: Path) -> None:
    index, old, new = open_index(folder), date(1990, 1, 1), date(2024, 1, 1)
    put(index, document("tua", "rapat dinas", date=old), document("baru", "rapat dinas", date=new))
    put(index, document("polos", "rapat dinas"), document("kena", "rapat rapat dinas", date=old))
    assert [hit.record_id for hit in ask(index, "rapat dinas").hits] == ["kena", "baru", "polos", "tua"]


def test_words_beside_each_other_come_first(open_index: Open, folder: Path) -> None:
    index, filler = open_index(folder), "kata lain yang tidak berarti apa apa untuk mengisi tempat di sini saja " * 3
    put(index, document("jauh", f"{filler} sampah {filler} pengangkutan {filler}"))
    put(index, document("dekat", f"{filler} pengangkutan sampah {filler} {filler}"))
    assert [hit.record_id for hit in ask(index, "pengangkutan sampah").hits] == ["dekat", "jauh"]


def test_what_a_text_begins_with_is_what_it_is_about(open_index: Open, folder: Path) -> None:
    index, filler = open_index(folder), "kata lain yang tidak berarti apa apa untuk mengisi tempat di sini saja " * 3
    put(index, document("akhir", f"{filler} banjir"), document("awal", f"banjir {filler}"))
    assert [hit.record_id for hit in ask(index, "banjir").hits] == ["awal", "akhir"]


def test_plain_words_with_few_answers_are_asked_with_any_of_them(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "laporan banjir kota"), document("2", "laporan kebakaran"), document("3", "izin"))
    assert found(index, "laporan banjir") == {"1"}
    answer = ask(index, "laporan tentang banjir")
    assert [hit.record_id for hit in answer.hits] == ["1", "2"]
    assert {notice.code for notice in answer.notices} == {"not-all-words"}


def test_a_code_in_a_sentence_is_one_of_its_words(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "surat 005/12/2014 tentang banjir"), document("2", "penanganan banjir di kota"))
    assert found(index, "apa yang diputuskan tentang banjir dalam surat 005/12/2014?") == {"1", "2"}
    assert found(index, "banjir 005/12/2014") == {"1"}


# Words that are nearly right, and words that mean the same


MISREAD = (
    document("1", "Dinas Kesehatan Kota"),
    document("2", "laporan kesehatan ibu"),
    document("3", "kesehaton yang terbaca salah"),
    document("4", "rumah sakit", access="b"),
    document("5", "rurnah yang terbaca salah"),
)


@pytest.fixture
def misread(open_index: Open, folder: Path) -> SearchIndex:
    index = open_index(folder)
    put(index, *MISREAD)
    return index


def test_a_word_nobody_has_finds_what_is_near(misread: SearchIndex) -> None:
    answer = ask(misread, "Dinas kesehatam")
    assert [hit.record_id for hit in answer.hits] == ["1"]
    assert [(one.code, one.detail) for one in answer.notices] == [("near", "kesehatam: kesehatan, kesehaton")]
    assert answer.suggestion == "Dinas kesehatan"
    mark = answer.hits[0].highlights["text"]
    assert [mark.text[a:b] for a, b in mark.ranges] == ["Dinas", "Kesehatan"]
    assert found(misread, "kesehatam") == {"1", "2", "3"}
    assert ask(misread, "kesehatan").suggestion == ""
    assert found(misread, "xyzxyzxyz") == set()


def test_a_nearly_word_is_asked_for(misread: SearchIndex) -> None:
    assert found(misread, "kesehatan") == {"1", "2"}
    assert found(misread, "kesehatan~") == {"1", "2", "3"}
    assert found(misread, "rumah~") == {"4", "5"}
    assert found(misread, "-rumah~") == {"1", "2", "3"}
    assert ask(misread, "kesehatan~").suggestion == ""


def test_nothing_hidden_is_near(misread: SearchIndex) -> None:
    answer = ask(misread, "rumaj", access=frozenset({"a"}))
    assert (answer.total, answer.suggestion, answer.notices) == (0, "", ())
    assert found(misread, "rumaj", access=frozenset({"b"})) == {"4"}
    answer = ask(misread, "rumah", access=frozenset({"a"}))
    assert [hit.record_id for hit in answer.hits] == ["5"]


def test_hidden_words_crowd_out_no_visible_one(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    letters = "abcdefghijklmnopqrstuvw"
    crowd = [f"peraturat{one}{two}" for one in letters for two in letters]
    put(index, document("1", " ".join(crowd), access="b"), document("2", "peraturan zaitun"))
    answer = ask(index, "peraturat", access=frozenset({"a"}))
    assert [hit.record_id for hit in answer.hits] == ["2"]
    assert answer.suggestion == "peraturan"
    assert [(one.code, one.detail) for one in answer.notices] == [("near", "peraturat: peraturan")]


def test_dates_meet_however_they_are_written(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "ditetapkan tanggal 17 Agustus 2014"), document("2", "tertanggal 17-08-2014 di kota"))
    put(
        index,
        document("3", "pada 17/8/2014"),
        document("4", "rapat", date=date(2014, 8, 17)),
        document("5", "17 Mei 2014"),
    )
    for text in ("17 Agustus 2014", "17-08-2014", "17/8/2014", "2014-08-17"):
        assert found(index, text) == {"1", "2", "3", "4"}
    assert ask(index, "17-08-2014").hits[0].record_id == "2"
    assert found(index, "tanggal:17 Agustus 2014") == {"4"}


def test_titles_beside_a_name_do_not_hinder(open_index: Open, folder: Path) -> None:
    index = open_index(folder)
    put(index, document("1", "ditandatangani oleh Budi Santoso"), document("2", "dr. Budi Santoso, S.H., M.Si."))
    put(index, document("3", "dr. Sari, S.H."))
    assert [hit.record_id for hit in ask(index, "dr. Budi Santoso, S.H., M.Si.").hits] == ["2", "1"]
    assert found(index, "S.H.") == {"2", "3"}


def test_synonyms_are_searched_and_told(folder: Path) -> None:
    (folder / "synonyms").mkdir()
    file = folder / "synonyms" / "a.txt"
    file.write_text("SK = surat keputusan\n", "utf-8")
    for name, opened in WITH_SETTINGS.items():
        index = opened(folder / name, SearchSettings(synonyms=folder / "synonyms"))
        put(index, document("1", "salinan SK wali kota"), document("2", "surat keputusan wali kota"))
        put(index, document("3", "surat tentang keputusan"))
        answer = ask(index, "SK")
        assert [hit.record_id for hit in answer.hits] == ["1", "2"]
        assert ("expanded", "sk: surat keputusan") in {(one.code, one.detail) for one in answer.notices}
        assert found(index, "surat keputusan") == {"1", "2", "3"}
        assert found(index, '"surat keputusan"') == {"2"}
        assert found(index, "keputusan surat") == {"2", "3"}
        file.write_text("BA = berita acara\n", "utf-8")
        assert found(index, "SK") == {"1"}
        file.write_text("SK = surat keputusan\n", "utf-8")
