"""What is active in a PDF and what lies in it, by its objects: names written in hexadecimal and objects packed into
streams hide from a search of the bytes, not from qpdf (ISO 32000-1, 7.5.7, 12.6 and 7.11.4)."""

import io
import os
from itertools import islice
from typing import Any, BinaryIO

import pikepdf
import pypdfium2 as pdfium

_MOST_OBJECTS = 50_000
_END_BYTES = 8 * 1024 * 1024
_ACTIONS = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/GoToR": "external_links",
    "/GoToE": "external_links",
    "/SubmitForm": "external_links",
    "/ImportData": "external_links",
    "/Rendition": "active_content",
    "/RichMediaExecute": "active_content",
}
_KEYS = {"/JS": "javascript", "/AA": "open_action", "/RichMediaContent": "active_content", "/EF": "embedded_files"}
# Bytes without which none of the above can be: most files have none of them, and are not walked at all.
_HINTS = (b"/JavaScript", b"/JS", b"/Launch", b"/OpenAction", b"/AA", b"/RichMedia", b"/EmbeddedFile", b"/GoTo",
          b"/SubmitForm", b"/ImportData", b"/Rendition", b"/ObjStm", b"#")  # fmt: skip


def flags_of(content: bytes | BinaryIO) -> set[str]:
    """Return the flags of a PDF. What qpdf cannot open has been opened by PDFium: it is judged by its bytes."""
    if isinstance(content, bytes) and not any(hint in content for hint in _HINTS):
        return set()
    try:
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with pikepdf.open(source, suppress_warnings=True) as document:
            found = _root(document)
            for one in islice(document.objects, _MOST_OBJECTS):
                found |= _of(one)
            return found
    except Exception:  # noqa: BLE001 - qpdf and pikepdf raise many kinds of errors on damaged files
        return _by_bytes(content if isinstance(content, bytes) else _ends(content))


def _ends(stream: BinaryIO) -> bytes:
    stream.seek(0)
    head = stream.read(_END_BYTES)
    stream.seek(-_END_BYTES, os.SEEK_END)
    return head + stream.read(_END_BYTES)


def _root(document: pikepdf.Pdf) -> set[str]:
    """An OpenAction that only turns to a page (a destination, or GoTo) is how every word processor writes a PDF."""
    action = document.Root.get("/OpenAction")
    if isinstance(action, pikepdf.Dictionary) and str(action.get("/S", "")) != "/GoTo":
        return {"open_action"}
    return set()


def _of(one: Any) -> set[str]:
    if isinstance(one, pikepdf.Stream | pikepdf.Dictionary):
        return _of_dictionary(one, deep=True)
    return set()


def _of_dictionary(one: Any, *, deep: bool) -> set[str]:
    """The flags of a dictionary and, one step down, of those that lie in it without a number of their own."""
    found: set[str] = set()
    for key in one.keys():  # noqa: SIM118 - a stream is iterated by its keys only through keys()
        if key in _KEYS and not (key == "/AA" and len(one[key]) == 0):
            found.add(_KEYS[key])
        elif key == "/S":
            kind = _ACTIONS.get(str(one[key]))
            found |= {kind} if kind else set()
        elif deep and key in ("/A", "/OpenAction", "/Next"):
            inner = one[key]
            if isinstance(inner, pikepdf.Dictionary):
                found |= _of_dictionary(inner, deep=False)
    return found


def _by_bytes(content: bytes) -> set[str]:
    marks = {
        "javascript": (b"/JavaScript", b"/JS "),
        "launch": (b"/Launch",),
        "open_action": (b"/AA", b"/OpenAction<<", b"/OpenAction <<"),
        "embedded_files": (b"/EmbeddedFile",),
    }
    return {flag for flag, found in marks.items() if any(mark in content for mark in found)}


def embedded(document: pdfium.PdfDocument, most: int) -> list[tuple[str, bytes]]:
    """Return name and bytes of the files embedded in the document as a whole, `most` of them."""
    files = []
    for index in range(min(document.count_attachments(), most)):
        try:
            one = document.get_attachment(index)
            files.append((str(one.get_name() or f"{index + 1}"), bytes(one.get_data())))
        except (pdfium.PdfiumError, ValueError, OSError):
            continue
    return files
