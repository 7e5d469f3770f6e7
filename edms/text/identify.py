"""What a file is, by content and never by name: PRONOM first, own sniffing where PRONOM is silent.

Runs in a resident sandbox: the signature base costs 0.2 s to load, and the program (Siegfried, in Go, memory-safe)
only matches byte patterns. Its runtime does not survive a fork, so it is never loaded in the forking server.
"""

import csv
import os
import re
from typing import Any

from edms.text.polyglot import TAIL_BYTES, kinds

_HEAD_BYTES = 64 * 1024
_UNKNOWN = "application/octet-stream"
_HEADER = re.compile(rb"^[A-Za-z][A-Za-z0-9-]{0,60}:[ \t]?.", re.MULTILINE)
_MAIL_HEADERS = {b"from", b"to", b"subject", b"date", b"received", b"message-id", b"mime-version", b"return-path"}
_HTML = re.compile(rb"^\s*(<!doctype html|<html[\s>]|<head[\s>]|<body[\s>])", re.IGNORECASE)
# What PRONOM calls the kinds of text that it has no byte signature for.
_TEXT_PUIDS = {"text/plain": "x-fmt/111", "text/csv": "x-fmt/18", "message/rfc822": "fmt/278", "text/html": "fmt/96"}
_DELIMITERS = ",;\t|"
_ROWS_LOOKED_AT = 50
_ZIP = "application/zip"
# What a package may say of itself in its `mimetype`; nothing else is believed, least of all text/html.
_ZIP_PREFIXES = ("application/vnd.oasis.opendocument.", "application/vnd.openxmlformats-", "application/epub+zip")
_ZIP_KINDS = {
    b"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def identify(descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return `{"media_type","puid","format_name","flags"}` of the file at the first descriptor. For the sandbox."""
    import pygfried

    path = f"/proc/self/fd/{descriptors[0]}"
    head = os.pread(descriptors[0], _HEAD_BYTES, 0)
    found = pygfried.identify(path, detailed=True)["files"][0]
    matches = [match for match in found["matches"] if match.get("id") not in (None, "", "UNKNOWN")]
    by_bytes = [match for match in matches if "byte match" in match["basis"] or "container" in match["basis"]]
    match: dict[str, Any] = dict(by_bytes[0]) if by_bytes else {}
    sniffed = sniff(head, os.fstat(descriptors[0]).st_size)
    pronom = str(match.get("mime", "")).split(",")[0].strip()
    media_type = _agreed(pronom, sniffed)
    if media_type == _UNKNOWN:
        media_type = _by_libmagic(head)
    # Where the sniffing was right against PRONOM, or PRONOM knew nothing, its identifier would name another format.
    puid = match.get("id") if media_type in (pronom, _UNKNOWN) else _TEXT_PUIDS.get(media_type, match.get("id"))
    told = {"media_type": media_type, "puid": puid, "format_name": match.get("format") or media_type}
    return {**told, "flags": _flags(descriptors[0], head)}, []


def _flags(descriptor: int, head: bytes) -> list[str]:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    found = kinds(head, tail, size)
    return [*(["polyglot"] if len(found) > 1 else []), *(["executable"] if "program" in found else [])]


def _by_libmagic(head: bytes) -> str:
    """What libmagic says of a content that neither PRONOM nor we know; where it is not installed, nothing."""
    try:
        import magic

        told = str(magic.from_buffer(head, mime=True))
    except Exception:  # noqa: BLE001 - its library may be missing (ImportError), or it fails in ways of its own
        return _UNKNOWN
    return told if re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]{1,100}", told) and not told.startswith("text/") else _UNKNOWN


def _agreed(pronom: str, sniffed: str) -> str:
    """Text kinds that PRONOM cannot tell apart are left to the sniffing: a message that holds HTML is a message."""
    if pronom == _ZIP and sniffed.startswith(_ZIP_PREFIXES):
        return sniffed  # the document is damaged or made to do harm, so that PRONOM sees the package only
    weak = {"text/plain", "application/xml", "text/xml"}
    if sniffed == "text/html" and pronom in weak:
        return sniffed
    if sniffed == "message/rfc822" and pronom in weak | {"text/html", "application/xhtml+xml"}:
        return sniffed
    return pronom or sniffed


def sniff(head: bytes, size: int) -> str:
    """Return the media type that the first bytes speak for; application/octet-stream when they say nothing."""
    if size == 0:
        return "application/x-empty"
    starts = ((b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"),
              (b"II*\x00", "image/tiff"), (b"MM\x00*", "image/tiff"), (b"{\\rtf", "application/rtf"))  # fmt: skip
    for magic, media_type in starts:
        if head.startswith(magic):
            return media_type
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(head)
    if _HTML.match(head[:2048].lstrip(b"\xef\xbb\xbf")):
        return "text/html"
    if _is_mail(head):
        return "message/rfc822"
    if not looks_like_text(head):
        return _UNKNOWN
    return "text/csv" if _is_table(head, whole=size <= len(head)) else "text/plain"


def _zip_kind(head: bytes) -> str:
    if head[30:38] == b"mimetype":
        told = re.match(rb"[a-z0-9.+/-]+", head[38:138])
        kind = told.group().decode("ascii") if told else ""
        return kind if kind.startswith(_ZIP_PREFIXES) else _ZIP
    return next((kind for part, kind in _ZIP_KINDS.items() if part in head), _ZIP)


def _is_mail(head: bytes) -> bool:
    block = head.split(b"\r\n\r\n", 1)[0].split(b"\n\n", 1)[0]
    names = {line.split(b":", 1)[0].strip().lower() for line in block.splitlines() if _HEADER.match(line)}
    return len(names & _MAIL_HEADERS) >= 2 and b":" in block.splitlines()[0]


def _is_table(head: bytes, *, whole: bool) -> bool:
    """True for three or more rows of as many fields each; two columns need five, since prose has commas too."""
    lines = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    rows = [line for line in (lines if whole else lines[:-1]) if line.strip()][:_ROWS_LOOKED_AT]
    for delimiter in _DELIMITERS:
        try:
            widths = {len(row) for row in csv.reader(rows, delimiter=delimiter)}
        except csv.Error:
            continue
        width = widths.pop() if len(widths) == 1 else 0
        if width > 1 and len(rows) >= (5 if width == 2 else 3):
            return True
    return False


def looks_like_text(head: bytes) -> bool:
    """True for bytes that decode as text with hardly any control characters."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    controls = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head)
    return controls <= max(4, len(head) // 100)
