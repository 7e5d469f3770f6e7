"""A client of ClamAV's daemon: the commands VERSION and INSTREAM of clamd(8), a connection for each.

Three libraries for this were looked at: two have had no release since 2017, the third is for asyncio; none has a
deadline for the whole of a scan or tells a broken answer from a verdict. The protocol is two commands.
"""

import re
import socket
import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from edms.screening.protocol import Outcome, ScannerUnavailable, ScanVerdict

T = TypeVar("T")

_CHUNK = 256 * 1024
_MOST_ANSWER = 4096
_SECONDS_FOR_VERSION = 10.0
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"
_FOUND = re.compile(r"stream: ([^\x00-\x20]{1,300}) FOUND")
_CLEAN = "stream: OK"
# With AlertExceedsMax clamd calls what it did not look into by this name; it is no malware and no verdict.
_LIMITS = "Heuristics.Limits.Exceeded"
_MEND = "is clamd running? see [screening] clamd"


class Clamd:
    """ClamAV behind a socket: `unix:/path` or `tcp:host:port`."""

    def __init__(self, address: str, timeout_seconds: float, max_bytes: int) -> None:
        self._address = address
        self._timeout = timeout_seconds
        self._max_bytes = max_bytes

    def scan(self, source: BinaryIO) -> ScanVerdict:
        """Send `source` to the daemon and return its verdict. See `MalwareScanner`."""
        deadline = time.monotonic() + self._timeout
        engine = self._ask(b"zVERSION\0", min(deadline, time.monotonic() + _SECONDS_FOR_VERSION))
        with self._connected(deadline) as connection:
            sent = self._send(connection, source, deadline)
            if not sent:
                return ScanVerdict(Outcome.NOT_SCANNED, f"it is larger than {self._max_bytes} bytes", engine)
            return _verdict(self._answer(connection, deadline), engine)

    def engine(self) -> str:
        """Return program and signatures as clamd names them: `ClamAV 1.4.6/27820/Wed Nov 25 10:00:00 2026`."""
        return self._ask(b"zVERSION\0", time.monotonic() + min(self._timeout, _SECONDS_FOR_VERSION))

    def _ask(self, command: bytes, deadline: float) -> str:
        with self._connected(deadline) as connection:
            self._guarded(lambda: connection.sendall(command), connection, deadline)
            answer = self._answer(connection, deadline)
        if not answer.startswith("ClamAV "):
            raise ScannerUnavailable(f"the malware scanner answers {answer[:80]!r} and not its version", _MEND)
        return answer

    def _connected(self, deadline: float) -> socket.socket:
        kind, _, place = self._address.partition(":")
        try:
            if kind == "unix":
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.settimeout(_left(deadline))
                    connection.connect(place)
                except BaseException:
                    connection.close()
                    raise
                return connection
            host, _, port = place.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), timeout=_left(deadline))
        except OSError as error:
            raise ScannerUnavailable(
                f"the malware scanner at {self._address} cannot be reached: {error.strerror or error}", _MEND
            ) from None

    def _send(self, connection: socket.socket, source: BinaryIO, deadline: float) -> bool:
        """Send the content in pieces; False when it is over our limit. A daemon that hangs up has said why."""
        total = 0
        self._guarded(lambda: connection.sendall(b"zINSTREAM\0"), connection, deadline)
        while chunk := source.read(_CHUNK):
            total += len(chunk)
            if total > self._max_bytes:
                return False
            if not self._piece(connection, chunk, deadline):
                return True
        self._piece(connection, b"", deadline)
        return True

    def _piece(self, connection: socket.socket, chunk: bytes, deadline: float) -> bool:
        try:
            connection.settimeout(_left(deadline))
            connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
        except TimeoutError:
            raise _late() from None
        except OSError:
            return False
        return True

    def _answer(self, connection: socket.socket, deadline: float) -> str:
        """Return the whole answer; one without its end is none."""
        received = b""
        while not received.endswith(b"\0"):
            piece = self._guarded(lambda: connection.recv(_MOST_ANSWER), connection, deadline)
            received += piece
            if not piece or len(received) > _MOST_ANSWER:
                raise ScannerUnavailable("the malware scanner broke off its answer", _MEND)
        return received.rstrip(b"\0").decode("utf-8", "replace")

    def _guarded(self, act: Callable[[], T], connection: socket.socket, deadline: float) -> T:
        try:
            connection.settimeout(_left(deadline))
            return act()
        except TimeoutError:
            raise _late() from None
        except OSError as error:
            raise ScannerUnavailable(f"the malware scanner broke off: {error.strerror or error}", _MEND) from None


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late()
    return left


def _late() -> ScannerUnavailable:
    return ScannerUnavailable("the malware scanner does not answer in time", "see [screening] timeout_seconds")


def _verdict(answer: str, engine: str) -> ScanVerdict:
    """Return what clamd's answer means; whatever is not known is no verdict."""
    if answer == _CLEAN:
        return ScanVerdict(Outcome.CLEAN, "", engine)
    if found := _FOUND.fullmatch(answer):
        name = found.group(1)
        if name.startswith(_LIMITS):
            return ScanVerdict(Outcome.NOT_SCANNED, f"it passes a limit of the scanner ({name})", engine)
        return ScanVerdict(Outcome.INFECTED, name, engine)
    if answer == _TOO_LARGE:
        return ScanVerdict(Outcome.NOT_SCANNED, "it is larger than the scanner takes (StreamMaxLength)", engine)
    raise ScannerUnavailable(f"the malware scanner reports {answer[:120]!r}", "see the log of clamd")
