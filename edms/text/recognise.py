"""OCR inside the sandbox: any scan becomes a searchable PDF with its text, through OCRmyPDF and Tesseract.

What OCRmyPDF imports late is imported here: once in the server, not anew in the process of every call.

The work folder lies on a file system in memory and is removed by the caller: plaintext never touches the disk.
"""

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import Any, BinaryIO

import ocrmypdf
import ocrmypdf.builtin_plugins.optimize
import ocrmypdf.builtin_plugins.tesseract_ocr
import ocrmypdf.fpdf_renderer
import pikepdf
import pikepdf.pdfa
from ocrmypdf.exceptions import ExitCodeException
from PIL import Image

from edms.core.sandbox_lending import opened
from edms.text import ocr_pages, pdf
from edms.text.language import language_of
from edms.text.legibility import illegible
from edms.text.pictures import pictures_to_pdf
from edms.text.types import PageText, Unreadable

PAGE_BREAK = "\f"
_SKIPPED = re.compile(r"\[OCR skipped on page\(s\) (\d+)(?:-(\d+))?\]")
_PLUGIN = ocr_pages.__name__


def ready(_descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Do nothing: for having the libraries imported before the first scan comes."""
    return {}, []


def searchable_pdf(
    descriptors: list[int], media_type: str, languages: str, folder: str, limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return text and source of each page, whether it is PDF/A-2b, and the PDF as the one section. For the sandbox."""
    os.environ.update(TMPDIR=folder, OMP_THREAD_LIMIT="1")
    Image.MAX_IMAGE_PIXELS = limits["max_page_pixels"]
    work = Path(folder)
    source, target, sidecar = work / "in.pdf", work / "out.pdf", work / "text.txt"
    with os.fdopen(os.dup(descriptors[0]), "rb") as stream:
        content = stream.read()
    try:
        known, form = _known(content, limits) if media_type == pdf.MEDIA_TYPE else ([], False)
        source.write_bytes(content if known else pictures_to_pdf(content))
        _recognise(source, target, sidecar, languages, limits["max_page_pixels"], known, form=form)
    except Unreadable as unreadable:
        return {"problem": {"code": unreadable.code, "message": unreadable.message}}, []
    made = target.read_bytes()
    with pikepdf.open(io.BytesIO(made)) as document:
        count = len(document.pages)
        with document.open_metadata() as metadata:
            archival = metadata.pdfa_status == "2B"
    found = _by_page(sidecar.read_text(encoding="utf-8", errors="replace"), count)
    pages = [_page(found[number], known[number] if known else None) for number in range(count)]
    return {"pages": pages, "pdfa": archival}, [made]


def searchable_range(
    descriptors: list[int], media_type: str, first: int, last: int, languages: str, folder: str, limits: dict[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the same of the pages `first` to `last` (first is 1) of a file that is lent. Pages that have their text
    are taken over as they are. For the sandbox."""
    os.environ.update(TMPDIR=folder, OMP_THREAD_LIMIT="1")
    Image.MAX_IMAGE_PIXELS = limits["max_page_pixels"]
    work = Path(folder)
    source, target, sidecar = work / "in.pdf", work / "out.pdf", work / "text.txt"
    try:
        with opened(descriptors[0]) as stream:
            if media_type == pdf.MEDIA_TYPE:
                piece = _extracted(stream, first, last)
                known, form = _known(piece, limits)
            else:
                piece, known, form = pictures_to_pdf(stream, range(first, last + 1)), [], False
        source.write_bytes(piece)
        if known and not any(page.needs_ocr for page in known):
            return {"pages": [_page(None, page) for page in known], "pdfa": False}, [piece]
        _recognise(source, target, sidecar, languages, limits["max_page_pixels"], known, form=form, kind="pdf")
    except Unreadable as unreadable:
        return {"problem": {"code": unreadable.code, "message": unreadable.message}}, []
    count = last - first + 1
    found = _by_page(sidecar.read_text(encoding="utf-8", errors="replace"), count)
    pages = [_page(found[number], known[number] if known else None) for number in range(count)]
    return {"pages": pages, "pdfa": False}, [target.read_bytes()]


def _extracted(stream: BinaryIO, first: int, last: int) -> bytes:
    out = io.BytesIO()
    try:
        with pikepdf.open(stream, suppress_warnings=True) as whole, pikepdf.new() as part:
            for number in range(first, last + 1):
                part.pages.append(whole.pages[number - 1])
            part.save(out)
    except (pikepdf.PdfError, IndexError):
        raise Unreadable("damaged", f"the pages {first} to {last} cannot be taken out of it") from None
    return out.getvalue()


def _known(content: bytes, limits: dict[str, int]) -> tuple[list[PageText], bool]:
    """What the PDF's own text says of each page, and whether it is a form."""
    pages, flags, _facts = pdf.read(io.BytesIO(content), limits)
    return pages, "form" in flags


def _page(found: str | None, known: PageText | None) -> dict[str, str]:
    """Join what was recognised with the page's own text: a page may be a scan with a printed line on it."""
    own = known.text if known is not None and not illegible(known.text) else ""
    texts = [text.strip("\r\n") for text in (own, found or "") if text.strip()]
    whole = "\n".join(texts)
    source = ("ocr" if found else "text") if texts else "none"
    return {"text": whole, "source": source, "language": language_of(whole)}


def _mode(wanted: list[PageText], *, form: bool) -> str:
    """How OCRmyPDF is to take pages that have text: as there is none (skip), beside it (redo), or anew (force).

    Text that spells nothing can only be drawn and read like a picture. Forms cannot be done beside their text.
    """
    texts = [page.text for page in wanted if page.text.strip()]
    if any(illegible(text) for text in texts):
        return "force"
    if texts:
        return "force" if form else "redo"
    return "skip"


def _recognise(
    source: Path,
    target: Path,
    sidecar: Path,
    languages: str,
    pixels: int,
    known: list[PageText],
    *,
    form: bool,
    kind: str = "auto",
) -> None:
    """Run OCRmyPDF in this process: one job, no ghostscript, only the pages that need it."""
    wanted = [page for page in known if page.needs_ocr]
    if known and not wanted:
        raise Unreadable("damaged", "no page of it needs to be recognised, although one did before")
    with contextlib.redirect_stdout(sys.stderr):
        try:
            code = ocrmypdf.ocr(
                source,
                target,
                language=languages.split("+"),
                # PDF/A-2b where it can be had: a page with a font that is not embedded can become none.
                output_type=kind,
                pdfa_backend="internal",
                rasterizer="pypdfium",
                sidecar=sidecar,
                mode=_mode(wanted, form=form),
                pages=",".join(str(page.number) for page in wanted) or None,
                rotate_pages=True,
                rotate_pages_threshold=2.0,
                jobs=1,
                use_threads=True,
                optimize=0,
                progress_bar=False,
                plugins=[_PLUGIN],
                tesseract_timeout=120,
                max_image_mpixels=pixels / 1_000_000,
                invalidate_digital_signatures=True,
            )
        except ExitCodeException as error:
            raise Unreadable("damaged", f"its pages cannot be recognised ({type(error).__name__})") from None
        except Image.DecompressionBombError:
            raise Unreadable("decompression_bomb", "a page has more pixels than is allowed") from None
    if code != 0:
        raise Unreadable("damaged", f"its pages cannot be recognised (code {int(code)})")


def _by_page(told: str, count: int) -> list[str | None]:
    """Return the recognised text of each page, None for pages left as they were, which stand there in ranges."""
    found: list[str | None] = []
    for piece in told.split(PAGE_BREAK):
        skipped = _SKIPPED.fullmatch(piece)
        if skipped:
            first, last = int(skipped[1]), int(skipped[2] or skipped[1])
            found.extend([None] * min(count, last - first + 1))
        else:
            found.append(piece)
    return (found + [None] * count)[:count]
