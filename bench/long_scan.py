"""A scan of 500 pages through the whole of capture: the most memory that all processes hold together, its time, and
how soon a born-digital letter is found that is handed in while it is being recognised.

Two workers, everything on. Counted are the proportional set sizes of the workers, their sandboxes and all that these
start, each half second, and what lies in the work folders in memory. Pages are grey, 200 dpi, with a few lines of text
each, so that recognition takes no longer than it must: memory does not depend on how much stands on a page, time does.
The bytes of the original and of the access copy say how large it was. Letters are PDFs of 1 to 5 full pages, one
after the other with a pause between; each counts from before it is accepted until a search for a word of its own
finds it, and only while the scan is not through.
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

from bench import material
from bench.installation import Installation, installation, wait_until_settled, workers
from bench.measuring import figure, rounded
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.records.model import Record
from edms.records.searching import Question, search

DPI = 200
LIMIT_MB = 1500
EVERY_SECONDS = 0.5
MEMORY_FILES = Path("/dev/shm")
PATIENCE_SECONDS = 7200.0
LETTER_PAUSE_SECONDS = 5.0
LOOK_SECONDS = 0.05
SCAN = "buku.pdf"


def run(large: bool) -> dict[str, Any]:
    """Measure with 500 pages, 2,000 with `large`."""
    return measure(2000 if large else 500)


def smoke() -> dict[str, Any]:
    """Measure with four pages."""
    return measure(4)


def measure(pages: int) -> dict[str, Any]:
    """Return `figures`: the peak in MB, seconds, bytes."""
    content = scan(pages)
    size = len(content)
    with installation() as place, workers(place.config) as running, _watched(running) as seen:
        start = time.perf_counter()
        placement = Placement(place.office, "000.1.5", Level.OPEN)
        accept(place.clerk, place.archive, IncomingFile(SCAN, io.BytesIO(content)), placement)
        del content
        letters = _letters_meanwhile(place, placement, running)
        seconds = time.perf_counter() - start
        wait_until_settled(place.archive)
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
            _found_in(f"{name}: a letter until searchable, meanwhile", letters),
            figure(f"{name}: letters handed in meanwhile", len(letters), "letters"),
        ]
    }  # fmt: skip


def _found_in(what: str, times: list[float]) -> dict[str, Any]:
    """The median of seconds, with the 95th percentile beside it."""
    ordered = sorted(times)
    told = figure(what, ordered[len(ordered) // 2], "s", target="seconds")
    return {**told, "p95": rounded(ordered[int(len(ordered) * 0.95)])}


def _letters_meanwhile(place: Installation, placement: Placement, running: list[psutil.Process]) -> list[float]:
    """Hand in letter after letter until the scan is declared; return the seconds until each was found."""
    times: list[float] = []
    maker, until = material.Maker(7), time.monotonic() + PATIENCE_SECONDS
    while _result(place)[0] == "pending":
        assert time.monotonic() < until, "the scan is not through"
        mark, content = maker.pdf()
        began = time.perf_counter()
        accept(place.clerk, place.archive, IncomingFile("surat.pdf", io.BytesIO(content)), placement)
        while search(place.clerk, place.archive, Question(mark)).answer.total < 1:
            assert time.monotonic() < until, f"{mark} is not found"
            assert all(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in running), "a worker ended"
            time.sleep(LOOK_SECONDS)
        times.append(time.perf_counter() - began)
        time.sleep(LETTER_PAUSE_SECONDS)
    return times


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
        record = session.scalars(select(Record).where(Record.file_name == SCAN)).one()
        copies = [part.blob.size for part in record.components if part.role == "access_copy"]
        return record.state, record.page_count or 0, sum(copies)


@contextlib.contextmanager
def _watched(running: list[psutil.Process]) -> Any:
    """Give a list that grows by what all processes hold together, in MB, every half second."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(EVERY_SECONDS):
            held = sum(_held(one) for worker in running for one in (worker, *_below(worker)))
            seen.append(held + sum(_in_memory_files(worker.pid) for worker in running))

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


def _in_memory_files(worker: int) -> float:
    """What lies in the work folders of a worker, in MB; files and folders may go while they are looked at."""
    total = 0
    for folder in MEMORY_FILES.glob(f"edms-ocr-{worker}-*"):
        for place, _folders, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(place) / name).stat().st_size
    return total / 1e6
