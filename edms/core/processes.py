"""Small things about processes that the standard library does not offer."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals, parent: int) -> None:
    """Ask the kernel to send `number` to this process when its parent, the process `parent`, ends, however it ends.

    So that kill -9 of the server leaves no worker behind. When the parent has ended already, end now: the caller says
    who it was, because a process that lost its parent before this line cannot tell.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def no_core_dumps() -> None:
    """See to it that a crash writes no image of this process, which holds keys, to the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextlib.contextmanager
def secret_pipe(secret: bytes) -> Iterator[int]:
    """Give a descriptor from which one child can read `secret` (up to 4096 bytes), once.

    It lies in a pipe, so it is gone from the kernel as soon as the child has read it.
    """
    reading, writing = os.pipe()
    try:
        os.write(writing, secret)  # a pipe takes 4096 bytes without waiting for a reader
        os.close(writing)
        yield reading
    finally:
        os.close(reading)
