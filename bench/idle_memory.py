"""Memory of `edms serve` with its workers when nothing is going on: the proportional set size (PSS) of all processes.

Measured once it has come to rest: first after the start (nothing has ever been read), then after each worker has
taken documents through all its steps, when every parser and its sandbox are loaded. At rest means that two readings a
second apart differ by less than 1%. Peers as quoted, not measured here: Paperless-ngx 625 MB, Mayan EDMS 3,950 MB.
"""

import io
import time
import urllib.request
from typing import Any

import psutil

from bench import material
from bench.installation import Installation, free_port, installation, running, wait_until_settled
from bench.measuring import figure, pss_mib, rounded
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement

PAPERLESS_MB, MAYAN_MB = 625, 3950
MOST_ROUNDS = 60
SAME = 0.01
START_SECONDS = 60.0
MEGABYTES = 2**20 / 1e6
WORK = {"born-digital PDF": 6, "office (DOCX)": 4, "plain text": 4}


def run(large: bool) -> dict[str, Any]:
    """Measure once; a larger archive changes nothing about an idle one."""
    del large
    return measure(WORK)


def smoke() -> dict[str, Any]:
    """Measure after one document."""
    return measure({"plain text": 1})


def measure(work: dict[str, int]) -> dict[str, Any]:
    """Return `figures`, and the processes with what each of them holds, in MiB."""
    with installation() as place:
        port = free_port()
        with running(place.config, "serve", "--port", str(port)) as server:
            _wait_for_page(port)
            fresh = _at_rest(server)
            for seed, (name, count) in enumerate(work.items(), 70):
                _capture(place, name, material.made(name, count, seed))
            wait_until_settled(place.archive)
            worked = _at_rest(server)
            processes = [
                {"command": _name(one), "pss_mib": rounded(one.memory_full_info().pss / 2**20)}
                for one in (server, *server.children(recursive=True))
            ]
    figures = [_figure("idle after the start", fresh), _figure("idle after work", worked)]
    return {"figures": figures, "processes": processes}


def _figure(what: str, mib: float) -> dict[str, Any]:
    megabytes = mib * MEGABYTES
    peers = f"quoted: Paperless-ngx {PAPERLESS_MB} MB (Mayan {MAYAN_MB} MB: ratio {megabytes / MAYAN_MB:.2f})"
    return figure(what, megabytes, "MB", against=peers, ratio=megabytes / PAPERLESS_MB)


def _capture(place: Installation, lane: str, documents: list[tuple[str, bytes]]) -> None:
    for mark, content in documents:
        incoming = IncomingFile(f"{mark}-{material.LANES[lane][0]}", io.BytesIO(content))
        accept(place.clerk, place.archive, incoming, Placement(place.office, "000.1.5", Level.OPEN))


def _wait_for_page(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _at_rest(server: psutil.Process) -> float:
    """Return the memory once it no longer changes, or the last reading when it never comes to rest."""
    before = pss_mib([server])
    for _round in range(MOST_ROUNDS):
        time.sleep(1)
        now = pss_mib([server])
        if abs(now - before) < SAME * before:
            return now
        before = now
    return before


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    return " ".join(word for word in words[1:] if not word.startswith(("/", "-")))[:60] or process.name()
