"""What a sandboxed process may not do: reach a network, take more than its share, leave a core file.

Applied inside the process itself, before it touches anything from outside. Linux only, like the product.
"""

import contextlib
import ctypes
import os
import resource
import struct
from dataclasses import asdict, dataclass

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_PR_SET_DUMPABLE = 4
_SECCOMP_MODE_FILTER = 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EACCES
# Architecture (AUDIT_ARCH_*) -> number of socket(2).
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_AF_UNIX = 1


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@dataclass(frozen=True)
class Limits:
    """What one call may use: seconds of wall clock and CPU, bytes of memory, of output and of any file written."""

    seconds: int = 300
    memory_bytes: int = 2 * 1024**3
    output_bytes: int = 512 * 1024**2
    processes: int = 4096

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def apply_limits(limits: Limits) -> None:
    """Set the resource limits of this process and its children."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds + 5, limits.seconds + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close_the_network() -> str:
    """Take the network away, by every means this kernel permits; return their names, "" when there is none."""
    means = []
    if _unshare():
        means.append("network namespace")
    if _filter_sockets():
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


def _filter_sockets() -> bool:
    """Install a seccomp filter under which socket(2) gives only AF_UNIX sockets."""
    known = _SOCKET.get(os.uname().machine)
    if known is None:
        return False
    architecture, number = known
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 4),  # load the architecture
            (0x15, 0, 3, architecture),  # another one: refuse everything that could be a socket call of it
            (0x20, 0, 0, 0),  # load the system call number
            (0x15, 0, 3, number),  # not socket(2): allow
            (0x20, 0, 0, 16),  # load its first argument
            (0x15, 1, 0, _AF_UNIX),
            (0x06, 0, 0, _REFUSE),
            (0x06, 0, 0, _ALLOW),
        )
    )
    buffer = ctypes.create_string_buffer(program)

    filters = _Program(len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filters), 0, 0)) == 0
