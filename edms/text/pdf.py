"""Text of PDF pages through PDFium; which pages need OCR; what is active in the file."""

import math
import os
from itertools import islice
from typing import Any, BinaryIO

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from edms.text.attachments import ATTACHED
from edms.text.legibility import illegible
from edms.text.pdf_contents import embedded, flags_of
from edms.text.types import LARGE_BYTES, PageText, Unreadable

MEDIA_TYPE = "application/pdf"
_FEW_CHARACTERS = 25
_STAMP_CHARACTERS = 400
_MOSTLY_IMAGE = 0.5
_WHOLLY_IMAGE = 0.8
MOST_PICTURES = 2000
_SCREENED = 8 * 1024 * 1024
_MARKS = {
    "signed": (rb"/ByteRange",),
    "form": (rb"/AcroForm",),
}


def read(stream: BinaryIO, limits: dict[str, int]) -> tuple[list[PageText], set[str], dict[str, Any]]:
    """Return pages, flags and facts. Raises Unreadable: encrypted, damaged, too_many_pages."""
    content = _whole_or_lent(stream)
    document = open_pdf(content)
    try:
        count = len(document)
        if count > limits["max_pages"]:
            raise Unreadable("too_many_pages", f"it has {count} pages; the limit is {limits['max_pages']}")
        if count == 0:
            raise Unreadable("damaged", "no page of the PDF can be read")
        pages, readable = _pages(document, count, limits["max_text_characters"])
        if not readable:
            raise Unreadable("damaged", "no page of the PDF can be read")
        flags = _flags(content)
        bad = [page.number for page in pages if page.needs_ocr and illegible(page.text)]
        facts = {"pages": count, **_metadata(document), **({"bad_text_pages": bad[:200]} if bad else {})}
        facts[ATTACHED] = embedded(document, limits["max_attachments"] + 1)
        return pages, flags | ({"bad_text_layer"} if bad else set()), facts
    finally:
        document.close()


def _whole_or_lent(stream: BinaryIO) -> bytes | BinaryIO:
    """Take a file of a usual size into memory; of a large one PDFium and qpdf fetch what they need."""
    if stream.seek(0, os.SEEK_END) > LARGE_BYTES:
        return stream
    stream.seek(0)
    return stream.read()


def open_pdf(content: bytes | BinaryIO) -> pdfium.PdfDocument:
    """Open a PDF from memory or a seekable stream; an empty user password opens. Raises Unreadable."""
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("encrypted", "the PDF is protected by a password; bring it without one") from None
        if "security" in str(error).lower():
            message = "the PDF is encrypted in a way that cannot be opened here; bring it without encryption"
            raise Unreadable("encrypted", message) from None
        raise Unreadable("damaged", "the PDF is damaged: it cannot be opened") from None


def _pages(document: pdfium.PdfDocument, count: int, most: int) -> tuple[list[PageText], int]:
    pages, readable = [], 0
    for index in range(count):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            pages.append(PageText(index + 1, "", "none"))
            continue
        readable += 1
        try:
            text = _text(page, most)
            needs = _needs_ocr(page, text)
        finally:
            page.close()
        most = max(0, most - len(text))
        pages.append(PageText(index + 1, text, "text" if text.strip() else "none", needs))
    return pages, readable


def _text(page: pdfium.PdfPage, most: int) -> str:
    try:
        with_text = page.get_textpage()
    except pdfium.PdfiumError:
        return ""
    try:
        return str(with_text.get_text_range(0, min(with_text.count_chars(), most))) if most else ""
    except pdfium.PdfiumError:
        return ""
    finally:
        with_text.close()


def _needs_ocr(page: pdfium.PdfPage, text: str) -> bool:
    """A page needs OCR when it is mostly pictures with hardly any text, or its text layer is garbage.

    On a page that is wholly picture a little more text speaks for nothing: scanning programs and those for electronic
    signatures print a line or a box of their own onto every page.
    """
    stripped = text.strip()
    if illegible(stripped):
        return True
    if len(stripped) >= _STAMP_CHARACTERS:
        return False
    return _image_share(page) >= (_MOSTLY_IMAGE if len(stripped) < _FEW_CHARACTERS else _WHOLLY_IMAGE)


def _image_share(page: pdfium.PdfPage) -> float:
    """The share of the page that its pictures cover together, 0 to 1: many scanners store a page in strips."""
    width, height = page.get_size()
    area = width * height
    if not area or not math.isfinite(area):
        return 0.0
    pictures = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    covered = 0.0
    for found in islice(pictures, MOST_PICTURES):
        left, bottom, right, top = found.get_bounds()
        covered += (right - left) * (top - bottom)
    return float(min(1.0, covered / area))


def _flags(content: bytes | BinaryIO) -> set[str]:
    if isinstance(content, bytes):
        head, tail = content[:_SCREENED], content[-_SCREENED:] if len(content) > _SCREENED else b""
    else:
        content.seek(0)
        head = content.read(_SCREENED)
        content.seek(-_SCREENED, os.SEEK_END)
        tail = content.read(_SCREENED)
    marked = {flag for flag, marks in _MARKS.items() if any(mark in head or mark in tail for mark in marks)}
    return marked | flags_of(content)


def _metadata(document: pdfium.PdfDocument) -> dict[str, Any]:
    try:
        told = document.get_metadata_dict(skip_empty=True)
    except pdfium.PdfiumError:
        return {}
    return {name.lower(): str(value)[:300] for name, value in told.items() if name in ("Title", "Producer", "Creator")}
