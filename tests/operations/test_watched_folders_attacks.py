"""What is put into a watched folder to break out of it, to hold it up or to lose something: nothing does."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from small_disk import MEBIBYTE, SmallDisk
from test_watched_folders import below, drop, once, records, states, watched

from edms.capture import folder_files, folders
from edms.records.archive import Archive

__all__ = ["drop"]
_CAPABILITIES_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


@contextmanager
def held_to_permissions() -> Iterator[None]:
    """Make this thread obey the permissions of files, also where it is the superuser's (capabilities(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    before = (ctypes.c_uint32 * 6)()
    assert libc.capget(head, before) == 0
    without = (ctypes.c_uint32 * 6)(*before)
    without[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    assert libc.capset(head, without) == 0
    try:
        yield
    finally:
        assert libc.capset(head, before) == 0


def test_a_file_without_permission_to_read_stays_and_is_named(embedded: Archive, drop: Path) -> None:
    archive = watched(embedded, drop)
    (drop / "terkunci").mkdir()
    for name in ("rahasia.pdf", "terbuka.pdf", "terkunci/dalam.pdf"):
        (drop / name).write_bytes(name.encode())
    (drop / "rahasia.pdf").chmod(0)
    (drop / "terkunci").chmod(0)
    with held_to_permissions():
        found = once(archive)
    assert states(found.lines) == {"rahasia.pdf": "left", "terbuka.pdf": "captured"}
    assert "rahasia.pdf: cannot be read: Permission denied" in found.problem
    (drop / "rahasia.pdf").chmod(0o600)
    (drop / "terkunci").chmod(0o700)
    assert states(once(archive).lines) == {"rahasia.pdf": "captured", "terkunci/dalam.pdf": "captured"}
    assert once(archive).problem == ""


@pytest.mark.parametrize("how", ["truncated", "removed", "made a pipe", "made a link"])
def test_what_becomes_another_thing_while_it_is_read_is_not_captured(
    embedded: Archive, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    archive = watched(embedded, drop)
    file = drop / "surat.pdf"
    file.write_bytes(b"%PDF-1.7 lama" * 200_000)
    (tmp_path / "rahasia").write_bytes(b"di luar")
    reading = folder_files.SteadyFile.read

    def meanwhile(steady: folder_files.SteadyFile, size: int = -1) -> bytes:
        part = reading(steady, size)
        monkeypatch.undo()
        if how == "truncated":
            os.truncate(file, 5)
            return part
        file.unlink()
        if how == "made a pipe":
            os.mkfifo(file)
        if how == "made a link":
            file.symlink_to(tmp_path / "rahasia")
        return part

    monkeypatch.setattr(folder_files.SteadyFile, "read", meanwhile)
    once(archive)
    once(archive)
    captured = [record.file_name for record in records(archive)]
    assert captured == ["surat.pdf"], "what was read to its end while it had that name; of a truncated one what is left"
    assert (tmp_path / "rahasia").read_bytes() == b"di luar"
    kept = [(drop / "done" / name).read_bytes() for name in below(drop / "done")]
    assert kept == ([b"%PDF-"] if how == "truncated" else [])


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_done_folder_that_takes_nothing(embedded: Archive, drop: Path, small_disk: SmallDisk, trouble: str) -> None:
    """What is durable here is durable; the originals stay, are named, and go there when they can. None comes twice."""
    done = small_disk.path / "done"
    done.mkdir()
    archive = watched(embedded, drop, done=str(done), failed=str(small_disk.path / "failed"))
    content = {f"{number}.pdf": bytes([number]) * MEBIBYTE for number in range(2)}
    for name, what in content.items():
        (drop / name).write_bytes(what)
    (drop / "link.pdf").symlink_to("/etc/passwd")
    small_disk.fill(leaving=MEBIBYTE // 2) if trouble == "full" else small_disk.read_only()
    for _look in range(2):
        found = once(archive)
        assert states(found.lines) == dict.fromkeys([*content, "link.pdf"], "left")
        assert ("No space left" if trouble == "full" else "Read-only") in found.lines[0].reason
    assert below(drop) == ["0.pdf", "1.pdf", "link.pdf"]
    assert (list(done.iterdir()), len(records(archive))) == ([], 2)
    small_disk.clear() if trouble == "full" else small_disk.read_only(False)
    assert states(once(archive).lines) == {**dict.fromkeys(content, "captured"), "link.pdf": "left"}
    assert {path.name: path.read_bytes() for path in done.iterdir()} == content
    assert (below(drop), len(records(archive))) == (["link.pdf"], 2)


@pytest.mark.parametrize("place", ["done", "done/masuk"])
def test_originals_are_not_moved_through_a_link(embedded: Archive, drop: Path, tmp_path: Path, place: str) -> None:
    """Who may write to the folder could else have files put anywhere where the service may write."""
    archive = watched(embedded, drop)
    outside = tmp_path / "cron.d"
    outside.mkdir()
    (drop / "masuk").mkdir()
    (drop / "masuk" / "a.pdf").write_bytes(b"isi")
    (drop / place).parent.mkdir(exist_ok=True)
    (drop / place).symlink_to(outside)
    for _look in range(2):
        found = once(archive)
        assert states(found.lines) == {"masuk/a.pdf": "left"}
        assert "cannot be moved to done: Not a directory" in found.problem
    assert (list(outside.iterdir()), len(records(archive))) == ([], 1)
    (drop / place).unlink()
    assert states(once(archive).lines) == {"masuk/a.pdf": "captured"}


def test_a_folder_that_becomes_a_link_leads_nowhere(
    embedded: Archive, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the capture, and it looks the same: a hard link to the same file lies behind the link."""
    archive = watched(embedded, drop)
    outside = tmp_path / "luar"
    outside.mkdir()
    (drop / "masuk").mkdir()
    (drop / "masuk" / "a.pdf").write_bytes(b"isi")
    os.link(drop / "masuk" / "a.pdf", outside / "a.pdf")
    settled = folders._settled

    def swapped(*arguments: Any) -> Any:
        found = settled(*arguments)
        (drop / "masuk").rename(tmp_path / "semula")
        (drop / "masuk").symlink_to(outside)
        monkeypatch.undo()
        return found

    monkeypatch.setattr(folders, "_settled", swapped)
    assert states(once(archive).lines) == {"masuk/a.pdf": "left"}
    assert (records(archive), (outside / "a.pdf").read_bytes()) == ([], b"isi")
    assert states(once(archive).lines) == {"masuk": "refused"}


def test_a_file_that_we_fail_at_holds_up_no_other(
    embedded: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = watched(embedded, drop)
    for name in ("aneh.pdf", "biasa.pdf"):
        (drop / name).write_bytes(name.encode())
    stream = folders._stream

    def defect(steady: folder_files.SteadyFile) -> BinaryIO:
        if steady._seen.path.name == "aneh.pdf":
            raise ZeroDivisionError
        return cast(BinaryIO, stream(steady))

    monkeypatch.setattr(folders, "_stream", defect)
    found = once(archive)
    assert states(found.lines) == {"aneh.pdf": "left", "biasa.pdf": "captured"}
    assert "ZeroDivisionError" in found.problem
    monkeypatch.undo()
    assert states(once(archive).lines) == {"aneh.pdf": "captured"}
