"""Photographs of pages inside the sandbox: where the page lies, the page straightened, the pages as one PDF.

What comes out is made of pixels alone: nothing of what a camera wrote beside them (place, time, owner) is carried over.
"""

import io
import os
from typing import Any

import img2pdf
import numpy as np
import pikepdf
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from edms.text.illumination import even
from edms.text.page_corners import find_page
from edms.text.perspective import Corners, from_above, page_size, usable
from edms.text.types import Unreadable

pillow_heif.register_heif_opener()
METHOD = "1"
"""Counts the changes of what is computed: the same photograph, parameters and method give the same page."""
UNIT = 10_000
"""Corners are whole numbers, in ten thousandths of width and height of the photograph as it is to be seen."""
MOST_DPI = 300.0
PREVIEW_SIDE = 1400
_QUALITY = 88
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP", "GIF")


def look(descriptors: list[int], most_pixels: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return size, corners (`UNIT`, clockwise from the top left) and whether they are sure; a WebP to look at."""
    try:
        picture = _opened(descriptors[0], most_pixels)
    except Unreadable as unreadable:
        return _told(unreadable), []
    found = find_page(picture)
    corners = [[round(x * UNIT / picture.width), round(y * UNIT / picture.height)] for x, y in found.corners]
    shown = picture.copy()
    shown.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    told = {"width": picture.width, "height": picture.height, "corners": corners, "sure": found.sure}
    return told, [_encoded(shown, "WEBP", quality=80, method=2)]


def correct(
    descriptors: list[int], corners: list[list[int]], turn: int, contrast: bool, most_pixels: int, longest: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the page straightened, turned (degrees clockwise) and, with `contrast`, evenly lit, as JPEG; its paper.

    `longest`: the most pixels of its longer side, 0 for as many as the photograph has.
    """
    try:
        picture = _opened(descriptors[0], most_pixels)
        placed = _placed(corners, turn, picture)
    except Unreadable as unreadable:
        return _told(unreadable), []
    across, down, dpi, paper = page_size(placed, picture.width, picture.height, MOST_DPI)
    if longest and max(across, down) > longest:
        scale = longest / max(across, down)
        across, down, dpi = max(1, round(across * scale)), max(1, round(down * scale)), dpi * scale
    page = from_above(picture, placed, (across, down))
    if contrast:
        page = even(page)
    told = {"width": across, "height": down, "dpi": round(dpi), "paper": paper}
    return told, [_encoded(page, "JPEG", quality=_QUALITY, dpi=(round(dpi), round(dpi)))]


def joined(descriptors: list[int], sizes: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return the PDF of pages that lie one after the other in a file, `sizes` bytes each; same input, same bytes."""
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        pages = [stream.read(size) for size in sizes]
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(img2pdf.convert(pages, nodate=True))) as document:
        document.save(out, deterministic_id=True)
    return {"pages": len(pages), "made_by": programs()}, [out.getvalue()]


def programs() -> str:
    """Name what computes, for the record of how a page was made."""
    import PIL

    return f"edms photographs {METHOD}, Pillow {PIL.__version__}, NumPy {np.__version__}"


def _told(unreadable: Unreadable) -> dict[str, Any]:
    return {"problem": {"code": unreadable.code, "message": unreadable.message}}


def _opened(descriptor: int, most_pixels: int) -> Image.Image:
    """Return the picture as RGB and as its EXIF says it is to be seen. Raises Unreadable."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    bomb = Unreadable("decompression_bomb", "the picture has more pixels than is allowed")
    try:
        with os.fdopen(os.dup(descriptor), "rb") as stream, Image.open(stream, formats=_FORMATS) as picture:
            if picture.width * picture.height > most_pixels:
                raise bomb
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            if "A" in upright.getbands() or "transparency" in upright.info:
                layered = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
            return _only_pixels(upright.convert("RGB"))
    except Image.DecompressionBombError:
        raise bomb from None
    except UnidentifiedImageError:
        raise Unreadable("no_picture", "it is no picture that can be read") from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError, ZeroDivisionError):
        raise Unreadable("damaged", "the picture is damaged: it cannot be opened") from None


def _only_pixels(picture: Image.Image) -> Image.Image:
    """Drop what a writer of pictures could take over by itself: EXIF, XMP, IPTC, comments, colour profiles."""
    picture.info = {}
    return picture


def _placed(corners: list[list[int]], turn: int, picture: Image.Image) -> Corners:
    """Return the corners in pixels, beginning with the one that is to be at the top left. Raises Unreadable."""
    placed: Corners = [(x * picture.width / UNIT, y * picture.height / UNIT) for x, y in corners]
    if len(placed) != 4 or not usable(placed, picture.width, picture.height):
        raise Unreadable("bad_corners", "the corners do not enclose a page")
    first = -(turn // 90) % 4
    return placed[first:] + placed[:first]


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
