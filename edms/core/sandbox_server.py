"""The process that makes sandboxed processes: started by `Sandbox`, speaks to it over one socket on descriptor 0.

    python -m edms.core.sandbox_server fork PID      a new process for every call, forked from here
    python -m edms.core.sandbox_server resident PID  every call in this one process, which is under the limits itself

Each message is a JSON request with descriptors: first the call's own socket, then its input files. It never reads
what the files hold in `fork` mode; it starts with a clean environment and no other descriptors, so it has no keys.
"""

import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from edms.core.processes import die_with_parent
from edms.core.sandbox_limits import Limits, apply_limits, close_the_network

MOST_REQUEST_BYTES = 64 * 1024
MOST_FILES = 8


def main(mode: str, parent: int) -> None:
    """Serve until the parent goes away."""
    die_with_parent(signal.SIGKILL, parent)
    listening = socket.socket(fileno=0)
    closed = ""
    while True:
        data, descriptors, _flags, _address = socket.recv_fds(listening, MOST_REQUEST_BYTES, MOST_FILES + 1)
        if not data:
            return
        request = json.loads(data)
        if mode == "resident":
            if not closed:
                closed = _confine(request) or "nothing"
            _answer(request, descriptors, closed)
        else:
            _fork(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork(request: dict[str, Any], descriptors: list[int]) -> None:
    """Fork the process for one call; tell its pid to the caller before it may run."""
    try:
        _function(request)
    except Exception:  # noqa: BLE001 - the child will meet it again and report it
        traceback.print_exc()
    read_end, write_end = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(write_end)
        os.read(read_end, 1)
        os.close(read_end)
        _child(request, descriptors, server)
    os.close(read_end)
    try:
        os.write(descriptors[0], pid.to_bytes(8, "big"))
    except OSError:
        os.kill(pid, signal.SIGKILL)
    os.close(write_end)


def _child(request: dict[str, Any], descriptors: list[int], server: int) -> None:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent(signal.SIGKILL, server)
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
        _answer(request, descriptors, _confine(request))
    finally:
        os._exit(0)


def _confine(request: dict[str, Any]) -> str:
    closed = close_the_network()
    apply_limits(Limits(**request["limits"]))
    return closed


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
