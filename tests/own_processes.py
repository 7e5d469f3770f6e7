"""Processes of a test's own that are killed, or meet each other: forked from one that has loaded the product only.

A program that dies on the way spends two seconds on loading and a moment on what is tested: what it leaves in files and
databases, which do not know how it came to be. A hundred of them were three minutes of loading. The process that they
are forked from has one thread and opens nothing; it is started once for each process of tests. Programs that users
start are started as users do (`console.py`).
"""

import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

_FORKING = multiprocessing.get_context("forkserver")
_LOADED = ["archive_fixtures", "batch_killed", "disposal_people", "photographs_killed", "rolling_killed",
           "signing_killed"]  # fmt: skip
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status, or minus the number of the signal that killed it, and what it said."""

    status: int
    out: str
    err: str


class Forked:
    """A process that runs `code` with `arguments` in `sys.argv`, as `python -c` does."""

    def __init__(self, code: str, *arguments: object) -> None:
        _load_once()
        theirs, ours = zip(*(_pipe(reads) for reads in (True, False, False)), strict=True)
        self._process = _FORKING.Process(target=_run, args=(code, [str(one) for one in arguments], *theirs))
        self._process.start()
        for connection in theirs:
            connection.close()
        self._stdin = _opened(ours[0], "w")
        self.stdout: IO[str] = _opened(ours[1], "r")
        self._stderr = _opened(ours[2], "r")

    def kill(self) -> None:
        """End it at once, as `kill -9` does; nothing when it has ended already."""
        self._process.kill()

    def tell(self, what: str) -> None:
        """Write to its standard input."""
        self._stdin.write(what)
        self._stdin.flush()

    def ended(self, timeout: float = 120) -> Ended:
        """Wait until it has ended, and return how. Kills it, and fails, after `timeout` s."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(timeout, give_up)
        timer.start()
        self._stdin.close()
        with self.stdout, self._stderr:
            out, err = self.stdout.read(), self._stderr.read()
        self._process.join()
        timer.cancel()
        ended = Ended(self._process.exitcode or 0, out, err)
        assert not late.is_set(), ("it did not end", ended)
        return ended


def module(name: str, *arguments: object) -> Ended:
    """Run the `main` of a module with `arguments`, all as text, until it has ended."""
    return Forked(f"import sys, {name}\n{name}.main(*sys.argv[1:])", *arguments).ended()


def _load_once() -> None:
    """Say what is loaded before anything is forked, and where from: of use before the first start only."""
    if _LOADED:
        _FORKING.set_forkserver_preload(list(_LOADED))
        _LOADED.clear()
        before = os.environ.get("PYTHONPATH")
        root = Path(__file__).resolve().parents[1]
        os.environ["PYTHONPATH"] = f"{root}{os.pathsep}{root / 'tests'}"
        try:
            first = _FORKING.Process(target=int)
            first.start()
        finally:
            os.environ.pop("PYTHONPATH")
            if before is not None:
                os.environ["PYTHONPATH"] = before
        first.join()


def _pipe(reads: bool) -> tuple[Connection, Connection]:
    """Return their end and ours of a pipe that they read from, or write to."""
    reading, writing = _FORKING.Pipe(duplex=False)
    return (reading, writing) if reads else (writing, reading)


def _opened(connection: Connection, mode: str) -> IO[str]:
    with connection:
        return os.fdopen(os.dup(connection.fileno()), mode, encoding="utf-8")


def _run(code: str, arguments: list[str], *theirs: Connection) -> None:
    for descriptor, connection in enumerate(theirs):
        os.dup2(connection.fileno(), descriptor)
        connection.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.argv = ["-c", *arguments]
    exec(compile(code, "<the process of a test>", "exec"), {"__name__": "__main__"})
