"""What hostile input could make a parser do, as functions for the sandbox; see test_sandbox*.py."""

import contextlib
import ctypes
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Told = tuple[dict[str, Any], list[bytes]]
MARK = "edms-misdeed"
_SCORE = int(Path("/proc/self/oom_score_adj").read_text("ascii"))


def echo(descriptors: list[int], *arguments: Any) -> Told:
    contents = [os.read(descriptor, 1 << 20) for descriptor in descriptors]
    return {"arguments": list(arguments), "pid": os.getpid()}, contents


def digest(descriptors: list[int]) -> Told:
    found = hashlib.sha256()
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        while chunk := stream.read(1 << 20):
            found.update(chunk)
    return {"sha256": found.hexdigest()}, []


def sleep(_descriptors: list[int], seconds: float) -> Told:
    time.sleep(seconds)
    return {"slept": seconds}, []


def spin(_descriptors: list[int], seconds: float) -> Told:
    """Burn CPU time, not wall time: others may use the machine meanwhile."""
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        pass
    return {"pid": os.getpid()}, []


def eat_memory(_descriptors: list[int], size: int) -> Told:
    return {"size": len(bytearray(size))}, []


def eat_memory_slowly(_descriptors: list[int]) -> Told:
    held = []
    while True:
        held.append(b"x" * (4 << 20))


def out_of_memory_score(_descriptors: list[int]) -> Told:
    """How soon the kernel ends this process when memory runs out: read before the sandbox closed the files."""
    return {"score": _SCORE}, []


def pour(_descriptors: list[int], size: int) -> Told:
    return {}, [bytes(size)]


def pour_head(_descriptors: list[int], size: int) -> Told:
    return {"text": "x" * size}, []


def write_file(_descriptors: list[int], folder: str, size: int) -> Told:
    with (Path(folder) / "large").open("wb") as stream:
        stream.write(bytes(size))
        stream.flush()
    return {}, []


def leave(_descriptors: list[int], code: int) -> Told:
    os._exit(code)


def kill_itself(_descriptors: list[int]) -> Told:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}, []


def segfault(_descriptors: list[int]) -> Told:
    ctypes.string_at(0)
    return {}, []


def overflow_stack(_descriptors: list[int]) -> Told:
    """Overflow the C stack, as a deeply nested file does to a recursive parser."""
    ctypes.CDLL(None).abort()
    return {}, []


def kill_self(_descriptors: list[int], number: int) -> Told:
    os.kill(os.getpid(), number)
    time.sleep(60)
    return {}, []


def raise_error(_descriptors: list[int], text: str) -> Told:
    raise ValueError(text)


def quit_quietly(_descriptors: list[int]) -> Told:
    sys.exit(3)


def recurse(descriptors: list[int]) -> Told:
    return recurse(descriptors)


def not_json(_descriptors: list[int]) -> Told:
    return {"set": {1, 2}}, []


def connect(_descriptors: list[int], port: int) -> Told:
    """Try to reach a listener on this machine by every family there is, and by io_uring."""
    tried = {}
    for name, family, address in (
        ("inet", socket.AF_INET, ("127.0.0.1", port)),
        ("inet6", socket.AF_INET6, ("::1", port)),
        ("datagram", socket.AF_INET, ("127.0.0.1", port)),
    ):
        kind = socket.SOCK_DGRAM if name == "datagram" else socket.SOCK_STREAM
        try:
            with socket.socket(family, kind) as connection:
                connection.settimeout(2)
                connection.connect(address)
                connection.send(b"plaintext")
            tried[name] = "sent"
        except OSError as error:
            tried[name] = type(error).__name__
    tried["io_uring"] = _raw_call(425, 8, ctypes.create_string_buffer(256))
    return tried, []


def connect_unix(_descriptors: list[int], path: str) -> Told:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.send(b"plaintext")
    except OSError as error:
        return {"unix": type(error).__name__}, []
    return {"unix": "sent"}, []


def resolve_name(_descriptors: list[int]) -> Told:
    try:
        socket.getaddrinfo("example.org", 80)
    except OSError as error:
        return {"resolved": type(error).__name__}, []
    return {"resolved": "yes"}, []


def start_process(_descriptors: list[int]) -> Told:
    tried = {}
    for name, act in (("fork", _fork), ("program", lambda: subprocess.run(["true"], check=True))):
        try:
            act()
            tried[name] = "started"
        except OSError as error:
            tried[name] = type(error).__name__
    return tried, []


def start_thread(_descriptors: list[int]) -> Told:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        return {"sum": sum(pool.map(lambda value: value + 1, range(10)))}, []


def fork_bomb(_descriptors: list[int], mark: str, most: int) -> Told:
    """Fork until refused, `most` at the worst; all of them stay, under a name that the test can find."""
    _name_self(mark)
    started = 0
    with contextlib.suppress(OSError):
        while started < most:
            if os.fork() == 0:
                time.sleep(120)
                os._exit(0)
            started += 1
    return {"started": started}, []


def leave_child_behind(_descriptors: list[int], mark: str) -> Told:
    """Answer at once, and leave a process that has tried to slip out of the group and the session."""
    if os.fork() == 0:
        for act in (os.setsid, lambda: os.setpgid(0, 0)):
            with contextlib.suppress(OSError):
                act()
        _name_self(mark)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(120)
        os._exit(0)
    return {}, []


def start_child_and_wait(_descriptors: list[int], mark: str) -> Told:
    """What OCR does: start a program and wait for it."""
    if os.fork() == 0:
        _name_self(mark)
        time.sleep(120)
        os._exit(0)
    _name_self(mark)
    time.sleep(120)
    return {}, []


def descriptors_held(_descriptors: list[int]) -> Told:
    held = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            held[entry.name] = str(entry.readlink())
    return {"held": held, "environment": dict(os.environ)}, []


def print_much(_descriptors: list[int]) -> Told:
    print("a library that talks")
    os.write(1, b"and one that talks past Python\n")
    return {}, []


def touch(_descriptors: list[int], path: str) -> Told:
    try:
        Path(path).write_text("written")
    except OSError as error:
        return {"touched": type(error).__name__}, []
    return {"touched": "yes"}, []


def read(_descriptors: list[int], path: str) -> Told:
    try:
        return {"read": Path(path).read_text()}, []
    except OSError as error:
        return {"read": type(error).__name__}, []


def peek(_descriptors: list[int], pid: int) -> Told:
    """Try to look into the memory of another process of the same user: the one with the keys."""
    tried = {}
    try:
        descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        os.close(descriptor)
        tried["mem"] = "opened"
    except OSError as error:
        tried["mem"] = type(error).__name__
    tried["ptrace"] = "refused" if ctypes.CDLL(None, use_errno=True).ptrace(16, pid, 0, 0) != 0 else "attached"
    return tried, []


def lie(descriptors: list[int], what: str) -> Told:
    """Answer in place of the sandbox, as a process taken over by its input can."""
    del descriptors
    heads: dict[str, bytes] = {
        "not json": b"{",
        "a list": b"[1]",
        "no sections": b'{"values": {}}',
        "strange sizes": b'{"values": {}, "sections": ["x"], "isolation": ""}',
        "negative size": b'{"values": {}, "sections": [-5], "isolation": ""}',
        "endless size": b'{"values": {}, "sections": [1e400], "isolation": ""}',
        "huge size": b'{"values": {}, "sections": [99999999999999], "isolation": ""}',
        "deep": b"[" * 100_000,
        "strange reason": json.dumps({"fault": "time travel", "message": "m" * 5000}).encode(),
        "strange message": b'{"fault": {"a": 1}, "message": ["b"]}',
    }
    head = heads.get(what, b"")
    length = (1 << 62) if what == "huge head" else len(head)
    os.write(_connection(), length.to_bytes(8, "big") + head)
    os._exit(0)


def _connection() -> int:
    """The descriptor of the call's own socket: the lowest socket above the standard ones."""
    entries = sorted(Path("/proc/self/fd").iterdir(), key=lambda entry: int(entry.name))
    return next(int(entry.name) for entry in entries if int(entry.name) > 2 and _is_socket(entry))


def _is_socket(entry: Path) -> bool:
    with contextlib.suppress(OSError):
        return str(entry.readlink()).startswith("socket:")
    return False


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _raw_call(number: int, *arguments: Any) -> str:
    return "refused" if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0 else "allowed"


def _name_self(mark: str) -> None:
    """Give this process a name (15 characters) by which a test finds it in /proc."""
    ctypes.CDLL(None).prctl(15, mark.encode()[:15], 0, 0, 0)


def cpu_left(_descriptors: list[int]) -> Told:
    import resource

    used = time.process_time()
    return {"pid": os.getpid(), "used": used, "left": resource.getrlimit(resource.RLIMIT_CPU)[0] - used}, []


def fork_bomb_and_wait(descriptors: list[int], mark: str, most: int) -> Told:
    fork_bomb(descriptors, mark, most)
    time.sleep(60)
    return {}, []


def sleep_named(_descriptors: list[int], mark: str) -> Told:
    _name_self(mark)
    time.sleep(120)
    return {}, []


def bind_unix(_descriptors: list[int], path: str) -> Told:
    """Make UNIX sockets, name one and wait at it."""
    told = {}
    for name, kind in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM)):
        try:
            made = socket.socket(socket.AF_UNIX, kind)
            made.bind(path)
            told[name] = "bound"
            made.listen()
            made.accept()
        except OSError as error:
            told["accept" if name in told else name] = type(error).__name__
    return told, []
