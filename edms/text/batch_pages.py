"""Inside the sandbox: what is seen on the pages of a batch: blank or not, codes, which way is up.

Pages are drawn once at 150 dpi in grey, which is enough for codes of our sheets (a module is 6 pixels) and for telling
which way is up; a code that is found and cannot be read is tried again at 300 dpi.
"""

import io
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageSequence

from edms.text.pdf import open_pdf
from edms.text.pictures import resolution_of
from edms.text.upright import reads_upright

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
DPI = 150
_FINE_DPI = 300
_MOST_CODES = 8
_MOST_CODE = 1000
_LONGEST_SIDE = 6000
# Blankness, in millimetres of paper: what lies at the very edge is the scanner's shadow; holes are punched and page
# ends are crumpled within the margin.
_CELL_MM, _EDGE_MM, _MARGIN_MM = 2.0, 8.0, 20.0
_CONTRAST = 60  # of 255, darker than the paper: what shines through from the back is lighter than that
_DARK_SHARE = 0.12
_INKED, _DOUBTFUL = 4, 2
_MARGIN_INKED, _MARGIN_DOUBTFUL = 70, 50  # four punched holes of 6 mm make some 48
_SURE_UPRIGHT = 2.0
_SECONDS = 60.0


def look(
    descriptors: list[int], media_type: str, first: int, last: int, language: str, limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is seen on the pages `first` to `last` (first is 1; past the end there is nothing).

    `language`: the model of Tesseract that is asked which way is up; none when it is "".
    """
    Image.MAX_IMAGE_PIXELS = limits["max_page_pixels"]
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        drawn = _pdf_pages if media_type == "application/pdf" else _frames
        pages = [_seen(number, draw, language) for number, draw in drawn(stream, first, last)]
    return {"pages": pages}, []


def _seen(number: int, draw: Any, language: str) -> dict[str, Any]:
    picture = draw(DPI)
    codes, turn = _codes(picture, draw)
    blank, sure = (False, True) if codes else blankness(picture)
    if language and not codes and not blank:
        turn, sure_turn = _upright(picture, language)
        sure = sure and sure_turn
    return {"number": number, "blank": blank, "codes": codes, "turn": turn, "sure": sure}


def _pdf_pages(stream: BinaryIO, first: int, last: int) -> Iterator[tuple[int, Any]]:
    with closing(open_pdf(stream.read())) as document:
        for number in range(first, min(last, len(document)) + 1):
            with closing(document[number - 1]) as page:
                yield number, lambda dpi, page=page: _drawn(page, dpi)


def _drawn(page: Any, dpi: int) -> Image.Image:
    scale = min(dpi / 72, _LONGEST_SIDE / max(*page.get_size(), 1))
    with closing(page.render(scale=scale, grayscale=True, may_draw_forms=True)) as bitmap:
        drawn: Image.Image = bitmap.to_pil().convert("L")
        return drawn


def _frames(stream: BinaryIO, first: int, last: int) -> Iterator[tuple[int, Any]]:
    with Image.open(stream) as picture:
        for number, frame in enumerate(ImageSequence.Iterator(picture), 1):
            if first <= number <= last:
                yield number, lambda dpi, frame=frame: _resized(frame, dpi)


def _resized(frame: Image.Image, dpi: int) -> Image.Image:
    across, up = resolution_of(frame)
    size = round(frame.width * dpi / across), round(frame.height * dpi / up)
    longest = max(*size, 1)
    if longest > _LONGEST_SIDE:
        size = size[0] * _LONGEST_SIDE // longest, size[1] * _LONGEST_SIDE // longest
    return frame.convert("L").resize((max(1, size[0]), max(1, size[1])), Image.Resampling.BOX)


def _codes(picture: Image.Image, draw: Any) -> tuple[list[str], int]:
    """Return the texts of the page's QR codes, and by how many degrees clockwise to turn it for them to be upright."""
    found = _read(picture)
    if any(not one.valid for one in found):
        found = _read(draw(_FINE_DPI))
    valid = [one for one in found if one.valid][:_MOST_CODES]
    turn = round(-valid[0].orientation / 90) * 90 % 360 if valid else 0
    return [one.text[:_MOST_CODE] for one in valid], turn


def _read(picture: Image.Image) -> list[Any]:
    return list(zxingcpp.read_barcodes(np.asarray(picture), formats=_QR, return_errors=True))


def blankness(picture: Image.Image) -> tuple[bool, bool]:
    """Return whether a page (grey, `DPI`) is blank, and whether that is sure.

    Counted are cells of 2 mm that hold more than a speck of what is clearly darker than the paper. Holes and shadows
    lie in the margin, where more of it is let pass.
    """
    small = picture.resize((max(8, picture.width // 2), max(8, picture.height // 2)), Image.Resampling.BOX)
    grey = np.asarray(small.filter(ImageFilter.MedianFilter(3)), dtype=np.int16)
    dark = grey < np.median(grey) - _CONTRAST
    cell = max(2, round(_CELL_MM / 25.4 * DPI / 2))
    rows, columns = (max(1, side // cell) for side in dark.shape)
    dark = dark[: rows * cell, : columns * cell] if min(dark.shape) >= cell else np.zeros((cell, cell), bool)
    shares = dark.reshape(rows, cell, columns, cell).mean(axis=(1, 3))
    inked = shares > _DARK_SHARE
    inside, margin = _inside(inked, _MARGIN_MM), _inside(inked, _EDGE_MM)
    middle, around = int(inside.sum()), int(margin.sum() - inside.sum())
    if middle >= _INKED or around >= _MARGIN_INKED:
        return False, True
    return True, middle < _DOUBTFUL and around < _MARGIN_DOUBTFUL


def _inside(cells: Any, millimetres: float) -> Any:
    skip = round(millimetres / _CELL_MM)
    rows, columns = cells.shape
    return cells[min(skip, rows // 3) : rows - min(skip, rows // 3),
                 min(skip, columns // 3) : columns - min(skip, columns // 3)]  # fmt: skip


def _upright(picture: Image.Image, language: str) -> tuple[int, bool]:
    """Ask Tesseract by how many degrees clockwise the page is to be turned; 0 and unsure when it cannot tell.

    A page that reads well as it stands, as nearly all do, is not asked the long way.
    """
    if reads_upright(picture, DPI, language, _SECONDS):
        return 0, True
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1, dpi=(DPI, DPI))
    told = subprocess.run(
        ["tesseract", "-", "-", "--psm", "0", "--dpi", str(DPI)],
        input=out.getvalue(), capture_output=True, timeout=_SECONDS, check=False,
    ).stdout.decode("ascii", "replace")  # fmt: skip
    turn = re.search(r"^Rotate: (0|90|180|270)$", told, re.MULTILINE)
    confidence = re.search(r"^Orientation confidence: (\d+\.\d+)$", told, re.MULTILINE)
    if turn is None or confidence is None or float(confidence[1]) < _SURE_UPRIGHT:
        return 0, False
    return int(turn[1]), True
