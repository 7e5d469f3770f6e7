"""CPU time of our recognition lane, as a ratio to bare Tesseract on the same pages in the same run.

`python -m bench.ocr_cost` prints one JSON object. The lane is everything between the bytes of a scan and its searchable
PDF: sandbox, wrapping, orientation, drawing, recognition, text layer, PDF/A. The peer is the program alone, one thread,
the same languages, on pictures that lie ready: `tesseract PAGE - -l ind+eng --psm 1` with OMP_THREAD_LIMIT=1, its text
thrown away. `--psm 1` finds the orientation first, as the lane does.

Ours is what the kernel counted for the processes of the calls (the server that forks them starts before and stays),
theirs what it counted for the programs. A second figure is against `--psm 3`, which takes every page to be upright.
The pages are real scans of the corpus where it is there, else invented ones.
"""

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pypdfium2

from bench import material
from bench.measuring import figure
from edms.core.sandbox import Sandbox
from edms.core.settings import Settings, TextSettings
from edms.text.ocr import OcrMyPdfEngine, ocr_available
from edms.text.reader import sandbox_limits

LIMIT_RATIO = 1.25
ORIENTATION_TOO, AS_IT_STANDS = "1", "3"
FEW = (
    "clean300-g4-01.tif", "fax-200x100-01.tif", "office200-gray-01.pdf", "rot90-02.pdf", "stamp-color-01.jpg",
    "multi-blank-upside-01.pdf",
)  # fmt: skip
MEDIA_TYPES = {".tif": "image/tiff", ".jpg": "image/jpeg", ".pdf": "application/pdf"}
BLANK_DPI = 100
SECONDS_TO_REAP = 10.0


def run(large: bool) -> dict[str, Any]:
    """Return {"pages", "source", "limit", "cpu_seconds_per_page": {"ours", "tesseract"}, "ratio", "files"}.

    Some pages by default, every scan of the corpus folder with `large`. {"skipped": why} without Tesseract.
    """
    return measure(*_scans(large))


def smoke() -> dict[str, Any]:
    """Recognise one invented page."""
    return measure(
        [(mark, content, "application/pdf") for mark, content in material.made("scan (OCR)", 1, 4)], "invented"
    )


def measure(scans: list[tuple[str, bytes, str]], source: str) -> dict[str, Any]:
    """Return the answer of `run` for these scans (name, content, media type)."""
    settings = TextSettings()
    status = ocr_available(settings)
    if not status.available:
        return {"skipped": status.reason}
    rows: list[dict[str, Any]] = []
    limits = sandbox_limits(settings, Settings().memory.share_bytes)
    with tempfile.TemporaryDirectory() as folder, closing(Sandbox(limits)) as sandbox:
        engine = OcrMyPdfEngine(sandbox, settings)
        sandbox.call("edms.text.recognise:ready")
        for name, content, media_type in scans:
            pages = _as_pictures(content, media_type, Path(folder))
            ours, count = _lane(engine, content, media_type)
            theirs = sum(_tesseract(page, settings.ocr_languages, ORIENTATION_TOO) for page in pages)
            least = sum(_tesseract(page, settings.ocr_languages, AS_IT_STANDS) for page in pages)
            rows.append({"file": name, "pages": count, "ours": ours, "tesseract": theirs, "as it stands": least})
    count = sum(row["pages"] for row in rows)
    ours, theirs, least = (sum(row[name] for row in rows) for name in ("ours", "tesseract", "as it stands"))
    per_page = ours / count
    shown = figure(
        "CPU of a recognised page",
        per_page,
        "s",
        against=f"bare tesseract: {theirs / count:.2f} s",
        ratio=ours / theirs,
        target=f"at most {LIMIT_RATIO}",
    )
    blind = figure(
        "the same",
        per_page,
        "s",
        against=f"tesseract that looks for no orientation: {least / count:.2f} s",
        ratio=ours / least,
    )
    return {
        "figures": [shown, blind],
        "pages": count,
        "source": source,
        "limit": LIMIT_RATIO,
        "cpu_seconds_per_page": {"ours": round(ours / count, 2), "tesseract": round(theirs / count, 2)},
        "ratio": round(ours / theirs, 2),
        "files": [
            {name: round(told, 2) if isinstance(told, float) else told for name, told in row.items()} for row in rows
        ],
    }


def _scans(large: bool) -> tuple[list[tuple[str, bytes, str]], str]:
    folder = material.corpus() / "scanned" / "id-regulations"
    if not folder.is_dir():
        made = material.made("scan (OCR)", 12 if large else 4, 4)
        return [(mark, content, "application/pdf") for mark, content in made], "invented scans"
    paths = sorted(path for path in folder.iterdir() if path.suffix in MEDIA_TYPES and (large or path.name in FEW))
    return [(path.name, path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in paths], "scanned/id-regulations"


def _as_pictures(content: bytes, media_type: str, folder: Path) -> list[Path]:
    """Lay the pages down as files that Tesseract reads; pages of a PDF are drawn, as fine as they are, uncounted."""
    if media_type != "application/pdf":
        path = folder / f"page{'.tif' if media_type == 'image/tiff' else '.jpg'}"
        path.write_bytes(content)
        return [path]
    paths = []
    with closing(pypdfium2.PdfDocument(content)) as document:
        for number, page in enumerate(document):
            paths.append(folder / f"page-{number}.png")
            scans = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            dpi = round(max((scan.get_metadata().horizontal_dpi for scan in scans), default=BLANK_DPI))
            page.render(scale=dpi / 72).to_pil().save(paths[-1], dpi=(dpi, dpi))
    return paths


def _lane(engine: OcrMyPdfEngine, content: bytes, media_type: str) -> tuple[float, int]:
    before = _of_calls()
    outcome = engine.searchable_pdf(io.BytesIO(content), media_type)
    return _of_calls() - before, len(outcome.pages)


def _of_calls() -> float:
    """CPU seconds of all ended calls, with all they started: what the servers of sandboxes have reaped."""
    servers = [child for child in psutil.Process().children() if "edms.core.sandbox_server" in child.cmdline()]
    deadline = time.monotonic() + SECONDS_TO_REAP
    while any(server.children() for server in servers) and time.monotonic() < deadline:
        time.sleep(0.01)
    each = [server.cpu_times() for server in servers]
    return float(sum(times.children_user + times.children_system for times in each))


def _tesseract(page: Path, languages: str, segmentation: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["tesseract", str(page), "-", "-l", languages, "--psm", segmentation]
    subprocess.run(command, env={**os.environ, "OMP_THREAD_LIMIT": "1"}, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    print(json.dumps(run("--large" in sys.argv), indent=2))
