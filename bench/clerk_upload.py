"""A clerk's morning: 300 files through the pages of a running `edms serve`, as the upload page sends them.

The browser sends three files at a time, each as the body of a request, and asks for the state of all that are not yet
at rest. Measured: until the last file is acknowledged (the clerk may then close the page), until all are declared and
findable, how long one acknowledgement takes, and the CPU seconds of pages and workers for each file.

Then one large file, three times in the same run: as the body of one request, in pieces of 2 MiB with checksums as the
page sends it (tus), and by hand through AES-256-GCM in chunks of 1 MiB with SHA-256 and one fsync. Its bytes are made
on the way; the growth of the page server's memory is that of its peak while the pieces came.
"""

import base64
import hashlib
import json
import os
import random
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any

import psutil
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench import material
from bench.installation import cpu_seconds, free_port, installation, running, wait_until_settled
from bench.measuring import figure, rounded
from bench.visitor import Visitor
from edms.access.levels import Level

FILES = 300
AT_A_TIME = 3
MIX = {"born-digital PDF": 0.6, "office (DOCX)": 0.25, "plain text": 0.15}
MEBIBYTE = 1024 * 1024
PIECE_BYTES = 2 * MEBIBYTE


def run(large: bool) -> dict[str, Any]:
    """Upload 300 files, or 500, the most that one page takes."""
    return measure(500 if large else FILES, 2048 * MEBIBYTE if large else 256 * MEBIBYTE)


def smoke() -> dict[str, Any]:
    """Upload six files."""
    return measure(6, 20 * MEBIBYTE)


def measure(files: int, long_bytes: int) -> dict[str, Any]:
    """Return `figures` and the mix of formats; `long_bytes` is the size of the large file."""
    documents = [
        (material.LANES[lane][0], content)
        for seed, (lane, share) in enumerate(MIX.items(), 40)
        for _mark, content in material.made(lane, max(round(files * share), 1), seed)
    ]
    with installation() as place:
        port = free_port()
        with running(place.config, "serve", "--port", str(port)) as server:
            browser = _Browser(port, place, "clerk-dinkes")
            used, start = cpu_seconds([server]), time.perf_counter()
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                waits = sorted(pool.map(browser.send, documents))
            acknowledged = time.perf_counter() - start
            wait_until_settled(place.archive)
            done, cpu = time.perf_counter() - start, cpu_seconds([server]) - used
            long = _long_file(browser, server, long_bytes)
    count = len(documents)
    slow = rounded(waits[int(count * 0.95)] * 1000)
    figures = [
        figure(f"{count} files acknowledged", acknowledged, "s"),
        figure(
            f"{count} files declared and findable", done, "s", against="until acknowledged", ratio=done / acknowledged
        ),
        {**figure("one acknowledgement", waits[count // 2] * 1000, "ms"), "p95": slow},
        figure("CPU for each file", cpu / count, "s"),
        *long,
    ]
    return {"figures": figures, "mix": MIX, "at_a_time": AT_A_TIME}


def _long_file(browser: "_Browser", server: psutil.Process, size: int) -> list[dict[str, Any]]:
    """Send a file of `size` bytes both ways, and do the bare work by hand; MB are 10^6 bytes."""
    rate = size / 1e6
    plain = rate / _timed(lambda: browser.send_long(_content(1, size), size))
    before = _resident(server)
    peaks: list[int] = []
    pieces = rate / _timed(
        lambda: browser.send_in_pieces(_content(2, size), size, lambda: peaks.append(_resident(server)))
    )
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        bare = rate / _timed(lambda: _by_hand(Path(folder) / "file", _content(3, size)))
    name = f"{size // MEBIBYTE} MiB"
    return [
        figure(f"{name} as one request", plain, "MB/s", against=f"by hand: {rounded(bare)} MB/s", ratio=plain / bare),
        figure(f"{name} in pieces", pieces, "MB/s", against="as one request", ratio=pieces / plain),
        figure(f"{name} in pieces, memory of the server beside", (max(peaks) - before) / MEBIBYTE, "MiB"),
    ]


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _resident(server: psutil.Process) -> int:
    """The resident memory of the largest process below `server`: the one that answers."""
    return max(process.memory_info().rss for process in server.children(recursive=True))


def _content(seed: int, size: int) -> Iterator[bytes]:
    """Yield `size` bytes in pieces of 2 MiB, none like another and none like another seed's."""
    page = random.Random(seed).randbytes(PIECE_BYTES - 16)
    for number in range(-(-size // PIECE_BYTES)):
        yield (number.to_bytes(16, "big") + page)[: size - number * PIECE_BYTES]


def _by_hand(path: Path, content: Iterator[bytes]) -> None:
    cipher, digest = AESGCM(os.urandom(32)), hashlib.sha256()
    with path.open("wb", buffering=0) as out:
        for number, piece in enumerate(content):
            digest.update(piece)
            for half in (0, MEBIBYTE):
                out.write(
                    cipher.encrypt((2 * number + bool(half)).to_bytes(12, "big"), piece[half : half + MEBIBYTE], None)
                )
        os.fsync(out.fileno())


class _Browser(Visitor):
    """The clerk's browser, which sends files."""

    def send(self, document: tuple[str, bytes]) -> float:
        """Send one file; return the seconds until it was acknowledged as durable."""
        name, content = document
        asked = urllib.parse.urlencode({"class": "000.1.5", "level": Level.OPEN.value})
        headers = {
            "X-File-Name": name,
            "X-CSRFToken": self.token,
            "Accept": "application/json",
            "Content-Type": "application/octet-stream",
        }
        request = urllib.request.Request(f"{self.address}/capture/files?{asked}", content, headers)
        start = time.perf_counter()
        try:
            with self.open(request) as answer:
                assert answer.status == 202, answer.status
                assert json.load(answer)["record"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{name} was refused: {refused.code} {refused.read()[:300]!r}") from refused
        return time.perf_counter() - start

    def send_long(self, content: Iterator[bytes], size: int) -> None:
        """Send a file as the body of one request."""
        headers = {"X-File-Name": "panjang.bin", "X-CSRFToken": self.token, "Accept": "application/json",
                   "Content-Type": "application/octet-stream", "Content-Length": str(size)}  # fmt: skip
        request = urllib.request.Request(f"{self.address}/capture/files", content, headers)  # type: ignore[arg-type]
        with self.open(request) as answer:
            assert answer.status == 202, answer.status

    def send_in_pieces(self, content: Iterator[bytes], size: int, after_each: Callable[[], object]) -> None:
        """Send a file by tus: a piece to a request, each with its checksum, at last the digest of the whole."""
        whole = hashlib.sha256()
        name = base64.b64encode(b"panjang.bin").decode()
        begun = self._tus("POST", "/uploads/", {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}"})
        place, offset = begun["Location"], 0
        for piece in content:
            whole.update(piece)
            checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            headers = {"Upload-Offset": str(offset), "Upload-Checksum": f"sha256 {checksum}",
                       "Content-Type": "application/offset+octet-stream"}  # fmt: skip
            if offset + len(piece) == size:
                headers["Edms-Sha256"] = whole.hexdigest()
            told = self._tus("PATCH", place, headers, piece)
            offset += len(piece)
            after_each()
        assert told["Edms-Outcome"] == "captured", dict(told)

    def _tus(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Message:
        told = {"Tus-Resumable": "1.0.0", "X-CSRFToken": self.token, **headers}
        request = urllib.request.Request(f"{self.address}{path}", body, told, method=method)
        with self.open(request) as answer:
            return answer.headers  # type: ignore[no-any-return]
