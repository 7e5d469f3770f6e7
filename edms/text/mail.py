"""Mail messages: headers, body, and what is attached."""

from email import policy
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


def read(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return headers, body and names as one page, what is attached for taking out."""
    message = BytesParser(policy=policy.compat32).parse(stream)
    pages = [PageText(1, "")]
    flags: set[str] = set()
    names: list[str] = []
    bodies: list[str] = []
    attached: list[tuple[str, bytes]] = []
    for count, (part, nesting) in enumerate(_parts(message)):
        if count > _MOST_PARTS or nesting > 50:
            raise Unreadable("archive_depth", "the message is nested or divided beyond all use")
        name = part.get_filename()
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


def _body(part: Message, content: bytes, limits: dict[str, int]) -> str:
    if part.get_content_subtype() == "html":
        from edms.text.reading import read_bytes

        return "\n".join(page.text for page in read_bytes(content, "text/html", limits)[0])
    charset = part.get_content_charset()
    try:
        return content.decode(charset) if charset else decode(content)
    except (LookupError, UnicodeDecodeError):
        return decode(content)
