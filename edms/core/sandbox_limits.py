"""What a sandboxed process may not do: reach a network, take more than its share, leave a core file.

Applied inside the process itself, before it touches anything from outside. Linux only, like the product.
"""

import contextlib
import ctypes
import math
import os
import resource
from dataclasses import asdict, dataclass

from edms.core.sandbox_calls import program_for

MOST_REQUEST_BYTES = 64 * 1024
MOST_FILES = 8
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_PR_SET_DUMPABLE = 4
_SECCOMP_MODE_FILTER = 2
_ADDRESSES = 2 * 1024**3
_UNENDING = resource.RLIM_INFINITY


@dataclass(frozen=True)
class Limits:
    """What one call may use: seconds of wall clock and CPU, bytes of memory, of output and of any file written.

    `memory_bytes` holds for each of its processes: private memory that can be written (RLIMIT_DATA). Addresses may be
    more, since some runtimes reserve a gigabyte of them that they never touch.

    `processes` is how many processes our user may have while the call starts one (RLIMIT_NPROC, which the superuser
    is not held to); 0 means that the call may start no process and no program at all, which holds for everybody.
    `niceness`: by how much others come before it when the cores are busy.
    `unbound_sockets`: sockets may be made that are bound nowhere and reach nobody (`edms.core.sandbox_calls`).
    """

    seconds: int = 300
    memory_bytes: int = 2 * 1024**3
    output_bytes: int = 512 * 1024**2
    processes: int = 4096
    niceness: int = 0
    unbound_sockets: bool = False

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def apply_limits(limits: Limits) -> None:
    """Set the resource limits of this process and its children."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    addresses = max(limits.memory_bytes, _ADDRESSES)
    resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    if limits.processes:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))
    os.nice(limits.niceness)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit_cpu(seconds: int, *, for_good: bool) -> None:
    """Allow `seconds` of CPU from now on, and a little more for the answer; past that the kernel ends the process.

    Not `for_good` in a process that serves many calls: what they use adds up, and the next call is given its own.
    """
    used = math.ceil(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    hard = used + seconds + 10 if for_good else _UNENDING
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds + 5, hard))


def close_the_network(*, alone: bool = False, unbound_sockets: bool = False) -> str:
    """Take the network away, by every means this kernel permits; return their names, "" when there is none.

    `alone`: no processes and no programs may be started either.
    """
    means = []
    if _unshare():
        means.append("network namespace")
    if _filter_calls(alone=alone, unbound_sockets=unbound_sockets):
        means.append("seccomp")
    return ", ".join(means)


def _unshare() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        return int(libc.unshare(_CLONE_NEWNET)) == 0
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    with contextlib.suppress(OSError):
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    return True


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _filter_calls(*, alone: bool, unbound_sockets: bool) -> bool:
    program = program_for(os.uname().machine, alone=alone, unbound_sockets=unbound_sockets)
    if not program:
        return False
    buffer = ctypes.create_string_buffer(program)
    filters = _Program(len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filters), 0, 0)) == 0


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
