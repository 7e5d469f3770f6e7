"""The file of the FTS5 engine: packing, purging, putting back what was, and what a killed writer or builder leaves."""

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st
from small_disk import MEBIBYTE, SmallDisk

from edms.core.errors import StorageFault
from edms.core.settings import SearchSettings
from edms.search import analysis, fts5_build, fts5_index, fts5_writer, generations, packing
from edms.search.codec import Postings
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.fts5_index import Fts5Index
from edms.search.fts5_views import STRIDE, plain, token_stream
from edms.search.fts5_writer import Writer, pack, small_ones
from edms.search.generations import Generations
from edms.search.packing import Packer, Surfaces
from edms.search.protocol import EVERYTHING, FACETS, Delete, IndexDocument, SearchAnswer, SearchRequest, Upsert
from edms.search.sqlcipher_file import PAGE_BYTES, SqlcipherFile

KEY = bytes(range(32))
FORK = multiprocessing.get_context("fork")
WORDS = [
    "anggaran", "belanja", "daerah", "kesehatan", "masyarakat", "pembangunan", "dibangun", "jalan", "jembatan", "surat",
    "005/12/2020",
]  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture
def packs_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few documents be what thousands are."""
    monkeypatch.setattr(fts5_writer, "FRESH_DOCUMENTS", 7)
    monkeypatch.setattr(fts5_writer, "PACKED_AT_ONCE", 5)


def opened(folder: Path, **changed: int) -> Fts5Index:
    return Fts5Index(folder, KEY, SearchSettings(**changed))  # type: ignore[arg-type]


def document(number: int, version: int = 1, text: str = "") -> IndexDocument:
    chance = random.Random(number * 1000 + version)
    made = " ".join(chance.choice(WORDS) for _ in range(30))
    return IndexDocument(
        f"r{number}", version, chance.choice("ab"), text=f"{made} {text}", title=chance.choice(WORDS), office="dinkes"
    )


def ask(index: Fts5Index, text: str, limit: int = 100) -> SearchAnswer:
    return index.search(SearchRequest(text, EVERYTHING, limit=limit, facets=FACETS))


def ids(index: Fts5Index, text: str) -> set[str]:
    answer = ask(index, text, limit=5000)
    assert len(answer.hits) == answer.total
    return {hit.record_id for hit in answer.hits}


def rows(index: Fts5Index, statement: str) -> list[Any]:
    with index._reading() as file:
        assert file
        return list(file.rows(statement))


# Terms


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=80), st.sampled_from(["id", "en"])), min_size=1, max_size=6))
def test_packing_counts_the_same_terms_as_the_analysis(texts: list[tuple[str, str]]) -> None:
    packer = Packer(Surfaces())
    documents = [IndexDocument(str(n), 1, text=text, language=name, access="a") for n, (text, name) in enumerate(texts)]
    for one in documents:
        packer.add(one)
    found: dict[tuple[bytes, int], list[int]] = {}
    for field, term, count, data in packer.finish().postings:
        if packing.INDEXED[field] == "lead":
            continue
        postings = Postings(data)
        assert count == len(postings.ids)
        for place in postings.ids:
            found[term, int(place)] = postings.positions_in(int(place)).tolist()
    wanted = {
        (term, number): list(places)
        for number, one in enumerate(documents)
        for term, places in analysis.terms(one.text.encode("utf-8", "replace").decode(), one.language).items()  # type: ignore[arg-type]
    }
    assert found == wanted


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.sampled_from(analysis.LANGUAGES))
def test_what_goes_into_fts5_keeps_its_positions(text: str, language: analysis.Language) -> None:
    terms = analysis.terms(text, language)
    stream = token_stream(terms).split(" ")
    found: dict[bytes, list[int]] = {}
    for at, token in enumerate(stream):
        found.setdefault(plain(token), []).append(at // STRIDE)
    assert {term: found[term] for term in terms} == {term: list(places) for term, places in terms.items()}


def test_a_character_that_is_several_words_to_fts5_is_one_here(folder: Path) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1, text="bersama lampiran ⑴ ﹰ rapat ⑿ kota"))])
    for packed in (False, True):
        for text in ("⑴", "lampiran ⑿", '"rapat ⑿ kota"', '"ﹰ rapat"', "rapat", "kota~", "lam*"):
            assert ids(index, text) == {"r1"}, (packed, text)
        assert ids(index, '"rapat kota"') == set()
        Writer(index._open(1)).pack_fresh()


# Packing


def test_answers_do_not_change_when_documents_are_packed(folder: Path, packs_early: None) -> None:
    packed, whole = opened(folder / "packed"), opened(folder / "whole")
    chance = random.Random(3)
    for step in range(60):
        made = [Upsert(document(chance.randrange(80), step + 1)) for _ in range(chance.choice([1, 1, 2, 9]))]
        if step % 7 == 3:
            made.append(Delete(f"r{chance.randrange(80)}", step + 1))  # type: ignore[arg-type]
        packed.apply(made)
        if step % 20 == 19:
            with pytest.MonkeyPatch.context() as usual:
                usual.setattr(fts5_writer, "PACKED_AT_ONCE", 512)
                usual.setattr(fts5_writer, "FRESH_DOCUMENTS", 2048)
                whole.rebuild(iter(()))
                whole.apply([Upsert(one) for one in _standing(packed)])
            for text in ("anggaran", "pembangunan jalan", '"jalan jembatan"', "kese*", "005/12/2020", "-surat", ""):
                left, right = ask(packed, text), ask(whole, text)
                assert (left.total, left.facets) == (right.total, right.facets)
                assert [hit.record_id for hit in left.hits] == [hit.record_id for hit in right.hits]
                assert [hit.highlights for hit in left.hits] == [hit.highlights for hit in right.hits]
    assert rows(packed, "SELECT count(*) FROM segments")[0][0] >= 1
    assert list(packed.verify(packed.document_versions())) == []


def _standing(index: Fts5Index) -> list[IndexDocument]:
    statement = "SELECT short, passages FROM documents WHERE doc NOT IN (SELECT doc FROM gone)"
    return [packing.kept_document(short, packed) for short, packed in rows(index, statement)]


def test_small_segments_become_one_and_large_ones_stay() -> None:
    def places(*sizes: int) -> list[tuple[int, int, int]]:
        return [(number, 0, size) for number, size in enumerate(sizes)]

    assert small_ones(places(500, 500, 500)) == []
    assert len(small_ones(places(30_000, 500, 600, 700, 800))) == 4
    assert len(small_ones(places(2000, 2000, 2000, 2000, 500))) == 5
    assert small_ones(places(20_000, 20_000, 20_000, 20_000)) == []


def test_many_commits_leave_few_segments(folder: Path, packs_early: None) -> None:
    index = opened(folder)
    for number in range(120):
        index.apply([Upsert(document(number))])
    assert rows(index, "SELECT count(*) FROM segments")[0][0] < 8
    assert ids(index, "") == {f"r{number}" for number in range(120)}


# What was destroyed


def _decrypted(path: Path) -> bytes:
    """Every page of the file, those in no use too, as the key opens them (SQLCipher 4: AES-256-CBC, 80 bytes kept)."""
    pages = []
    stored = path.read_bytes()
    assert stored
    assert len(stored) % PAGE_BYTES == 0
    for start in range(0, len(stored), PAGE_BYTES):
        page = stored[start : start + PAGE_BYTES]
        sealed = page[16:-80] if start == 0 else page[:-80]
        opener = Cipher(algorithms.AES(KEY), modes.CBC(page[-80:-64])).decryptor()
        pages.append(opener.update(sealed) + opener.finalize())
    return b"".join(pages)


@pytest.mark.parametrize("packed", [True, False])
def test_purging_leaves_nothing_of_what_was_destroyed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(fts5_writer, "PACKED_AT_ONCE", 5 if packed else 512)
    index = opened(folder)
    secret = IndexDocument("r1", 1, "a", text="rahasiabesar " * 40, title="judulrahasia", sender="pengirimrahasia")
    others = [document(number) for number in range(2, 12)]
    index.apply([Upsert(secret), *(Upsert(one) for one in others)])
    compressed = zlib.compress(secret.text[:1212].encode(), 6)[:12]
    file = folder / "generation-1" / "index.db"
    before = _decrypted(file)
    assert b"rahasiabesar" in before
    assert compressed in before
    index.apply([Delete("r1", 2)])
    index.purge()
    after = _decrypted(file)
    assert not [word for word in (b"rahasiabesar", b"judulrahasia", b"pengirimrahasia", compressed) if word in after]
    assert sum(path.stat().st_size for path in folder.rglob("*-wal")) == 0
    assert ids(index, "") == {f"r{number}" for number in range(2, 12)}
    assert rows(index, "SELECT count(*) FROM gone") == [(0,)]
    index.apply([Upsert(secret)])
    assert ids(index, "rahasiabesar") == set()


# What was put back, cut or removed


def test_an_older_file_put_back_is_known(folder: Path) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1))])
    file = folder / "generation-1" / "index.db"
    shutil.copy(file, folder / "older")
    index.apply([Upsert(document(2))])
    shutil.copy(folder / "older", file)
    with pytest.raises(IndexDamaged, match="older"):
        ask(opened(folder), "")
    with pytest.raises(IndexDamaged, match="older"):
        opened(folder).apply([Upsert(document(3))])
    assert [fault.kind for fault in opened(folder).verify()] == ["index-file"]


def test_a_log_that_was_cut_is_known(folder: Path) -> None:
    index, reader = opened(folder), opened(folder)
    index.apply([Upsert(document(1))])
    with reader._reading():  # a reader at an older commit: the log cannot be emptied
        index.apply([Upsert(document(2))])
        log = folder / "generation-1" / "index.db-wal"
        assert log.stat().st_size
        for name in ("index.db", "index.db-wal", "state"):
            (folder / "copy" / "generation-1").mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "generation-1" / name, folder / "copy" / "generation-1" / name)
        shutil.copy(folder / "CURRENT", folder / "copy" / "CURRENT")
    assert ids(opened(folder / "copy"), "") == {"r1", "r2"}
    cut = folder / "copy" / "generation-1" / "index.db-wal"
    if cut.exists() and cut.stat().st_size:
        cut.write_bytes(cut.read_bytes()[:-5])
    else:
        shutil.copy(folder / "generation-1" / "index.db", folder / "copy" / "generation-1" / "index.db")
    assert ids(index, "") == {"r1", "r2"}


@pytest.mark.parametrize("name", ["index.db", "state"])
def test_a_file_that_is_gone_is_named_while_it_is_open(folder: Path, name: str) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1))])
    assert ids(index, "") == {"r1"}
    (folder / "generation-1" / name).unlink()
    with pytest.raises(IndexDamaged, match=name):
        ask(index, "")
    with pytest.raises(IndexDamaged, match=name):
        index.apply([Upsert(document(2))])
    assert index.rebuild(iter([document(1)])) == 1
    assert ids(index, "") == {"r1"}


def test_any_byte_of_a_large_file_is_known_to_verification(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edms.search.sqlcipher_file.SMALL_FILE", 0)
    opened(folder).rebuild(document(number) for number in range(1200))
    file = folder / "generation-2" / "index.db"
    good, chance = file.read_bytes(), random.Random(1)
    expected = {
        text: replace(ask(opened(folder), text), cursor="") for text in ("anggaran jalan", '"jalan jembatan"', "")
    }
    for _ in range(25):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        file.write_bytes(bad)
        assert [fault.id for fault in opened(folder).verify()] == ["generation-2/index.db"]
        for text, right in expected.items():
            try:
                assert replace(ask(opened(folder), text), cursor="") == right
            except IndexDamaged:
                continue
    file.write_bytes(good)
    assert list(opened(folder).verify()) == []


def test_another_key_opens_nothing(folder: Path) -> None:
    opened(folder).apply([Upsert(document(1))])
    with pytest.raises(IndexDamaged):
        ask(Fts5Index(folder, bytes(32), SearchSettings()), "")


# Readers of what is being replaced


def in_another_thread(work: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()


def test_who_looks_at_an_older_generation_takes_the_newer_from_nobody(folder: Path) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1))])
    index.rebuild(document(number) for number in range(9))
    every = {f"r{number}" for number in range(9)}
    assert ids(index, "") == every
    with pytest.raises(FileNotFoundError), index._open(1).reading():
        pass
    # What one thread has read is gone on with by another, on a connection of its own.
    assert in_another_thread(lambda: ids(index, "")) == every


class Late:
    """A reader that still takes the generation before for the one that serves when it asks next."""

    def __init__(self, folder: Path) -> None:
        self.index = opened(folder)
        self._now = self.index._generations.current
        self._before = [self._now()]
        self.index._generations.current = self._current  # type: ignore[method-assign]

    def _current(self) -> tuple[int, int] | None:
        return self._before.pop() if self._before else self._now()


def test_a_generation_goes_at_one_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = opened(folder)
    writer.apply([Upsert(document(1))])
    readers = [Late(folder) for _ in range(4)]
    for reader in readers[::2]:
        assert ids(reader.index, "") == {"r1"}  # it has the file open
        reader._before.append(reader._now())
    answers: list[set[str]] = []

    def remove_slowly(removed: Path, ignore_errors: bool = False) -> None:
        for file in sorted(removed.glob("*"), reverse=True):  # the sealed count before the file it is of
            file.unlink()
            if readers:
                answers.append(ids(readers.pop(0).index, ""))
        with suppress(OSError):
            removed.rmdir()

    monkeypatch.setattr(generations.shutil, "rmtree", remove_slowly)
    writer.rebuild(iter([document(1)]))
    assert answers == [{"r1"}] * len(answers)
    assert len(answers) >= 2
    assert sorted(path.name for path in folder.glob("*-[0-9]*")) == ["generation-2"]


def test_a_generation_that_goes_while_it_is_opened_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, reader = opened(folder), opened(folder)
    writer.apply([Upsert(document(1))])
    connect, once = SqlcipherFile._connect, [1]

    def connect_late(file: SqlcipherFile, mode: str) -> Any:
        if once:
            once.clear()
            writer.rebuild(iter([document(1)]))
        return connect(file, mode)

    monkeypatch.setattr(SqlcipherFile, "_connect", connect_late)
    assert in_another_thread(lambda: ids(reader, "")) == {"r1"}
    assert not once


def test_what_a_killed_removal_left_is_removed(folder: Path) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1))])
    shutil.copytree(folder / "generation-1", folder / "removed-1")
    index.rebuild(iter([document(1)]))
    assert sorted(path.name for path in folder.glob("*-[0-9]*")) == ["generation-2"]


def _die_before_the_file_is_written(folder: Path) -> None:
    SqlcipherFile._empty_log = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, return-value]
    opened(folder).apply([Upsert(document(number)) for number in range(2, 40)])


def test_a_page_that_a_killed_writer_left_half_written_is_taken_from_the_log(folder: Path) -> None:
    """A write of 8 KiB that is killed, or loses power, may leave the half of it: until then the log is kept."""
    opened(folder).apply([Upsert(document(1))])
    child = FORK.Process(target=_die_before_the_file_is_written, args=(folder,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    file = folder / "generation-1" / "index.db"
    log = file.with_name("index.db-wal").read_bytes()
    frame = PAGE_BYTES + 24  # SQLite, file format, 4: a header of 32 bytes, then frames that begin with the page number
    pages = {int.from_bytes(log[at : at + 4], "big") for at in range(32, len(log), frame)}
    stored = bytearray(file.read_bytes())
    torn = [page for page in pages if page * PAGE_BYTES <= len(stored)]
    assert len(torn) > 2
    for page in torn:
        stored[page * PAGE_BYTES - PAGE_BYTES // 2 : page * PAGE_BYTES] = bytes(PAGE_BYTES // 2)
    file.write_bytes(stored)
    index = opened(folder)
    assert ids(index, "") == {f"r{number}" for number in range(1, 40)}
    assert list(index.verify()) == []


# Writers


def test_a_second_writer_waits_no_longer_than_it_may(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts5_index, "WRITER_WAIT_SECONDS", 0.1)
    index = opened(folder)
    index.apply([Upsert(document(1))])
    with Generations(folder, KEY).writing(1), pytest.raises(IndexBusy):
        index.apply([Upsert(document(2))])
    index.apply([Upsert(document(2))])
    assert ids(index, "") == {"r1", "r2"}


def _write_and_pack(folder: Path, first: int, acknowledged: Any) -> None:
    fts5_writer.FRESH_DOCUMENTS = 7  # type: ignore[misc]
    index = opened(folder)
    for number in range(first, first + 10_000):
        again = replace(document(0, number), record_id="again")
        index.apply([Upsert(document(number)), Upsert(again), Delete(f"r{number - 3}", 9)])
        acknowledged.send(number)


def test_a_writer_killed_while_it_packs_loses_nothing(folder: Path) -> None:
    chance, last, first = random.Random(11), 0, 1
    for _ in range(12):
        receiving, sending = FORK.Pipe(duplex=False)
        child = FORK.Process(target=_write_and_pack, args=(folder, first, sending))
        child.start()
        sending.close()
        assert receiving.poll(30)
        child.join(chance.random() * 0.3)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        try:
            while receiving.poll(0):
                last = receiving.recv()
        except EOFError:
            pass
        index = opened(folder)
        assert list(index.verify()) == []
        held = dict(index.document_versions())
        now = held.pop("again")
        assert now in (last, last + 1)
        assert set(held) == {f"r{number}" for number in range(max(now - 2, 1), now + 1)}
        assert ids(index, "") == {"again", *held}
        first = now + 1


def test_a_full_disk_loses_nothing(small_disk: SmallDisk) -> None:
    folder = small_disk.path / "index"
    index = opened(folder)
    index.apply([Upsert(document(number)) for number in range(30)])
    small_disk.fill(leaving=MEBIBYTE // 2)
    with pytest.raises(StorageFault):
        index.apply([Upsert(document(number, text="x y " * 2000)) for number in range(100, 700)])
    with pytest.raises(StorageFault):
        index.rebuild(document(number, text=f"kata{number} " * 50) for number in range(3000))
    assert ids(index, "") == {f"r{number}" for number in range(30)}
    assert [path.name for path in folder.glob("generation-*")] == ["generation-1"]
    small_disk.clear()
    index.apply([Upsert(document(number)) for number in range(30, 40)])
    assert ids(opened(folder), "") == {f"r{number}" for number in range(40)}
    assert list(opened(folder).verify()) == []


# Building


def test_processes_build_what_one_builds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fts5_build, "FEW", 50)
    monkeypatch.setattr(fts5_build, "SEGMENT_DOCUMENTS", 300)
    several, one = opened(folder / "several", build_processes=2), opened(folder / "one", build_processes=0)
    assert several.rebuild(document(number) for number in range(1000)) == 1000
    assert one.rebuild(document(number) for number in range(1000)) == 1000
    assert rows(several, "SELECT count(*) FROM segments")[0][0] > 2
    for text in ("anggaran", '"jalan jembatan"', "kese*"):
        left, right = ask(several, text), ask(one, text)
        assert (left.total, left.facets) == (right.total, right.facets)
        assert [hit.record_id for hit in left.hits] == [hit.record_id for hit in right.hits]


def _rebuild(folder: Path, told: Any) -> None:
    def source() -> Iterator[IndexDocument]:
        for number in range(400):
            if number == 301:
                told.send("half")
                signal.pause()
            yield document(number)

    packing.SEGMENT_DOCUMENTS = 100  # type: ignore[misc]
    fts5_build.SEGMENT_DOCUMENTS = 100  # type: ignore[attr-defined, misc]
    fts5_build.FEW = 1  # type: ignore[misc]
    opened(folder, build_processes=0).rebuild(source())


def test_a_killed_rebuild_is_gone_on_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = opened(folder)
    index.apply([Upsert(document(1))])
    receiving, sending = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_rebuild, args=(folder, sending))
    child.start()
    assert receiving.poll(60)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    assert ids(index, "") == {"r1"}
    made: list[int] = []
    monkeypatch.setattr(fts5_build, "pack", lambda documents: made.append(len(documents)) or pack(documents))  # type: ignore[func-returns-value]
    # Meanwhile r5 was changed and r7 destroyed.
    source = [document(number, 2 if number == 5 else 1) for number in range(400) if number != 7]
    assert index.rebuild(iter(source)) == 399
    assert sum(made) == 101
    assert dict(index.document_versions()) == {one.record_id: one.version for one in source}
    assert list(index.verify([(one.record_id, one.version) for one in source])) == []


def test_what_is_destroyed_while_it_is_built_is_not_in_it(folder: Path) -> None:
    index, other = opened(folder), opened(folder)
    index.apply([Upsert(document(number)) for number in range(3)])

    def source() -> Iterator[IndexDocument]:
        yield from (document(number) for number in range(3))
        other.apply([Delete("r1", 2)])
        other.purge()

    index.rebuild(source())
    assert ids(index, "") == {"r0", "r2"}
    index.purge()
    assert rows(index, "SELECT count(*) FROM documents") == [(2,)]
