"""The process that makes sandboxed processes: started by `Sandbox`, speaks to it over one socket on descriptor 0.

    python -m edms.core.sandbox_server fork PID      a new process for every call, forked from here
    python -m edms.core.sandbox_server resident PID  every call in this one process, which is under the limits itself

Each message is a JSON request with descriptors: first the call's own socket, then its input files. It never reads
what the files hold in `fork` mode; it starts with a clean environment and no other descriptors, so it has no keys.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edms.core.processes import die_with_parent
from edms.core.sandbox_files import close_the_files, own_code
from edms.core.sandbox_limits import (
    MOST_FILES,
    MOST_REQUEST_BYTES,
    Limits,
    apply_limits,
    close_the_network,
    limit_cpu,
)

_FIRST_TO_GO = "800"
"""When the machine or a control group runs out of memory the kernel ends what reads foreign files, not what serves."""
_HANDLED = (signal.SIGCHLD, signal.SIGTERM)
_calls: set[int] = set()
_imported: set[str] = set()


def main(mode: str, parent: int) -> None:
    """Serve until the parent goes away, then end what is still running."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    if mode == "fork":
        signal.signal(signal.SIGCHLD, _reap)
        signal.signal(signal.SIGTERM, _end)
    die_with_parent(signal.SIGTERM if mode == "fork" else signal.SIGKILL, parent)
    own_code()  # looked up here once for every process made from this one
    listening = socket.socket(fileno=0)
    closed = ""
    while True:
        data, descriptors, _flags, _address = socket.recv_fds(listening, MOST_REQUEST_BYTES, MOST_FILES + 1)
        if not data:
            _end()
        request = json.loads(data)
        if mode == "resident":
            if not closed:
                _import_early(request)
                closed = _confine(request) or "nothing"
            limit_cpu(Limits(**request["limits"]).seconds, for_good=False)
            _answer(request, descriptors, closed)
        else:
            _fork(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _reap(*_signal: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            _calls.discard(pid)


def _end(*_signal: object) -> None:
    """End every call with all it has started, however deep, and then this process."""
    for pid in _calls:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    os._exit(0)


def _fork(request: dict[str, Any], descriptors: list[int]) -> None:
    """Fork the process for one call."""
    _import_early(request)
    server = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    pid = os.fork()
    if pid == 0:
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        _child(request, descriptors, server)
    _calls.add(pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)


def _import_early(request: dict[str, Any]) -> None:
    """Import the function before the process is confined: once for all calls, and while all code can be read.

    Its module may have a `warm_up()`, done here once, so that not every process made from this one does it anew; it
    touches nothing from outside.
    """
    name = request["function"].partition(":")[0]
    if name in _imported:
        return
    _imported.add(name)
    try:
        _function(request)
        getattr(sys.modules[name], "warm_up", _nothing)()
        gc.collect()
        gc.freeze()  # what lies here stays as it is, so that no process copies it by looking whether it can go
    except Exception:  # noqa: BLE001 - the call will meet it again and report it
        traceback.print_exc()


def _nothing() -> None:
    pass


def _child(request: dict[str, Any], descriptors: list[int], server: int) -> None:
    """Make a process group of its own, tell its number to the caller, who ends it; only then touch the input."""
    try:
        die_with_parent(signal.SIGKILL, server)
        os.setsid()
        os.write(descriptors[0], os.getpid().to_bytes(8, "big"))
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
        closed = _confine(request)
        limit_cpu(Limits(**request["limits"]).seconds, for_good=True)
        _answer(request, descriptors, closed)
    finally:
        os._exit(0)


def _confine(request: dict[str, Any]) -> str:
    limits = Limits(**request["limits"])
    means = [close_the_network(alone=limits.processes == 0, unbound_sockets=limits.unbound_sockets)]
    if close_the_files(tuple(request["folders"]), tuple(request["readable"])):
        means.append("landlock")
    apply_limits(limits)
    return ", ".join(filter(None, means))


def _answer(request: dict[str, Any], descriptors: list[int], closed: str) -> None:
    """Run the function and write its answer: length and JSON of the values, then the sections."""
    sections: list[bytes] = []
    try:
        values, sections = _function(request)(descriptors[1:], *request["arguments"])
        head: dict[str, Any] = {"values": values}
    except MemoryError:
        head = {"fault": "memory", "message": "more memory was needed than is allowed"}
    except BaseException as error:  # noqa: BLE001 - whatever it is, the caller is told
        head = {"fault": "error", "message": f"{type(error).__name__}: {error}"[:500]}
    head |= {"sections": [len(section) for section in sections], "isolation": closed}
    try:
        encoded = json.dumps(head).encode()
        with socket.socket(fileno=os.dup(descriptors[0])) as connection:
            connection.sendall(len(encoded).to_bytes(8, "big") + encoded)
            for section in sections:
                connection.sendall(section)
    except (OSError, MemoryError, ValueError):
        return


def _function(request: dict[str, Any]) -> Callable[..., tuple[dict[str, Any], list[bytes]]]:
    module, _colon, name = request["function"].partition(":")
    function: Callable[..., tuple[dict[str, Any], list[bytes]]] = getattr(importlib.import_module(module), name)
    return function


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
