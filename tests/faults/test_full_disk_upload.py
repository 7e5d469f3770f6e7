"""A disk that fills while a file of two gigabytes comes: told, nothing lost of what came, and on when there is room."""

import http.client
import json
import select
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from archive_fixtures import pdf, settings_in
from ordeal_parts import Clerk
from ports import free_port
from processes import descendants, kill
from small_disk import MEBIBYTE, SmallDisk

from edms.access.actors import console_actor
from edms.bootstrap import open_archive
from edms.records.people import new_password

pytestmark = pytest.mark.slow

DECLARED = 2**31
ROOM = 160 * MEBIBYTE
MOST_GROWTH = 64 * MEBIBYTE
"""Of the memory of the page server, while it takes more than twice as much."""
CONFIG = (
    "[server]\nport = {port}\n[worker]\nprocesses = 1\n[capture]\ndisk_reserve_bytes = 0\n"
    "[access]\nchoose_own_password = false\n"
)


class Sender:
    """Speaks tus to a running server as a clerk."""

    def __init__(self, port: int, clerk: Clerk) -> None:
        self.port, self.headers = port, {**clerk.headers(), "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, path: str, body: bytes = b"", **told: str) -> http.client.HTTPResponse:
        return self._answer(self._asked(method, path, len(body), told), [body])

    def send(self, path: str, offset: int, size: int) -> http.client.HTTPResponse:
        """Send a piece of `size` bytes until there is an answer, which may be before its end."""
        told = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        chunk = bytes(range(256)) * 4096
        pieces = (chunk[: min(len(chunk), size - at)] for at in range(0, size, len(chunk)))
        return self._answer(self._asked("PATCH", path, size, told), pieces)

    def _asked(self, method: str, path: str, size: int, told: dict[str, str]) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest(method, path)
        headers = {**self.headers, **{name.replace("_", "-"): value for name, value in told.items()}}
        for name, value in {**headers, "Content-Length": str(size)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection

    @staticmethod
    def _answer(connection: http.client.HTTPConnection, body: Any) -> http.client.HTTPResponse:
        answered = select.poll()
        answered.register(connection.sock, select.POLLIN)
        for piece in body:
            if answered.poll(0):
                break
            try:
                connection.send(piece)
            except OSError:
                break
        answer = connection.getresponse()
        answer.msg["X-Body"] = answer.read().decode()
        connection.close()
        return answer


@pytest.fixture
def served(tmp_path: Path, demo_template: Path) -> Iterator[tuple[SmallDisk, Sender, list[psutil.Process]]]:
    """A server whose storage is a disk of its own, large enough at first; a sender; and the processes that receive."""
    disk = SmallDisk(tmp_path / "storage", 6 * 2**30)
    shutil.copytree(demo_template / "storage", disk.path, dirs_exist_ok=True)
    archive = open_archive(settings_in(tmp_path))
    password = new_password(console_actor("tests"), archive, "clerk-bappeda")
    archive.database.close()
    port = free_port()
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port))
    command = [sys.executable, "-m", "edms.cli.main", "--config", tmp_path / "config.toml", "serve"]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not _answers(address):
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        pages = descendants(server.pid, "serve-pages")
        assert pages, "the processes that receive"
        yield disk, Sender(port, Clerk(address, password)), pages
    finally:
        kill(*descendants(server.pid))
        server.kill()
        server.wait(120)
        disk.end()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def peak_memory(process: psutil.Process) -> int:
    """Bytes that it had in memory at its most (VmHWM, proc(5))."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_two_gigabytes_for_which_the_room_ends(served: tuple[SmallDisk, Sender, list[psutil.Process]]) -> None:
    disk, sender, pages = served
    letter = pdf("Surat sesudah cakram penuh")
    made = sender.ask("POST", "/uploads/", Upload_Length=str(DECLARED), Upload_Metadata="filename YmVzYXIuYmlu")
    assert made.status == 201, made.msg["X-Body"]
    place = made.headers["Location"]
    room, before = disk.free, [peak_memory(one) for one in pages]
    disk.resize(disk.used + ROOM)

    refused = sender.send(place, 0, DECLARED)
    assert refused.status == 507, refused.msg["X-Body"]
    assert set(json.loads(refused.msg["X-Body"])) == {"error", "mend"}
    again = sender.send(place, int(sender.ask("HEAD", place).headers["Upload-Offset"]), DECLARED // 2)
    assert again.status == 507, again.msg["X-Body"]
    assert sender.ask("POST", "/uploads/", Upload_Length=str(DECLARED)).status == 507, "before a byte is sent"
    assert max(peak_memory(one) - was for one, was in zip(pages, before, strict=True)) < MOST_GROWTH

    disk.resize(disk.used + room)
    kept = int(sender.ask("HEAD", place).headers["Upload-Offset"])
    assert ROOM // 2 < kept <= ROOM, "what had come is kept"
    taken = sender.send(place, kept, MEBIBYTE)
    assert (taken.status, taken.headers["Upload-Offset"]) == (204, str(kept + MEBIBYTE)), taken.msg["X-Body"]
    assert sender.ask("DELETE", place).status == 204
    assert not list((disk.path / "uploads").rglob("0*")), "and gone when it is not wanted"
    told = {"Upload_Length": str(len(letter)), "Upload_Metadata": "filename c3VyYXQucGRm"}
    small = sender.ask("POST", "/uploads/", letter, Content_Type="application/offset+octet-stream", **told)
    assert (small.status, small.headers["Edms-Outcome"]) == (201, "captured"), small.msg["X-Body"]
    assert [one.is_running() for one in pages] == [True] * len(pages), "the same processes, all the while"
