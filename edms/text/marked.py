"""Putting a mark on a copy: below every page, on paper that is added for it, so that nothing of the page is covered.

Runs inside the sandbox. The page keeps its content as it is; its visible box grows by a strip (ISO 32000-1, 14.11.2).
"""

import io
import os
from typing import Any

import pikepdf
from PIL import Image

from edms.text.pdf import MEDIA_TYPE
from edms.text.pictures import pictures_to_pdf
from edms.text.types import Unreadable

_POINTS = 72.0
_NAME = "/EdmsMark"
_CLAIMS = ("pdfaid:part", "pdfaid:conformance", "pdfaid:amd", "pdfaid:rev")


def mark(
    descriptors: list[int], media_type: str, width: int, height: int, gap: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the PDF (or pictures, as one) at the first descriptor with the picture (PNG) at the second below each.

    `width`, `height`: of the picture in points, `gap`: around it. `places`: for each page the picture's left, bottom,
    right and top in points as the page is seen. Signature fields of the copy are dissolved, for it is another document
    now, and so is its claim to be PDF/A. Raises Unreadable.
    """
    content, picture = (_all_of(descriptor) for descriptor in descriptors[:2])
    try:
        content = content if media_type == MEDIA_TYPE else pictures_to_pdf(content)
        with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as document:
            _dissolve_forms(document)
            drawn = _picture(document, picture)
            places = [_put(page, drawn, (width, height), gap) for page in document.pages]
            out = io.BytesIO()
            document.save(out, deterministic_id=True)
    except (pikepdf.PdfError, OSError, ValueError, TypeError, AttributeError, KeyError):
        raise Unreadable("damaged", "no mark can be put on it: it is damaged") from None
    return {"places": places}, [out.getvalue()]


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read()


def _dissolve_forms(document: pikepdf.Pdf) -> None:
    if "/AcroForm" in document.Root:
        document.generate_appearance_streams()
        document.flatten_annotations("screen")
    for key in ("/AcroForm", "/Perms", "/DSS"):
        if key in document.Root:
            del document.Root[key]
    for page in document.pages:
        _without_fields(page)
    with document.open_metadata(set_pikepdf_as_editor=False) as told:
        for claim in _CLAIMS:
            if claim in told:
                del told[claim]


def _without_fields(page: pikepdf.Page) -> None:
    """Take out what flattening leaves: a field without an area, such as an invisible seal, with its signature."""
    notes = page.obj.get("/Annots")
    if not isinstance(notes, pikepdf.Array):
        return
    kept = [one for one in notes if not (isinstance(one, pikepdf.Dictionary) and one.get("/Subtype") == "/Widget")]
    if len(kept) < len(notes):
        page.obj["/Annots"] = pikepdf.Array(kept)


def _picture(document: pikepdf.Pdf, png: bytes) -> pikepdf.Stream:
    with Image.open(io.BytesIO(png)) as image:
        plain = image.convert("RGB")
    return document.make_stream(
        plain.tobytes(),
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=plain.width, Height=plain.height,
        ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
    )  # fmt: skip


def _put(page: pikepdf.Page, drawn: pikepdf.Stream, size: tuple[int, int], gap: int) -> list[float]:
    unit = float(page.obj.get("/UserUnit", 1)) or 1.0
    width, height, edge = size[0] / unit, size[1] / unit, gap / unit
    turn = int(page.obj.get("/Rotate", 0)) % 360
    box = _grown(_visible(page), turn, height + 2 * edge, width + 2 * edge)
    across, up, origin = _axes(box, turn, edge, edge)
    page.obj["/MediaBox"] = page.obj["/CropBox"] = pikepdf.Array([round(side, 4) for side in box])
    for key in ("/TrimBox", "/BleedBox", "/ArtBox"):
        if key in page.obj:
            del page.obj[key]
    page.obj["/Resources"] = pikepdf.Dictionary(dict(page.resources.items()))
    name = page.add_resource(drawn, pikepdf.Name.XObject, pikepdf.Name(_NAME), replace_existing=False)
    matrix = (across[0] * width, across[1] * width, up[0] * height, up[1] * height, *origin)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ\nq {' '.join(f'{one:.4f}' for one in matrix)} cm {name} Do Q\n".encode("ascii"))
    return [gap, gap, gap + size[0], gap + size[1]]


def _visible(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """What is seen of the page: its crop box within its media box, corners put in order."""
    media, crop = (_ordered(box) for box in (page.mediabox, page.cropbox))
    seen = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    return seen if seen[0] < seen[2] and seen[1] < seen[3] else media


def _ordered(box: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(side) for side in box)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _grown(
    box: tuple[float, float, float, float], turn: int, strip: float, least: float
) -> tuple[float, float, float, float]:
    """The box with a strip at its lower edge as seen, and at least so wide as seen (growing to the right)."""
    left, bottom, right, top = box
    if turn in (0, 180):
        wider = max(0.0, least - (right - left))
        return (left, bottom - strip, right + wider, top) if turn == 0 else (left - wider, bottom, right, top + strip)
    wider = max(0.0, least - (top - bottom))
    return (left, bottom, right + strip, top + wider) if turn == 90 else (left - strip, bottom - wider, right, top)


def _axes(
    box: tuple[float, float, float, float], turn: int, x: float, y: float
) -> tuple[tuple[int, int], tuple[int, int], tuple[float, float]]:
    """Which way right and up, as seen, point in the page's own coordinates; and where the point (x, y) as seen is."""
    left, bottom, right, top = box
    return {
        0: ((1, 0), (0, 1), (left + x, bottom + y)),
        90: ((0, 1), (-1, 0), (right - y, bottom + x)),
        180: ((-1, 0), (0, -1), (right - x, top - y)),
        270: ((0, -1), (1, 0), (left + y, top - x)),
    }[turn]
