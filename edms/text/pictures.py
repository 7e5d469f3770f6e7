"""Pictures: what a scan is, and pictures of pages for looking at. Runs inside the sandbox."""

import io
from collections.abc import Sequence
from typing import Any, BinaryIO

import img2pdf
import pillow_heif
import pypdfium2 as pdfium
from PIL import Image, ImageOps, ImageSequence

from edms.core.sandbox_lending import opened
from edms.text.jpeg import without_notes
from edms.text.pdf import open_pdf
from edms.text.types import PageText, Unreadable

Content = tuple[list[PageText], set[str], dict[str, Any]]
pillow_heif.register_heif_opener()
_LONGEST_SIDE = 6000
_ORIENTATION = 0x0112
_TURNS = {3: img2pdf.Rotation["180"], 6: img2pdf.Rotation["90"], 8: img2pdf.Rotation["270"]}
_A4_WIDTH_INCHES = 8.27
_A3_HEIGHT_INCHES = 16.6
_LEAST_DPI, _MOST_DPI = 60, 1300
_LEAST_INCHES = 3.5 / 72  # a page of a PDF has 3 points at least (ISO 32000-1, annex C)
_UNTOLD_DPI = 96  # and 72: what cameras and programs write when they do not know


def read(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return one page for each frame, all needing OCR, and what R54 asks: size, resolution, depth."""
    Image.MAX_IMAGE_PIXELS = limits["max_page_pixels"]
    try:
        with Image.open(stream) as picture:
            _bounded(picture, limits)
            facts = _facts(picture)
            count = _count(picture, limits)
    except Image.DecompressionBombError:
        raise Unreadable("decompression_bomb", "the picture has more pixels than is allowed") from None
    except (OSError, SyntaxError, ValueError):
        raise Unreadable("damaged", "the picture is damaged: it cannot be opened") from None
    return [PageText(number, "", "none", needs_ocr=True) for number in range(1, count + 1)], set(), facts


def _bounded(picture: Image.Image, limits: dict[str, int]) -> None:
    if picture.width * picture.height > limits["max_page_pixels"]:
        raise Unreadable(
            "decompression_bomb", f"the picture is {picture.width} x {picture.height}, more than is allowed"
        )


def _count(picture: Image.Image, limits: dict[str, int]) -> int:
    count = 0
    for frame in ImageSequence.Iterator(picture):
        _bounded(frame, limits)
        count += 1
        if count > limits["max_pages"]:
            raise Unreadable("too_many_pages", f"it has more than {limits['max_pages']} pages")
    return count


def _facts(picture: Image.Image) -> dict[str, Any]:
    resolution = picture.info.get("dpi", (0, 0))
    return {
        "width": picture.width,
        "height": picture.height,
        "dpi": [round(float(side)) for side in resolution],
        "mode": picture.mode,
        "compression": str(picture.info.get("compression", "")),
    }


def page_picture(
    descriptors: list[int], media_type: str, page: int, width: int, most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return one page as WebP, `width` pixels wide; no section when there is no such page. For the sandbox."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    with opened(descriptors[0]) as stream:
        made = _pdf_page(stream, page, width) if media_type == "application/pdf" else _frame(stream, page, width)
    if made is None:
        return {"found": False}, []
    out = io.BytesIO()
    made.convert("RGB").save(out, "WEBP", quality=80, method=2)
    return {"found": True}, [out.getvalue()]


def _pdf_page(stream: BinaryIO, number: int, width: int) -> Image.Image | None:
    document = open_pdf(stream)
    try:
        document.init_forms()  # without it PDFium leaves fields out, and with them every visible signature
        if number > len(document):
            return None
        page = document[number - 1]
        across, up = page.get_size()
        # A page may claim any size; the picture never grows beyond what a screen needs.
        scale = min(width / max(across, 1), _LONGEST_SIDE / max(up, 1))
        picture: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil()
        return picture
    except pdfium.PdfiumError:
        return None
    finally:
        document.close()


def _frame(stream: BinaryIO, number: int, width: int) -> Image.Image | None:
    with Image.open(stream) as picture:
        try:
            picture.seek(number - 1)
        except EOFError:
            return None
        shown = ImageOps.exif_transpose(picture).convert("RGB")
        height = _true_height(shown, picture, width)
        return shown.resize((width, height))


def _true_height(shown: Image.Image, picture: Image.Image, width: int) -> int:
    """Fax pages have pixels that are not square; the picture shows them as they were on paper."""
    across, up = (float(side) for side in picture.info.get("dpi", (1, 1)))
    stretch = across / up if across > 0 and up > 0 else 1.0
    return max(1, min(_LONGEST_SIDE, round(shown.height * stretch * width / max(1, shown.width))))


def pictures_to_pdf(source: bytes | BinaryIO, numbers: Sequence[int] | None = None) -> bytes:
    """Wrap pictures into a PDF, a page for each frame, pixels untouched; pages as large as the paper was.

    `numbers`: only these frames, in this order (first is 1); only they are read then.
    """
    turn = img2pdf.Rotation.ifvalid
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(stream) as picture:
        single = getattr(picture, "n_frames", 1) == 1
        layout = img2pdf.get_fixed_dpi_layout_fun(resolution_of(picture))
        if numbers is not None and not single:
            frames = [_frame_as_png(picture, number) for number in numbers]
        elif single and picture.format in ("JPEG", "PNG", "TIFF") and picture.mode in ("1", "L", "RGB"):
            turn = _TURNS.get(picture.getexif().get(_ORIENTATION) or 1, turn) if picture.format == "JPEG" else turn
            stream.seek(0)
            # The place where a photograph was taken is for its original alone; only which way is up goes along.
            frames = [without_notes(stream.read()) if picture.format == "JPEG" else stream.read()]
        else:
            frames = [_as_png(frame) for frame in ImageSequence.Iterator(picture)]
    try:
        made: bytes = img2pdf.convert(frames, layout_fun=layout, rotation=turn)
    except (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, ValueError, TypeError):
        stream.seek(0)
        with Image.open(stream) as picture:
            wanted = range(1, getattr(picture, "n_frames", 1) + 1) if numbers is None else numbers
            plain = [_frame_as_png(picture, number) for number in wanted]
        made = img2pdf.convert(plain, layout_fun=layout)
    return made


def _frame_as_png(picture: Image.Image, number: int) -> bytes:
    picture.seek(number - 1)
    return _as_png(picture)


def _as_png(frame: Image.Image) -> bytes:
    """Return a frame as PNG; what is transparent becomes white, as paper is."""
    out = io.BytesIO()
    if "A" in frame.getbands() or "transparency" in frame.info:
        layered = frame.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        frame = Image.alpha_composite(white, layered)
    mode = frame.mode if frame.mode in ("1", "L", "RGB") else "RGB"
    frame.convert(mode).save(out, "PNG", compress_level=1)
    return out.getvalue()


def resolution_of(picture: Image.Image) -> tuple[float, float]:
    """The picture's own resolution, both ways (fax pixels are not square); A4 across when it is missing or absurd."""
    told = tuple(float(side) for side in picture.info.get("dpi", (0, 0)))
    if len(told) == 2 and all(_LEAST_DPI <= side <= _MOST_DPI for side in told):
        known = max(told) > _UNTOLD_DPI or max(picture.size) / min(told) <= _A3_HEIGHT_INCHES
        if known and min(picture.size) / max(told) >= _LEAST_INCHES:
            return told[0], told[1]
    guessed = min(_MOST_DPI, max(_LEAST_DPI, min(picture.size) / _A4_WIDTH_INCHES))
    fitting = min(guessed, min(picture.size) / _LEAST_INCHES)
    return fitting, fitting
