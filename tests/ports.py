"""Ports for servers that are told theirs before they start.

A port that the kernel gave away and got back may be anybody's by the time a server that takes seconds to start binds
it: the next connection of any process can have it. So they are chosen where the kernel gives none away by itself, and
each process of tests has a part of its own.
"""

import os
import random
import socket
from pathlib import Path

_KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _PART = 10_240, 2_048
_given: set[int] = set()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody has and that this process was not given before."""
    first = int(_KERNELS.read_text().split()[0]) if _KERNELS.exists() else 32_768
    parts = max(1, (first - _FIRST) // _PART)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = _FIRST + worker % parts * _PART
    for port in random.SystemRandom().sample(range(start, start + _PART), _PART):
        if port in _given:
            continue
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise AssertionError("no port is free")
