"""What all benchmarks share: figures with what they stand against, percentiles, the noise and facts of the machine."""

import functools
import hashlib
import importlib.metadata
import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
_PROBE_BYTES = 16 * 1024 * 1024
_PROBES = 5
_VERSIONS = (
    "edms",
    "cryptography",
    "sqlalchemy",
    "sqlcipher3",
    "whoosh",
    "pyhanko",
    "pypdfium2",
    "ocrmypdf",
    "pygfried",
)


def figure(
    what: str, value: float, unit: str, *, against: str = "", ratio: float | None = None, target: str = ""
) -> dict[str, Any]:
    """Return one figure. `against` names a limit or a peer of the same run, `ratio` is ours over that one's.

    `target` is what the project asks of the figure, in words.
    """
    made: dict[str, Any] = {"what": what, "value": rounded(value), "unit": unit}
    if against:
        made["against"] = against
    if ratio is not None:
        made["ratio"] = rounded(ratio)
    if target:
        made["target"] = target
    return made


def rounded(value: float) -> float:
    """Round to three significant figures, whole numbers above a thousand."""
    return float(f"{value:.3g}") if abs(value) < 1000 else round(value)


def percentiles(ask: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    """Return p50 and p95 in milliseconds, each text asked once before and once measured."""
    for text in texts:
        ask(text)
    times = []
    for text in texts:
        start = time.perf_counter()
        ask(text)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {"p50_ms": rounded(times[len(times) // 2]), "p95_ms": rounded(times[int(len(times) * 0.95)])}


def best_seconds(work: Callable[[], object], rounds: int = _PROBES) -> float:
    """Return the seconds of the fastest of `rounds` runs: the one that was disturbed least."""
    taken = []
    for _round in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def limits() -> dict[str, float]:
    """Measure two fixed limits of the machine; repeated, they tell how far the other figures can be trusted.

    `hash_mb_per_second`: median speed of SHA-256 on one core. `fsync_ms`: median of a small file written and fsynced.
    """
    content = os.urandom(_PROBE_BYTES)
    hashed = sorted(_seconds(lambda: hashlib.sha256(content).digest()) for _probe in range(_PROBES))
    with tempfile.TemporaryDirectory(prefix="edms-bench-") as folder:
        synced = sorted(_seconds(functools.partial(_write_durably, Path(folder) / "probe")) for _ in range(4 * _PROBES))
    return {
        "hash_mb_per_second": round(_PROBE_BYTES / 1e6 / hashed[len(hashed) // 2]),
        "fsync_ms": rounded(synced[len(synced) // 2] * 1000),
        "load": round(os.getloadavg()[0], 2),
    }


def spread(probes: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return, for each limit, the largest over the smallest value seen: 1.0 is a quiet machine."""
    names = [name for name in probes[0] if name != "load"]
    return {
        name: round(max(probe[name] for probe in probes) / max(min(probe[name] for probe in probes), 1e-9), 2)
        for name in names
    }


def machine() -> dict[str, Any]:
    """Return the facts of the machine that figures depend on."""
    model = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), "")
    return {
        "system": platform.platform(),
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "shared": "unknown: read ratios, not absolute figures",
    }


def versions() -> dict[str, str]:
    """Return the versions that figures depend on, and the commit."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "commit": _commit()}
    for name in _VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def pss_mib(processes: Sequence[psutil.Process]) -> float:
    """Return the proportional set size of processes and all below them: shared pages are counted once, in MiB."""
    every = {one for process in processes for one in (process, *process.children(recursive=True))}
    return sum(one.memory_full_info().pss for one in every) / 2**20


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _write_durably(path: Path) -> None:
    with path.open("wb") as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"
