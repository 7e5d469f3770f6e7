"""The contract of BlobStore (edms/vault/store.py), run against every implementation."""

import io
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from edms.core.errors import NotFound, StorageFault
from edms.vault.local_store import LocalBlobStore
from edms.vault.store import BlobStore, new_name

STORES: dict[str, Callable[[Path], BlobStore]] = {"local": lambda folder: LocalBlobStore(folder / "blobs")}


@pytest.fixture(params=sorted(STORES))
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BlobStore]:
    """Open the same store anew, as another process would."""
    make = STORES[request.param]
    return lambda: make(tmp_path)


@pytest.fixture
def store(again: Callable[[], BlobStore]) -> BlobStore:
    return again()


def put(store: BlobStore, content: bytes) -> str:
    name = new_name()

    def write(raw: BinaryIO) -> None:
        view = memoryview(content)
        while view:
            view = view[raw.write(view) :]

    store.put(name, write)
    return name


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(3_000_000)], ids=["empty", "one", "large"])
def test_what_is_put_comes_back(store: BlobStore, again: Callable[[], BlobStore], content: bytes) -> None:
    name = put(store, content)
    for opened in (store, again()):
        with opened.open(name) as raw:
            assert raw.read() == content
        assert opened.exists(name)
        assert opened.size(name) == len(content)
        assert list(opened.names()) == [name]


def test_the_stream_is_seekable(store: BlobStore) -> None:
    with store.open(put(store, bytes(range(100)))) as raw:
        assert raw.seek(0, io.SEEK_END) == 100
        raw.seek(40)
        assert raw.read(3) == bytes([40, 41, 42])


def test_names_yields_each_once(store: BlobStore) -> None:
    names = {put(store, b"x") for _ in range(50)}
    listed = list(store.names())
    assert len(listed) == 50
    assert set(listed) == names


@pytest.mark.parametrize(
    "fault", [RuntimeError("the source broke"), OSError(104, "reset by peer"), KeyboardInterrupt()]
)
def test_a_failing_source_leaves_nothing_and_is_told(store: BlobStore, fault: BaseException) -> None:
    name = new_name()

    def write(raw: BinaryIO) -> None:
        raw.write(b"half")
        raise fault

    with pytest.raises(type(fault)) as caught:
        store.put(name, write)
    assert caught.value is fault
    assert not store.exists(name)
    assert list(store.names()) == []
    assert store.clean_leftovers(datetime.now(UTC) + timedelta(days=1)) == 0


def test_a_taken_name_is_refused_and_its_blob_kept(store: BlobStore) -> None:
    name = put(store, b"first")
    with pytest.raises(StorageFault):
        store.put(name, lambda raw: None)
    with store.open(name) as raw:
        assert raw.read() == b"first"


def test_nothing_is_visible_before_the_whole_is_there(store: BlobStore) -> None:
    name = new_name()

    def write(raw: BinaryIO) -> None:
        raw.write(b"half")
        assert not store.exists(name)
        assert list(store.names()) == []

    store.put(name, write)
    assert store.exists(name)


def test_delete_can_be_repeated(store: BlobStore) -> None:
    name = put(store, b"x")
    store.delete(name)
    store.delete(name)
    assert not store.exists(name)
    assert list(store.names()) == []


def test_a_missing_name_is_not_found(store: BlobStore) -> None:
    name = new_name()
    assert not store.exists(name)
    for ask in (store.open, store.size, store.written_at):
        with pytest.raises(NotFound):
            ask(name)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "/etc/passwd", "a" * 31, "A" * 32, "g" * 32, "a" * 33, "incoming"]
)
def test_a_name_that_is_not_one_of_ours_is_refused(store: BlobStore, name: str) -> None:
    for ask in (store.open, store.size, store.delete, store.exists, store.written_at):
        with pytest.raises(ValueError, match="32 hexadecimal"):
            ask(name)
    with pytest.raises(ValueError, match="32 hexadecimal"):
        store.put(name, lambda raw: None)


def test_when_it_was_written(store: BlobStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    written = store.written_at(put(store, b"x"))
    assert before < written < datetime.now(UTC) + timedelta(seconds=2)


def test_many_writers_at_once(store: BlobStore) -> None:
    contents = [os.urandom(1000 + number) for number in range(24)]
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda content=content: names.append(put(store, content))) for content in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    found = []
    for name in names:
        with store.open(name) as raw:
            found.append(raw.read())
    assert sorted(found) == sorted(contents)
