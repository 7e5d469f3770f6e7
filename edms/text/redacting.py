"""Making a redacted document inside the sandbox: every page becomes a picture in which the areas are filled, and
nothing else of the source is taken over (ADR 0073).

The areas are filled before anything is compressed, on the grid of JPEG's blocks: no block holds both what is covered
and what is seen, so that no trace of one is in the other.
"""

import hashlib
import io
import json
import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Dictionary, Name, pdfa
from PIL import Image, ImageChops, ImageDraw

from edms.core.sandbox_lending import borrowed, opened
from edms.text.pdf import MEDIA_TYPE, open_pdf
from edms.text.pictures import pictures_to_pdf
from edms.text.types import Unreadable

BLOCK = 8
"""Pixels of a block of JPEG, with colours as fine as grey."""
_QUALITY = 82
_GREY_BELOW = 24
_POINTS = 72.0
_LEAST_POINTS, _MOST_POINTS = 3.0, 14_400.0
Rectangle = tuple[int, int, int, int]


def redact(
    descriptors: list[int], media_type: str, dots: int, first: int, last: int, limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return what each page from `first` to `last` (0: to the end) is now, and a document of them: pictures alone,
    PDF/A-2b.

    The first descriptor has the areas, the second the source. Areas: JSON, `[page, left, top, right, bottom]` each, in
    shares of the page as seen.
    `dots`: per inch, fewer where a page would have more than `max_page_pixels`. For each page: `width`, `height` in
    pixels, `sha256` of its picture as stored, `areas` in pixels. `of`: how many pages the source has. Raises
    Unreadable.
    """
    areas = _areas(descriptors[0])
    pages: list[dict[str, Any]] = []
    with _source(descriptors[1], media_type, limits) as document, pikepdf.new() as made:
        count = len(document)
        if any(number > count for number in areas):
            raise Unreadable("no_such_page", f"it has {count} pages")
        for number in range(first, min(last or count, count) + 1):
            picture, size = _page(document, number, dots, 0, limits["max_page_pixels"])
            filled = _fill(picture, areas.get(number, []))
            content = _encoded(picture)
            _add_page(made, picture, content, size)
            digest = hashlib.sha256(content).hexdigest()
            pages.append({"width": picture.width, "height": picture.height, "sha256": digest, "areas": filled})
        pdfa.prepare(made, "2b", output_intent="sRGB")
        out = io.BytesIO()
        made.save(out, **_kept_archival(made))
    return {"pages": pages, "of": count}, [out.getvalue()]


def joined(descriptors: list[int], pieces: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return one document, PDF/A-2b in one version, of so many lent pieces: what `rewritten` has returned."""
    with ExitStack() as held:
        made, *rest = (
            held.enter_context(pikepdf.open(one, suppress_warnings=True, access_mode=pikepdf.AccessMode.stream))
            for one in borrowed(descriptors[0], pieces)
        )
        for piece in rest:
            made.pages.extend(piece.pages)
        pdfa.prepare(made, "2b", output_intent="sRGB")
        out = io.BytesIO()
        made.save(out, **_kept_archival(made))
    return {}, [out.getvalue()]


def rewritten(descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return the PDF at the second descriptor written anew, as one version: recognition writes larger ones for quick
    web view, which look like two."""
    with os.fdopen(os.dup(descriptors[1]), "rb") as stream:
        content = stream.read()
    with pikepdf.open(io.BytesIO(content)) as document:
        out = io.BytesIO()
        document.save(out, **_kept_archival(document))
    return {}, [out.getvalue()]


def preview(
    descriptors: list[int], media_type: str, page: int, width: int, limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return one page as `redact` would make it, as WebP, `width` pixels wide; no section when there is none."""
    areas = _areas(descriptors[0])
    with _source(descriptors[1], media_type, limits) as document:
        if page > len(document):
            return {"found": False}, []
        picture, _size = _page(document, page, 0, width, limits["max_page_pixels"])
        _fill(picture, areas.get(page, []))
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=80, method=2)
        return {"found": True}, [out.getvalue()]


def _areas(descriptor: int) -> dict[int, list[tuple[float, float, float, float]]]:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        told = json.loads(stream.read())
    found: dict[int, list[tuple[float, float, float, float]]] = {}
    for page, *sides in told:
        found.setdefault(int(page), []).append(tuple(float(side) for side in sides))  # type: ignore[arg-type]
    return found


@contextmanager
def _source(descriptor: int, media_type: str, limits: dict[str, int]) -> Iterator[pdfium.PdfDocument]:
    """Open what is to be covered. Raises Unreadable."""
    Image.MAX_IMAGE_PIXELS = limits["max_page_pixels"]
    with opened(descriptor) as stream:
        document = open_pdf(stream if media_type == MEDIA_TYPE else pictures_to_pdf(stream.read()))
        try:
            document.init_forms()
            if len(document) > limits["max_pages"]:
                raise Unreadable("too_many_pages", f"it has {len(document)} pages; the limit is {limits['max_pages']}")
            yield document
        finally:
            document.close()


def _page(
    document: pdfium.PdfDocument, number: int, dots: int, width: int, most_pixels: int
) -> tuple[Image.Image, tuple[float, float]]:
    """Return picture and size in points of a page, as it is seen: cut, turned, with forms and notes drawn."""
    try:
        page = document[number - 1]
        across, up = (_sane(side) for side in page.get_size())
        scale = width / across if width else dots / _POINTS
        scale = min(scale, math.sqrt(most_pixels / (across * up)))
        picture = page.render(scale=scale, may_draw_forms=True, fill_color=(255, 255, 255, 255)).to_pil()
        page.close()
    except pdfium.PdfiumError:
        raise Unreadable("damaged", f"page {number} cannot be drawn") from None
    return _plain(picture.convert("RGB")), (across, up)


def _sane(side: float) -> float:
    return min(_MOST_POINTS, max(_LEAST_POINTS, side)) if math.isfinite(side) else _LEAST_POINTS


def _plain(picture: Image.Image) -> Image.Image:
    """Return a page without colours as greys: a third of the size, and nothing is lost that can be seen."""
    red, green, blue = picture.split()
    apart = (ImageChops.difference(red, other).histogram() for other in (green, blue))
    return picture if any(any(counts[_GREY_BELOW:]) for counts in apart) else picture.convert("L")


def _fill(picture: Image.Image, areas: list[tuple[float, float, float, float]]) -> list[Rectangle]:
    """Fill the areas black, each grown to whole blocks, and return them in pixels."""
    draw = ImageDraw.Draw(picture)
    filled = [on_grid(area, picture.width, picture.height) for area in areas]
    for left, top, right, bottom in filled:
        draw.rectangle((left, top, right - 1, bottom - 1), fill=0)
    return filled


def on_grid(area: tuple[float, float, float, float], width: int, height: int) -> Rectangle:
    """Return an area in pixels, grown by one (edges of letters are soft) and to whole blocks, within the picture."""
    left, top = (max(0, (math.floor(share * side) - 1) // BLOCK * BLOCK)
                 for share, side in zip(area[:2], (width, height), strict=True))  # fmt: skip
    right, bottom = (min(side, -(-(math.ceil(share * side) + 1) // BLOCK) * BLOCK)
                     for share, side in zip(area[2:], (width, height), strict=True))  # fmt: skip
    return left, top, right, bottom


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, subsampling=0, optimize=True)
    return out.getvalue()


def _add_page(made: pikepdf.Pdf, picture: Image.Image, content: bytes, size: tuple[float, float]) -> None:
    across, up = size
    image = pikepdf.Stream(made, content)
    image.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=picture.width, Height=picture.height, BitsPerComponent=8,
        ColorSpace=Name.DeviceGray if picture.mode == "L" else Name.DeviceRGB, Filter=Name.DCTDecode,
    )  # fmt: skip
    drawing = pikepdf.Stream(made, f"q {across:.3f} 0 0 {up:.3f} 0 0 cm /Page Do Q".encode())
    made.pages.append(
        pikepdf.Page(
            made.make_indirect(
                Dictionary(
                    Type=Name.Page, MediaBox=[0, 0, round(across, 3), round(up, 3)], Contents=drawing,
                    Resources=Dictionary(XObject=Dictionary(Page=image)),
                )
            )
        )
    )  # fmt: skip


def _kept_archival(made: pikepdf.Pdf) -> dict[str, Any]:
    return {**pdfa.check(made, "2b").save_kwargs, "deterministic_id": True}
