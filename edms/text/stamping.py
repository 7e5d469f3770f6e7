"""The visible mark of a copy that is handed out (R20), on a picture of a page and on a PDF. Runs inside the sandbox.

What is marked is never trusted. A page of a PDF becomes a picture of itself inside a new page: whatever its boxes,
turns, units, layers, annotations and unclosed operators say ends at the edge of the place that it is given, and the
band with the mark lies outside of that place and is drawn first.
"""

import io
import math
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf
from pikepdf import Array, Dictionary, Name, Rectangle
from PIL import Image, ImageDraw, ImageFont

from edms.core.sandbox_lending import opened
from edms.text.joining import PipeOut
from edms.text.types import Unreadable

RED, BLACK, GREY = (176, 0, 0), (0, 0, 0), (120, 120, 120)
_WIDE_ENOUGH_FOR_A_SECOND_MARK = 400
_VEIL = 46  # of 255: seen on white paper, and what stands below it can be read
_LEAST_SIDE, _MOST_SIDE = 240.0, 14_400.0  # points; the latter is the most that ISO 32000-1, annex C, knows
_MOST_SLENDER = 8  # times as long as wide: of a longer strip nobody could read the mark and see the page
_BAND_PART = 1 / 20  # of the page's shorter side, as wide as that is
_KEPT, _KEPT_BESIDE = {"/Type", "/Pages", "/OCProperties"}, {"/Root", "/Size", "/ID"}
_MOST_ABOVE = 50  # as deep as a tree of pages is followed
_USUAL_BOX = (0.0, 0.0, 595.0, 842.0)


def warm_up() -> None:
    """Load the formats of pictures and the letters of the usual widths once, and not for each page."""
    Image.init()
    for width in (160, 900, 1400):
        _band(width, "TERBATAS", ["salinan"], BLACK)
        _letters(_across_size(width))


def stamped_picture(
    descriptors: list[int], level: str, told: list[str], red: bool, across: str, most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the picture with a band above it: the level, then `told`; and `across` faintly over it when it is wide."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    with opened(descriptors[0]) as stream, Image.open(stream) as found:
        page = found.convert("RGB")
    band = _band(page.width, level, told, RED if red else BLACK)
    made = Image.new("RGB", (page.width, page.height + band.height), "white")
    made.paste(band, (0, 0))
    made.paste(page, (0, band.height))
    if across and page.width >= _WIDE_ENOUGH_FOR_A_SECOND_MARK:
        _across(made, across, band.height)
    out = io.BytesIO()
    made.save(out, "WEBP", quality=80, method=1)
    return {}, [out.getvalue()]


def _band(width: int, level: str, told: Sequence[str], colour: tuple[int, int, int]) -> Image.Image:
    """The level in large letters at the upper left, the rest beside it while there is room and else below."""
    large, small = _letters(max(12, width // 36)), _letters(max(9, width // 50))
    edge = max(2, width // 90)
    lines: list[str] = []
    room = width - 2 * edge
    for part in told:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and small.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    high, low = sum(large.getmetrics()), sum(small.getmetrics())
    band = Image.new("RGB", (width, 2 * edge + high + low * len(lines)), "white")
    drawing = ImageDraw.Draw(band)
    drawing.text((edge, edge), level, fill=colour, font=large)
    for number, line in enumerate(lines):
        drawing.text((edge, edge + high + number * low), line, fill=BLACK, font=small)
    drawing.line((0, band.height - 1, width, band.height - 1), fill=colour)
    return band


def _across(made: Image.Image, words: str, top: int) -> None:
    height = made.height - top
    font = _letters(_across_size(made.width))
    left, upper, right, lower = (round(side) for side in font.getbbox(words))
    written = Image.new("L", (right - left + 4, lower - upper + 4))
    ImageDraw.Draw(written).text((2 - left, 2 - upper), words, fill=_VEIL, font=font)
    angle = math.degrees(math.atan2(height, made.width))
    turned = written.rotate(angle, expand=True, resample=Image.Resampling.BILINEAR)
    turned.thumbnail((made.width, height))
    place = ((made.width - turned.width) // 2, top + (height - turned.height) // 2)
    made.paste(Image.new("RGB", turned.size, GREY), place, turned)


def _across_size(width: int) -> int:
    return max(14, width // 28)


@cache
def _letters(size: int) -> ImageFont.FreeTypeFont:
    """The letters of the documents that we draw up; the package is found and not loaded, which would take a second."""
    found = find_spec("ocrmypdf")
    origin = found.origin if found else None
    assert origin is not None, "it is one of our dependencies"
    return ImageFont.truetype(str(Path(origin).parent / "data" / "NotoSans-Regular.ttf"), size)


def stamped_document(descriptors: list[int], most_pages: int) -> tuple[dict[str, Any], list[bytes]]:
    """Write a PDF (the second file) with the marks of the first, page by page, to the last descriptor.

    The first page of the marks is the band, the second what stands across a page.
    """
    with (
        opened(descriptors[0]) as marking,
        opened(descriptors[1]) as source,
        pikepdf.open(marking) as marks,
        pikepdf.open(source, suppress_warnings=True, access_mode=pikepdf.AccessMode.stream) as document,
    ):
        count = len(document.pages)
        if not 0 < count <= most_pages:
            raise Unreadable("too_many_pages", f"it has {count} pages; at most {most_pages} are marked")
        # What lies above a page would lie above the mark as well: where it is seen, it becomes part of its page.
        document.flatten_annotations("all")
        band, across = (document.copy_foreign(page.as_form_xobject()) for page in marks.pages)
        for page in document.pages:
            _mark(document, page, band, across)
        # Only pages are handed out, and which layers show: no scripts, attached files or notes about the document.
        for holder, kept in ((document.Root, _KEPT), (document.trailer, _KEPT_BESIDE)):
            for key in set(holder.keys()) - kept:
                del holder[key]
        document.save(cast(BinaryIO, PipeOut(descriptors[-1])))
    return {"pages": count}, []


def _mark(document: pikepdf.Pdf, page: pikepdf.Page, band: pikepdf.Object, across: pikepdf.Object) -> None:
    page.obj.TrimBox = Array(_box(page))  # this is what the picture of a page is cut to
    turn = _turn(page)
    # The picture is taken of a page's contents only when it is written: so of a page that nobody changes meanwhile.
    as_it_was = pikepdf.Page(document.make_indirect(Dictionary(dict(page.obj.items()))))
    form = as_it_was.as_form_xobject(handle_transformations=False)
    left, bottom, right, top = (float(side) for side in form.BBox)
    wide, high = (right - left, top - bottom) if turn % 180 == 0 else (top - bottom, right - left)
    size = min(_MOST_SIDE / max(wide, high), 1.0)
    least = max(_LEAST_SIDE, max(wide, high) * size / _MOST_SLENDER)
    width, height = max(least, wide * size), max(least, high * size)
    unit = min(width, height) * _BAND_PART
    band_box = [float(side) for side in band.BBox]
    band_scale = min(unit / (band_box[3] - band_box[1]), width / (band_box[2] - band_box[0]))
    place = Rectangle(0, 0, width, height - unit)
    content = (
        _drawn("/Band", (band_scale, 0, 0, band_scale, 0, height - (band_box[3] - band_box[1]) * band_scale))
        + _drawn("/Page", _fitted((left, bottom, right, top), turn, place))
        + _drawn("/Across", _slanted([float(side) for side in across.BBox], place))
    )
    for key in set(page.obj.keys()) - {"/Type", "/Parent"}:
        del page.obj[key]
    page.obj.MediaBox = page.obj.CropBox = Array([0, 0, width, height])
    page.obj.Rotate = 0
    page.obj.Contents = document.make_stream(content)
    page.obj.Resources = Dictionary(XObject=Dictionary(Band=band, Page=form, Across=across))


def _drawn(name: str, matrix: Sequence[float]) -> bytes:
    return f"q {' '.join(f'{value:.6f}' for value in matrix)} cm {name} Do Q\n".encode()


def _fitted(box: tuple[float, float, float, float], turn: int, place: Rectangle) -> tuple[float, ...]:
    """The matrix that turns `box` clockwise and puts it into the middle of `place`, as large as it can be."""
    left, bottom, right, top = box
    cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]
    width, height = right - left, top - bottom
    wide, high = (width, height) if sine == 0 else (height, width)
    scale = min(float(place.width) / wide, float(place.height) / high)
    a, b, c, d = (scale * value for value in (cosine, -sine, sine, cosine))
    middle = ((left + right) / 2, (bottom + top) / 2)
    x = float(place.llx + place.width / 2) - (a * middle[0] + c * middle[1])
    y = float(place.lly + place.height / 2) - (b * middle[0] + d * middle[1])
    return a, b, c, d, x, y


def _slanted(box: Sequence[float], place: Rectangle) -> tuple[float, ...]:
    """The matrix that lays a line of words from the lower left to the upper right of `place`."""
    angle = math.atan2(float(place.height), float(place.width))
    scale = 0.8 * math.hypot(float(place.height), float(place.width)) / (box[2] - box[0])
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    x = float(place.width) / 2 - (cosine * middle[0] - sine * middle[1])
    y = float(place.height) / 2 - (sine * middle[0] + cosine * middle[1])
    return cosine, sine, -sine, cosine, x, y


def _box(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """What of a page is seen: its crop box as far as it lies on the page; of a page without an extent, A4."""
    media = _sides(page, "mediabox") or _USUAL_BOX
    crop = _sides(page, "cropbox") or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if right - left >= 1 and top - bottom >= 1 else media


def _sides(page: pikepdf.Page, name: str) -> tuple[float, float, float, float] | None:
    try:
        one, two, three, four = (float(side) for side in getattr(page, name))
    except (AttributeError, TypeError, ValueError, RuntimeError, ArithmeticError):
        return None
    sides = (min(one, three), min(two, four), max(one, three), max(two, four))
    extents = (sides[2] - sides[0], sides[3] - sides[1])
    return sides if all(math.isfinite(side) and abs(side) < 1e9 for side in sides) and min(extents) >= 1 else None


def _turn(page: pikepdf.Page) -> int:
    """How a page is turned, its own saying or that of what it belongs to; anything but a quarter is no turn at all."""
    holder: Any = page.obj
    for _above in range(_MOST_ABOVE):
        if not isinstance(holder, Dictionary):
            return 0
        if Name.Rotate in holder:
            try:
                turn = int(holder.Rotate) % 360
            except (TypeError, ValueError, OverflowError):
                return 0
            return turn if turn % 90 == 0 else 0
        holder = holder.get(Name.Parent)
    return 0
