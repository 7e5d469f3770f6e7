"""Running our own code on hostile input: in another process, with limits and without a network (invariant 11).

`Sandbox.call("package.module:function", …)` runs `function(descriptors, *arguments)` there and returns what it
returned: `(values, sections)`, JSON values and pieces of raw bytes. Nothing is unpickled on the way back, so that a
process taken over by its input can lie about its result and do nothing else.
"""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from edms.core.errors import EdmsError
from edms.core.memory import WITH_PROGRAMS, MemoryRoom
from edms.core.sandbox_lending import Lending, Opener
from edms.core.sandbox_limits import MOST_FILES, MOST_REQUEST_BYTES, Limits
from edms.core.streams import bytes_left

_CHUNK = 1024 * 1024
_MOST_HEAD_BYTES = 256 * 1024 * 1024
_MOST_MESSAGE = 500
_SECONDS_TO_END = 5


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
    and does no deep parsing. Otherwise each call has a process of its own. With `room`, calls wait for their share of
    the machine's memory.
    """

    def __init__(self, limits: Limits, *, resident: bool = False, room: MemoryRoom | None = None) -> None:
        self.limits = limits
        self._room = room
        self._mode = "resident" if resident else "fork"
        self._lock = threading.Lock()
        self._calling = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._isolation = ""

    def call(
        self,
        function: str,
        *arguments: Any,
        files: tuple[BinaryIO, ...] = (),
        lent: Sequence[Opener] = (),
        sink: int | None = None,
        limits: Limits | None = None,
        folder: str = "",
        readable: tuple[str, ...] = (),
    ) -> Answer:
        """Run a function on `files` (seekable; each handed over as a descriptor at position 0). Raises SandboxFault.

        `lent`: files that it may read piece by piece, over one descriptor behind those; for what may be large. A fault
        that opening or reading them meets is raised here. `sink`: a descriptor that it may write to, the last one; it
        is closed here. `folder` is the one it may write to, none by default; a resident process has none. `readable`:
        what it may read beside the system's programs and libraries.
        """
        allowed = limits or self.limits
        folders = [folder] if folder else []
        request: dict[str, Any] = {"function": function, "arguments": arguments, "limits": allowed.as_dict()}
        request |= {"folders": folders, "readable": list(readable)}
        encoded = json.dumps(request).encode()
        if len(encoded) > MOST_REQUEST_BYTES or len(files) > MOST_FILES:
            raise ValueError("a sandboxed call takes large things as files, and few of them")
        with self._share(allowed, files):
            return self._called(encoded, allowed, files, lent, sink)

    @contextlib.contextmanager
    def _share(self, allowed: Limits, files: tuple[BinaryIO, ...]) -> Iterator[None]:
        """Take what the call can need: its process, a program if it may start any, and its files, copied to memory."""
        if self._room is None:
            yield
            return
        plan = self._room.plan
        processes = 0 if self._mode == "resident" else WITH_PROGRAMS if allowed.processes else 1
        count = processes + sum(map(bytes_left, files)) // plan.share_bytes
        if count > plan.shares:
            raise SandboxFault("memory", "more memory was needed than there is for all of capture")
        with self._room.taken(count):
            yield

    def _called(
        self,
        encoded: bytes,
        allowed: Limits,
        files: tuple[BinaryIO, ...],
        lent: Sequence[Opener],
        sink: int | None,
    ) -> Answer:
        descriptors: list[int] = []
        lending = Lending(lent) if lent else None
        try:
            descriptors.extend(_descriptor(file) for file in files)
            if lending is not None:
                descriptors.append(os.dup(lending.theirs.fileno()))
                lending.theirs.close()
            if sink is not None:
                descriptors.append(sink)
            if self._mode == "resident":
                with self._calling:
                    answer = self._exchange_twice(encoded, descriptors, allowed)
            else:
                answer = self._exchange(encoded, descriptors, allowed)
        except SandboxFault:
            if lending is not None and lending.fault is not None:
                raise lending.fault from None
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
            if lending is not None:
                lending.close()
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

    def _exchange_twice(self, request: bytes, descriptors: list[int], allowed: Limits) -> Answer:
        """Ask the resident process; when it dies, once more, since what killed it may be an earlier call's file."""
        try:
            return self._exchange(request, descriptors, allowed)
        except SandboxFault as fault:
            if fault.reason != "crash":
                raise
        for descriptor in descriptors:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return self._exchange(request, descriptors, allowed)

    def _exchange(self, request: bytes, descriptors: list[int], allowed: Limits) -> Answer:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._send(request, [theirs.fileno(), *descriptors])
            if self._mode == "fork":  # who reads what the call writes must see its end
                while descriptors:
                    os.close(descriptors.pop())
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
            return _answer(connection, allowed, deadline)
        except SandboxFault as fault:
            if fault.reason != "error":
                self._end_server_of_one()
            raise
        finally:
            _end_group(pid)

    def _end_server_of_one(self) -> None:
        """A resident server goes as a whole and starts anew with the next call."""
        if self._mode == "resident":
            with self._lock:
                self._stop()

    def _running(self) -> socket.socket:
        if self._server is not None and self._server.poll() is None and self._socket is not None:
            return self._socket
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = _started(
                [sys.executable, "-m", "edms.core.sandbox_server", self._mode, str(os.getpid())], theirs
            )
        self._socket = ours
        return ours

    def _stop(self) -> None:
        """End the server; the one that forks is first let end the calls under way with all that they started."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._server is not None:
            if self._mode == "fork":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(_SECONDS_TO_END)
            self._server.kill()
            self._server.wait()
            self._server = None


def nothing(_descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Do nothing: for asking a sandbox how it is isolated."""
    return {}, []


def _answer(connection: socket.socket, allowed: Limits, deadline: float) -> Answer:
    """Read the answer of a process that may have been taken over: whatever it says is checked (R85)."""
    length = int.from_bytes(_exactly(connection, 8, deadline), "big")
    if length > min(_MOST_HEAD_BYTES, allowed.output_bytes):
        raise SandboxFault("output", "the answer is larger than is allowed")
    try:
        head = json.loads(_exactly(connection, length, deadline))
        if "fault" in head:
            reason = "memory" if head["fault"] == "memory" else "error"
            raise SandboxFault(reason, str(head["message"])[:_MOST_MESSAGE])
        sizes = [int(size) for size in head["sections"]]
        values, isolation = dict(head["values"]), str(head["isolation"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise SandboxFault("crash", "the answer makes no sense") from error
    if any(size < 0 for size in sizes) or sum(sizes) + length > allowed.output_bytes:
        raise SandboxFault("output", "the answer is larger than is allowed")
    return Answer(values, [_exactly(connection, size, deadline) for size in sizes], isolation)


def _end_group(pid: int) -> None:
    """End a call's whole process group, always: it may have answered and left something running."""
    if pid > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _started(command: list[str], connection: socket.socket) -> subprocess.Popen[bytes]:
    """Start the server from a thread that lives as long as it does.

    To the kernel "end with the parent" means the parent's thread: started from a short-lived one, the server would
    end with it and take the calls of all other threads along.
    """
    told: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()

    def keep() -> None:
        try:
            server = subprocess.Popen(
                command,
                stdin=connection.fileno(),
                stdout=subprocess.DEVNULL,
                close_fds=True,
                env=_clean_environment(),
            )
        except OSError as error:
            told.put(error)
            return
        told.put(server)
        server.wait()

    threading.Thread(target=keep, name="sandbox", daemon=True).start()
    outcome = told.get()
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


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
