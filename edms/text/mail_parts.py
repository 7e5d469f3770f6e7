"""A mail message taken apart: the headers that tell whose it is, and its attachments. Runs in the sandbox.

Nothing is decoded further than the transfer encoding: an attachment is the bytes that its sender attached.
"""

import hashlib
import os
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any

from edms.text.mail import PARSING, file_name, header_text
from edms.text.plain import decode

MOST_ATTACHMENTS = 200
MOST_NESTING = 50
MOST_PARTS = 2000
MOST_BODY = 10_000
# What each server on the way adds or changes: a message is the same whichever way it came.
TRACE = frozenset(
    ("received", "return-path", "delivered-to", "x-original-to", "authentication-results", "arc-seal",
     "arc-message-signature", "arc-authentication-results", "x-spam-status", "x-spam-level", "x-virus-scanned",
     "received-spf", "x-received", "envelope-to", "x-envelope-to", "x-envelope-from", "status", "x-uid")
)  # fmt: skip


def take_apart(descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return what the headers say, and the attachments as sections in the order of `attachments`.

    `digest`: SHA-256 over the headers that travel unchanged and the body. `undivided`: why the attachments are not
    given (too many, nested too deep), "" when they are.
    """
    with os.fdopen(descriptors[0], "rb") as stream:
        content = stream.read()
    message = BytesParser(policy=PARSING).parsebytes(content)
    attachments, body, undivided = _divided(message)
    told = {
        "message_id": _plain(message, "Message-ID"),
        "subject": header_text(message, "Subject"),
        "from": header_text(message, "From"),
        "to": header_text(message, "To"),
        "date": _day(message),
        "received": len(message.get_all("Received") or []),
        "authentication": [_flat(one)[:1000] for one in message.get_all("Authentication-Results") or []][:20],
        "dkim_signatures": len(message.get_all("DKIM-Signature") or []),
        "digest": _digest(message, content),
        "attachments": [name for name, _content in attachments],
        "body": body,
        "undivided": undivided,
    }
    return told, [part for _name, part in attachments]


def _divided(message: Message) -> tuple[list[tuple[str, bytes]], str, str]:
    """Return attachments, the text of the body, and why the message is not to be divided ("" when it is).

    Whatever is no text of the message itself is an attachment, also a message within; walked without recursion.
    """
    attachments: list[tuple[str, bytes]] = []
    texts: list[str] = []
    waiting: list[tuple[Message, int]] = [(message, 0)]
    while waiting:
        part, nesting = waiting.pop()
        if nesting > MOST_NESTING or len(attachments) > MOST_ATTACHMENTS or len(waiting) > MOST_PARTS:
            return [], "", f"it is nested too deep or has more than {MOST_ATTACHMENTS} attachments"
        inner = part.get_payload()
        name = file_name(part)
        if part.get_content_maintype() == "message" and isinstance(inner, list) and isinstance(inner[0], Message):
            attachments.append((str(name or "message.eml")[:500], inner[0].as_bytes()))
        elif part.is_multipart() and isinstance(inner, list):
            waiting += [(one, nesting + 1) for one in reversed(inner) if isinstance(one, Message)]
        elif isinstance(content := part.get_payload(decode=True), bytes):
            attached = name is not None or part.get_content_disposition() == "attachment"
            if attached or part.get_content_maintype() != "text":
                attachments.append((str(name or "attachment")[:500], content))
            else:
                texts.append(decode(content))
    body = "\n".join(texts).strip()
    if len(body) > MOST_BODY:
        return [], "", f"its text has more than {MOST_BODY} characters"
    return attachments, body, ""


def _digest(message: Message, content: bytes) -> str:
    digest = hashlib.sha256()
    for name, value in message.items():
        if name.casefold() not in TRACE:
            digest.update(f"{name.casefold()}:{' '.join(str(value).split())}\n".encode("utf-8", "surrogateescape"))
    flat = content.replace(b"\r\n", b"\n")
    digest.update(flat[flat.find(b"\n\n") :])
    return digest.hexdigest()


def _plain(message: Message, name: str) -> str:
    return _flat(message.get(name, ""))[:400]


def _flat(value: Any) -> str:
    return " ".join(str(value).encode("utf-8", "replace").decode().split())


def _day(message: Message) -> str:
    try:
        return parsedate_to_datetime(str(message.get("Date", ""))).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
