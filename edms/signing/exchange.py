"""One question over HTTP and its answer, within a time for all of it; no proxy, no redirect, nothing on the disk."""

import http.client
import urllib.parse
from dataclasses import dataclass, field

from edms.signing.web import connected


class NoAnswer(Exception):
    """There was no answer, or only half of one. Says the kind of fault alone: what was sent is in no message."""


@dataclass(frozen=True)
class Reply:
    status: int
    kind: str
    content: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


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
