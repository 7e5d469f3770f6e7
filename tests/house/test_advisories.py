"""What is known of the pinned dependencies: how advisories are matched, fetched and excused."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import advisories

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 26)


def affected(*events: dict[str, str], name: str = "Jinja2", versions: tuple[str, ...] = ()) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    return {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, "versions": list(versions)}


def advisory(identifier: str, *about: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"id": identifier, "aliases": ["CVE-2026-1"], "details": "x" * 100, "affected": list(about), **more}


FIXED = affected({"introduced": "0"}, {"fixed": "3.1.5"})
TWICE = affected({"introduced": "3.2.0"}, {"fixed": "3.2.2"}, {"introduced": "2.0"}, {"fixed": "3.1.5"})
LAST = affected({"introduced": "3.0"}, {"last_affected": "3.1.5"})


@pytest.mark.parametrize(
    ("about", "version", "concerned"),
    [
        (FIXED, "0.1", True),
        (FIXED, "3.1.5rc1", True),
        (FIXED, "3.1.5", False),
        (FIXED, "3.1.10", False),
        (TWICE, "1.9", False),
        (TWICE, "3.1.4", True),
        (TWICE, "3.1.6", False),
        (TWICE, "3.2.1", True),
        (TWICE, "3.2.2", False),
        (LAST, "3.1.5", True),
        (LAST, "3.1.6", False),
        (affected(versions=("1.0", "1.1")), "1.1", True),
        (affected(versions=("1.0", "1.1")), "1.2", False),
        (FIXED, "not a version", True),
    ],
)
def test_which_versions_an_advisory_is_about(about: dict[str, Any], version: str, concerned: bool) -> None:
    one = advisories.reduced(advisory("GHSA-1", about), "jinja2")
    assert one is not None
    assert "details" not in one
    assert advisories.concerns(one, version) is concerned


def test_what_is_withdrawn_or_about_something_else_is_left_out() -> None:
    assert advisories.reduced(advisory("A", FIXED, withdrawn="2026-01-01T00:00:00Z"), "jinja2") is None
    assert advisories.reduced(advisory("A", FIXED), "flask") is None
    elsewhere = {**FIXED, "package": {"ecosystem": "npm", "name": "jinja2"}}
    assert advisories.reduced(advisory("A", elsewhere), "jinja2") is None


@pytest.fixture
def service() -> Iterator[str]:
    """A server on loopback that answers as OSV does, the second advisory on a second page."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/query"
            first, second = {"vulns": [advisory("B", FIXED)], "next_page_token": "2"}, {"vulns": [advisory("A", LAST)]}
            told = {} if asked["package"]["name"] != "jinja2" else second if "page_token" in asked else first
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_fetched_held_against_pins_and_excused(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    stored = advisories.fetched({"jinja2", "flask"}, service)
    assert date.fromisoformat(stored["asked"])
    assert [one["id"] for one in stored["packages"]["jinja2"]] == ["A", "B"]
    assert stored["packages"]["flask"] == []
    stored["asked"] = "2026-10-01"
    pinned = {("jinja2", "3.1.5"), ("flask", "3.1.0"), ("gunicorn", "25.0")}
    assert advisories.report(stored, pinned, {}, TODAY) == ["A"]
    told = capsys.readouterr().out
    assert "56 days old: OLD" in told
    assert "jinja2 3.1.5: A CVE-2026-1 - NOT EXCUSED" in told
    assert "not asked about 1 packages pinned since: gunicorn" in told
    assert advisories.report(stored, pinned, {"A": "not reachable"}, TODAY) == []
    assert "not reachable" in capsys.readouterr().out
    assert advisories.report(stored, pinned, {"A": "x", "B": "excuses nothing"}, TODAY) == ["B"]


def test_that_nothing_was_ever_fetched_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.report({"asked": "", "packages": {}}, {("flask", "3.1.0")}, {}, TODAY) == []
    assert "NEVER FETCHED, so nothing is known of 1 pins" in capsys.readouterr().out


def test_all_pins_are_read() -> None:
    lines = sum(len(re.findall(r"^\S+==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)) for lock in advisories.LOCKS)
    found = advisories.pins()
    assert len(found) > 90
    assert lines >= len(found)
    assert {"flask", "pikepdf", "ruff"} <= {name for name, _ in found}


def test_every_exception_has_a_reason() -> None:
    excused = advisories.exceptions().items()
    assert [name for name, reason in excused if len(reason.split()) < 4] == []
    marks = []
    for folder in ("edms", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line in path.read_text("utf-8").splitlines():
                if "# nosec" in line:
                    marks.append(line)
                elif re.search(r"# noqa: S\d", line) and not re.search(r"# noqa: S\d+ - \w+", line):
                    pytest.fail(f"{path}: no reason: {line}")
    assert marks
    assert [line for line in marks if not re.search(r"# nosec B\d{3} # \w+", line)] == []
