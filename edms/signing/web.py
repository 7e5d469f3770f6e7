"""One bounded HTTP exchange: no redirect, no proxy, a limit on time and on size. The address is never a document's."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from edms.core.exchange import connected, parsed_address


class ExchangeFault(OSError):
    """The other side did not answer, or not as one may. The message names no header and no body."""


@dataclass(frozen=True)
class Answer:
    """What came back: `kind` is the media type in lower case, without parameters."""

    status: int
    kind: str
    content: bytes


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
