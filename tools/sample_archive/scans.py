"""Making paper of pages: rasterised, skewed, noisy, stamped, faxed. Same input, same bytes."""

import io

import img2pdf
import numpy as np
import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tools.sample_archive.model import FIXED_TIME
from tools.sample_archive.pages import FONTS

DPI = 200


def rasterise(pdf: bytes, dpi: int = DPI) -> list[Image.Image]:
    """Return the pages of a PDF as grey pictures."""
    with pdfium.PdfDocument(pdf) as document:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def as_scan(page: Image.Image, seed: int, skew: float = 0.0, noise: float = 6.0, shade: float = 0.0) -> Image.Image:
    """Return the page as an office scanner gives it: a little crooked, a little grey."""
    random = np.random.default_rng(seed)
    turned = page.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=250)
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.5)), dtype=np.float32)
    pixels = pixels + random.normal(0, noise, pixels.shape)
    if shade:
        pixels = (
            pixels - np.linspace(0, shade, pixels.shape[1])[None, :] * np.linspace(0.3, 1, pixels.shape[0])[:, None]
        )
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "L")


def with_stamp(page: Image.Image, text: str, at: tuple[float, float] = (0.5, 0.36)) -> Image.Image:
    """Return the page in colour with a round and a rectangular stamp over its text."""
    coloured = page.convert("RGB")
    layer = Image.new("L", coloured.size, 0)
    pen = ImageDraw.Draw(layer)
    x, y = int(at[0] * page.width), int(at[1] * page.height)
    font = ImageFont.truetype(str(FONTS / "DejaVuSans-Bold.ttf"), 30)
    pen.ellipse((x, y, x + 300, y + 300), outline=170, width=6)
    pen.ellipse((x + 40, y + 40, x + 260, y + 260), outline=170, width=3)
    pen.text((x + 150, y + 150), "TIRTA\nKENCANA", font=font, fill=170, anchor="mm", align="center")
    box = pen.textbbox((0, 0), text, font=font)
    pen.rectangle((150, 300, 190 + box[2], 360), outline=150, width=4)
    pen.text((170, 310), text, font=font, fill=150)
    layer = layer.rotate(4, resample=Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", coloured.size, (120, 30, 140)), coloured, layer)


def fax(page: Image.Image, seed: int) -> Image.Image:
    """Return the page as a fax of fine resolution: 204 x 196 dots per inch, black and white, a few speckles."""
    random = np.random.default_rng(seed)
    small = page.resize((1728, round(page.height * 1728 / page.width)))
    pixels = np.asarray(small) > 150
    speckles = random.random(pixels.shape) < 0.0008  # nosec B311 # dust on a sample
    return Image.fromarray(np.where(speckles, ~pixels, pixels)).convert("1", dither=Image.Dither.NONE)


def to_pdf(pages: list[Image.Image], quality: int = 45) -> bytes:
    """Return pictures as an image-only PDF."""
    made: bytes = img2pdf.convert(
        [jpeg(page, quality) for page in pages],
        layout_fun=img2pdf.get_fixed_dpi_layout_fun((DPI, DPI)),
        creationdate=FIXED_TIME,
        moddate=FIXED_TIME,
        producer="sample archive",
    )
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made)) as document:
        if "/ID" in document.trailer:
            del document.trailer["/ID"]
        document.save(out, static_id=True)
    return out.getvalue()


def jpeg(page: Image.Image, quality: int = 50) -> bytes:
    out = io.BytesIO()
    page.save(out, "JPEG", quality=quality, dpi=(DPI, DPI), optimize=True)
    return out.getvalue()


def png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.quantize(16).save(out, "PNG", dpi=(DPI, DPI), optimize=True)
    return out.getvalue()


def tiff(pages: list[Image.Image], dpi: tuple[int, int] = (DPI, DPI)) -> bytes:
    """Return pages as one TIFF, CCITT group 4."""
    out = io.BytesIO()
    black = [
        page.convert("1", dither=Image.Dither.NONE)
        if page.mode == "1"
        else page.point(lambda value: 255 * (value > 165)).convert("1")
        for page in pages
    ]
    black[0].save(out, "TIFF", compression="group4", save_all=True, append_images=black[1:], dpi=dpi)
    return out.getvalue()
