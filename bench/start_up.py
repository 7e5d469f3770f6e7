"""How long a person waits for a program to begin: the console, a search, and the page of a second `make run`.

Each is a process of its own, measured from its start to its end (for the page: until the sign-in page has been read),
the best of some rounds. The limit of the same run is an interpreter that does nothing.
"""

import contextlib
import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import material
from bench.installation import Installation, free_port, installation, running, wait_until_settled, workers
from bench.measuring import best_seconds, figure
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement

ROUNDS = 5
DOCUMENTS = 20
SECOND_RUN_SECONDS = 10
PATIENCE_SECONDS = 60.0


def run(large: bool) -> dict[str, Any]:
    """Measure; `large` takes more rounds."""
    return measure(ROUNDS * (3 if large else 1), DOCUMENTS)


def smoke() -> dict[str, Any]:
    """Measure each once."""
    return measure(1, 2)


def measure(rounds: int, documents: int) -> dict[str, Any]:
    """Return `figures`."""
    with installation() as place:
        word = _fill(place, documents)
        config = ["--config", str(place.config)]
        bare = best_seconds(lambda: _run("-c", "pass"), rounds)
        helped = best_seconds(lambda: _run("-m", "edms.cli.main", "--help"), rounds)
        asked = ["search", word, "--as", "clerk-dinkes", "--json"]
        searched = best_seconds(lambda: _run("-m", "edms.cli.main", *config, *asked), rounds)
        page = best_seconds(lambda: _serve(place), rounds)
        figures = [
            _figure("edms --help", helped, bare),
            _figure(f"edms search, {documents} records", searched, bare),
            _figure("edms serve until the first page", page, bare),
        ]
        second = _second_make_run(place)
        if second is not None:
            target = f"under {SECOND_RUN_SECONDS} s"
            figures.append({**_figure("second make run until the first page", second, bare), "target": target})
    return {"figures": figures, "bare_interpreter_ms": round(bare * 1000)}


def _figure(what: str, seconds: float, bare: float) -> dict[str, Any]:
    against = f"python -c pass: {bare * 1000:.0f} ms"
    return figure(what, seconds * 1000, "ms", against=against, ratio=seconds / bare)


def _fill(place: Installation, count: int) -> str:
    """Capture documents; return a word that only one of them holds."""
    made = material.made("plain text", count, 60)
    with workers(place.config, 1):
        for mark, content in made:
            incoming = IncomingFile(f"{mark}.txt", io.BytesIO(content))
            accept(place.clerk, place.archive, incoming, Placement(place.office, "000.1.5", Level.OPEN))
        wait_until_settled(place.archive)
    return made[0][0]


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=material.ROOT, capture_output=True, check=True)


def _serve(place: Installation) -> None:
    port = free_port()
    with running(place.config, "serve", "--port", str(port)):
        _first_page(port)


def _second_make_run(place: Installation) -> float | None:
    """Time `make run` in a prepared clone with an archive, or None where there is no clone to run it in."""
    if not (material.ROOT / ".venv" / ".prepared").is_file():
        return None
    port = free_port()
    began = time.perf_counter()
    with _make_run(place.config, port):
        _first_page(port)
        return time.perf_counter() - began


@contextlib.contextmanager
def _make_run(config: Path, port: int) -> Iterator[None]:
    """Run the recipe of `make run` on this archive, as one process group, and end it as Ctrl-C does."""
    recipe = 'tools/prepare.sh run && exec .venv/bin/edms --config "$0" serve'
    process = subprocess.Popen(
        ["bash", "-c", recipe, str(config)],
        cwd=material.ROOT,
        env={**os.environ, "EDMS_SERVER__PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _first_page(port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.status == 200
                return
        except OSError:  # not there yet, or too busy to answer in time
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
