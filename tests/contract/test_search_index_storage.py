"""The encrypted storage under the Whoosh engine: nothing reaches pickle or the disk that should not."""

import gc
import io
import os
import pickle
import random
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from edms.core.segments import SegmentReader, SegmentWriter
from edms.core.settings import SearchSettings
from edms.search import scratch
from edms.search.encrypted_storage import EncryptedStorage, PageCache
from edms.search.errors import IndexBusy, IndexDamaged
from edms.search.generations import Generations
from edms.search.protocol import EVERYTHING, Delete, IndexDocument, SearchRequest, Upsert
from edms.search.whoosh_index import WhooshIndex

KEY = bytes(range(32))


@pytest.fixture
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def open_index(folder: Path, **changed: int) -> WhooshIndex:
    return WhooshIndex(folder, KEY, SearchSettings(**changed))  # type: ignore[arg-type]


def fill(index: WhooshIndex, count: int = 3, words: str = "rapat dinas") -> None:
    index.apply([Upsert(IndexDocument(f"r{n}", 1, "a", text=f"{words} nomor{n}")) for n in range(count)])


def search(index: WhooshIndex, text: str = "rapat") -> int:
    return index.search(SearchRequest(text, EVERYTHING)).total


class Trap:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]


def test_a_planted_pickle_is_never_executed(folder: Path) -> None:
    index, mark = folder / "index", folder / "mark"
    fill(open_index(index))
    trap = pickle.dumps(Trap(mark))
    pickle.loads(trap)
    assert mark.is_dir()
    mark.rmdir()
    for path in stored(index):
        good = path.read_bytes()
        sealed = io.BytesIO()
        with SegmentWriter(sealed, bytes(32), b"edms-index/1|1|" + path.name.encode()) as writer:
            writer.write(trap * 50)
        for bad in (trap * 50, good[:40] + trap * 50, sealed.getvalue()):
            path.write_bytes(bad)
            with pytest.raises(IndexDamaged):
                search(open_index(index))
            with pytest.raises(IndexDamaged):
                fill(open_index(index), 5)
            assert list(open_index(index).verify())
            assert not mark.exists()
        path.write_bytes(good)
    assert search(open_index(index)) == 3


def test_an_authentic_file_in_another_place_is_refused(folder: Path) -> None:
    one, other = folder / "one", folder / "other"
    for place in (one, other):
        fill(open_index(place))
    fill(open_index(one), 5)
    segments = sorted((one / "generation-1").glob("*.seg"))
    first, second = (path.read_bytes() for path in segments)
    segments[0].write_bytes(second)
    segments[1].write_bytes(first)
    with pytest.raises(IndexDamaged):
        search(open_index(one))
    older = (other / "generation-1" / "_edms_1.toc").read_bytes()
    open_index(other).rebuild(iter([IndexDocument("x", 1, "a")]))
    contents = other / "generation-2" / "_edms_1.toc"
    assert contents.exists()
    contents.write_bytes(older)
    with pytest.raises(IndexDamaged):
        search(open_index(other))


def test_another_key_opens_nothing(folder: Path) -> None:
    fill(open_index(folder))
    with pytest.raises(IndexDamaged):
        WhooshIndex(folder, bytes(32), SearchSettings()).search(SearchRequest("", EVERYTHING))


def test_a_missing_table_of_contents_is_damage(folder: Path) -> None:
    fill(open_index(folder))
    for path in folder.rglob("*.toc"):
        path.unlink()
    assert [fault.kind for fault in open_index(folder).verify()] == ["index-file"]
    with pytest.raises(IndexDamaged):
        search(open_index(folder))


def test_the_leftovers_of_a_dead_writer_are_cleared(folder: Path) -> None:
    fill(open_index(folder))
    generation = folder / "generation-1"
    for name in ("_edms_9.toc.1732.5", "edms_0123456789abcdef.seg"):
        (generation / name).write_bytes(b"half")
    assert search(open_index(folder)) == 3
    fill(open_index(folder), 4)
    assert search(open_index(folder)) == 4
    assert not [path for path in generation.iterdir() if path.read_bytes() == b"half"]


def test_scratch_files_spill_encrypted_and_without_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SPOOL_LIMIT", 4096)
    seen: list[bytes] = []
    real = scratch.EphemeralFile.close

    def keep(self: scratch.EphemeralFile) -> None:
        seen.append(os.pread(self._raw.fileno(), 1 << 24, 0))
        real(self)

    monkeypatch.setattr(scratch.EphemeralFile, "close", keep)
    index = open_index(folder / "index")
    words = " ".join(f"sangatrahasia{n}" for n in range(3000))
    index.apply([Upsert(IndexDocument(f"r{n}", 1, "a", text=words, title=f"judul{n}")) for n in range(5)])
    assert index.search(SearchRequest("sangatrahasia2999", EVERYTHING)).total == 5
    assert sum(map(len, seen)) > 100_000
    assert b"sangatrahasia" not in b"".join(seen)
    assert {path.suffix for path in stored(folder / "index")} == {"", ".toc", ".seg"}


def test_a_writer_with_little_memory_writes_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    texts = [" ".join(f"kata{chance.randrange(400)}" for _ in range(200)) for _ in range(60)]
    documents = [IndexDocument(f"r{n}", 1, "a", text=text) for n, text in enumerate(texts)]
    monkeypatch.setattr("edms.search.whoosh_index._MEBIBYTE", 2048)
    small = open_index(folder / "small", writer_memory_mebibytes=16)
    small.apply([Upsert(one) for one in documents])
    monkeypatch.undo()
    large = open_index(folder / "large")
    for one in documents:
        large.apply([Upsert(one)])
    for word in ("kata1", "kata57", "kata399", '"kata1 kata2"'):
        left, right = (i.search(SearchRequest(word, EVERYTHING, limit=60)) for i in (small, large))
        assert [hit.record_id for hit in left.hits] == [hit.record_id for hit in right.hits]
        if not word.startswith('"'):
            assert left.total == sum(word in text.split() for text in texts)


def test_deleted_words_leave_the_disk(folder: Path) -> None:
    index = open_index(folder)
    words = [f"kata{n}" for n in range(3000)]
    index.apply([Upsert(IndexDocument("besar", 1, "a", text=" ".join(words)))])
    index.apply([Upsert(IndexDocument(f"r{n}", 1, "a", text="rapat")) for n in range(5)])
    size = sum(path.stat().st_size for path in stored(folder))
    index.apply([Delete("besar", 2)])
    index.purge()
    assert sum(path.stat().st_size for path in stored(folder)) < size / 4
    assert search(index) == 5
    assert all(not view.postings("text", b"xkata7") for view in index._snapshot().views)
    index.apply([Upsert(IndexDocument("besar", 1, "a", text="rapat"))])
    assert search(index) == 5


def test_the_page_cache_keeps_its_bound() -> None:
    cache = PageCache(1000)
    for number in range(50):
        cache.put((number % 3, number), bytes(100))
        assert cache.held <= 1000
    assert cache.get((49 % 3, 49)) == bytes(100)
    assert cache.get((0, 0)) is None
    for file in range(3):
        cache.forget(file)
    assert cache.held == 0


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 - 56, 1024 * 1024 - 55, 3 * 1024 * 1024 + 17])
def test_a_file_reads_the_same_anywhere(folder: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    storage = EncryptedStorage(folder, KEY, 1, PageCache(1 << 20))
    with storage.create_file("edms_0.seg") as file:
        file.write(content)
    sealed = storage.open_sealed("edms_0.seg")
    assert sealed.size == size
    chance = random.Random(1)
    for _ in range(200):
        start, length = chance.randrange(size + 2), chance.choice([0, 1, 50, 1 << 20, 3 << 20])
        assert sealed.get(start, length) == content[start : start + length]
    with (folder / "edms_0.seg").open("rb") as raw:
        assert SegmentReader(raw, KEY, b"edms-index/1|1|edms_0.seg").read() == content


def test_an_ephemeral_file_is_a_file(folder: Path) -> None:
    ephemeral, reference, chance = scratch.EphemeralFile(folder), io.BytesIO(), random.Random(3)
    for _ in range(400):
        length = len(reference.getvalue())
        place = chance.randrange(length + 1)
        ephemeral.seek(place)
        reference.seek(place)
        if chance.random() < 0.6:
            data = chance.randbytes(chance.randrange(30_000))
            ephemeral.write(data)
            reference.write(data)
        else:
            size = chance.randrange(90_000)
            assert ephemeral.read(size) == reference.read(size)
        assert ephemeral.tell() == reference.tell()
    descriptor = ephemeral._raw.fileno()
    ephemeral.seek(len(reference.getvalue()))
    ephemeral.write(bytes(scratch.PAGE * 2))
    stored_byte = os.pread(descriptor, 1, 100)
    os.pwrite(descriptor, bytes([stored_byte[0] ^ 1]), 100)
    ephemeral.seek(0)
    with pytest.raises(IndexDamaged):
        ephemeral.read(10)


def test_a_busy_index_says_so(folder: Path) -> None:
    generations = Generations(folder, KEY)
    with generations.writing(0), pytest.raises(IndexBusy), generations.writing(0.05):
        pass
    with generations.building(), pytest.raises(IndexBusy):
        open_index(folder).rebuild(iter([]))


def test_an_older_analysis_asks_for_a_rebuild(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(open_index(folder))
    assert not open_index(folder).needs_rebuild
    monkeypatch.setattr("edms.search.analysis.VERSION", 999)
    assert open_index(folder).needs_rebuild


def test_threads_that_open_a_column_do_not_move_each_other(folder: Path) -> None:
    """Whoosh reads the lengths of a column's values from a view of its file that all threads share."""
    storage = EncryptedStorage(folder, KEY, 1, PageCache(1 << 20))
    with storage.create_file("edms_1.seg") as file:
        file.write(b"head")
        file.write_array(array("H", range(100)))
    view = storage.open_file("edms_1.seg")
    view.seek(2)
    assert view.get_array(4, "H", 100) == array("H", range(100))
    assert view.tell() == 2


def test_a_file_that_was_removed_is_let_go_without_waiting_for_the_collector(folder: Path) -> None:
    """A server under a steady load of commits would run out of descriptors, and of room on the disk."""
    index = open_index(folder)
    fill(index)
    gc.collect()
    gc.disable()
    try:
        for turn in range(40):
            index.apply([Upsert(IndexDocument(f"r{n}", 2 + turn, "a", text=f"rapat putaran{turn}")) for n in range(3)])
            assert search(index, "rap*") == search(index, f"putaran{turn}") == 3
        held = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    finally:
        gc.enable()
    mine = [one for one in held if one.startswith(f"{folder}/")]
    assert mine, "the segments that answers come from are open"
    assert not [one for one in mine if one.endswith("(deleted)")]
    assert len(mine) == len(set(mine)), "each once"
