"""Plain text and HTML."""

import re
from typing import Any, BinaryIO

from edms.text.types import PageText, read_up_to

Content = tuple[list[PageText], set[str], dict[str, Any]]
# What a viewer would fetch by itself, telling somebody elsewhere that, when and where the page was opened.
_FETCHED = {"img", "script", "iframe", "embed", "video", "audio", "source", "object", "link"}
_ELSEWHERE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_text(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return the text as one page."""
    return [PageText(1, decode(read_up_to(stream, limits["max_text_characters"] * 4)))], set(), {}


def read_html(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return what a reader would see; scripts, styles and comments are dropped and nothing is fetched."""
    from lxml import html

    content = decode(read_up_to(stream, limits["max_text_characters"] * 4))
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, huge_tree=False)
    try:
        tree: Any = html.fromstring(content.encode("utf-8", "replace"), parser=parser)
    except (ValueError, html.etree.ParserError):
        return [PageText(1, "")], set(), {}
    flags = (
        {"active_content"}
        if tree.xpath("//script|//iframe|//object|//embed|//*[@onload or @onclick or @onerror]")
        else set()
    )
    if any(_fetches(element) for element in tree.iter(*_FETCHED)):
        flags.add("external_links")
    for unwanted in tree.xpath("//script|//style|//noscript|//template"):
        unwanted.drop_tree()
    lines = (line.strip() for line in tree.text_content().splitlines())
    return [PageText(1, "\n".join(line for line in lines if line))], flags, {}


def _fetches(element: Any) -> bool:
    if element.tag == "link" and not {"stylesheet", "icon", "preload"} & set(element.get("rel", "").lower().split()):
        return False
    return any(_ELSEWHERE.match(element.get(name) or "") for name in ("src", "href", "data"))


def decode(content: bytes) -> str:
    """Decode text of unknown encoding: by its mark, as UTF-8, else as Windows-1252 (Latin with typographic quotes)."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
