"""Where each character of a page's text stands, as the page is seen. Runs inside the sandbox.

A text layer can say anything and stand anywhere: what comes of it is a proposal where to cover, and never what is kept.
"""

import ctypes
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from edms.core.sandbox_lending import opened
from edms.text.pdf import MEDIA_TYPE, open_pdf

WHOLE = 10_000
"""Boxes are in shares of the page, of so many: from the left and from the top."""
_DEVICE = 1_000_000
_HYPHEN = "\u00ad"
_UNKNOWN = "\ufffd"


def boxes(
    descriptors: list[int], media_type: str, most_pages: int, most_characters: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return for each page its `text` and its `boxes`: left, top, right, bottom of each character in one list, zeros
    for those that have none. A picture has no pages of text; a page whose text cannot be read has none."""
    if media_type != MEDIA_TYPE:
        return {"pages": []}, []
    with opened(descriptors[1]) as stream:
        document = open_pdf(stream)
        try:
            told = []
            for index in range(min(len(document), most_pages)):
                one = _page(document, index, most_characters)
                most_characters -= len(one["text"])
                told.append(one)
            return {"pages": told, "count": len(document)}, []
        finally:
            document.close()


def page_boxes(
    descriptors: list[int], media_type: str, page: int, most_characters: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return `text` and `boxes` of one page (first is 1), as `boxes` does of all; empty when there is none."""
    if media_type != MEDIA_TYPE:
        return {"text": "", "boxes": []}, []
    with opened(descriptors[0]) as stream:
        document = open_pdf(stream)
        try:
            there = 1 <= page <= len(document)
            return _page(document, page - 1, most_characters) if there else {"text": "", "boxes": []}, []
        finally:
            document.close()


def _page(document: pdfium.PdfDocument, index: int, most: int) -> dict[str, Any]:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return {"text": "", "boxes": []}
    try:
        with_text = page.get_textpage()
        try:
            return _characters(page, with_text, most)
        finally:
            with_text.close()
    except pdfium.PdfiumError:
        return {"text": "", "boxes": []}
    finally:
        page.close()


def _characters(page: pdfium.PdfPage, with_text: pdfium.PdfTextPage, most: int) -> dict[str, Any]:
    letters: list[str] = []
    places: list[int] = []
    for at in range(min(with_text.count_chars(), max(0, most))):
        code = pdfium_c.FPDFText_GetUnicode(with_text, at)
        letters.append(_letter(code))
        places.extend(_place(page, with_text, at))
    return {"text": "".join(letters), "boxes": places}


def _letter(code: int) -> str:
    """PDFium says 2 for a hyphen that it takes for one at the end of a line."""
    if code == 2:
        return _HYPHEN
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return _UNKNOWN
    return chr(code)


def _place(page: pdfium.PdfPage, with_text: pdfium.PdfTextPage, at: int) -> tuple[int, int, int, int]:
    if pdfium_c.FPDFText_IsGenerated(with_text, at) == 1:
        return 0, 0, 0, 0
    left, right, bottom, top = (ctypes.c_double() for _side in range(4))
    if not pdfium_c.FPDFText_GetCharBox(with_text, at, left, right, bottom, top):
        return 0, 0, 0, 0
    first = _seen(page, left.value, top.value)
    second = _seen(page, right.value, bottom.value)
    across, down = sorted((first[0], second[0])), sorted((first[1], second[1]))
    return across[0], down[0], across[1], down[1]


def _seen(page: pdfium.PdfPage, x: float, y: float) -> tuple[int, int]:
    """Return a point of the page in shares of what is seen: turned and cut as PDFium draws it."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, _DEVICE, _DEVICE, 0, x, y, across, down)
    return tuple(max(-WHOLE, min(2 * WHOLE, round(side.value * WHOLE / _DEVICE))) for side in (across, down))  # type: ignore[return-value]
