"""docs/tokens.md is true: its commands run as they are printed, by curl against a live server."""

import re
import subprocess
import threading
from pathlib import Path

import pytest
from archive_fixtures import pdf, settle, take_in
from judges import judge
from token_people import token_of
from web_site import Site
from werkzeug.serving import make_server

from edms.access.token_scopes import TokenScope
from edms.operation.tokens import PATTERN
from edms.web.bearer import ROUTES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tokens.md").read_text("utf-8")


def commands() -> str:
    """Return the indented lines of the part on using a token."""
    part = PAGE.split("## Using one")[1].split("\n## ")[0]
    return "\n".join(line.strip() for line in part.splitlines() if line.startswith("    "))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "client"
    made.mkdir()
    (made / "surat.pdf").write_bytes(pdf("Surat dari mesin"))
    (made / "besar.pdf").write_bytes(pdf("Surat besar dari mesin"))
    return made


def test_the_examples_run(site: Site, folder: Path) -> None:
    judge("curl")
    record = take_in(site.archive, pdf("Laporan imunisasi campak")).record_id
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        told = {
            "ARCHIVE": f"http://127.0.0.1:{server.port}",
            "TOKEN": token_of(site, "clerk-dinkes"),
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run(
            ["/bin/bash", "-eux", "-o", "pipefail", "-c", commands()],
            cwd=folder, env={**told, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done.stderr
    settle(site.archive)
    assert "Edms-Outcome: captured" in (folder / "state.txt").read_text()
    assert str(record) in (folder / "found.json").read_text()
    assert str(record) in (folder / "record.json").read_text()
    assert (folder / "asli.pdf").read_bytes().startswith(b"%PDF")
    assert "processing" in (folder / "progress.json").read_text()


def test_the_page_names_every_scope_and_the_pattern() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert set(rows) == {scope.value for scope in TokenScope} == {scope.value for scope in ROUTES.values()}
    assert f"`{PATTERN.pattern}`" in PAGE
