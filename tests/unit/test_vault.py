"""The vault: what goes in comes out, what is altered is found, what fails leaves nothing."""

import hashlib
import io
import os
import random
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edms.core.clock import FixedClock
from edms.core.errors import IntegrityFault, KeyUnavailable, LimitExceeded
from edms.core.segments import FIRST_PLAIN_BYTES, SEGMENT_BYTES, ciphertext_size
from edms.vault.file_provider import FileKeyProvider
from edms.vault.keys import WrappedKey
from edms.vault.local_store import LocalBlobStore
from edms.vault.model import StoredBlob
from edms.vault.vault import SealedBlob, Vault

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
SIZES = [0, 1, 65536, 65537, FIRST_PLAIN_BYTES, FIRST_PLAIN_BYTES + 1, 3_000_000]
CONTENT = random.Random(3).randbytes(3_000_000)
TOMORROW = timedelta(days=1)


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(blobs: Path) -> LocalBlobStore:
    return LocalBlobStore(blobs)


@pytest.fixture
def vault(store: LocalBlobStore) -> Vault:
    return Vault(store, FileKeyProvider("00", 1, {1: bytes(32)}), CLOCK)


def file_of(blobs: Path, blob: SealedBlob) -> Path:
    return blobs / blob.name[:2] / blob.name


def everything_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class OnlyReads:
    """A source that can do nothing but `read`, and gives less than it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(min(size, 50_000) if size > 0 else size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [io.BytesIO, OnlyReads])
def test_what_is_put_comes_back(vault: Vault, store: LocalBlobStore, size: int, kind: type) -> None:
    content = CONTENT[:size]
    blob = vault.put(kind(content), "original")
    assert blob.size == size
    assert blob.sha256 == hashlib.sha256(content).hexdigest()
    assert store.size(blob.name) == ciphertext_size(size)
    with vault.open(blob) as plain:
        assert plain.read() == content
    vault.verify(blob)


def test_a_row_opens_like_the_blob_it_was_made_of(vault: Vault) -> None:
    blob = vault.put(io.BytesIO(b"Surat Keputusan"), "original")
    row = StoredBlob.of(blob, CLOCK.now())
    assert row.sealed() == blob
    with vault.open(row) as plain:
        assert plain.read() == b"Surat Keputusan"


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, len(CONTENT)), length=st.integers(0, 2 * SEGMENT_BYTES))
def test_range_reads(position: int, length: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    vault, blob = _shared(tmp_path_factory)
    with vault.open(blob) as plain:
        plain.seek(position)
        assert plain.read(length) == CONTENT[position : position + length]


_SHARED: list[tuple[Vault, SealedBlob]] = []


def _shared(factory: pytest.TempPathFactory) -> tuple[Vault, SealedBlob]:
    if not _SHARED:
        store = LocalBlobStore(factory.mktemp("shared") / "blobs")
        vault = Vault(store, FileKeyProvider("00", 1, {1: bytes(32)}), CLOCK)
        _SHARED.append((vault, vault.put(io.BytesIO(CONTENT), "original")))
    return _SHARED[0]


def test_nothing_readable_lies_on_the_disk(vault: Vault, blobs: Path) -> None:
    word = b"RAHASIA-KOTA"
    vault.put(io.BytesIO(word * 5000), "original")
    for path in everything_under(blobs):
        assert word not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    for folder in (blobs, *(path for path in blobs.rglob("*") if path.is_dir())):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_equal_contents_share_neither_name_nor_bytes_nor_key(vault: Vault, blobs: Path) -> None:
    first, second = (vault.put(io.BytesIO(b"same"), "original") for _ in range(2))
    assert first.name != second.name
    assert first.blob_id != second.blob_id
    assert first.wrapped_key != second.wrapped_key
    assert file_of(blobs, first).read_bytes()[40:] != file_of(blobs, second).read_bytes()[40:]


@pytest.mark.parametrize("limit", [0, 1, 65535, 65536, 100_000, len(CONTENT) - 1])
def test_the_limit_holds_while_streaming_and_leaves_nothing(vault: Vault, blobs: Path, limit: int) -> None:
    source = io.BytesIO(CONTENT)
    with pytest.raises(LimitExceeded, match=str(limit)):
        vault.put(source, "original", limit=limit)
    assert everything_under(blobs) == []
    assert source.tell() <= limit + 2 * SEGMENT_BYTES, "it stops soon after the limit"


def test_a_file_of_exactly_the_limit_is_taken(vault: Vault) -> None:
    assert vault.put(io.BytesIO(CONTENT), "original", limit=len(CONTENT)).size == len(CONTENT)


class Breaking(io.RawIOBase):
    """An upload whose connection breaks after some bytes."""

    def __init__(self, after: int) -> None:
        self._left = after

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if self._left <= 0:
            raise ConnectionResetError("the client went away")
        size = min(self._left, memoryview(buffer).nbytes)  # type: ignore[arg-type]
        self._left -= size
        return size


@pytest.mark.parametrize("after", [0, 10, 70_000, 2_500_000])
def test_a_broken_upload_leaves_nothing(vault: Vault, blobs: Path, after: int) -> None:
    with pytest.raises(ConnectionResetError):
        vault.put(Breaking(after), "original")  # type: ignore[arg-type]
    assert everything_under(blobs) == []


class NoKey:
    key_id, epoch = "gone", 1

    def wrap(self, data_key: bytes, associated_data: bytes) -> WrappedKey:
        raise KeyUnavailable("the token is not there")

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes, associated_data: bytes) -> bytes:
        raise KeyUnavailable("the token is not there")


def test_without_a_key_nothing_is_written_or_even_read(store: LocalBlobStore, blobs: Path) -> None:
    source = io.BytesIO(b"content")
    with pytest.raises(KeyUnavailable):
        Vault(store, NoKey(), CLOCK).put(source, "original")
    assert source.tell() == 0
    assert everything_under(blobs) == []


@pytest.mark.parametrize("purpose", ["", "Original", "a|b", "../x", "a" * 65, "naïve"])
def test_a_purpose_is_a_plain_word(vault: Vault, purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        vault.put(io.BytesIO(b"x"), purpose)


@settings(max_examples=30, deadline=None)
@given(position=st.integers(0, ciphertext_size(500) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(position: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("flip") / "blobs"
    vault = Vault(LocalBlobStore(folder), FileKeyProvider("00", 1, {1: bytes(32)}), CLOCK)
    blob = vault.put(io.BytesIO(CONTENT[:500]), "original")
    path = file_of(folder, blob)
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(IntegrityFault):
        vault.verify(blob)


@pytest.mark.parametrize(
    "length", [0, 39, SEGMENT_BYTES, ciphertext_size(len(CONTENT)) - 1, ciphertext_size(len(CONTENT)) + 1]
)
def test_a_cut_or_extended_blob_is_found_when_it_is_opened(vault: Vault, blobs: Path, length: int) -> None:
    blob = vault.put(io.BytesIO(CONTENT), "original")
    os.truncate(file_of(blobs, blob), length)
    with pytest.raises(IntegrityFault):
        vault.open(blob)


def test_a_missing_blob_is_a_fault(vault: Vault, blobs: Path) -> None:
    blob = vault.put(io.BytesIO(b"x"), "original")
    file_of(blobs, blob).unlink()
    with pytest.raises(IntegrityFault, match="missing"):
        vault.open(blob)


def test_two_exchanged_blobs_are_found(vault: Vault, blobs: Path) -> None:
    first, second = (vault.put(io.BytesIO(content), "original") for content in (b"one", b"two"))
    one, two = file_of(blobs, first), file_of(blobs, second)
    one_bytes, two_bytes = one.read_bytes(), two.read_bytes()
    one.write_bytes(two_bytes)
    two.write_bytes(one_bytes)
    for blob in (first, second):
        with pytest.raises(IntegrityFault):
            vault.verify(blob)


@pytest.mark.parametrize(
    "change",
    [
        {"blob_id": UUID(int=7)},
        {"purpose": "text"},
        {"size": 4},
        {"size": 2},
        {"sha256": "0" * 64},
        {"wrapped_key": bytes(61)},
        {"wrapped_key": b""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_row_is_found(vault: Vault, change: dict[str, object]) -> None:
    blob = vault.put(io.BytesIO(b"abc"), "original")
    with pytest.raises(IntegrityFault):
        vault.verify(replace(blob, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"key_id": "01"}, {"epoch": 2}])
def test_a_row_that_names_another_key_cannot_be_opened(vault: Vault, change: dict[str, object]) -> None:
    blob = vault.put(io.BytesIO(b"abc"), "original")
    with pytest.raises(KeyUnavailable):
        vault.open(replace(blob, **change))  # type: ignore[arg-type]


def test_delete_is_final_and_repeatable(vault: Vault, blobs: Path) -> None:
    blob = vault.put(io.BytesIO(b"x"), "original")
    vault.delete(blob)
    vault.delete(blob)
    assert everything_under(blobs) == []


def age(path: Path, days: float) -> None:
    moment = datetime.now(UTC).timestamp() - days * 86400
    os.utime(path, (moment, moment))


def test_orphans_are_what_no_row_knows_after_the_grace_period(vault: Vault, blobs: Path) -> None:
    known, old, fresh = (vault.put(io.BytesIO(b"x"), "original") for _ in range(3))
    for blob in (known, old):
        age(file_of(blobs, blob), days=3)
    horizon = datetime.now(UTC) - TOMORROW
    assert list(vault.orphans({known.name}, horizon)) == [old.name]
    assert vault.collect_garbage({known.name}, horizon) == 1
    assert {path.name for path in everything_under(blobs)} == {known.name, fresh.name}


def test_leftovers_of_crashes_are_cleaned_after_the_grace_period_only(vault: Vault, blobs: Path) -> None:
    old, fresh = blobs / "incoming" / ("a" * 32), blobs / "incoming" / ("b" * 32)
    for path in (old, fresh):
        path.write_bytes(b"half")
    age(old, days=3)
    assert vault.collect_garbage(set(), datetime.now(UTC) - TOMORROW) == 1
    assert everything_under(blobs) == [fresh]


def test_a_foreign_file_among_the_blobs_is_neither_listed_nor_removed(
    vault: Vault, store: LocalBlobStore, blobs: Path
) -> None:
    (blobs / "ab").mkdir()
    (blobs / "ab" / "lost+found").write_bytes(b"")
    (blobs / "ab" / ("c" * 32)).write_bytes(b"")
    assert list(store.names()) == []
    assert vault.collect_garbage(set(), datetime.now(UTC) + TOMORROW) == 0


def test_a_source_is_not_closed(vault: Vault) -> None:
    source: BinaryIO = io.BytesIO(b"x")
    vault.put(source, "original")
    assert not source.closed


class Generated(io.RawIOBase):
    """Bytes out of nothing, so that a large source takes no memory itself."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        size = min(self._left, memoryview(buffer).nbytes)  # type: ignore[arg-type]
        self._left -= size
        return size


def test_memory_does_not_grow_with_the_file(vault: Vault) -> None:
    tracemalloc.start()
    try:
        blob = vault.put(Generated(64 * SEGMENT_BYTES), "original")  # type: ignore[arg-type]
        vault.verify(blob)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * SEGMENT_BYTES


def test_only_what_a_read_touches_is_decrypted(vault: Vault, blobs: Path) -> None:
    """A broken first segment does not keep the last one from being read, and the other way round."""
    blob = vault.put(io.BytesIO(CONTENT), "original")
    path = file_of(blobs, blob)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with vault.open(blob) as plain:
        plain.seek(-10, io.SEEK_END)
        assert plain.read() == CONTENT[-10:]
        plain.seek(0)
        with pytest.raises(IntegrityFault, match="segment 0"):
            plain.read(1)
