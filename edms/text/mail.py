"""Mail messages: headers, body, and the text of attachments, within a bounded depth."""

import io
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import Any, BinaryIO

from edms.text.identify import sniff
from edms.text.plain import decode
from edms.text.types import PageText, Unreadable

Content = tuple[list[PageText], set[str], dict[str, Any]]
_SHOWN = ("From", "To", "Cc", "Subject", "Date")
_MOST_PARTS = 500
_MOST_HEADER = 2000


def read(stream: BinaryIO, limits: dict[str, int], depth: int = 0) -> Content:
    """Return the message as the first page and each readable attachment's pages after it."""
    message = BytesParser(policy=policy.compat32).parse(stream)
    pages = [PageText(1, "")]
    flags: set[str] = set()
    names: list[str] = []
    bodies: list[str] = []
    for count, (part, nesting) in enumerate(_parts(message)):
        if count > _MOST_PARTS or nesting > 50:
            raise Unreadable("archive_depth", "the message is nested or divided beyond all use")
        name = part.get_filename()
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if name is None and part.get_content_maintype() == "text" and depth + nesting < 20:
            bodies.append(_body(part, content, limits))
        elif name is not None:
            names.append(str(name)[:200])
            _attachment(content, limits, depth, pages, flags)
    head = [f"{header}: {_header(message, header)}" for header in _SHOWN if message.get(header)]
    pages[0] = PageText(1, "\n".join([*head, "", *bodies, "", *names]))
    if names:
        flags.add("embedded_files")
    return pages, flags, {"subject": _header(message, "Subject"), "attachments": names}


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


def _header(message: Message, name: str) -> str:
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


def _attachment(content: bytes, limits: dict[str, int], depth: int, pages: list[PageText], flags: set[str]) -> None:
    """Read an attachment; one that cannot be read is kept in the message and only marked."""
    from edms.text.reading import read_bytes

    if depth + 1 > limits["max_archive_depth"]:
        flags.add("unread_attachment")
        return
    media_type = sniff(content[: 64 * 1024], len(content))
    try:
        if media_type == "message/rfc822":
            inner, more, _facts = read(io.BytesIO(content), limits, depth + 1)
        else:
            inner, more, _facts = read_bytes(content, media_type, limits)
    except Exception:  # noqa: BLE001 - see above: the message itself stays readable
        flags.add("unread_attachment")
        return
    flags.update(more - {"unsupported"})
    pages.extend(PageText(len(pages) + number, page.text, page.source) for number, page in enumerate(inner, 1))
