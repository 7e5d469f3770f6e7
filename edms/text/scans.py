"""What a scan says of itself, page by page: pixels, resolution, depth, format (R54). Runs inside the sandbox.

Of a PDF the pictures on each page count, with the size at which they are drawn, not what its page is called.
"""

import io
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageSequence

from edms.text.pdf import MEDIA_TYPE, open_pdf
from edms.text.types import Unreadable

_POINTS = 72.0
_MOST_PICTURES = 2000
_GRID = 100
_SPECK = 0.01  # of the page: a logo or a stamp put on later says nothing of the scan
_BITS = {"1": 1, "L": 8, "P": 8, "LA": 16, "PA": 16, "RGB": 24, "RGBA": 32, "YCbCr": 24, "LAB": 24, "HSV": 24,
         "CMYK": 32, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}  # fmt: skip
_COLOURS = {
    pdfium_c.FPDF_COLORSPACE_DEVICEGRAY: "grey", pdfium_c.FPDF_COLORSPACE_DEVICERGB: "RGB",
    pdfium_c.FPDF_COLORSPACE_DEVICECMYK: "CMYK", pdfium_c.FPDF_COLORSPACE_CALGRAY: "grey",
    pdfium_c.FPDF_COLORSPACE_CALRGB: "RGB", pdfium_c.FPDF_COLORSPACE_LAB: "LAB",
    pdfium_c.FPDF_COLORSPACE_ICCBASED: "ICC", pdfium_c.FPDF_COLORSPACE_INDEXED: "indexed",
}  # fmt: skip


def measure(
    descriptors: list[int], media_type: str, most_pages: int, most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return `pages`: for each page the fields of `edms.digitisation.judge.ScannedPage`. Raises Unreadable."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        found = _pdf(stream) if media_type == MEDIA_TYPE else _pictures(stream)
        pages = []
        try:
            for page in found:
                pages.append(page)
                if len(pages) > most_pages:
                    raise Unreadable("too_many_pages", f"it has more than {most_pages} pages")
        except Image.DecompressionBombError:
            raise Unreadable("decompression_bomb", "a picture has more pixels than is allowed") from None
        except (OSError, SyntaxError, ValueError, pdfium.PdfiumError, pikepdf.PdfError):
            raise Unreadable("damaged", "it cannot be measured: it is damaged, or no scan") from None
    return {"pages": pages}, []


def _pictures(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    with Image.open(stream) as picture:
        name, version = str(picture.format or ""), _version(picture)
        for number, frame in enumerate(ImageSequence.Iterator(picture), 1):
            across, up = (float(side) for side in frame.info.get("dpi", (0, 0)))
            yield {
                "number": number, "width": frame.width, "height": frame.height, "dpi_x": across, "dpi_y": up,
                "bits": _depth(frame), "covers": 1.0, "format": name, "version": version, "colour": frame.mode,
                "compression": str(frame.info.get("compression") or ("jpeg" if name in ("JPEG", "MPO") else "")),
            }  # fmt: skip


def _depth(frame: Image.Image) -> int:
    """Bits of one pixel as stored; what is transparent is no colour, and a palette has the colours of its entries."""
    bits = _BITS.get(frame.mode, 8 * len(frame.getbands()))
    return bits - 8 if frame.mode in ("RGBA", "LA") else bits


def _version(picture: Image.Image) -> str:
    if picture.format == "TIFF":
        return "6.0"
    version = picture.info.get("jfif_version")
    return ".".join(str(part) for part in version) if isinstance(version, tuple) else ""


def _pdf(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    content = stream.read()
    units = _user_units(content)
    with closing(open_pdf(content)) as document:
        version = document.get_version()
        told = f"{version // 10}.{version % 10}" if version else ""
        for index in range(len(document)):
            with closing(document[index]) as page:
                unit = units[index] if index < len(units) else 1.0
                yield {"number": index + 1, "format": "PDF", "version": told, **_page(page, unit)}


def _user_units(content: bytes) -> list[float]:
    """The units of each page in points (ISO 32000-1, 14.11.4), which PDFium leaves out."""
    with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as document:
        return [float(page.obj.get("/UserUnit", 1)) or 1.0 for page in document.pages]


def _page(page: pdfium.PdfPage, unit: float) -> dict[str, Any]:
    """Of several pictures (strips, layers) the coarsest counts, for the page is no better than that."""
    across, up = (side * unit / _POINTS for side in page.get_size())
    area = max(page.get_size()[0] * page.get_size()[1], 1e-6)
    drawn = [one for one in _drawn(page, unit) if one["points"] / area >= _SPECK]
    if not drawn:
        return {"width": 0, "height": 0, "dpi_x": 0.0, "dpi_y": 0.0, "bits": 0, "covers": 0.0}
    covers = _covered(page, [one["box"] for one in drawn])
    dpi_x, dpi_y = min(one["dpi"][0] for one in drawn), min(one["dpi"][1] for one in drawn)
    first = max(drawn, key=lambda one: float(one["points"]))
    return {
        # The page in pixels of its coarsest picture: what this divided by the resolution gives is the page's own size.
        "width": round(across * dpi_x), "height": round(up * dpi_y), "dpi_x": dpi_x, "dpi_y": dpi_y,
        "bits": min(one["bits"] for one in drawn), "covers": round(covers, 3), "colour": first["colour"],
        "compression": first["compression"],
    }  # fmt: skip


def _covered(page: pdfium.PdfPage, boxes: list[tuple[float, ...]]) -> float:
    """The share of the page below the boxes (left, bottom, right, top in its own coordinates), each place once."""
    left, bottom, right, top = page.get_cropbox()
    across = left + (np.arange(_GRID) + 0.5) * (right - left) / _GRID
    up = bottom + (np.arange(_GRID) + 0.5) * (top - bottom) / _GRID
    seen = np.zeros((_GRID, _GRID), dtype=bool)
    for box in boxes:
        seen |= np.outer((up >= box[1]) & (up <= box[3]), (across >= box[0]) & (across <= box[2]))
    return float(seen.mean())


def _drawn(page: pdfium.PdfPage, unit: float) -> Iterator[dict[str, Any]]:
    turned = page.get_rotation() % 180 == 90
    for number, image in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=5)):
        if number >= _MOST_PICTURES:
            return
        matrix = image.get_matrix()
        wide, high = (matrix.a**2 + matrix.b**2) ** 0.5, (matrix.c**2 + matrix.d**2) ** 0.5
        across, up = image.get_px_size()
        if min(wide, high) <= 0 or min(across, up) <= 0:
            continue
        metadata = image.get_metadata()
        on_its_side = abs(matrix.b) > abs(matrix.a)
        dpi = (across / (wide * unit / _POINTS), up / (high * unit / _POINTS))
        yield {
            "points": wide * high, "dpi": dpi[::-1] if on_its_side != turned else dpi,
            "bits": int(metadata.bits_per_pixel), "box": image.get_bounds(),
            "colour": _COLOURS.get(metadata.colorspace, ""), "compression": " ".join(image.get_filters()),
        }  # fmt: skip
