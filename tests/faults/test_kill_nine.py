"""kill -9 of worker and server at random points: what was acknowledged ends declared or quarantined, once, verified."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from archive_fixtures import pdf
from processes import descendants, kill

ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "2"))
FILES = 50
EDMS = [sys.executable, "-m", "edms.cli.main"]


@pytest.fixture
def home(installation: Path) -> Iterator[Path]:
    """An installation whose processes are all gone at the end."""
    (installation / "config.toml").write_text("[worker]\nlease_seconds = 5\npoll_seconds = 0.05\n")
    yield installation
    kill(*_ours(installation))


def _ours(home: Path) -> list[psutil.Process]:
    mine = str(home / "config.toml")
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if mine in (process.info["cmdline"] or ()) and "ingest" not in process.info["cmdline"]
    ]


def _run(home: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        [*EDMS, "--config", str(home / "config.toml"), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return done.stdout


def _start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [*EDMS, "--config", str(home / "config.toml"), *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for(home: Path, count: int, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while len(_ours(home)) < count:
        assert time.monotonic() < deadline, f"{count} processes did not start in {seconds} s"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(900 * max(1, ROUNDS // 2))
def test_nothing_acknowledged_is_lost_or_doubled(home: Path, tmp_path: Path) -> None:
    """50 files while everything is being killed; 20 rounds with EDMS_KILL_ROUNDS=20."""
    chance = random.Random(20261124)
    folder = tmp_path / "incoming"
    folder.mkdir()
    for number in range(FILES):
        broken = number % 10 == 9
        text = f"Surat nomor {number} tentang saluran air kelurahan {chance.getrandbits(64):x}"
        (folder / f"surat-{number:02}.pdf").write_bytes(f"%PDF-1.7\nrusak {number}".encode() if broken else pdf(text))
    acknowledged: dict[str, str] = {}
    for turn in range(ROUNDS):
        server = _start(home, "serve", "--port", "0", "--workers", "2")
        _wait_for(home, 3)
        ingest = _start_ingest(home, folder, turn)
        time.sleep(chance.uniform(0.3, 2.5))
        kill(*_victims(home, chance, server))
        out, _err = ingest.communicate(timeout=600)
        for line in out.decode().splitlines():
            told = json.loads(line)
            if told.get("record"):
                known = acknowledged.setdefault(told["path"], told["record"])
                assert known == told["record"], f"{told['path']} was recorded twice"
        kill(*_ours(home))
        server.wait(timeout=120)
    final = _run(
        home, "ingest", str(folder), "--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait", "--json"
    )
    lines = [json.loads(line) for line in final.splitlines()]
    totals = lines.pop()
    assert totals["given"] == FILES == totals["captured"] + totals["duplicate"] + totals["quarantined"]
    assert {line["path"]: line["record"] for line in lines} | acknowledged == {
        line["path"]: line["record"] for line in lines
    }
    _run(home, "ingest", str(folder / "surat-00.pdf"), "--as", "clerk-dinkes", "--wait")
    states = _states(home)
    assert sorted(states.values()) == ["declared"] * 45 + ["quarantined"] * 5
    report = json.loads(_run(home, "verify", "--all", "--json"))
    assert report["ok"], report["faults"]


def _start_ingest(home: Path, folder: Path, turn: int) -> "subprocess.Popen[bytes]":
    """Ingest a growing part of the files, so that every round has new ones and some that are known."""
    paths = sorted(str(path) for path in folder.iterdir())[: (turn + 1) * FILES // ROUNDS + 1]
    command = [*EDMS, "--config", str(home / "config.toml"), "ingest", *paths, "--as", "clerk-dinkes",
               "--class", "000.1.5", "--level", "open", "--json"]  # fmt: skip
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _victims(home: Path, chance: random.Random, server: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Sometimes the server with all it started, sometimes one worker."""
    if chance.random() < 0.5:
        return [psutil.Process(server.pid)]
    workers = [process for process in _ours(home) if "worker" in (process.info["cmdline"] or ())]
    return [chance.choice(workers)] if workers else [psutil.Process(server.pid)]


def _states(home: Path) -> dict[str, str]:
    from archive_fixtures import settings_in
    from sqlalchemy import select

    from edms.bootstrap import open_archive
    from edms.records.model import Record

    archive = open_archive(settings_in(home))
    with archive.database.reader() as session:
        found = {str(one): state for one, state in session.execute(select(Record.id, Record.state))}
    archive.database.close()
    return found


def test_killed_server_leaves_no_process_behind(home: Path) -> None:
    """Workers and page server end with their parent, however it ends."""
    server = _start(home, "serve", "--port", "0", "--workers", "1")
    _wait_for(home, 3)
    children = descendants(server.pid)
    assert len(children) >= 2
    os.kill(server.pid, signal.SIGKILL)
    server.wait(timeout=120)
    _gone, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []


def test_interrupt_stops_everything(home: Path) -> None:
    """Ctrl-C ends the server, its workers and the sandboxes."""
    server = _start(home, "serve", "--port", "0", "--workers", "1")
    _wait_for(home, 3)
    children = descendants(server.pid)
    os.kill(server.pid, signal.SIGINT)
    assert server.wait(timeout=120) == 0
    _gone, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []
