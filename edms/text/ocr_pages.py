"""A plugin of OCRmyPDF: how pages are drawn and turned for the engine. The pages that people see stay as they are.

Three things are done otherwise than OCRmyPDF does them. A scan is drawn pixel for pixel: at a size of one pixel more,
as rounding up would have it, every stroke is smeared. Specks are taken off, which hide a page from the engine that is
clear to the eye. And which way is up is first asked of a strip of the page (`edms.text.upright`). What has too
many pixels is refused by the sizes that it declares: drawn first, it would end at the process's share of memory.
"""

import contextlib
import math
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from ocrmypdf import OrientationConfidence, hookimpl
from ocrmypdf.builtin_plugins.tesseract_ocr import TesseractOcrEngine
from PIL import Image, ImageFilter

from edms.text.pdf import MOST_PICTURES
from edms.text.upright import reads_upright

_POINTS_PER_INCH = 72.0
_PREVIEW_DPI = 150.0  # enough to tell which way is up, at half the cost
_A_HAIR_LESS = 1 - 2e-6  # page sizes are stored as 32-bit floats, some 1e-7 above or below the true one
_DARK = 128
LONELY_SHARE = 0.05
_BAND = 400
_OVER_WARNING = 2  # Pillow warns at its bound and refuses at twice that
_SURE = 15.0  # as OCRmyPDF counts: what Tesseract says of a page without doubt
_MODES = {"pngmono": "1", "pngmonod": "1", "pnggray": "L", "jpeggray": "L"}


@hookimpl(tryfirst=True)
def rasterize_pdf_page(
    input_file: Path,
    output_file: Path,
    raster_device: str,
    raster_dpi: Any,
    pageno: int,
    page_dpi: Any,
    rotation: int | None,
    use_cropbox: bool,
) -> Path:
    """Draw a page (first is 1) to `output_file`; `rotation` is counter-clockwise and on top of the page's own."""
    mode = _MODES.get(str(raster_device).lower(), "RGB")
    with closing(pdfium.PdfDocument(input_file)) as document, closing(document[pageno - 1]) as page:
        if not use_cropbox:
            page.set_cropbox(*page.get_mediabox())
        if rotation:
            page.set_rotation((page.get_rotation() - rotation) % 360)
        _refuse_too_many_pixels(page, float(raster_dpi.to_scalar()))
        preview = output_file.suffix == ".jpg"
        resolution = min(float(raster_dpi.to_scalar()), _PREVIEW_DPI if preview else math.inf)
        scale = resolution / _POINTS_PER_INCH * _A_HAIR_LESS
        with closing(page.render(scale=scale, grayscale=mode != "RGB", may_draw_forms=True)) as bitmap:
            drawn = bitmap.to_pil().convert(mode, dither=Image.Dither.NONE)
    dpi = page_dpi or raster_dpi
    if preview:
        drawn.save(output_file, "JPEG", dpi=(resolution, resolution))
    else:
        # Not compressed: it lies in memory, and packing and unpacking would cost as much as a tenth of recognition.
        drawn.save(output_file, "PNG", dpi=(float(dpi.x), float(dpi.y)), compress_level=0)
    return output_file


def _refuse_too_many_pixels(page: pdfium.PdfPage, resolution: float) -> None:
    """Raise what Pillow raises, and at the same bound, before the page or a picture on it is drawn."""
    sizes = [tuple(side * resolution / _POINTS_PER_INCH for side in page.get_size())]
    for found in islice(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3), MOST_PICTURES):
        with contextlib.suppress(pdfium.PdfiumError):  # one without a size is not drawn either
            sizes.append(found.get_px_size())
    bound = _OVER_WARNING * (Image.MAX_IMAGE_PIXELS or math.inf)
    if any(across * down > bound for across, down in sizes):
        raise Image.DecompressionBombError("a page declares more pixels than is allowed")


class _Engine(TesseractOcrEngine):
    """Tesseract, which is asked for the orientation only of pages that do not read well as they stand."""

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        with Image.open(input_file) as page:
            resolution = float(page.info.get("dpi", (_PREVIEW_DPI, _PREVIEW_DPI))[0])
            upright = reads_upright(page, resolution, options.languages[0], options.tesseract.non_ocr_timeout)
        if upright:
            return OrientationConfidence(angle=0, confidence=_SURE)
        asked: Any = TesseractOcrEngine
        found: OrientationConfidence = asked.get_orientation(input_file, options)
        return found


@hookimpl(tryfirst=True)
def get_ocr_engine(options: Any) -> _Engine:
    """Return the engine: there is one."""
    return _Engine()


@hookimpl
def filter_ocr_image(image: Image.Image) -> Image.Image:
    """Return the picture that is given to the engine.

    The measure is taken on a copy: a picture whose pixels were looked at is written anew, which costs.
    """
    with Image.open(image.filename) as copy:  # type: ignore[attr-defined]
        few = lonely_share(copy) < LONELY_SHARE
    return image if few else despeckled(image)


def despeckled(image: Image.Image) -> Image.Image:
    """Return `image` without specks. To be done where there are many only: a median of 3 x 3 costs thin strokes."""
    clean = image.convert("L").filter(ImageFilter.MedianFilter(3))
    clean.info = dict(image.info)
    return clean


def lonely_share(image: Image.Image) -> float:
    """The share of dark pixels without a dark neighbour, 0 to 1, in a band across the middle of the page."""
    top = max(0, (image.height - _BAND) // 2)
    band = np.asarray(image.crop((0, top, image.width, min(image.height, top + _BAND))).convert("L")) < _DARK
    padded = np.pad(band, 1)
    height, width = band.shape
    beside = np.zeros_like(band)
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                beside |= padded[down : down + height, right : right + width]
    dark = int(band.sum())
    return float((band & ~beside).sum() / dark) if dark else 0.0
