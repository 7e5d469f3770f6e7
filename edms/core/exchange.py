"""One question over HTTP and its answer, within a time for all of it; no proxy, no redirect, nothing on the disk.

In `core` because the signing services and the sign-in provider are both asked by it.
"""

import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoAnswer(Exception):
    """There was no answer, or only half of one. Says the kind of fault alone: what was sent is in no message."""


@dataclass(frozen=True)
class Reply:
    status: int
    kind: str
    content: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


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


def ask(
    method: str, url: str, headers: dict[str, str], body: bytes | None, *, timeout: float, most: int, roots: str = ""
) -> Reply:
    """Send one request and return the whole answer. Raises NoAnswer when it is late, cut off or over `most` bytes.

    `roots`: a PEM text under which the server's own certificate is believed; empty: what the machine believes.
    """
    target = urllib.parse.urlsplit(url)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        with connected(target, timeout, roots) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read(most + 1)
            announced = answer.getheader("Content-Length")
            told = {name.lower(): value for name, value in answer.getheaders()}
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(type(error).__name__) from None
    if len(content) > most:
        raise NoAnswer("too long an answer")
    if announced is not None and announced.isdigit() and int(announced) != len(content):
        raise NoAnswer("half an answer")
    kind = told.get("content-type", "").partition(";")[0].strip().lower()
    return Reply(answer.status, kind, content, told)


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
