"""Processes that tests look at and end; one that ends by itself in the meantime is nobody's fault."""

import contextlib

import psutil


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
