"""The system calls that a sandboxed process is refused, as a program for seccomp (seccomp(2), linux/filter.h)."""

import struct

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
_ABSENT = 0x00050000 | 38  # with ENOSYS: the C library then falls back to the older call
_PRETEND = 0x00050000  # with no error: the call answers 0 and nothing has been done
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x15, 0x35, 0x45, 0x06, 0x54
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
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
# Where unbound sockets are permitted: connect, accept and accept4 are refused, bind and listen pretended.
_SOCKET = {"x86_64": 41, "aarch64": 198}
_REACHING = {"x86_64": (42, 43, 288), "aarch64": (203, 202, 242)}
_BINDING = {"x86_64": (49, 50), "aarch64": (200, 201)}
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPES = 1, 1, 0xF


def program_for(machine: str, *, alone: bool, unbound_sockets: bool = False) -> bytes:
    """Return the filter for a machine (as `uname -m` names it), empty for one whose numbers are not known.

    `alone`: threads may be started, processes and programs not. `unbound_sockets`: for a program that gives up without
    a socket of its own, one may be made that is bound nowhere and reaches nobody (UNIX streams only).
    """
    if machine not in _REFUSED:
        return b""
    architecture, numbers = _REFUSED[machine]
    refused: tuple[int, ...] = numbers
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE)]
    lines += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, _REFUSE)]
    if unbound_sockets:
        refused = (*(number for number in refused if number != _SOCKET[machine]), *_REACHING[machine])
        lines += _unbound(machine)
    for number in (*refused, *(_STARTING[machine] if alone else ())):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    if alone:
        lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ABSENT)]
        lines += [(_EQUAL, 0, 3, _CLONE[machine]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        lines += [(_ANY_BIT, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _REFUSE)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _unbound(machine: str) -> list[tuple[int, int, int, int]]:
    """A UNIX stream may be made, any other socket not; naming it and waiting at it does nothing.

    A stream that cannot be connected carries nothing either: sending on it fails, also with an address.
    """
    lines = [(_EQUAL, 0, 6, _SOCKET[machine])]
    lines += [(_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 0, 3, _AF_UNIX)]
    lines += [(_LOAD, 0, 0, _SECOND_ARGUMENT), (_AND, 0, 0, _SOCK_TYPES), (_EQUAL, 1, 0, _SOCK_STREAM)]
    lines += [(_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, _NUMBER)]
    for number in _BINDING[machine]:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _PRETEND)]
    return lines
