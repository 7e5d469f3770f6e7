"""One bounded HTTP exchange: no redirect, no proxy, a limit on time and on size. The address is never a document's."""

import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ExchangeFault(OSError):
    """The other side did not answer, or not as one may. The message names no header and no body."""


@dataclass(frozen=True)
class Answer:
    """What came back: `kind` is the media type in lower case, without parameters."""

    status: int
    kind: str
    content: bytes


def parsed_address(url: str) -> urllib.parse.SplitResult:
    """Return the parts of an http or https address. Raises ValueError for anything else."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("it is not an http or https address")
    _ = parts.port  # raises ValueError when it is none
    return parts


def safe_for_secrets(url: str) -> bool:
    """Whether a secret may be sent there: by https, or without leaving this machine."""
    parts = parsed_address(url)
    return parts.scheme == "https" or parts.hostname in LOOPBACK


def exchange(
    url: str, headers: Mapping[str, str], seconds: float, most_bytes: int, body: bytes | None = None
) -> Answer:
    """Ask (POST when there is a body, else GET) in `seconds` for all of it. Raises ExchangeFault."""
    try:
        parts = parsed_address(url)
        with connected(parts, seconds) as connection:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET" if body is None else "POST", target, body, dict(headers))
            answer = connection.getresponse()
            kind = answer.getheader("Content-Type", "").partition(";")[0].strip().lower()
            content = answer.read(most_bytes + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ExchangeFault(f"does not answer ({type(error).__name__})") from None
    if len(content) > most_bytes:
        raise ExchangeFault(f"answered with more than {most_bytes} bytes")
    return Answer(answer.status, kind, content)


@contextmanager
def connected(parts: urllib.parse.SplitResult, seconds: float, roots: str = "") -> Iterator[http.client.HTTPConnection]:
    """Connect, and cut the connection when the time is over: an answer may come a byte at a time.

    `roots`: a PEM text under which the server's own certificate is believed; empty: what the machine believes.
    """
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(
            host, port, timeout=seconds, context=ssl.create_default_context(cadata=roots or None)
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    connection.connect()
    cut = threading.Timer(seconds, _shut, (connection.sock,))
    cut.daemon = True
    cut.start()
    try:
        yield connection
    finally:
        cut.cancel()
        connection.close()


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
