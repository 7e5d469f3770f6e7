"""A clerk's morning: 300 files through the pages of a running `edms serve`, as the upload page sends them.

The browser sends three files at a time, each as the body of a request, and asks for the state of all that are not yet
at rest. Measured: until the last file is acknowledged (the clerk may then close the page), until all are declared and
findable, how long one acknowledgement takes, and the CPU seconds of pages and workers for each file.
"""

import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import material
from bench.installation import Installation, cpu_seconds, free_port, installation, running, wait_until_settled
from bench.measuring import figure, rounded
from edms.access.levels import Level

FILES = 300
AT_A_TIME = 3
MIX = {"born-digital PDF": 0.6, "office (DOCX)": 0.25, "plain text": 0.15}
START_SECONDS = 60.0


def run(large: bool) -> dict[str, Any]:
    """Upload 300 files, or 500, the most that one page takes."""
    return measure(500 if large else FILES)


def smoke() -> dict[str, Any]:
    """Upload six files."""
    return measure(6)


def measure(files: int) -> dict[str, Any]:
    """Return `figures` and the mix of formats."""
    documents = [
        (material.LANES[lane][0], content)
        for seed, (lane, share) in enumerate(MIX.items(), 40)
        for _mark, content in material.made(lane, max(round(files * share), 1), seed)
    ]
    with installation() as place:
        port = free_port()
        with running(place.config, "serve", "--port", str(port)) as server:
            browser = _Browser(port, place)
            used, start = cpu_seconds([server]), time.perf_counter()
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                waits = sorted(pool.map(browser.send, documents))
            acknowledged = time.perf_counter() - start
            wait_until_settled(place.archive)
            done, cpu = time.perf_counter() - start, cpu_seconds([server]) - used
    count = len(documents)
    slow = rounded(waits[int(count * 0.95)] * 1000)
    figures = [
        figure(f"{count} files acknowledged", acknowledged, "s"),
        figure(
            f"{count} files declared and findable", done, "s", against="until acknowledged", ratio=done / acknowledged
        ),
        {**figure("one acknowledgement", waits[count // 2] * 1000, "ms"), "p95": slow},
        figure("CPU for each file", cpu / count, "s"),
    ]
    return {"figures": figures, "mix": MIX, "at_a_time": AT_A_TIME}


class _Browser:
    """What the clerk's browser keeps: the session cookie and the form token."""

    def __init__(self, port: int, place: Installation) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open
        form = {
            "csrf_token": _token(self._first_page()),
            "username": "clerk-dinkes",
            "password": place.passwords["clerk-dinkes"],
        }
        self._open(f"{self._address}/sign-in", urllib.parse.urlencode(form).encode()).close()
        with self._open(f"{self._address}/capture") as answer:
            self._token = _token(answer.read().decode())

    def _first_page(self) -> str:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with self._open(f"{self._address}/sign-in") as answer:
                    return str(answer.read().decode())
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def send(self, document: tuple[str, bytes]) -> float:
        """Send one file; return the seconds until it was acknowledged as durable."""
        name, content = document
        asked = urllib.parse.urlencode({"class": "000.1.5", "level": Level.OPEN.value})
        headers = {
            "X-File-Name": name,
            "X-CSRFToken": self._token,
            "Accept": "application/json",
            "Content-Type": "application/octet-stream",
        }
        request = urllib.request.Request(f"{self._address}/capture/files?{asked}", content, headers)
        start = time.perf_counter()
        try:
            with self._open(request) as answer:
                assert answer.status == 202, answer.status
                assert json.load(answer)["record"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{name} was refused: {refused.code} {refused.read()[:300]!r}") from refused
        return time.perf_counter() - start


def _token(page: str) -> str:
    found = re.search(r'name="csrf[_-]token" (?:value|content)="([^"]+)"', page)
    assert found, "the page has no form token"
    return found.group(1)
