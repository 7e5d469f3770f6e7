"""Small things about processes that the standard library does not offer."""

import ctypes
import os
import resource
import signal
import sys

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
