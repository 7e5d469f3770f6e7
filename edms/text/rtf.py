"""Rich Text Format: its text through striprtf, and what it would load or run."""

import re
from typing import Any, BinaryIO

from striprtf.striprtf import rtf_to_text

from edms.text.types import PageText, Unreadable, read_up_to

Content = tuple[list[PageText], set[str], dict[str, Any]]
_OBJECT = re.compile(rb"\\obj(?:data|emb|ocx|link|autlink)\b")
_LOADS = re.compile(rb"\\objupdate\b|\\objautlink\b|\\\*?\\?template[\s{]+[^}]{0,20}(?:https?:|\\\\)", re.IGNORECASE)
_REMOTE = re.compile(rb"INCLUDE(?:PICTURE|TEXT)\s+\"?\s*(?:https?:|\\\\\\\\)", re.IGNORECASE)


def read(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return the text as one page. RTF is 7-bit text that names its code pages itself."""
    content = read_up_to(stream, limits["max_archive_bytes"])
    try:
        text = rtf_to_text(content.decode("latin-1"), encoding="cp1252", errors="replace")
    except (ValueError, LookupError, RecursionError, IndexError, KeyError):
        raise Unreadable("damaged", "the document is damaged: its groups make no sense") from None
    if not text.strip() and content.count(b"{") != content.count(b"}"):
        raise Unreadable("damaged", "the document is damaged: it breaks off before any text")
    flags = {name for name, mark in _MARKS.items() if mark.search(content)}
    return [PageText(1, text)], flags, {}


_MARKS = {"embedded_objects": _OBJECT, "remote_template": _LOADS, "external_links": _REMOTE}
