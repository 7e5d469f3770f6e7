"""How the memory that capture may use on one machine is shared out, and the shares that are taken while a call runs.

One setting, `[worker] memory_bytes`, is the whole: so much for each worker, the rest in equal shares. A sandboxed
process may hold one share and no more (`edms.core.sandbox_limits`); a call takes as many shares as it can need and
waits while there are none. So a small budget makes capture slower, never the machine.
"""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edms.core.errors import StorageFault

MEBIBYTE = 1024 * 1024
WORKER_BYTES = 512 * MEBIBYTE
"""A worker with its index, its fork server and the process that identifies files, as it was measured, and some."""
LEAST_SHARE, MOST_SHARE = 512 * MEBIBYTE, 2048 * MEBIBYTE
FEWEST_SHARES = 3
"""One for what is quick, two for one recognition: the program and the process that feeds it."""
LEAST_BYTES = WORKER_BYTES + FEWEST_SHARES * LEAST_SHARE
MOST_BY_DEFAULT = 8192 * MEBIBYTE
WITH_PROGRAMS = 2
_LOOK_SECONDS = 0.05
_CONTROL_GROUPS = ("/sys/fs/cgroup{}/memory.max", "/sys/fs/cgroup/memory{}/memory.limit_in_bytes")


@dataclass(frozen=True)
class MemoryPlan:
    """`workers` that fit, and `shares` of `share_bytes` each for the processes that they and the pages start."""

    workers: int
    shares: int
    share_bytes: int

    @classmethod
    def of(cls, memory_bytes: int, workers: int) -> "MemoryPlan":
        """Share out `memory_bytes` (at least LEAST_BYTES) for `workers` (at least 1), fewer where they do not fit.

        Wanted are three shares for each worker (a quick call, and recognition with its program) and one for the pages.
        """
        fitting = (memory_bytes - FEWEST_SHARES * LEAST_SHARE) // WORKER_BYTES
        workers = max(1, min(workers, fitting))
        rest = memory_bytes - workers * WORKER_BYTES
        shares = max(FEWEST_SHARES, min(workers * (1 + WITH_PROGRAMS) + 1, rest // LEAST_SHARE))
        return cls(workers, shares, min(MOST_SHARE, rest // shares))

    @property
    def recognitions(self) -> int:
        """How many recognitions can run at once."""
        return min(self.workers, (self.shares - 1) // WITH_PROGRAMS)


class MemoryRoom:
    """The shares of this machine: locks on files in `folder`, so that what a process held is free when it dies."""

    def __init__(self, folder: Path, plan: MemoryPlan) -> None:
        self.plan = plan
        self._folder, self._host = folder, socket.gethostname()

    @contextlib.contextmanager
    def taken(self, count: int) -> Iterator[None]:
        """Hold `count` shares (at most all there are), waiting until so many are free. Raises StorageFault."""
        held: list[int] = []
        try:
            while len(held) < count:
                held = self._take_or_say(count)
                if len(held) < count:
                    time.sleep(_LOOK_SECONDS)
            yield
        finally:
            for descriptor in held:
                os.close(descriptor)

    def _take_or_say(self, count: int) -> list[int]:
        try:
            return self._take(count)
        except OSError as error:
            raise StorageFault(
                f"no lock can be had in {self._folder}: {error.strerror}", "see that it may be written to"
            ) from None

    def _take(self, count: int) -> list[int]:
        """Take all or none. The first share is for calls that need no more than one, so that what is quick gets in."""
        wanted = range(self.plan.shares) if count in (1, self.plan.shares) else range(1, self.plan.shares)
        held: list[int] = []
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        turnstile = self._opened("all")
        try:
            fcntl.flock(turnstile, fcntl.LOCK_EX)
            for number in wanted:
                if len(held) == count:
                    break
                descriptor = self._opened(str(number))
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(descriptor)
                else:
                    held.append(descriptor)
        finally:
            os.close(turnstile)
        if len(held) < count:
            for descriptor in held:
                os.close(descriptor)
            return []
        return held

    def _opened(self, name: str) -> int:
        path = self._folder / f"memory-{self._host}-{name}.lock"
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def default_bytes(there: int) -> int:
    """Return what capture gets of `there` bytes when nothing is set: half, at most 8 GiB, at least what it needs."""
    return max(LEAST_BYTES, min(MOST_BY_DEFAULT, there // 2))


def machine_bytes() -> int:
    """Return how much memory there is for us: that of the machine, or the limit of our control group if it is less."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for line in _text("/proc/self/cgroup").splitlines():
        _number, controllers, group = line.split(":", 2)
        place = _CONTROL_GROUPS[1 if controllers else 0]
        if not controllers or "memory" in controllers.split(","):
            told = _text(place.format(group.rstrip("/")))
            found += [int(told)] if told.strip().isdigit() else []
    return min(found)


def _text(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text("ascii")
    return ""
