"""Documents per second from `accept` until searchable, by lane, with two worker processes on the machine's cores.

Everything is on: screening, identification, encryption, PAdES and CAdES seals with timestamps, audit, index. The
clock stops when no step and no change of the index is waiting, and every document is then looked for by a word that
only it holds; one that is not found fails the run. CPU seconds count the workers and all they started; `accept` is
counted apart, since it runs in the server.

Limits measured in the same run, on the same documents: pypdfium2's text alone, the fsyncs and the signatures that a
document needs. Peers as quoted from their own measurement, not measured here: Paperless-ngx uses 1.3 to 1.8 CPU
seconds for a born-digital PDF of 1 to 5 pages and takes 0.7 documents a second.
"""

import io
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pypdfium2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench import material
from bench.installation import (
    WORKERS,
    Installation,
    cpu_seconds,
    installation,
    own_cpu_seconds,
    wait_until_settled,
    workers,
)
from bench.measuring import best_seconds, figure
from edms.access.levels import Level
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile, Placement
from edms.records.searching import Question, search

PDF, SCAN = "born-digital PDF", "scan (OCR)"
COUNTS = {PDF: 150, "office (DOCX)": 60, "plain text": 60, SCAN: 8}
WARM_UP = 4
TARGET = "at least 12 a second"
CPU_TARGET = "at most 0.15 s"
PEER_CPU_SECONDS = (1.3, 1.8)
BLOBS_OF_A_PDF = 5  # original, text, access copy, manifest, seal
SIGNATURES_OF_A_PDF = 4  # two seals, each with a timestamp


@dataclass(frozen=True)
class Lane:
    """What one lane took: seconds until searchable, seconds to accept, CPU seconds of workers and of `accept`."""

    documents: int
    seconds: float
    accepting: float
    worker_cpu: float
    accept_cpu: float


def run(large: bool) -> dict[str, Any]:
    """Measure all lanes; `large` takes four times as many documents."""
    return measure({name: count * (4 if large else 1) for name, count in COUNTS.items()})


def smoke() -> dict[str, Any]:
    """Measure two documents of each lane that needs no OCR."""
    return measure({name: 2 for name in COUNTS if name != SCAN})


def measure(counts: dict[str, int]) -> dict[str, Any]:
    """Return `figures`, and `lanes` with everything that was counted."""
    figures: list[dict[str, Any]] = []
    lanes: dict[str, Any] = {}
    with installation() as place, workers(place.config) as running:
        for seed, (name, count) in enumerate(counts.items(), 1):
            lane_taken(place, running, name, material.made(name, min(WARM_UP, count), 90 + seed))
            documents = material.made(name, count, seed)
            taken = lane_taken(place, running, name, documents)
            lanes[name] = vars(taken)
            figures += _figures(name, taken)
            if name == PDF:
                figures += _limits([content for _mark, content in documents], taken)
                again = lane_taken(place, running, name, documents, expected="duplicate")
                lanes["duplicate"] = vars(again)
                figures.append(figure("duplicates answered", again.documents / again.accepting, "1/s"))
    return {"figures": figures, "lanes": lanes, "workers": WORKERS, "text": material.source()}


def lane_taken(
    place: Installation,
    running: list[psutil.Process],
    name: str,
    documents: list[tuple[str, bytes]],
    expected: str = "",
) -> Lane:
    """Take documents of a lane in, one after the other, and wait until each is found by its mark."""
    clerk, file_name = place.clerk, material.LANES[name][0]
    placement = Placement(place.office, "000.1.5", Level.OPEN)
    worker_cpu, own_cpu, start = cpu_seconds(running), own_cpu_seconds(), time.perf_counter()
    for mark, content in documents:
        # A word on a scan may be misread, so there the name of the file, which becomes its title, holds the mark.
        incoming = IncomingFile(f"{mark}-{file_name}" if name == SCAN else file_name, io.BytesIO(content))
        accepted = accept(clerk, place.archive, incoming, placement)
        assert accepted.duplicate == (expected == "duplicate"), mark
    accepting, accept_cpu = time.perf_counter() - start, own_cpu_seconds() - own_cpu
    wait_until_settled(place.archive)
    taken = Lane(len(documents), time.perf_counter() - start, accepting, cpu_seconds(running) - worker_cpu, accept_cpu)
    lost = [mark for mark, _ in documents if search(clerk, place.archive, Question(mark)).answer.total < 1]
    if lost:
        raise AssertionError(f"{len(lost)} of {len(documents)} documents of the lane {name} are not found: {lost[:5]}")
    return taken


def _figures(name: str, taken: Lane) -> list[dict[str, Any]]:
    rate, cpu = taken.documents / taken.seconds, (taken.worker_cpu + taken.accept_cpu) / taken.documents
    made = [figure(f"{name} until searchable", rate, "1/s", target=TARGET if name == PDF else "")]
    if name == PDF:
        low, high = PEER_CPU_SECONDS
        peer = f"Paperless-ngx, quoted: {low} to {high} CPU s"
        made.append(figure(f"{name}, CPU", cpu, "s", against=peer, ratio=cpu / low, target=CPU_TARGET))
    else:
        made.append(figure(f"{name}, CPU", cpu, "s"))
    return [*made, figure(f"{name} accepted", taken.documents / taken.accepting, "1/s")]


def _limits(contents: list[bytes], taken: Lane) -> list[dict[str, Any]]:
    """What a document cannot cost less than, measured alone and on the same documents."""
    each = taken.seconds / taken.documents
    cpu = (taken.worker_cpu + taken.accept_cpu) / taken.documents
    text = best_seconds(lambda: [_text(content) for content in contents], 2) / len(contents)
    key, digest = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    signing = best_seconds(lambda: [key.sign(b"x" * 64, digest) for _n in range(SIGNATURES_OF_A_PDF)])
    fsync = best_seconds(lambda: _blobs(contents[0]))
    return [
        figure("limit: text by pypdfium2 alone", text * 1000, "ms", against="our CPU time over it", ratio=cpu / text),
        figure(
            "limit: the signatures of a PDF", signing * 1000, "ms", against="our CPU time over it", ratio=cpu / signing
        ),
        figure("limit: the fsyncs of its blobs", fsync * 1000, "ms", against="our time over it", ratio=each / fsync),
    ]


def _text(content: bytes) -> int:
    document = pypdfium2.PdfDocument(content)
    try:
        return sum(len(page.get_textpage().get_text_range()) for page in document)
    finally:
        document.close()


def _blobs(content: bytes) -> None:
    """Write and fsync as many files, and as often their folder, as a PDF has blobs."""
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        for number in range(BLOBS_OF_A_PDF):
            with (Path(folder) / str(number)).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.fsync(descriptor)
        os.close(descriptor)
