"""Files within a file: taken out one after the other, to a bounded depth, number and size, without recursion.

A reader leaves what it finds under `ATTACHED` in its facts, as (name, bytes). The rest is done here, the same for a
mail's attachments, the files embedded in a PDF and the parts of an office document.
"""

import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from edms.text.identify import sniff
from edms.text.types import PageText, Unreadable

ATTACHED = "_attached"
_HEAD = 64 * 1024
Content = tuple[list[PageText], set[str], dict[str, Any]]
ReadStream = Callable[[BinaryIO, str, dict[str, int]], Content]


@dataclass
class Attached:
    """One file that lay in another: its place in the order of finding (first is 1), and the place of its parent."""

    position: int
    parent: int
    name: str
    content: bytes
    flags: set[str] = field(default_factory=set)
    pages: list[PageText] = field(default_factory=list)
    problem: str = ""

    def told(self) -> dict[str, Any]:
        """What is said of it beside its bytes."""
        return {
            "position": self.position,
            "parent": self.parent,
            "name": self.name[:500],
            "flags": sorted(self.flags),
            "needs_ocr": any(page.needs_ocr for page in self.pages),
            "pages": len(self.pages),
            "problem": self.problem,
        }


def take_out(facts: dict[str, Any], limits: dict[str, int], read: ReadStream) -> tuple[list[Attached], set[str]]:
    """Return every file within, read, in the order of finding; and flags for the whole.

    What is over a limit is left where it is, in the original, and flagged unread_attachment.
    """
    found: list[Attached] = []
    flags: set[str] = set()
    waiting = deque((name, content, 0, 1) for name, content in facts.pop(ATTACHED, []))
    left = limits["max_attachment_bytes"]
    while waiting:
        name, content, parent, depth = waiting.popleft()
        left -= len(content)
        if len(found) >= limits["max_attachments"] or left < 0 or depth > limits["max_archive_depth"]:
            flags.add("unread_attachment")
            continue
        one = Attached(len(found) + 1, parent, name, content)
        found.append(one)
        waiting.extend((inner, part, one.position, depth + 1) for inner, part in _read(one, limits, read))
        flags |= {"embedded_files"} | ({"unread_attachment"} if one.problem not in ("", "encrypted") else set())
        flags |= {"encrypted_attachment"} if one.problem == "encrypted" else set()
    return found, flags


def _read(one: Attached, limits: dict[str, int], read: ReadStream) -> list[tuple[str, bytes]]:
    """Read one of them; what cannot be read is kept and marked. Returns what lies in it."""
    media_type = sniff(one.content[:_HEAD], len(one.content))
    try:
        one.pages, one.flags, facts = read(io.BytesIO(one.content), media_type, limits)
    except Unreadable as unreadable:
        one.problem = unreadable.code
        return []
    except Exception:  # noqa: BLE001 - parsers of foreign files raise anything at all
        one.problem = "damaged"
        return []
    inner: list[tuple[str, bytes]] = facts.pop(ATTACHED, [])
    return inner
