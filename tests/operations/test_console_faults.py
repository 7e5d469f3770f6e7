"""What goes wrong around the console: each fault is one line that says what to do, and nothing is half done."""

import contextlib
import os
import pty
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, settings_in
from console import Console

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.reconcile.doctor import examine


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    (tmp_path / "surat.pdf").write_bytes(pdf("Undangan rapat penanganan banjir rob"))
    return tmp_path / "surat.pdf"


# Keys


def test_a_missing_key_file(console: Console) -> None:
    keys = console.home / "storage" / "keys"
    (keys / "kek.json").rename(console.home / "elsewhere.json")
    before = sorted(path.name for path in keys.rglob("*"))
    console("doctor").refused(1, "the key file is missing", str(keys / "kek.json"), "restore the key folder")
    console("init").refused(2, str(keys), "put the key folder back")
    assert sorted(path.name for path in keys.rglob("*")) == before
    (console.home / "elsewhere.json").rename(keys / "kek.json")
    assert console("verify", "--all").status == 0


@pytest.mark.parametrize("name", ["database", "index", "session", "audit-signing", "authority"])
def test_a_key_folder_that_has_lost_a_secret_gets_no_new_one(console: Console, name: str) -> None:
    secret = console.home / "storage" / "keys" / "secrets" / f"{name}.json"
    secret.rename(console.home / "kept.json")
    console("init").refused(2, "has lost", name, "restore it")
    assert not secret.exists()
    (console.home / "kept.json").rename(secret)
    assert console("init").status == 0
    assert console("verify", "--all").status == 0


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 100, b'{"format": "edms-kek"}'], ids=str)
def test_a_damaged_key_file(console: Console, content: bytes) -> None:
    (console.home / "storage" / "keys" / "kek.json").write_bytes(content)
    for command in (("doctor",), ("init",), ("verify", "--all")):
        console(*command).refused(1, "the key file", "is damaged", "restore the key folder")


def test_a_key_file_of_another_archive(console: Console, bare: Console, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "other").mkdir()
    other = Console(tmp_path / "other", capsys)
    assert other("init", "--no-passphrase", "--json").status == 0
    shutil.rmtree(console.home / "storage" / "keys")
    shutil.copytree(other.home / "storage" / "keys", console.home / "storage" / "keys")
    console("search", "x", "--as", "records").refused(1, "damaged, or the keys are another archive's", "[keys] path")


def test_keys_that_others_may_read_are_an_error_of_doctor(console: Console) -> None:
    key = console.home / "storage" / "keys" / "kek.json"
    key.chmod(0o644)
    done = console("doctor", "--json")
    assert (done.status, done.json["ok"]) == (1, False)
    (error,) = [finding for finding in done.json["findings"] if finding["level"] == "error"]
    assert str(key) in error["what"]
    assert "0600" in error["what"] + error["mend"]


# Storage and database


def test_a_missing_storage_folder(console: Console) -> None:
    (console.home / "storage").rename(console.home / "away")
    console("search", "x", "--as", "records").refused(2, "there is no archive in", "edms init")
    assert not (console.home / "storage").exists()


@pytest.mark.parametrize("content", [b"", b"nothing that is a database" * 500], ids=["empty", "other"])
def test_a_database_that_is_none(console: Console, content: bytes) -> None:
    for name in ("archive.db-wal", "archive.db-shm"):
        (console.home / "storage" / name).unlink(missing_ok=True)
    (console.home / "storage" / "archive.db").write_bytes(content)
    done = console("search", "x", "--as", "records")
    done.refused(done.status, "the database")
    assert done.status in (1, 2)


def test_a_file_where_the_storage_should_be(bare: Console) -> None:
    (bare.home / "storage").write_text("a file", "utf-8")
    bare("init").refused(1, "cannot be made", "[storage] path")
    assert (bare.home / "storage").read_text("utf-8") == "a file"


def test_a_writer_that_does_not_finish(console: Console, letter: Path) -> None:
    """Another process holds the database: after the busy timeout it is said, and a later try succeeds."""
    console.config.write_text("[database]\nbusy_timeout_seconds = 0.3\n", "utf-8")
    archive = open_archive(settings_in(console.home))
    with archive.database.writer() as session:
        session.connection()
        console("person", "password", "admin").refused(1, "another process writes", "try again")
        done = console("ingest", letter, "--as", "clerk-dinkes", "--json")
        assert done.status == 1
        assert done.lines[0]["state"] == "refused"
        assert "another process writes" in done.lines[0]["reason"]
        # Whoever only reads is not in the way of the writer; but what cannot be recorded is not shown.
        console("search", "x", "--as", "records", "--json").refused(1, "another process writes", "try again")
    archive.database.close()
    assert console("ingest", letter, "--as", "clerk-dinkes").status == 0
    assert console("verify", "--all").status == 0


@contextlib.contextmanager
def small_disk(where: Path, size: str) -> Iterator[None]:
    where.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "edms-test", where], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", where], check=True)


@pytest.mark.parametrize("size", ["4k", "24k", "64k", "200k"])
def test_a_disk_that_is_full_at_init(bare: Console, size: str) -> None:
    storage = bare.home / "storage"
    with small_disk(storage, size):
        done = bare("init", "--demo", "--json")
        done.refused(1, "free some space")
        subprocess.run(["mount", "-o", "remount,size=64m", storage], check=True)
        again = bare("init", "--demo", "--json")
        assert again.status == 0
        assert bare("verify", "--all").status == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting wants root")
def test_storage_that_is_read_only(console: Console, letter: Path) -> None:
    storage = console.home / "storage"
    content = shutil.copytree(storage, console.home / "content")
    with small_disk(storage, "64m"):
        shutil.copytree(content, storage, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", storage], check=True)
        for command in (("person", "password", "admin"), ("verify", "--all"), ("init",)):
            done = console(*command)
            done.refused(1, "edms: ")
            assert "read-only" in done.err.lower() or "may not be written" in done.err, done


def test_a_report_that_cannot_be_written(console: Console, letter: Path) -> None:
    done = console("ingest", letter, "--as", "clerk-dinkes", "--report", "/proc/none/report.json")
    assert done.status == 1
    assert "/proc/none" in done.err
    assert done.err.count("\n") == 1


# Time


@pytest.mark.parametrize("years", [-3, 3], ids=["back", "ahead"])
def test_doctor_says_that_the_clock_is_wrong(console: Console, years: int) -> None:
    archive = open_archive(settings_in(console.home), FixedClock(MOMENT + timedelta(days=365 * years)))
    found = [finding for finding in examine(console_actor("tests"), archive) if "clock" in finding.what]
    archive.sandbox.close()
    archive.database.close()
    assert found
    assert found[0].level in ("error", "warning")
    assert found[0].mend


# Several at once


@pytest.mark.slow
def test_two_inits_at_once_make_one_archive(bare: Console) -> None:
    started = [bare.start("init", "--demo", "--json") for _number in range(2)]
    done = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], done
    people = [name for out, _err in done for name in ("admin", "records") if f'"{name}"' in out]
    assert sorted(people) == ["admin", "records"]  # one of the two made them, and knows their passwords
    assert bare("verify", "--all").status == 0
    assert len(bare("person", "list", "--json").json["people"]) == 8


def test_two_servers_on_one_address(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        console("serve", "--port", port).refused(2, f"127.0.0.1:{port}", "already", "--port")


@pytest.mark.slow
def test_commands_beside_a_running_server(console: Console, letter: Path) -> None:
    """A server with a worker runs; the console captures through it, searches, verifies and reindexes."""
    console.config.write_text("[worker]\npoll_seconds = 0.05\n", "utf-8")
    server, _said = console.serving("--workers", "1")
    try:
        done = console("ingest", letter, "--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait")
        assert done.out.startswith("declared")
        assert console("search", "banjir", "--as", "clerk-dinkes", "--json").json["total"] == 1
        assert console("reindex", "--json").json == {"documents": 1}
        assert console("search", "banjir", "--as", "clerk-dinkes", "--json").json["total"] == 1
        assert console("verify", "--all", "--json").json["faults"] == []
    finally:
        server.send_signal(signal.SIGINT)
        _out, err = server.communicate(timeout=120)
    assert server.returncode == 0
    assert "Traceback" not in err


# Pipes, terminals and signals


@pytest.mark.slow
def test_a_pipe_gets_no_progress_and_a_terminal_does(console: Console, letter: Path) -> None:
    ingest = ("ingest", letter, "--as", "clerk-dinkes", "--wait")
    piped = console.process(*ingest)
    assert (piped.status, piped.err) == (0, "")
    letter.write_bytes(pdf("Surat lain"))
    ours, theirs = pty.openpty()
    process = console.start(*ingest, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # a terminal whose other end is closed answers with EIO
        while part := os.read(ours, 1000):
            shown += part
    os.close(ours)
    assert process.wait(120) == 0
    assert b"ingest" in shown
    assert b"100%" in shown


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_the_command_quietly(console: Console) -> None:
    for command in (("retention", "report", "--format", "csv"), ("person", "list"), ("keys", "public")):
        read, write = os.pipe()
        os.close(read)
        done = console.process(*command, stdout=write)
        os.close(write)
        assert (done.status, done.err) == (1, ""), command


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_without_a_trace(console: Console) -> None:
    archive = open_archive(settings_in(console.home))
    with archive.database.writer() as session:
        session.connection()  # the command below waits for this writer
        waiting = console.start("person", "password", "admin")
        wait_for_database(waiting.pid)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=120)
    archive.database.close()
    assert waiting.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def wait_for_database(pid: int) -> None:
    """Wait until the process has the database open."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if any("archive.db" in str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()):
                return
        time.sleep(0.05)
    pytest.fail("the command never opened the database")
