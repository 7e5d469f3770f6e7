"""OCR inside the sandbox: any scan becomes a searchable PDF/A-2b with its text, through OCRmyPDF and Tesseract.

The work folder lies on a file system in memory and is removed by the caller: plaintext never touches the disk.
"""

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import img2pdf
import ocrmypdf
import pikepdf
from ocrmypdf.exceptions import ExitCodeException
from PIL import Image, ImageSequence

from edms.text.types import Unreadable

PAGE_BREAK = "\f"
_A4_WIDTH_INCHES = 8.27
_LEAST_DPI, _MOST_DPI = 60, 1300


def searchable_pdf(
    descriptors: list[int], media_type: str, languages: str, folder: str, pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the text of each page, and the PDF as the one section. For the sandbox."""
    os.environ.update(TMPDIR=folder, OMP_THREAD_LIMIT="1")
    Image.MAX_IMAGE_PIXELS = pixels
    work = Path(folder)
    source, target, sidecar = work / "in.pdf", work / "out.pdf", work / "text.txt"
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        content = stream.read()
    try:
        source.write_bytes(content if media_type == "application/pdf" else pictures_to_pdf(content))
        _recognise(source, target, sidecar, languages, pixels)
    except Unreadable as unreadable:
        return {"problem": {"code": unreadable.code, "message": unreadable.message}}, []
    made = target.read_bytes()
    with pikepdf.open(io.BytesIO(made)) as document:
        count = len(document.pages)
    texts = sidecar.read_text(encoding="utf-8", errors="replace").split(PAGE_BREAK) if sidecar.exists() else []
    return {"pages": [text.strip("\n") for text in (texts + [""] * count)[:count]]}, [made]


def _recognise(source: Path, target: Path, sidecar: Path, languages: str, pixels: int) -> None:
    """Run OCRmyPDF in this process: one job, no ghostscript, pages that have text are left as they are."""
    with contextlib.redirect_stdout(sys.stderr):
        try:
            code = ocrmypdf.ocr(
                source,
                target,
                language=languages.split("+"),
                output_type="pdfa-2",
                pdfa_backend="internal",
                rasterizer="pypdfium",
                sidecar=sidecar,
                mode="skip",
                rotate_pages=True,
                rotate_pages_threshold=2.0,
                jobs=1,
                use_threads=True,
                optimize=0,
                progress_bar=False,
                tesseract_timeout=120,
                max_image_mpixels=pixels / 1_000_000,
                invalidate_digital_signatures=True,
            )
        except ExitCodeException as error:
            raise Unreadable("damaged", f"its pages cannot be recognised ({type(error).__name__})") from None
    if code != 0:
        raise Unreadable("damaged", f"its pages cannot be recognised (code {int(code)})")


def pictures_to_pdf(content: bytes) -> bytes:
    """Wrap pictures into a PDF, a page for each frame, pixels untouched; pages as large as the paper was."""
    frames = []
    with Image.open(io.BytesIO(content)) as picture:
        single = getattr(picture, "n_frames", 1) == 1
        dpi = _resolution(picture)
        if single and picture.format in ("JPEG", "PNG", "TIFF") and picture.mode in ("1", "L", "RGB"):
            frames = [content]
        else:
            frames = [_as_png(frame) for frame in ImageSequence.Iterator(picture)]
    layout = img2pdf.get_fixed_dpi_layout_fun(dpi)
    try:
        made: bytes = img2pdf.convert(frames, layout_fun=layout, rotation=img2pdf.Rotation.ifvalid)
    except (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, ValueError, TypeError):
        with Image.open(io.BytesIO(content)) as picture:
            plain = [_as_png(frame) for frame in ImageSequence.Iterator(picture)]
        made = img2pdf.convert(plain, layout_fun=layout)
    return made


def _as_png(frame: Image.Image) -> bytes:
    out = io.BytesIO()
    mode = frame.mode if frame.mode in ("1", "L", "RGB") else "RGB"
    frame.convert(mode).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _resolution(picture: Image.Image) -> tuple[float, float]:
    """The picture's own resolution, both ways (fax pixels are not square); A4 across when it is missing or absurd."""
    told = tuple(float(side) for side in picture.info.get("dpi", (0, 0)))
    if len(told) == 2 and all(_LEAST_DPI <= side <= _MOST_DPI for side in told):
        return told[0], told[1]
    guessed = min(_MOST_DPI, max(_LEAST_DPI, picture.width / _A4_WIDTH_INCHES))
    return guessed, guessed
