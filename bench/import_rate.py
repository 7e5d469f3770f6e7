"""Files per second of a manifest's import until searchable, against the fast lane with other documents of the same run.

Born-digital PDFs of 1 to 5 pages, two workers, everything on. The clock of the import begins before the manifest is
read and checked, and stops when no step and no change of the index is waiting; each document is then looked for by a
word that only it holds, and its file in the report that is signed. A second import of the same folder shows what it
costs to find that everything is there.
"""

import csv
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import material
from bench.capture_rate import PDF, WARM_UP, lane_taken
from bench.installation import WORKERS, Installation, cpu_seconds, installation, wait_until_settled, workers
from bench.measuring import figure
from edms.capture.manifest_check import check_manifest
from edms.capture.manifest_import import import_planned
from edms.capture.manifest_mapping import load_mapping
from edms.capture.manifest_table import read_manifest
from edms.capture.reconciliations import sign_and_keep
from edms.core.progress import no_progress
from edms.records.searching import Question, search

HEADINGS = ("Berkas", "Uraian", "Tanggal", "Kode", "Sifat")
MAPPING = """
[columns]
file = "Berkas"
title = "Uraian"
date = "Tanggal"
class = "Kode"
level = "Sifat"
"""


def run(large: bool) -> dict[str, Any]:
    """Measure with 500 files, 2,000 with `large`."""
    return measure(2000 if large else 500)


def smoke() -> dict[str, Any]:
    """Measure with three files."""
    return measure(3)


def measure(count: int) -> dict[str, Any]:
    """Return `figures`: both rates, CPU of the workers for each document, and what a second import takes."""
    with installation() as place, workers(place.config) as running, tempfile.TemporaryDirectory() as folder:
        lane_taken(place, running, PDF, material.made(PDF, min(WARM_UP, count), 71))
        lane = lane_taken(place, running, PDF, material.made(PDF, count, 72))
        documents = material.made(PDF, count, 73)
        home = _legacy(Path(folder), documents)
        cpu, start = cpu_seconds(running), time.perf_counter()
        captured = _imported(place, home)
        reading = time.perf_counter() - start
        wait_until_settled(place.archive)
        seconds, used = time.perf_counter() - start, cpu_seconds(running) - cpu
        assert captured == count, captured
        lost = [mark for mark, _ in documents if search(place.clerk, place.archive, Question(mark)).answer.total < 1]
        assert not lost, f"{len(lost)} of {count} files are not found: {lost[:5]}"
        start = time.perf_counter()
        assert _imported(place, home) == count
        again = time.perf_counter() - start
    rate, peer = count / seconds, count / lane.seconds
    return {
        "figures": [
            figure(f"{count} files by manifest until searchable", rate, "1/s",
                   against=f"the fast lane: {peer:.3g} 1/s", ratio=rate / peer),
            figure("CPU of the workers, a file", used / count, "s",
                   against=f"the fast lane: {lane.worker_cpu / count:.3g} s",
                   ratio=used / max(lane.worker_cpu, 1e-9)),
            figure("files taken in, report signed", count / reading, "1/s",
                   against=f"accepted: {count / lane.accepting:.3g} 1/s", ratio=lane.accepting / reading),
            figure("files known again by a second import", count / again, "1/s"),
        ],
        "workers": WORKERS,
        "text": material.source(),
    }  # fmt: skip


def _legacy(folder: Path, documents: list[tuple[str, bytes]]) -> Path:
    """Lay the documents below a folder, a manifest and its mapping beside them."""
    (folder / "arsip").mkdir()
    with (folder / "daftar.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, delimiter=";")
        table.writerow(HEADINGS)
        for mark, content in documents:
            (folder / "arsip" / f"{mark}.pdf").write_bytes(content)
            table.writerow((f"{mark}.pdf", f"Surat {mark}", "17 Maret 1998", "000.1.5", "open"))
    (folder / "peta.toml").write_text(MAPPING, "utf-8")
    return folder


def _imported(place: Installation, home: Path) -> int:
    """Import as `edms import` does; return how many files were captured, now or before."""
    clerk, archive, mapping = place.clerk, place.archive, load_mapping(home / "peta.toml")
    table = read_manifest(archive, home / "daftar.csv", mapping)
    checked = check_manifest(clerk, archive, home / "arsip", table, mapping)
    assert not checked.errors, checked.problems[:3]
    outcome = import_planned(clerk, archive, home / "arsip", checked, no_progress)
    sign_and_keep(clerk, archive, outcome, "import", place.office, manifest="daftar.csv", manifest_sha256=table.sha256)
    return outcome.totals()["captured"]
