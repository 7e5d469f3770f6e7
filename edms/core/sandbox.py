"""Running our own code on hostile input: in another process, with limits and without a network (invariant 11).

`Sandbox.call("package.module:function", …)` runs `function(descriptors, *arguments)` there and returns what it
returned: `(values, sections)`, JSON values and pieces of raw bytes. Nothing is unpickled on the way back, so that a
process taken over by its input can lie about its result and do nothing else.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any, BinaryIO

from edms.core.errors import EdmsError
from edms.core.sandbox_limits import Limits

_CHUNK = 1024 * 1024
_MOST_HEAD_BYTES = 256 * 1024 * 1024


class SandboxFault(EdmsError):
    """A call did not come to its end. `reason`: time, memory, crash, output or error."""

    exit_code = 1

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What the function returned."""

    values: dict[str, Any]
    sections: list[bytes]
    isolation: str


class Sandbox:
    """Makes sandboxed calls; safe to use from several threads.

    With `resident`, all calls run one after the other in a single confined process: for code that is costly to start
    and does no deep parsing. Otherwise each call has a process of its own.
    """

    def __init__(self, limits: Limits, *, resident: bool = False) -> None:
        self.limits = limits
        self._mode = "resident" if resident else "fork"
        self._lock = threading.Lock()
        self._calling = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._isolation = ""

    def call(
        self, function: str, *arguments: Any, files: tuple[BinaryIO, ...] = (), limits: Limits | None = None
    ) -> Answer:
        """Run a function on `files` (each handed over as a descriptor at position 0). Raises SandboxFault."""
        allowed = limits or self.limits
        descriptors = [_descriptor(file) for file in files]
        try:
            if self._mode == "resident":
                with self._calling:
                    answer = self._exchange(function, arguments, descriptors, allowed)
            else:
                answer = self._exchange(function, arguments, descriptors, allowed)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._isolation = answer.isolation
        return answer

    def isolation(self) -> str:
        """Return what keeps the processes from the network, as found in a call made for the purpose if need be."""
        if not self._isolation:
            self.call("edms.core.sandbox:nothing")
        return self._isolation or "nothing: this kernel permits neither namespaces nor seccomp"

    def close(self) -> None:
        """End the server and with it every call under way."""
        with self._lock:
            self._stop()

    def _exchange(self, function: str, arguments: tuple[Any, ...], descriptors: list[int], allowed: Limits) -> Answer:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                request = {"function": function, "arguments": list(arguments), "limits": allowed.as_dict()}
                self._send(json.dumps(request).encode(), [theirs.fileno(), *descriptors])
            return self._receive(ours, allowed)

    def _send(self, request: bytes, descriptors: list[int]) -> None:
        """Hand the request over; a server that has died is started again, once."""
        for attempt in range(2):
            with self._lock:
                try:
                    socket.send_fds(self._running(), [request], descriptors)
                except OSError as error:
                    self._stop()
                    if attempt:
                        raise SandboxFault("crash", f"the sandbox cannot be started: {error.strerror}") from error
                else:
                    return

    def _receive(self, connection: socket.socket, allowed: Limits) -> Answer:
        deadline = time.monotonic() + allowed.seconds
        pid = 0
        try:
            if self._mode == "fork":
                pid = int.from_bytes(_exactly(connection, 8, deadline), "big")
            length = int.from_bytes(_exactly(connection, 8, deadline), "big")
            if length > min(_MOST_HEAD_BYTES, allowed.output_bytes):
                raise SandboxFault("output", "the answer is larger than is allowed")
            head = json.loads(_exactly(connection, length, deadline))
            if "fault" in head:
                raise SandboxFault(str(head["fault"]), str(head["message"]))
            sizes = [int(size) for size in head["sections"]]
            if any(size < 0 for size in sizes) or sum(sizes) + length > allowed.output_bytes:
                raise SandboxFault("output", "the answer is larger than is allowed")
            sections = [_exactly(connection, size, deadline) for size in sizes]
            return Answer(dict(head["values"]), sections, str(head["isolation"]))
        except SandboxFault as fault:
            if fault.reason != "error":
                self._kill(pid)
            raise
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            self._kill(pid)
            raise SandboxFault("crash", "the answer makes no sense") from error

    def _kill(self, pid: int) -> None:
        """End the call's whole process group; a resident server goes as a whole and starts anew with the next call."""
        if self._mode == "resident":
            with self._lock:
                self._stop()
        elif pid > 1:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)

    def _running(self) -> socket.socket:
        if self._server is not None and self._server.poll() is None and self._socket is not None:
            return self._socket
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "edms.core.sandbox_server", self._mode, str(os.getpid())],
                stdin=theirs.fileno(),
                close_fds=True,
                env=_clean_environment(),
            )
        self._socket = ours
        return ours

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


def nothing(_descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Do nothing: for asking a sandbox how it is isolated."""
    return {}, []


def _clean_environment() -> dict[str, str]:
    """What the server may know of our environment: nothing that could be a secret."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX") if name in os.environ}
    path = [entry for entry in sys.path if entry]
    return {**kept, "PYTHONPATH": os.pathsep.join(path), "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}


def _descriptor(file: BinaryIO) -> int:
    """Return a descriptor of the file's bytes that is ours to close; streams are copied into memory, never to disk."""
    descriptor = os.memfd_create("input", os.MFD_CLOEXEC)
    try:
        while chunk := file.read(_CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _exactly(connection: socket.socket, count: int, deadline: float) -> bytes:
    """Read `count` bytes before `deadline` (monotonic seconds)."""
    received = bytearray()
    while len(received) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise SandboxFault("time", "it took longer than is allowed")
        connection.settimeout(left)
        try:
            chunk = connection.recv(min(_CHUNK, count - len(received)))
        except TimeoutError:
            raise SandboxFault("time", "it took longer than is allowed") from None
        except OSError as error:
            raise SandboxFault("crash", f"the process went away: {error.strerror}") from error
        if not chunk:
            raise SandboxFault("crash", "the process ended before it had answered")
        received += chunk
    return bytes(received)
