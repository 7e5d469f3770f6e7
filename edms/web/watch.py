"""Watching over the page server and the capture workers, and nothing else: what `edms serve` becomes once all is well.

A process that only waits should not hold a whole archive in memory, so this module imports little but the standard
library and `edms.web.server` puts it in its own place. Each child dies with it, however it ends; a child that ends is
started again, with a growing pause when it ends at once.

    python -m edms.web.watch LISTENER WORKERS MAIL [--unlock-fd N] [--config FILE]

What opens the keys comes through a pipe and goes to each child through another, never on a command line.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from edms.core.logs import log_to_standard_error
from edms.core.processes import secret_pipe

log = logging.getLogger("edms.serve")

GRACE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 30.0
SOON_SECONDS = 10.0


class Child:
    """One process that is kept running."""

    def __init__(self, arguments: list[str], secret: bytes, listener: int | None = None) -> None:
        self._arguments = [sys.executable, "-m", "edms.cli.main", *arguments]
        self._secret = secret
        self._inherited = () if listener is None else (listener,)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._not_before = 0.0

    def keep_running(self) -> None:
        """Start the process, or start it again when it has ended."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            log.warning("%s ended with %s", self._arguments[-2:], self._process.returncode)
            self._pause = (
                min(max(1.0, self._pause * 2), LONGEST_PAUSE_SECONDS) if now - self._started < SOON_SECONDS else 0.0
            )
            self._not_before = now + self._pause
            self._process = None
        if self._process is None and now >= self._not_before:
            self._started = now
            self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        if not self._secret:
            return subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, pass_fds=self._inherited)
        with secret_pipe(self._secret) as reading:
            arguments = [*self._arguments, "--unlock-fd", str(reading)]
            return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, pass_fds=(*self._inherited, reading))

    def tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, until: float) -> None:
        """Wait for the end; kill when `until` (monotonic seconds) has passed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def watch(listener: int, workers: int, given: list[str], secret: bytes = b"", *, mail: bool = False) -> None:
    """Keep the pages on the open socket `listener` and `workers` workers running, until SIGINT or SIGTERM; with `mail`
    also the process that takes mail from printers.

    `given` are the options that say which archive it is, `secret` what opens its keys (empty: nothing is needed).
    """
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    me = str(os.getpid())
    children = [Child([*given, "serve-pages", "--listener", str(listener), "--parent", me], secret, listener)]
    children += [Child([*given, "worker", "--parent", me], secret) for _number in range(workers)]
    children += [Child([*given, "mail", "listen", "--parent", me], secret)] if mail else []
    while not stopping:
        for child in children:
            child.keep_running()
        time.sleep(0.2)
    os.close(listener)
    for child in children:
        child.tell(signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.wait(until)


def _secret(given: list[str]) -> bytes:
    """Read what opens the keys from the descriptor that `given` begins with, and take both words away."""
    if given[:1] != ["--unlock-fd"]:
        return b""
    with os.fdopen(int(given[1]), "rb") as pipe:
        del given[:2]
        return pipe.read()


if __name__ == "__main__":
    log_to_standard_error()
    options = sys.argv[4:]
    opening = _secret(options)
    watch(int(sys.argv[1]), int(sys.argv[2]), options, opening, mail=sys.argv[3] == "1")
