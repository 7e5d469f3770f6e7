"""The stock tus-js-client, as it is released, against our server: also while the server is killed under it."""

import http.cookiejar
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from judges import judge
from test_browser_uploads import LIMIT, LONG_BYTES, Mortal, long_file, originals
from web_site import PASSWORD

from edms.bootstrap import open_archive
from edms.core.config import load_settings

pytestmark = pytest.mark.slow

MODULES = Path(sys.prefix) / "js" / "node_modules" / "tus-js-client" / "package.json"
SCRIPT = Path(__file__).parent / "tus_client.mjs"


@pytest.fixture(scope="module")
def server(city_template: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    judge("node")
    if not MODULES.is_file():
        pytest.skip("THE JUDGE tus-js-client IS ABSENT: tools/prepare.sh test fetches it where npm is installed")
    source, records = city_template
    folder = tmp_path_factory.mktemp("tus")
    shutil.copytree(source / "storage", folder / "storage")
    running = Mortal(folder, records, limit=LIMIT)
    yield running
    running.stop()


def headers_of(server: Mortal, name: str = "clerk-dinkes") -> dict[str, str]:
    """Sign in as a program would; return what its requests carry."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def token(path: str) -> str:
        with opener.open(f"{server.address}{path}") as answer:
            found = re.search(r'name="csrf-token" content="([^"]+)"', answer.read().decode())
        assert found
        return found.group(1)

    form = {"csrf_token": token("/sign-in"), "username": name, "password": PASSWORD}
    opener.open(f"{server.address}/sign-in", urllib.parse.urlencode(form).encode()).close()
    found = token("/capture")
    return {"X-CSRFToken": found, "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)}


def send(server: Mortal, path: Path, **told: Any) -> "subprocess.Popen[str]":
    told = {
        "modules": str(MODULES), "file": str(path), "size": path.stat().st_size,
        "endpoint": f"{server.address}/uploads/",
        "headers": headers_of(server), "metadata": {"filename": path.name, "class": "000.1.5", "level": "open"}, **told,
    }  # fmt: skip
    pipe = subprocess.PIPE
    return subprocess.Popen([judge("node"), str(SCRIPT), json.dumps(told)], stdin=pipe, stdout=pipe, text=True)


def lines(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout
    with process.stdout:
        yield from map(json.loads, process.stdout)
    process.wait(120)


def kept(server: Mortal, name: str) -> list[tuple[str, int]]:
    archive = open_archive(load_settings(server.folder / "config.toml"))
    try:
        return originals(archive, name)
    finally:
        archive.database.close()


@pytest.mark.parametrize("during", [False, True], ids=["pieces", "creation with upload"])
def test_it_sends_a_file(server: Mortal, tmp_path: Path, during: bool) -> None:
    path, digest = long_file(tmp_path, f"stok-{during}.bin")
    last = list(lines(send(server, path, chunk=5 * 1024 * 1024, during=during)))[-1]
    assert (last["sha256"], last["outcome"]) == (digest, "captured")
    assert kept(server, path.name) == [(digest, LONG_BYTES)]


def test_the_server_is_killed_while_a_piece_comes(server: Mortal, tmp_path: Path) -> None:
    path, digest = long_file(tmp_path, "stok-mati.bin")
    process = send(server, path, chunk=1024 * 1024, stepwise=True)
    assert process.stdin is not None
    deaths = pieces = 0
    last: dict[str, Any] = {}
    for line in lines(process):
        last = line
        if "piece" in line:
            pieces += 1
            process.stdin.write("go on\n")
            process.stdin.flush()
        elif "sent" in line and deaths < 3 and pieces == (deaths + 1) * 4:
            server.kill()
            server.start()
            deaths += 1
    assert deaths == 3
    assert last.get("sha256") == digest, last
    assert kept(server, path.name) == [(digest, LONG_BYTES)]


def test_it_is_told_why_it_is_refused(server: Mortal, tmp_path: Path) -> None:
    path = tmp_path / "terlalu-besar.bin"
    path.write_bytes(b"x")
    process = send(server, path, size=LIMIT + 1, chunk=1024, metadata={"filename": path.name})
    last = list(lines(process))[-1]
    assert "413" in last["error"]
    assert kept(server, path.name) == []
