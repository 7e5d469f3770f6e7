"""What a person is shown before signing: every page as one program draws it at one resolution, as digests; and what in
the file could look otherwise elsewhere. Runs inside the sandbox.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageDraw

from edms.text.pdf import open_pdf
from edms.text.types import Unreadable

DPI = 120
_POINTS = 72
_MOST_OBJECTS = 300_000
_MARGIN_PIXELS = 3

# What refuses a signature, and what is said before it. Each is a code; its words are the faces'.
REFUSING = ("scripts", "launches", "forms_of_another_kind", "media", "outside_content", "layers", "print_differs",
            "appearances_left_open", "alternate_pictures", "too_complex")  # fmt: skip
_ACTIONS = {
    "/JavaScript": "scripts", "/Launch": "launches", "/ImportData": "scripts", "/SubmitForm": "scripts",
    "/Rendition": "media", "/Movie": "media", "/Sound": "media", "/RichMediaExecute": "media", "/GoTo3DView": "media",
    "/SetOCGState": "layers", "/Hide": "scripts", "/GoToR": "links", "/GoToE": "links", "/URI": "links",
}  # fmt: skip
_MEDIA = ("/RichMedia", "/Movie", "/Sound", "/Screen", "/3D")
_INVISIBLE, _PRINT = 2 | 32, 4  # Hidden and NoView; Print: ISO 32000-1 table 165


def renderer() -> str:
    """Name the program that draws, and its version."""
    return f"PDFium {str(pdfium.PDFIUM_INFO).partition('@')[0]} (pypdfium2 {pdfium.PYPDFIUM_INFO})"


def examine(descriptors: list[int], most_pages: int, most_pixels: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return for each page digest (SHA-256 of its size and pixels) and geometry in points, and the findings' codes."""
    content = _content(descriptors[0])
    document = _opened(content)
    try:
        if not 0 < len(document) <= most_pages:
            raise Unreadable("too_many_pages", f"it has {len(document)} pages; {most_pages} can be shown")
        pages = []
        for number in range(len(document)):
            image = _drawn(document, number, most_pixels)
            pages.append({"digest": _digest(image), **_geometry(document[number])})
    finally:
        document.close()
    return {"renderer": renderer(), "dpi": DPI, "pages": pages, "findings": sorted(set(_findings(content)))}, []


def picture(descriptors: list[int], page: int, most_pixels: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return a page (first is 1) as it was digested, PNG: not a pixel is lost."""
    document = _opened(_content(descriptors[0]))
    try:
        if not 1 <= page <= len(document):
            return {}, []
        out = io.BytesIO()
        _drawn(document, page - 1, most_pixels).save(out, "PNG", compress_level=3)
    finally:
        document.close()
    return {}, [out.getvalue()]


def same_outside(
    descriptors: list[int], page: int, box: list[float], most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Say whether two files show the same on `page` outside of `box` (left, bottom, right, top; points as seen)."""
    digests = []
    for descriptor in descriptors[:2]:
        document = _opened(_content(descriptor))
        try:
            image = _drawn(document, page - 1, most_pixels)
        finally:
            document.close()
        left, bottom, right, top = (side * DPI / _POINTS for side in box)
        masked = (left - _MARGIN_PIXELS, image.height - top - _MARGIN_PIXELS,
                  right + _MARGIN_PIXELS, image.height - bottom + _MARGIN_PIXELS)  # fmt: skip
        ImageDraw.Draw(image).rectangle(masked, fill="white")
        digests.append(_digest(image))
    return {"same": digests[0] == digests[1]}, []


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read()


def _opened(content: bytes) -> pdfium.PdfDocument:
    document = open_pdf(content)
    document.init_forms()  # without it PDFium leaves fields out, and with them every visible signature
    return document


def _drawn(document: pdfium.PdfDocument, index: int, most_pixels: int) -> Image.Image:
    try:
        page = document[index]
        width, height = page.get_size()
        if width * height * (DPI / _POINTS) ** 2 > most_pixels:
            raise Unreadable("too_large", f"page {index + 1} is too large to be shown")
        drawn: Image.Image = page.render(scale=DPI / _POINTS, may_draw_forms=True).to_pil().convert("RGB")
        return drawn
    except pdfium.PdfiumError:
        raise Unreadable("damaged", f"page {index + 1} cannot be drawn") from None


def _digest(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.width} {image.height} RGB\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def _geometry(page: pdfium.PdfPage) -> dict[str, Any]:
    left, bottom, right, top = page.get_cropbox()
    return {"left": left, "bottom": bottom, "width": right - left, "height": top - bottom,
            "rotation": int(page.get_rotation())}  # fmt: skip


def _findings(content: bytes) -> Iterator[str]:
    """Yield the code of everything that another program, a printer or a click could make look otherwise."""
    with pikepdf.open(io.BytesIO(content)) as document:
        yield from _of_root(document.Root)
        for count, found in enumerate(document.objects):
            if count > _MOST_OBJECTS:
                yield "too_complex"
                return
            if isinstance(found, pikepdf.Stream):
                yield from _of_dictionary(found.stream_dict)
            elif isinstance(found, pikepdf.Dictionary):
                yield from _of_dictionary(found)
                yield from _of_actions(found)


def _of_root(root: Any) -> Iterator[str]:
    if len(_at(_at(root, "/OCProperties"), "/OCGs") or ()):
        yield "layers"
    form = _at(root, "/AcroForm")
    if _at(form, "/XFA") is not None:
        yield "forms_of_another_kind"
    if _at(form, "/NeedAppearances"):
        yield "appearances_left_open"
    if _at(_at(root, "/Names"), "/EmbeddedFiles") is not None:
        yield "attachments"


def _of_actions(holder: Any) -> Iterator[str]:
    """Actions written into what they belong to; those of objects of their own come by themselves."""
    actions = [_at(holder, "/A"), _at(holder, "/OpenAction")]
    more = _at(holder, "/AA")
    if isinstance(more, pikepdf.Dictionary):
        actions.extend(more.values())
    for action in actions:
        if isinstance(action, pikepdf.Dictionary):
            yield from _of_dictionary(action)


def _at(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, pikepdf.Dictionary) else None


def _of_dictionary(found: Any) -> Iterator[str]:
    if "/JS" in found:
        yield "scripts"
    action = _name(found.get("/S"))
    if (action in _ACTIONS and "/Type" not in found) or _name(found.get("/Type")) == "/Action":
        yield _ACTIONS.get(action, "links")
    subtype = _name(found.get("/Subtype"))
    if subtype in _MEDIA:
        yield "media"
    if subtype == "/FileAttachment":
        yield "attachments"
    if "/FFilter" in found or (subtype == "/Form" and "/Ref" in found):
        yield "outside_content"
    if subtype == "/Image" and "/Alternates" in found:
        yield "alternate_pictures"
    if _name(found.get("/FT")) in ("/Tx", "/Btn", "/Ch"):
        yield "form_fields"
    if "/AP" in found and "/Rect" in found:
        flags = int(found.get("/F", 0))
        if flags & _INVISIBLE and flags & _PRINT:
            yield "print_differs"


def _name(value: Any) -> str:
    return str(value) if isinstance(value, pikepdf.Name) else ""
