"""How long real searches take: a histogram of a few numbers, without a word of any question, and what it advises."""

import fcntl
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

BOUNDS_MS: Final = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000)
"""Upper bounds of the classes in milliseconds; what took longer is the last class."""
_KEPT: Final = 20_000
"""With so many searches all counts are halved: what is new outweighs what is old."""
_WRITTEN_AFTER: Final = 20
_WRITTEN_SECONDS: Final = 10.0

ENOUGH_SEARCHES: Final = 200
SUITS: Final = {"whoosh": (50_000, 150), "fts5": (1_000_000, 300), "postgresql": (10_000_000, 300)}
"""Records up to which an engine is advised, and the milliseconds at the 95th percentile it should stay below."""
NEXT: Final = {"whoosh": "fts5", "fts5": "postgresql"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts`: searches by class of `BOUNDS_MS`."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)

    @property
    def searches(self) -> int:
        return sum(self.counts)

    def percentile(self, share: float) -> int:
        """Return the milliseconds within which this share of the searches (0 to 1) ended: the bound of their class."""
        seen = 0
        for bound, count in zip(BOUNDS_MS, self.counts, strict=False):
            seen += count
            if seen >= share * self.searches:
                return bound
        return 2 * BOUNDS_MS[-1]


class Latencies:
    """Gathers the histogram of one engine in a file that all processes add to."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS_MS) + 1)
        self._written = time.monotonic()

    def note(self, seconds: float) -> None:
        """Count one search; now and then the file is brought up to date."""
        place = sum(seconds * 1000 > bound for bound in BOUNDS_MS)
        with self._lock:
            self._counts[place] += 1
            due = sum(self._counts) >= _WRITTEN_AFTER or time.monotonic() - self._written > _WRITTEN_SECONDS
        if due:
            self.write()

    def write(self) -> None:
        """Add what was counted here to the file. A disk that takes nothing costs the figures, never the search."""
        with self._lock:
            added, self._counts = self._counts, [0] * (len(BOUNDS_MS) + 1)
            self._written = time.monotonic()
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._file.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                counts = [old + new for old, new in zip(_read(file).counts, added, strict=True)]
                if sum(counts) > _KEPT:
                    counts = [count // 2 for count in counts]
                file.truncate(0)
                file.write(json.dumps(counts).encode())

    def read(self) -> Histogram:
        """Return what all processes counted."""
        self.write()
        try:
            with self._file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return _read(file)
        except OSError:
            return Histogram()


def _read(file: BinaryIO) -> Histogram:
    file.seek(0)
    with suppress(ValueError, TypeError):
        counts = tuple(int(count) for count in json.loads(file.read(1000)))
        if len(counts) == len(BOUNDS_MS) + 1:
            return Histogram(counts)
    return Histogram()


def advice(engine: str, records: int, histogram: Histogram) -> str:
    """Return why another engine would serve better now, "" when none would."""
    most, slowest = SUITS[engine]
    if engine not in NEXT:
        return ""
    if records > most:
        return f"{records:,} records are more than {engine} is made for ({most:,})"
    slow = histogram.percentile(0.95)
    if histogram.searches >= ENOUGH_SEARCHES and slow > slowest:
        return f"one search in twenty takes longer than {slowest} ms ({slow} ms at the 95th percentile)"
    return ""
