"""What `edms doctor` says of folders, mailboxes and listeners; and that the server keeps the listeners running."""

import os
import shutil
import smtplib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psutil
import pytest
from archive_fixtures import pdf
from console import Console
from mail_server import PASSWORD, MailServer
from ports import free_port
from processes import descendants, kill
from test_mail import configured

from edms.access.actors import console_actor
from edms.capture.smtp import START_SECONDS, listening
from edms.capture.ways_in import examine_ways_in
from edms.core.errors import ConfigurationError
from edms.records.archive import Archive

Controller: Any = pytest.importorskip("aiosmtpd.controller").Controller
CONSOLE = console_actor("tests")
ROUNDS = int(os.environ.get("EDMS_KILL_ROUNDS", "2"))
"""Of kill -9. The server waits the longer before it starts a listener again, the sooner that ends."""
PAUSES = (0.05, 0.2, 0.0, 0.02, 0.1, 0.4)


def told(archive: Archive) -> list[tuple[str, str]]:
    return [(one.level, one.what) for one in examine_ways_in(CONSOLE, archive)]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({}, ""),
        ({"password": "file:falsch"}, "does not do what is asked"),
        ({"mailbox": "Tidak-ada"}, "there is no mailbox Tidak-ada"),
        ({"port": 9}, "cannot be reached"),
        ({"office": "tidak-ada"}, "there is no office"),
    ],
    ids=["well", "wrong password", "no mailbox", "unreachable", "no office"],
)
def test_mailboxes(embedded: Archive, dovecot: MailServer, tmp_path: Path, entry: dict[str, Any], says: str) -> None:
    for name, secret in (("sandi", PASSWORD), ("falsch", "falsch")):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    usual = {"host": "localhost", "port": dovecot.tls_port, "ca_file": str(dovecot.certificate), "user": dovecot.user,
             "password": "file:sandi", "office": "dinkes"}  # fmt: skip
    found = told(configured(embedded, tmp_path, "mailboxes", **{**usual, **entry}))
    assert [level for level, _what in found] == (["error"] if says else [])
    assert not says or says in found[0][1]


def test_listeners(embedded: Archive, tmp_path: Path) -> None:
    port = free_port()
    routes = [{"recipient": "*", "office": "dinkes"}]
    archive = configured(embedded, tmp_path, "listeners", port=port, routes=routes)
    assert told(archive) == [("warning", f"listener surat: 127.0.0.1:{port}: nobody listens")]
    with listening(archive, archive.settings.capture.listeners[0]):
        assert told(archive) == [("info", f"listener surat: 127.0.0.1:{port} takes mail")]
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.listen()
        taken = configured(embedded, tmp_path, "listeners", port=other.getsockname()[1], routes=routes)
        other.settimeout(120)

        def answer() -> None:
            client, _address = other.accept()
            client.sendall(b"220 somebody.example ESMTP\r\n")
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        ((level, what),) = told(taken)
        thread.join()
    assert (level, "is taken by another mail server" in what) == ("error", True)
    nowhere = configured(embedded, tmp_path, "listeners", port=port, routes=[{"recipient": "*", "office": "antah"}])
    assert told(nowhere)[0][0] == "error"


def test_a_port_that_is_taken_is_told_at_once(embedded: Archive, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        routes = [{"recipient": "*", "office": "dinkes"}]
        archive = configured(embedded, tmp_path, "listeners", port=other.getsockname()[1], routes=routes)
        began = time.monotonic()
        with pytest.raises(ConfigurationError, match="listener surat"):
            listening(archive, archive.settings.capture.listeners[0]).__enter__()
        assert time.monotonic() - began < START_SECONDS, "it does not wait as for a busy machine"


@pytest.mark.slow
def test_a_busy_machine_has_time_to_begin(embedded: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = configured(embedded, tmp_path, "listeners", port=0, routes=[{"recipient": "*", "office": "dinkes"}])
    make = Controller.factory

    def slow(controller: Any) -> Any:
        time.sleep(5.5)  # longer than the library waits by itself
        return make(controller)

    with monkeypatch.context() as patched:
        patched.setattr(Controller, "factory", slow)
        with listening(archive, archive.settings.capture.listeners[0]) as port:
            patched.undo()
            assert sent(port, letter(0))


def test_folders(embedded: Archive, tmp_path: Path) -> None:
    archive = configured(embedded, tmp_path, "folders", path="drop", office="dinkes")
    assert [level for level, _what in told(archive)] == ["warning"]
    (tmp_path / "drop").mkdir()
    assert told(archive) == []


@pytest.fixture
def served(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Console, int, subprocess.Popen[str]]]:
    """A running `edms serve` with a listener."""
    console, port, page = Console(installation, capsys), free_port(), free_port()
    console.config.write_text(
        f'[server]\nport = {page}\n[worker]\nprocesses = 1\npoll_seconds = 0.05\n[[capture.listeners]]\nname = "mfp"\n'
        f'port = {port}\nroutes = [{{ recipient = "*", office = "dinkes", class = "000.1.5", level = "open" }}]\n'
    )
    server = console.start("serve", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield console, port, server
    server.kill()
    server.communicate(timeout=120)


def until(holds: Callable[[], bool], seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def letter(number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "mfp@kantor.example", "arsip@kota.example", f"Pindai {number}"
    mail["Message-ID"] = f"<{number}@kantor.example>"
    mail.set_content("Terlampir.")
    mail.add_attachment(pdf(f"Pindaian {number}"), maintype="application", subtype="pdf", filename=f"{number}.pdf")
    mail.set_boundary(f"batas-{number}")
    return mail


def sent(port: int, mail: EmailMessage) -> bool:
    """True when it was acknowledged."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
            client.send_message(mail)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def mail_processes(server: subprocess.Popen[str]) -> list[psutil.Process]:
    return descendants(server.pid, "listen")


@pytest.mark.slow
@pytest.mark.timeout(3600 if ROUNDS > 2 else 600)
def test_serve_takes_mail_and_kill_nine_loses_and_doubles_nothing(
    served: tuple[Console, int, subprocess.Popen[str]],
) -> None:
    """One machine, one command. A sender keeps what was not acknowledged, and sends it again until it is."""
    console, port, server = served
    until(lambda: sent(port, letter(0)))
    for number in range(1, ROUNDS + 1):
        mail, before = letter(number), mail_processes(server)
        first = threading.Thread(target=sent, args=(port, mail))
        first.start()
        time.sleep(PAUSES[number % len(PAUSES)])
        kill(*before)
        first.join()
        until(lambda mail=mail: sent(port, mail))  # type: ignore[misc]
        assert [one.pid for one in mail_processes(server)] != [one.pid for one in before], "it was started again"
    assert sent(port, letter(1)), "known, and acknowledged once more"
    if shutil.which("swaks"):
        swaks = ["swaks", "--server", f"127.0.0.1:{port}", "--to", "a@b.example", "--from", "mfp@kantor.example"]
        assert subprocess.run(swaks, capture_output=True, timeout=120, check=False).returncode == 0
    children = descendants(server.pid)
    server.kill()
    _gone, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []
    console("reindex")
    found = console("search", "pindai", "--as", "clerk-dinkes", "--limit", "50", "--json").json
    titles = sorted(hit["title"] for hit in found["hits"])
    assert titles == [f"Pindai {number}" for number in range(ROUNDS + 1)]
    report = console("verify", "--all", "--json").json
    assert report["ok"], report["faults"]


@pytest.mark.slow
def test_a_mailbox_whose_looks_are_killed_comes_in_once(
    installation: Path, dovecot: MailServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = dovecot.client()
    for name in ("INBOX", "Arsip"):
        status, count = client.select(name)
        if status == "OK" and count[0] != b"0":
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
    client.logout()
    (tmp_path / "sandi").write_text(PASSWORD)
    (tmp_path / "sandi").chmod(0o600)
    console = Console(installation, capsys)
    console.config.write_text(
        f'[worker]\nlease_seconds = 5\n[[capture.mailboxes]]\nname = "surat"\nhost = "localhost"\noffice = "dinkes"\n'
        f'port = {dovecot.tls_port}\nca_file = "{dovecot.certificate}"\nuser = "{dovecot.user}"\n'
        f'password = "file:{tmp_path / "sandi"}"\n'
    )
    dovecot.deliver(*(letter(number).as_bytes() for number in range(ROUNDS + 3)))
    for pause in [PAUSES[number % len(PAUSES)] for number in range(ROUNDS)]:
        before = len(dovecot.subjects("Arsip"))
        look = console.start("mail", "once")
        until(lambda before=before, look=look: len(dovecot.subjects("Arsip")) > before or look.poll() is not None)  # type: ignore[misc]
        time.sleep(pause)
        look.kill()
        look.communicate(timeout=120)
    until(lambda: console("mail", "once", "--json").status == 0 and not dovecot.subjects("INBOX"))
    assert sorted(dovecot.subjects("Arsip")) == [f"Pindai {number}" for number in range(ROUNDS + 3)]
    console("reindex")
    found = console("search", "pindai", "--as", "clerk-dinkes", "--limit", "50", "--json").json
    assert sorted(hit["title"] for hit in found["hits"]) == [f"Pindai {number}" for number in range(ROUNDS + 3)]
    assert console("verify", "--all", "--json").json["ok"]
