"""A locked archive from the console: made, opened, served by several processes; the passphrase shows nowhere."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from archive_fixtures import MOMENT, settings_in
from key_services import PIN, TOKEN, Bao, SoftHsm
from ports import free_port
from processes import descendants

from edms.access.actors import console_actor
from edms.bootstrap import initialise, open_archive
from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError, KeyUnavailable, Refused
from edms.core.settings import KeySettings, Settings
from edms.core.unlock import Unlock
from edms.reconcile.doctor import examine
from edms.records.keys import key_status, rotate
from edms.vault.file_provider import is_locked

ROOT = Path(__file__).resolve().parents[2]
SECRET = "empat kata yang sungguh acak"
OTHER = "lima kata lain yang juga acak"
CONSOLE = console_actor("tests")


def edms(home: Path, *arguments: str, secret: str | None = SECRET) -> "subprocess.CompletedProcess[str]":
    """Run a command with the passphrase on a descriptor of its own, or with none and nobody to ask."""
    reading, writing = os.pipe()
    os.write(writing, (secret or "").encode())
    os.close(writing)
    environment = {**os.environ, "EDMS_KEYS__UNLOCK": f"fd:{reading}" if secret else "auto"}
    try:
        return subprocess.run(
            [sys.executable, "-m", "edms.cli.main", "--config", str(home / "config.toml"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            pass_fds=(reading,),
            env=environment,
            cwd=ROOT,
        )
    finally:
        os.close(reading)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("[worker]\npoll_seconds = 0.05\n")
    return tmp_path


@pytest.mark.slow
def test_a_locked_archive_is_served_by_processes_that_were_handed_the_key(home: Path) -> None:
    refused = edms(home, "init", secret=None)
    assert refused.returncode == 1
    assert "passphrase" in refused.stderr
    assert edms(home, "init").returncode == 0
    assert is_locked(home / "storage" / "keys")
    for secret in (None, "salah sama sekali"):
        assert edms(home, "keys", "status", secret=secret).returncode == 1
    port = free_port()
    reading, writing = os.pipe()
    os.write(writing, SECRET.encode())
    os.close(writing)
    command = [sys.executable, "-m", "edms.cli.main", "--config", str(home / "config.toml")]
    server = subprocess.Popen(
        [*command, "serve", "--port", str(port), "--workers", "1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(home / "log").open("w"),
        pass_fds=(reading,),
        env={**os.environ, "EDMS_KEYS__UNLOCK": f"fd:{reading}"},
        cwd=ROOT,
    )
    os.close(reading)
    try:
        _wait_for_pages(port)
        seen = 0
        for process in [psutil.Process(server.pid), *descendants(server.pid)]:
            shown = Path(f"/proc/{process.pid}/cmdline"), Path(f"/proc/{process.pid}/environ")
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                assert not any(SECRET.encode() in path.read_bytes() for path in shown)
                seen += 1
        assert seen >= 3
        workers = descendants(server.pid, "worker")
        workers[0].kill()
        _wait_for_another(server.pid, workers[0].pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=120)
    for path in home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def _wait_for_pages(port: int) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("no page was served")


def _wait_for_another(server: int, killed: int) -> None:
    """A worker that ended is started again, with the key."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        for child in descendants(server, "worker"):
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.pid != killed and child.cpu_times().user > 0.5 and child.is_running():
                    return
        time.sleep(0.2)
    pytest.fail("the worker was not started again")


@pytest.mark.slow
def test_the_passphrase_is_changed_and_the_old_one_opens_no_more(home: Path) -> None:
    assert edms(home, "init", "--demo", secret=None).returncode == 0
    new = home / "new"
    for passphrase, code in (("pendek", 2), (SECRET, 0)):
        new.write_text(passphrase)
        new.chmod(0o600)
        assert edms(home, "keys", "passphrase", "--new", f"file:{new}", secret=None).returncode == code
    assert edms(home, "keys", "status", secret=None).returncode == 1
    new.write_text(OTHER)
    assert edms(home, "keys", "passphrase", "--new", f"file:{new}").returncode == 0
    assert edms(home, "keys", "status").returncode == 1
    rotated = edms(home, "keys", "rotate", "--destroy-old", "--json", secret=OTHER)
    assert json.loads(rotated.stdout)["epoch"] == 2
    told = json.loads(edms(home, "keys", "status", "--json", secret=OTHER).stdout)
    assert [row["epoch"] for row in told["epochs"] if row["held"]] == [2]
    assert "epoch" in edms(home, "keys", "status", secret=OTHER).stdout
    assert "BEGIN" in edms(home, "keys", "public", secret=OTHER).stdout


def test_without_passphrase_by_word_only(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(KeyUnavailable, match="passphrase"):
        initialise(settings, CONSOLE, demo=False)
    with pytest.raises(Refused, match="12 characters"):
        initialise(settings, CONSOLE, demo=False, unlock=Unlock("auto", lambda _question: "pendek", {}))
    initialise(settings, CONSOLE, demo=False, locked=False)
    assert not is_locked(settings.keys_path)


def test_a_mistyped_passphrase_may_be_typed_again(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    initialise(settings, CONSOLE, demo=False, unlock=Unlock("auto", lambda _question: SECRET, {}))
    typed = ["salah ketik", "salah lagi", SECRET]
    open_archive(settings, unlock=Unlock("auto", lambda _question: typed.pop(0), {})).database.close()
    typed = ["salah ketik"] * 4
    with pytest.raises(KeyUnavailable, match="wrong"):
        open_archive(settings, unlock=Unlock("auto", lambda _question: typed.pop(0), {}))
    assert len(typed) == 1


def with_keys(folder: Path, **values: object) -> Settings:
    settings = settings_in(folder)
    keys = KeySettings.model_validate(values).rooted_at(folder, folder / "storage")
    return settings.model_copy(update={"keys": keys})


def secret_file(folder: Path, content: bytes) -> str:
    path = folder / "unlock"
    path.write_bytes(content)
    path.chmod(0o600)
    return "file:unlock"


@pytest.mark.parametrize("provider", ["pkcs11", "transit"])
def test_an_archive_whose_key_lies_elsewhere(provider: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Made, opened, examined and rotated with a real token and a real key server; the folder holds wrapped secrets."""
    if provider == "pkcs11":
        softhsm: SoftHsm = request.getfixturevalue("softhsm")
        told: dict[str, object] = {"pkcs11_module": softhsm.module, "pkcs11_token": softhsm.new_token()}
        secret = PIN
    else:
        bao: Bao = request.getfixturevalue("bao")
        told, secret = {"transit_url": bao.url, "transit_key": request.getfixturevalue("transit_key")()}, TOKEN
    settings = with_keys(tmp_path, provider=provider, unlock=secret_file(tmp_path, secret), **told)
    initialise(settings, CONSOLE, demo=True, clock=FixedClock(MOMENT))
    initialise(settings, CONSOLE, demo=True, clock=FixedClock(MOMENT))
    assert sorted(path.name for path in settings.keys_path.iterdir()) == ["provider.json", "secrets"]
    archive = open_archive(settings, FixedClock(MOMENT))
    report = rotate(CONSOLE, archive, destroy_old=True)
    assert (report.to_epoch, report.secrets) == (2, len(archive.keys.names()))
    assert key_status(CONSOLE, archive)["provider"] == provider
    assert not any("passphrase" in finding.what for finding in examine(CONSOLE, archive))
    archive.database.close()
    open_archive(settings).database.close()
    with pytest.raises(ConfigurationError, match=f"held by {provider}"):
        open_archive(with_keys(tmp_path, provider="file"))
    for path in settings.storage.path.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
