"""API tokens from the terminal to a running server: made once, used over HTTP within their scope, over, revoked.

The commands are processes of their own, the password is typed at a real terminal, the server is `edms serve`.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_fixtures import settings_in
from console import PROGRAM, Console
from web_site import PASSWORD

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.access.token_scopes import TokenScope
from edms.bootstrap import open_archive
from edms.core.clock import FixedClock
from edms.records.service_accounts import NewService, add_service
from edms.records.tokens import NewToken, create_service_token

SECRET = re.compile(r"edms_[0-9A-Za-z]{49}")
CONSOLE = console_actor("tests")
PATIENCE_SECONDS = 120.0


class Served:
    """A console, and a server of its archive that has started."""

    def __init__(self, console: Console, expired: str) -> None:
        self.console, self.expired = console, expired
        self.process, self.said = console.serving("--workers", "1", stderr=subprocess.STDOUT)
        self.address = re.findall(r"http://127\.0\.0\.1:\d+", self.said)[0]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.ask("/healthz", "")[0] != 200:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def ask(self, path: str, secret: str, content: bytes | None = None) -> tuple[int, dict[str, Any], str]:
        """Return status, answer and `WWW-Authenticate` of a request that shows a token; 0 when nobody answers."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        if content is not None:
            headers |= {"Content-Type": "application/octet-stream", "X-File-Name": "surat.pdf"}
        request = urllib.request.Request(f"{self.address}{path}", content, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, _read(answer.read()), ""
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read()), error.headers.get("WWW-Authenticate") or ""
        except urllib.error.URLError:
            return 0, {}, ""

    def stop(self) -> str:
        """End the server and return all that it said."""
        self.process.send_signal(signal.SIGTERM)
        rest, _none = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.said + (rest or "")


def _read(content: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(content)
        return found if isinstance(found, dict) else {"list": found}
    return {}


@pytest.fixture(scope="module")
def served(peopled_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of an archive with a service account, and a token that ended yesterday."""
    folder = tmp_path_factory.mktemp("tokens")
    shutil.copytree(peopled_template / "storage", folder / "storage")
    archive = open_archive(settings_in(folder), FixedClock(datetime.now(UTC) - timedelta(days=2)))
    try:
        add_service(CONSOLE, archive, NewService("mesin", "Mesin", "dinkes", (Role.CLERK,), Level.OPEN, "head-dinkes"))
        wanted = NewToken("lama", (TokenScope.SEARCH,), "", 1)
        expired = create_service_token(CONSOLE, archive, "mesin", wanted).secret.reveal()
    finally:
        archive.sandbox.close()
        archive.database.close()
    console = Console(folder)
    console.config.write_text('[worker]\npoll_seconds = 0.1\n[text]\nocr = "off"\noffice = "off"\n', "utf-8")
    running = Served(console, expired)
    yield running
    if running.process.poll() is None:
        running.stop()


def at_terminal(console: Console, typed: str, *arguments: str) -> tuple[int, str, str]:
    """Run a command whose terminal is a real one, type a line when it asks; return status, output, and what the
    terminal showed. The output goes elsewhere, as in `edms token create … > token`."""
    mine, its = pty.openpty()
    started = subprocess.Popen(
        [*PROGRAM, "--config", str(console.config), *arguments], stdin=its, stdout=subprocess.PIPE, stderr=its,
        text=True, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(its)
    waiting = select.poll()  # select() takes no descriptor above 1,023, and a whole suite may hold so many
    waiting.register(mine, select.POLLIN)
    shown, asked = "", False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if waiting.poll(200):
            try:
                piece = os.read(mine, 4096)
            except OSError:  # its side is closed
                break
            if not piece:
                break
            shown += piece.decode("utf-8", "replace")
        if not asked and "password of" in shown:
            os.write(mine, f"{typed}\n".encode())
            asked = True
    out, _err = started.communicate(timeout=PATIENCE_SECONDS)
    os.close(mine)
    return started.returncode, out, shown


def listed(console: Console, *arguments: str) -> dict[str, dict[str, Any]]:
    done = console.process("token", "list", "--json", *arguments)
    assert done.status == 0, done
    assert not SECRET.search(done.out), "a list never says a secret"
    return {one["name"]: one for one in done.json["tokens"]}


def made_for_machine(served: Served, name: str, *scopes: str) -> dict[str, Any]:
    told = [part for scope in scopes for part in ("--scope", scope)]
    done = served.console.process("token", "create", name, "--account", "mesin", *told, "--json")
    assert done.status == 0, done
    found: dict[str, Any] = done.json
    return found


def test_a_person_makes_one_with_the_password_and_it_is_shown_once(served: Served) -> None:
    status, out, shown = at_terminal(
        served.console, PASSWORD, "token", "create", "pemindai", "--as", "clerk-dinkes", "--scope", "capture",
        "--office", "dinkes", "--days", "30",
    )  # fmt: skip
    assert status == 0, shown
    assert SECRET.fullmatch(out.strip()), "the token alone, to be put into a file"
    assert PASSWORD not in shown
    assert out.strip() not in shown
    assert "Shown once and kept nowhere" in shown
    line = listed(served.console, "--own", "clerk-dinkes")["pemindai"]
    assert (line["account"], line["scopes"], line["office"]) == ("clerk-dinkes", ["capture"], "dinkes")
    ends = datetime.fromisoformat(line["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < ends <= timedelta(days=30)
    assert out.strip() not in served.console.process("token", "list").out
    secret = out.strip()
    status, answer, _how = served.ask("/capture/files?level=open", secret, b"%PDF-1.4 bukan pdf sungguhan")
    assert (status, "record" in answer) == (202, True), answer
    for path in ("/search.json?q=surat", f"/records/{answer['record']}.json"):
        status, _answer, how = served.ask(path, secret)
        assert (status, 'error="insufficient_scope"' in how) == (403, True), how
    assert listed(served.console, "--own", "clerk-dinkes")["pemindai"]["last_used_at"]


def test_a_wrong_password_makes_none(served: Served) -> None:
    status, out, shown = at_terminal(
        served.console, "bukan ini", "token", "create", "curian", "--as", "clerk-dinkes", "--scope", "read"
    )
    assert (status, out) == (2, "")
    assert "edms: the password is wrong" in shown
    assert "curian" not in listed(served.console)


def test_a_program_searches_and_is_let_in_no_more_once_revoked(served: Served) -> None:
    made = made_for_machine(served, "mesin cari", "search", "read")
    secret = made["secret"]
    assert SECRET.fullmatch(secret)
    assert served.ask("/search.json?q=surat", secret)[0] == 200
    assert served.ask("/capture/files", secret, b"x")[0] == 403
    status, _answer, how = served.ask("/search.json?q=surat", f"{secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}")
    assert (status, 'error="invalid_token"' in how) == (401, True)
    assert served.console.process("token", "revoke", made["token"]).status == 0
    status, _answer, how = served.ask("/search.json?q=surat", secret)
    assert (status, 'error="invalid_token"' in how) == (401, True)
    assert listed(served.console)["mesin cari"]["revoked_at"]
    assert "revoked" in served.console.process("token", "list").out
    served.console.process("token", "revoke", "01890a5d-ac96-774b-bcce-b302099a8057").refused(1)


def test_one_that_is_over_opens_nothing(served: Served) -> None:
    status, _answer, how = served.ask("/search.json?q=surat", served.expired)
    assert (status, 'error="invalid_token"' in how) == (401, True)
    assert "does not count" in served.console.process("token", "list").out


def test_what_is_asked_for_wrongly_is_refused_in_a_line(served: Served) -> None:
    create = ("token", "create", "x", "--account", "mesin")
    served.console.process(*create, "--scope", "search", "--days", "9999").refused(2, "days")
    assert served.console.process(*create).status == 2, "no scope"
    assert served.console.process(*create, "--scope", "all").status == 2
    served.console.process("token", "create", "x", "--account", "records", "--scope", "read").refused(2, "service")
    assert served.console.process("token", "create", "x", "--scope", "read").status == 2, "for whom"


def test_the_server_never_said_a_secret(served: Served) -> None:
    """The last of these: it ends the server, and reads all that it said while tokens were shown to it."""
    assert served.ask("/search.json?q=surat", served.expired)[0] == 401
    said = served.stop()
    assert not SECRET.search(said)
