"""Every durable system call fails in turn, the machine dies at each of them, the disk fills up: never half a blob."""

import errno
import io
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edms.core.clock import FixedClock
from edms.core.errors import StorageFault
from edms.core.segments import SEGMENT_BYTES
from edms.vault import file_operations
from edms.vault.file_provider import FileKeyProvider
from edms.vault.keyring import KeyRing
from edms.vault.local_store import LocalBlobStore
from edms.vault.vault import Vault

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
KEYS = FileKeyProvider("00", 1, {1: bytes(32)})
CONTENT = bytes(2 * SEGMENT_BYTES)
WATCHED = ("mkdir", "open", "write", "fsync", "rename", "unlink", "close")
LATER = datetime.now(UTC) + timedelta(days=1)


class PowerCut(BaseException):
    """The machine is gone: nothing after this call happens."""


class System:
    """Stands where `file_operations` finds `os`; does the real calls and notes them, until one is to fail."""

    def __init__(self, fail_at: int = -1, error: int = errno.EIO, power_cut: bool = False) -> None:
        self.calls: list[str] = []
        self._fail_at = fail_at
        self._error = error
        self._power_cut = power_cut

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in WATCHED:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            number = len(self.calls)
            self.calls.append(name)
            if self._power_cut and number >= self._fail_at >= 0:
                raise PowerCut
            if number == self._fail_at:
                if name == "close":  # Linux closes the descriptor even when it reports an error
                    real(*arguments)
                raise OSError(self._error, os.strerror(self._error))
            return real(*arguments, **named)

        return call


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def vault(blobs: Path) -> Vault:
    return Vault(LocalBlobStore(blobs), KEYS, CLOCK)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def calls_of_a_put(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    system = System()
    with monkeypatch.context() as patched:
        patched.setattr(file_operations, "os", system)
        vault.delete(vault.put(io.BytesIO(CONTENT), "original"))
    return system.calls


FOLDER = ["mkdir", "open", "fsync", "close"]
PUT = [*FOLDER, "open", "write", "write", "write", "write", "fsync", "close", "rename", "open", "fsync", "close"]
DELETE = ["unlink", "open", "fsync", "close"]


def test_a_folder_is_made_durable_once_in_each_process(
    vault: Vault, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = LocalBlobStore(blobs), "ab" * 16
    other = LocalBlobStore(blobs)
    store.put(name, lambda raw: None)
    system = System()
    with monkeypatch.context() as patched:
        patched.setattr(file_operations, "os", system)
        store.put("ab" * 15 + "00", lambda raw: None)
        assert system.calls[:2] == ["open", "fsync"]
        system.calls.clear()
        other.put("ab" * 15 + "01", lambda raw: None)
        assert system.calls[:4] == FOLDER, "another process may have made it and died before its fsync"


def test_the_order_that_makes_a_blob_durable(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, fsync, rename, fsync of the folder: any other order can lose an acknowledged file in a power cut."""
    assert calls_of_a_put(vault, monkeypatch) == PUT + DELETE


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("number", range(len(PUT)), ids=lambda number: f"{number}-{PUT[number]}")
def test_each_failing_call_is_told_and_leaves_nothing(
    vault: Vault, blobs: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(file_operations, "os", System(number, error))
        with pytest.raises(StorageFault, match=os.strerror(error)):
            vault.put(io.BytesIO(CONTENT), "original")
    assert files(blobs) == []
    vault.verify(vault.put(io.BytesIO(CONTENT), "original"))


@pytest.mark.parametrize("number", range(len(PUT)), ids=lambda number: f"{number}-{PUT[number]}")
def test_dying_at_each_call_leaves_a_whole_blob_or_none(
    vault: Vault, blobs: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(file_operations, "os", System(number, power_cut=True))
        with pytest.raises(PowerCut):
            vault.put(io.BytesIO(CONTENT), "original")
    store = LocalBlobStore(blobs)
    after_rename = number > PUT.index("rename")
    assert [store.size(name) for name in store.names()] == ([40 + len(CONTENT) + 48] if after_rename else [])
    Vault(store, KEYS, CLOCK).collect_garbage(set(), LATER)
    assert files(blobs) == []


@pytest.mark.parametrize("number", range(len(DELETE)), ids=lambda number: f"{number}-{DELETE[number]}")
def test_a_failing_deletion_is_told_and_can_be_repeated(
    vault: Vault, blobs: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    blob = vault.put(io.BytesIO(b"x"), "original")
    with monkeypatch.context() as patched:
        patched.setattr(file_operations, "os", System(number))
        with pytest.raises(StorageFault):
            vault.delete(blob)
    vault.delete(blob)
    assert files(blobs) == []


@pytest.mark.parametrize("number", range(11))
def test_a_secret_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    ring = KeyRing.create(tmp_path / "keys", CLOCK)
    ring.add("first", b"1")
    with monkeypatch.context() as patched:
        # The lock on the folder opens and closes too: counting goes on over all of it.
        patched.setattr(file_operations, "os", System(number))
        try:
            ring.add("second", b"2")
        except (StorageFault, OSError):
            added = False
        else:
            added = True
    assert ring.names() == (["first", "second"] if added else ["first"])
    assert KeyRing.open(tmp_path / "keys").secret("first") == b"1"
    assert not list((tmp_path / "keys").rglob("*.new"))


def test_a_file_larger_than_the_system_allows_is_a_storage_fault(vault: Vault, blobs: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT_BYTES + 1000, hard))
    try:
        with pytest.raises(StorageFault, match="free some space"):
            vault.put(io.BytesIO(CONTENT), "original")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(blobs) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False)
    if done.returncode:
        pytest.skip("this machine does not allow mounting a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_a_storage_fault_and_loses_nothing(small_disk: Path) -> None:
    vault = Vault(LocalBlobStore(small_disk / "blobs"), KEYS, CLOCK)
    stored = vault.put(io.BytesIO(CONTENT), "original")
    for _ in range(3):
        with pytest.raises(StorageFault, match=r"No space left.*free some space"):
            vault.put(io.BytesIO(CONTENT * 2), "original")
    assert len(files(small_disk)) == 1
    vault.verify(stored)
    vault.delete(stored)
    vault.verify(vault.put(io.BytesIO(CONTENT), "original"))


def test_a_store_below_something_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFault):
        LocalBlobStore(tmp_path / "file" / "blobs")


def test_a_blob_cannot_be_planted_through_a_link(vault: Vault, blobs: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep me")
    name = "ab" * 16
    (blobs / "incoming" / name).symlink_to(victim)
    with pytest.raises(StorageFault):
        LocalBlobStore(blobs).put(name, lambda raw: None)
    assert victim.read_bytes() == b"keep me"
