"""The picture in a visible signature field: who signed, as what, when and why, and the QR code to the proof."""

import io
from dataclasses import dataclass
from importlib.resources import files

import segno
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 240, 84  # points
_SCALE = 4  # 288 pixels to an inch: as sharp as the letter around it on an office printer
_MARGIN, _INK, _LINE = 4, "#111111", "#7a7a7a"
_SMALLEST = 4.5


@dataclass(frozen=True)
class MarkText:
    """The lines of the field, in the archive's language. `pilot`: the words that say so, else empty."""

    name: str
    position: str
    office: str
    date: str
    reason: str
    location: str
    pilot: str = ""


def mark_picture(text: MarkText, link: str, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return the field as PNG, `width` x `height` points. A line too long for it is set smaller, then cut with dots."""
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width - 1, image.height - 1), outline=_LINE, width=2)
    code = _code(link, (height - 2 * _MARGIN) * _SCALE)
    image.paste(code, (_MARGIN * _SCALE, (image.height - code.height) // 2))
    left = (height + _MARGIN) * _SCALE
    lines = [(text.name, 9.5), (text.position, 7.0), (text.office, 7.0), (text.date, 7.0), (text.reason, 7.0),
             (text.location, 7.0), (text.pilot, 6.0)]  # fmt: skip
    top = _MARGIN * _SCALE
    for line, size in lines:
        if line:
            top += _line(draw, line, size, (left, top), image.width - left - _MARGIN * _SCALE)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _code(link: str, most: int) -> Image.Image:
    """The QR code with its quiet zone, in whole pixels to a module, so that no edge is smeared."""
    made = segno.make(link, error="m", micro=False)
    scale = max(1, most // made.symbol_size(border=2)[0])
    out = io.BytesIO()
    made.save(out, kind="png", scale=scale, border=2)
    out.seek(0)
    return Image.open(out).convert("RGB")


def _line(draw: ImageDraw.ImageDraw, line: str, size: float, place: tuple[int, int], most: int) -> int:
    """Draw one line and return its height in pixels."""
    while size > _SMALLEST and draw.textlength(line, _font(size)) > most:
        size -= 0.5
    font = _font(size)
    if draw.textlength(line, font) > most:
        while line and draw.textlength(f"{line}…", font) > most:
            line = line[:-1]
        line = f"{line.rstrip()}…"
    draw.text(place, line, fill=_INK, font=font)
    return round(size * 1.32 * _SCALE)


def _font(size: float) -> ImageFont.FreeTypeFont:
    content = (files("ocrmypdf") / "data" / "NotoSans-Regular.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(content), round(size * _SCALE))
