"""A scan of 500 pages through the whole of capture: the most memory that all processes hold together, and its time.

Two workers, everything on. Counted are the proportional set sizes of the workers, their sandboxes and all that these
start, each half second, and what lies in the work folders in memory. Pages are grey, 200 dpi, with a few lines of text
each, so that recognition takes no longer than it must: memory does not depend on how much stands on a page, time does.
The bytes of the original and of the access copy say how large it was.
"""

import contextlib
import io
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import img2pdf
import psutil
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from bench.installation import Installation, installation, wait_until_settled, workers
from bench.measuring import figure
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.records.model import Record

DPI = 200
LIMIT_MB = 1500
EVERY_SECONDS = 0.5
MEMORY_FILES = Path("/dev/shm")


def run(large: bool) -> dict[str, Any]:
    """Measure with 500 pages, 2,000 with `large`."""
    return measure(2000 if large else 500)


def smoke() -> dict[str, Any]:
    """Measure with ten pages."""
    return measure(10)


def measure(pages: int) -> dict[str, Any]:
    """Return `figures`: the peak in MB, seconds, bytes."""
    content = scan(pages)
    size = len(content)
    with installation() as place, workers(place.config) as running, _watched(running) as seen:
        start = time.perf_counter()
        placement = Placement(place.office, "000.1.5", Level.OPEN)
        accept(place.clerk, place.archive, IncomingFile("buku.pdf", io.BytesIO(content)), placement)
        del content
        wait_until_settled(place.archive)
        seconds = time.perf_counter() - start
        state, count, copy = _result(place)
        assert (state, count) == ("declared", pages), (state, count)
    peak = max(seen)
    name = f"{pages:,} pages"
    return {
        "figures": [
            figure(f"{name}: the most memory of all processes", peak, "MB", against=f"limit: {LIMIT_MB} MB",
                   ratio=peak / LIMIT_MB),
            figure(f"{name}: the original", size / 1e6, "MB"),
            figure(f"{name}: the access copy", copy / 1e6, "MB"),
            figure(f"{name}: until declared", seconds, "s"),
        ]
    }  # fmt: skip


def scan(pages: int) -> bytes:
    """Return a PDF of grey pages as a scanner makes it, each with noise of its own, so that it does not pack away."""
    chance, font = random.Random(pages), ImageFont.load_default(size=DPI // 6)
    noise = [Image.effect_noise((int(8.27 * DPI), int(11.69 * DPI)), 12) for _one in range(4)]
    frames = []
    for number in range(pages):
        page = noise[number % 4].point(lambda value: min(255, value + 110))
        pen = ImageDraw.Draw(page)
        for line in range(3):
            pen.text((DPI, DPI * (line + 2)), f"Lembar {number + 1} berkas {chance.randrange(10**6)}", 20, font)
        out = io.BytesIO()
        page.save(out, "JPEG", quality=60, dpi=(DPI, DPI))
        frames.append(out.getvalue())
    made: bytes = img2pdf.convert(frames)
    return made


def _result(place: Installation) -> tuple[str, int, int]:
    with place.archive.database.reader() as session:
        record = session.scalars(select(Record)).one()
        copies = [part.blob.size for part in record.components if part.role == "access_copy"]
        return record.state, record.page_count or 0, sum(copies)


@contextlib.contextmanager
def _watched(running: list[psutil.Process]) -> Any:
    """Give a list that grows by what all processes hold together, in MB, every half second."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(EVERY_SECONDS):
            seen.append(sum(_held(one) for worker in running for one in (worker, *_below(worker))) + _in_memory_files())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _below(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []


def _held(process: psutil.Process) -> float:
    """Proportional set size in MB; 0 for one that has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return float(process.memory_full_info().pss) / 1e6
    return 0.0


def _in_memory_files() -> float:
    total = 0
    for folder in MEMORY_FILES.glob("edms-ocr-*"):
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                total += os.stat(path).st_size  # noqa: PTH116 - it may go while it is looked at
    return total / 1e6
