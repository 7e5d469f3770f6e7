"""The system calls that a sandboxed process is refused, as a program for seccomp (seccomp(2), linux/filter.h)."""

import struct

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
_ABSENT = 0x00050000 | 38  # with ENOSYS: the C library then falls back to the older call
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x00010000

# By machine: AUDIT_ARCH_* and the numbers. Refused to all: socket (no sockets of any kind; socketpair stays),
# io_uring_setup (its requests pass by this filter), setsid and setpgid (no way out of the group that is killed
# together), ptrace, process_vm_readv, process_vm_writev and pidfd_getfd (no way into the memory of another process).
_REFUSED = {
    "x86_64": (0xC000003E, (41, 425, 112, 109, 101, 310, 311, 438)),
    "aarch64": (0xC00000B7, (198, 425, 157, 154, 117, 270, 271, 438)),
}
# Refused to a call that has to stay alone: fork, vfork, execve, execveat.
_STARTING = {"x86_64": (57, 58, 59, 322), "aarch64": (221, 281)}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435


def program_for(machine: str, *, alone: bool) -> bytes:
    """Return the filter for a machine (as `uname -m` names it), empty for one whose numbers are not known.

    `alone`: threads may be started, processes and programs not.
    """
    if machine not in _REFUSED:
        return b""
    architecture, refused = _REFUSED[machine]
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE)]
    lines += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, _REFUSE)]
    for number in (*refused, *(_STARTING[machine] if alone else ())):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    if alone:
        lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ABSENT)]
        lines += [(_EQUAL, 0, 3, _CLONE[machine]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        lines += [(_ANY_BIT, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _REFUSE)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
