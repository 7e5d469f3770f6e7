"""Which files a sandboxed process may touch: the programs and libraries it is made of to read, its work folder to
write, and nothing else, so that a parser taken over by its input finds neither keys nor blobs nor a place to stay.

Landlock (landlock(7), linux/landlock.h): no privilege needed, holds for all children, cannot be undone. It also keeps
the process from the memory of processes outside and, on newer kernels, from sending them signals.
"""

import ctypes
import os
import struct
import sys
from functools import cache
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # one number on every architecture
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
# LANDLOCK_ACCESS_FS_*: execute 1, write file 2, read file 4, read folder 8, then remove, make and refer; truncate
# since version 3 and ioctl on devices since version 5.
_READ = 1 | 4 | 8
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_MOST_RIGHTS = (1 << 16) - 1
_FILE_RIGHTS = 1 | 2 | 4 | (1 << 14)
_SCOPES_SINCE, _SCOPES = 6, 3  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and _SIGNAL
_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/proc", "/sys/devices/system/cpu", "/sys/kernel/mm",
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def close_the_files(folders: tuple[str, ...] = (), readable: tuple[str, ...] = ()) -> bool:
    """Leave this process its own code and `readable` to read, and `folders` to write. False: the kernel cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG))
    if version < 1:
        return False
    every = _RIGHTS.get(version, _MOST_RIGHTS)
    attributes = struct.pack("QQQ", every, 0, _SCOPES) if version >= _SCOPES_SINCE else struct.pack("Q", every)
    rules = int(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    if rules < 0:
        return False
    try:
        for path in (*_SYSTEM, *own_code(), *readable):
            _permit(libc, rules, path, _READ)
        for path in _DEVICES:
            _permit(libc, rules, path, 2 | 4)
        for path in folders:
            _permit(libc, rules, path, every)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return int(libc.syscall(_RESTRICT, rules, 0)) == 0
    finally:
        os.close(rules)


@cache
def own_code() -> tuple[str, ...]:
    """The interpreter and the libraries; of other folders on the path only packages, for data may lie beside them."""
    paths = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    within = [Path(path) for path in paths | set(_SYSTEM)]
    for entry in map(Path, filter(None, sys.path)):
        if any(entry.is_relative_to(folder) for folder in within):
            continue  # each rule costs time in every process
        if entry.name in ("site-packages", "dist-packages") or entry.suffix == ".zip":
            paths.add(str(entry))
        elif entry.is_dir():
            paths |= {str(file) for file in entry.glob("*.py")} | {str(entry / "edms")}
    language_data = os.environ.get("TESSDATA_PREFIX")
    return tuple(sorted(paths | {language_data} if language_data else paths))


def _permit(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    """Add one rule; a path that does not exist needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if Path(path).is_dir() else rights & _FILE_RIGHTS
        rule = struct.pack("=Qi", allowed, descriptor)
        libc.syscall(_ADD, rules, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
