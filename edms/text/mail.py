"""Mail messages: headers, body, and what is attached."""

import hashlib
from email import policy
from email._policybase import Compat32
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import Any, BinaryIO

from edms.text.attachments import ATTACHED
from edms.text.plain import decode
from edms.text.types import PageText, Unreadable

Content = tuple[list[PageText], set[str], dict[str, Any]]
_SHOWN = ("From", "To", "Cc", "Subject", "Date")
_MOST_PARTS = 500
_MOST_HEADER = 2000
_MOST_PARAMETERS = 16_384
_WITH_PARAMETERS = ("content-type", "content-disposition")


class Bounded(Compat32):
    """Reads messages: of headers with parameters no more than their beginning and a digest of the whole.

    The standard library copies what is left of such a header for each of its parameters: a megabyte takes a minute.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if len(value) > _MOST_PARAMETERS and name.casefold() in _WITH_PARAMETERS:
            whole = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
            value = f"{value[:_MOST_PARAMETERS]}; cut={whole}"
        return name, value

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Give a header as text: bytes beyond ASCII, which some write there as they are, as UTF-8 or Latin."""
        return decode(value.encode("utf-8", "surrogateescape"))


PARSING = Bounded()


def read(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return headers, body and names as one page, what is attached for taking out."""
    message = BytesParser(policy=PARSING).parse(stream)
    pages = [PageText(1, "")]
    flags: set[str] = set()
    names: list[str] = []
    bodies: list[str] = []
    attached: list[tuple[str, bytes]] = []
    for count, (part, nesting) in enumerate(_parts(message)):
        if count > _MOST_PARTS or nesting > 50:
            raise Unreadable("archive_depth", "the message is nested or divided beyond all use")
        name = file_name(part)
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if name is None and part.get_content_maintype() == "text" and nesting < 20:
            bodies.append(_body(part, content, limits))
        elif name is not None:
            names.append(str(name)[:200])
            attached.append((str(name), content))
    head = [f"{header}: {header_text(message, header)}" for header in _SHOWN if message.get(header)]
    pages[0] = PageText(1, "\n".join([*head, "", *bodies, "", *names]))
    return pages, flags, {"subject": header_text(message, "Subject"), "attachments": names, ATTACHED: attached}


def _parts(message: Message) -> list[tuple[Message, int]]:
    """Leaf parts with their nesting, found without recursion so that a deep message cannot overflow the stack."""
    found: list[tuple[Message, int]] = []
    waiting: list[tuple[Message, int]] = [(message, 0)]
    while waiting and len(found) <= _MOST_PARTS + 1:
        part, nesting = waiting.pop()
        payload = part.get_payload()
        if part.is_multipart() and isinstance(payload, list):
            waiting.extend((inner, nesting + 1) for inner in reversed(payload) if isinstance(inner, Message))
        else:
            found.append((part, nesting))
    return found


def header_text(message: Message, name: str) -> str:
    """Return a header decoded, at most 2,000 characters of it; one that is broken as it stands."""
    raw = str(message.get(name, ""))[:_MOST_HEADER]
    probe = EmailMessage(policy=policy.default)
    try:
        probe[name] = raw.replace("\n", " ").replace("\r", " ")
        return str(probe[name])
    except Exception:  # noqa: BLE001 - the header parser raises many kinds of errors on broken headers
        return raw


def file_name(part: Message) -> str | None:
    """Return the name of a part as its sender wrote it, also in encoded words, which have no place there."""
    name = part.get_filename()
    if name is None or "=?" not in name:
        return name
    try:
        return str(make_header(decode_header(name[:_MOST_HEADER])))
    except (MessageError, LookupError, ValueError):
        return name


def _body(part: Message, content: bytes, limits: dict[str, int]) -> str:
    if part.get_content_subtype() == "html":
        from edms.text.reading import read_bytes

        return "\n".join(page.text for page in read_bytes(content, "text/html", limits)[0])
    charset = part.get_content_charset()
    try:
        return content.decode(charset) if charset else decode(content)
    except (LookupError, UnicodeDecodeError):
        return decode(content)
