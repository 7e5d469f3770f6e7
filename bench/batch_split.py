"""Pages per second and CPU seconds of a page while a batch is looked at, against drawing and zxing alone.

A batch is grey pages at 150 dpi with noise and text, every fifth of them a separator sheet. It is taken in as a clerk
hands it in and goes through everything up to its review: encryption, screening, each page drawn, its codes read, blank
or not, which way is up (Tesseract, where it is installed), the plan. What a page cannot cost less than is measured in
the same run on the same pages: pypdfium2's drawing and one reading of zxing, in one process, with nothing else.
"""

import io
import random
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import img2pdf
import numpy as np
import psutil
import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from bench import material
from bench.installation import Installation, cpu_seconds, installation, own_cpu_seconds, wait_until_settled, workers
from bench.measuring import figure
from edms.access.levels import Level
from edms.batches.cutting import Duplex
from edms.batches.sheet import Sheet
from edms.capture.batch_steps import PAGES_AT_ONCE
from edms.capture.batches import begin_batch, show_batch
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.separator_pdf import PrintedSheet, sheets_pdf

DPI = 150
SIZE = (int(8.27 * DPI), int(11.69 * DPI))
EVERY = 5
CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def run(large: bool) -> dict[str, Any]:
    """Measure with 60 pages, 600 with `large`."""
    return measure(600 if large else 60)


def smoke() -> dict[str, Any]:
    """Measure with five pages."""
    return measure(EVERY)


def measure(pages: int) -> dict[str, Any]:
    """Return `figures`: the bare limit, looking alone, and the whole way to the review."""
    content = batch(pages)
    start, own = time.perf_counter(), own_cpu_seconds()
    found = _bare(content)
    bare, bare_cpu = time.perf_counter() - start, own_cpu_seconds() - own
    with installation() as place:
        _looked_at(place, content, 1)  # starts the sandbox, which is no page's cost
        here = [psutil.Process()]
        start, before = time.perf_counter(), cpu_seconds(here)
        assert _looked_at(place, content, pages) == found == pages // EVERY
        looking, looking_cpu = time.perf_counter() - start, cpu_seconds(here) - before
        with workers(place.config) as running:
            wait_until_settled(place.archive)
            start, before = time.perf_counter(), cpu_seconds(running)
            documents = _reviewed(place, content)
            whole, whole_cpu = time.perf_counter() - start, cpu_seconds(running) - before
    assert documents == found, (documents, found)
    limit = f"drawing and zxing alone: {pages / bare:.3g} 1/s"
    alone = f"drawing and zxing alone: {1000 * bare_cpu / pages:.3g} ms"
    return {
        "figures": [
            figure("pages looked at", pages / looking, "1/s", against=limit, ratio=bare / looking),
            figure("CPU of a page looked at", 1000 * looking_cpu / pages, "ms", against=alone,
                   ratio=looking_cpu / bare_cpu),
            figure(f"a batch of {pages} pages until its review", pages / whole, "pages/s", against=limit,
                   ratio=bare / whole),
            figure("CPU of a page until the review", 1000 * whole_cpu / pages, "ms", against=alone,
                   ratio=whole_cpu / bare_cpu),
        ]
    }  # fmt: skip


def batch(pages: int) -> bytes:
    """Return the batch as a scanner's PDF."""
    chance, font = random.Random(pages), ImageFont.load_default(size=DPI // 6)
    noise = Image.effect_noise(SIZE, 14).point(lambda value: min(255, value + 115))
    sheets = [Sheet("dinkes", "000.1.5", "", "open", f"Surat {number}") for number in range(-(-pages // EVERY))]
    printed = sheets_pdf(
        [PrintedSheet(one, "Dinas Kesehatan") for one in sheets], "Arsip", datetime(2026, 1, 2, tzinfo=UTC)
    )
    frames = []
    with closing(pypdfium2.PdfDocument(printed)) as drawn:
        for number in range(pages):
            page = noise.copy()
            if number % EVERY == 0:
                sheet = drawn[number // EVERY].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
                page = Image.blend(page, sheet.resize(SIZE), 0.85)
            else:
                words = material.latin(" ".join(chance.sample(material.passages(), 3)))
                pen = ImageDraw.Draw(page)
                for row, text in enumerate(material.lines(words)[:25]):
                    pen.text((DPI // 2, DPI // 2 + row * DPI // 4), text, fill=25, font=font)
            out = io.BytesIO()
            page.save(out, "JPEG", quality=75, dpi=(DPI, DPI))
            frames.append(out.getvalue())
    return bytes(img2pdf.convert(frames))


def _bare(content: bytes) -> int:
    """Draw every page and read its codes; return how many bear one."""
    found = 0
    with closing(pypdfium2.PdfDocument(content)) as document:
        for page in document:
            picture = page.render(scale=DPI / 72, grayscale=True).to_pil()
            found += bool(zxingcpp.read_barcodes(np.asarray(picture), formats=CODES))
    return found


def _looked_at(place: Installation, content: bytes, pages: int) -> int:
    """Look as the step does, without asking which way is up; return how many pages bear a code."""
    reader, stream, found = place.archive.reader, io.BytesIO(content), 0
    for first in range(1, pages + 1, PAGES_AT_ONCE):
        last = min(pages, first + PAGES_AT_ONCE - 1)
        seen = reader.look_at_batch(stream, "application/pdf", first, last, upright=False)
        found += sum(bool(one["codes"]) for one in seen)
    return found


def _reviewed(place: Installation, content: bytes) -> int:
    """Hand the batch in and wait for its review; return how many documents are proposed."""
    incoming = IncomingFile("tumpukan.pdf", io.BytesIO(content))
    taken = begin_batch(
        place.clerk, place.archive, incoming, Placement(place.office, None, Level.OPEN), Duplex.IN_ORDER
    )
    wait_until_settled(place.archive)
    shown = show_batch(place.clerk, place.archive, taken.record_id)
    assert shown.state == "review", shown.state
    return len(shown.plan.documents)
