"""Processes that tests look at and end; one that ends by itself in the meantime is nobody's fault."""

import contextlib
import time

import psutil

PATIENCE_SECONDS = 120.0


def descendants(parent: int, *words: str) -> list[psutil.Process]:
    """The processes below `parent` whose command line holds each of `words`, as far as they are still there."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in psutil.Process(parent).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                line = one.cmdline()
                if all(word in line for word in words):
                    found.append(one)
    return found


def recognising(worker: int) -> list[psutil.Process]:
    """The programs that recognise a page for this worker."""
    found = []
    for one in descendants(worker):
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.name() == "tesseract" and "--list-langs" not in one.cmdline():
                found.append(one)
    return found


def kill(*processes: psutil.Process) -> None:
    """End those that have not ended by themselves, with SIGKILL."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def stood_still(worker: int, niceness: int = 0) -> list[psutil.Process]:
    """Stop the programs that recognise a page for this worker, and have at least this niceness; return those that do.

    One that was ending when it was told to stop does not stand still.
    """
    found = []
    for one in recognising(worker):
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.nice() >= niceness:
                one.suspend()
                if _stands(one):
                    found.append(one)
    return found


def go_on(*processes: psutil.Process) -> None:
    """Let those go on that stand still and are still there."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.resume()


def _stands(process: psutil.Process) -> bool:
    """Whether a process that was told to stop did; raises `psutil.NoSuchProcess` where it ended instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := process.status()) != psutil.STATUS_STOPPED:
        if status == psutil.STATUS_ZOMBIE:
            return False
        assert time.monotonic() < deadline, f"{process} neither stops nor ends"
        time.sleep(0.01)
    return True
