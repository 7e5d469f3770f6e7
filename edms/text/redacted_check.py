"""Looking at a redacted document before anybody gets it, by other ways than it was made. Runs inside the sandbox.

Nothing is believed of how it was made: its pictures must be, byte for byte, those in which the areas are black, and
there must be nothing in it but these pictures, a text layer, and what PDF/A asks for.
"""

import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdf
import pypdfium2 as pdfium
from PIL import Image

from edms.text.pdf import open_pdf
from edms.text.types import Unreadable

_BLACK = 2
_MOST_DEPTH = 12
# Keys under which something lies that a page does not show, or that acts.
_NEVER = {
    "/Annots": "annotations", "/AcroForm": "forms", "/JS": "scripts", "/JavaScript": "scripts", "/AA": "scripts",
    "/OpenAction": "scripts", "/EmbeddedFiles": "attachments", "/EF": "attachments", "/AF": "attachments",
    "/Outlines": "bookmarks", "/Dests": "bookmarks", "/Names": "names", "/OCProperties": "layers", "/OC": "layers",
    "/Thumb": "thumbnails", "/PieceInfo": "private_data", "/StructTreeRoot": "structure", "/ActualText": "structure",
    "/Alt": "structure", "/Threads": "bookmarks", "/PageLabels": "bookmarks", "/Collection": "attachments",
    "/Alternates": "pictures", "/SMask": "pictures", "/Mask": "pictures",
}  # fmt: skip
_TOLD = frozenset(("/Producer", "/Creator", "/CreationDate", "/ModDate"))


def check(descriptors: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is wrong with a redacted PDF, and all the text in it, for whoever knows what must not be there.

    The second descriptor has what `edms.text.redacting.redact` told of its pages. `problems`: codes, [] when nothing is
    wrong. `texts`: of each page, as PDFium and as pypdf reads it. `pdfa`: what it claims. The section: every other byte
    that can hold text, streams unpacked. Raises Unreadable.
    """
    content, told = (_all_of(descriptor) for descriptor in descriptors[:2])
    pages = json.loads(told)["pages"]
    texts = [*_by_pdfium(content), *_by_pypdf(content)]
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            problems = sorted(set(_problems(content, document, pages)))
            raw = b"\n".join(_pieces(document)) + content[:1024]
            with document.open_metadata() as metadata:
                archival = metadata.pdfa_status == "2B"
    except (pikepdf.PdfError, OSError, ValueError):
        raise Unreadable("damaged", "what was made cannot be read again") from None
    return {"problems": problems, "texts": texts, "pdfa": archival}, [raw]


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read()


def _problems(content: bytes, document: pikepdf.Pdf, pages: list[dict[str, Any]]) -> Iterator[str]:
    if content.count(b"startxref") != 1 or "/Prev" in document.trailer:
        yield "earlier_versions"
    if len(document.pages) != len(pages):
        yield "pages"
    if set(document.docinfo.keys()) - _TOLD:
        yield "metadata"
    for one in document.objects:
        yield from _never(one, 0)
    seen = 0
    for page, told in zip(document.pages, pages, strict=False):
        pictures = list(_pictures(page.obj.get("/Resources"), 0))
        seen += len(pictures)
        if [hashlib.sha256(one.read_raw_bytes()).hexdigest() for one in pictures] != [told["sha256"]]:
            yield "pictures"
        else:
            yield from _pixels(pictures[0].read_raw_bytes(), told)
    if seen != sum(_is_picture(one) for one in document.objects):
        yield "pictures"


def _never(one: Any, depth: int) -> Iterator[str]:
    if depth > _MOST_DEPTH:
        yield "too_deep"
    elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
        for key in one.keys():  # noqa: SIM118 - a stream is iterated by its keys only through keys()
            if key in _NEVER:
                yield _NEVER[key]
            inner = one[key]
            if isinstance(inner, pikepdf.Dictionary | pikepdf.Array) and not inner.is_indirect:
                yield from _never(inner, depth + 1)
    elif isinstance(one, pikepdf.Array):
        for inner in one:
            if isinstance(inner, pikepdf.Dictionary | pikepdf.Array) and not inner.is_indirect:
                yield from _never(inner, depth + 1)


def _is_picture(one: Any) -> bool:
    return isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"


def _pictures(resources: Any, depth: int) -> Iterator[pikepdf.Stream]:
    """The pictures that a page can draw, also from forms within forms."""
    drawn = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(drawn, pikepdf.Dictionary) or depth > _MOST_DEPTH:
        return
    for _name, one in drawn.items():
        if isinstance(one, pikepdf.Stream) and _is_picture(one):
            yield one
        elif isinstance(one, pikepdf.Stream):
            yield from _pictures(one.get("/Resources"), depth + 1)


def _pixels(stored: bytes, told: dict[str, Any]) -> Iterator[str]:
    with Image.open(io.BytesIO(stored)) as picture:
        if picture.size != (told["width"], told["height"]):
            yield "pictures"
        for area in told["areas"]:
            covered = picture.crop(tuple(area)).getextrema()
            bands = covered if isinstance(covered[0], tuple) else (covered,)
            if any(int(band[1]) > _BLACK for band in bands):
                yield "pixels"


def _pieces(document: pikepdf.Pdf) -> Iterator[bytes]:
    for one in document.objects:
        if isinstance(one, pikepdf.Stream):
            if not _is_picture(one):
                yield bytes(one.read_bytes())
            one = one.stream_dict
        yield from _strings(one, 0)


def _strings(one: Any, depth: int) -> Iterator[bytes]:
    if isinstance(one, pikepdf.String):
        yield bytes(one)
        yield str(one).encode("utf-8", "replace")
    elif isinstance(one, pikepdf.Name):
        yield str(one).encode("utf-8", "replace")
    elif isinstance(one, pikepdf.Dictionary | pikepdf.Array) and depth <= _MOST_DEPTH:
        inner = [*one.keys(), *(value for _key, value in one.items())] if isinstance(one, pikepdf.Dictionary) else one
        for value in inner:
            if isinstance(value, str):
                yield value.encode("utf-8", "replace")
            elif not getattr(value, "is_indirect", False):
                yield from _strings(value, depth + 1)


def _by_pdfium(content: bytes) -> list[str]:
    document = open_pdf(content)
    try:
        return [_range(page) for page in document]
    except pdfium.PdfiumError:
        raise Unreadable("damaged", "what was made cannot be read again") from None
    finally:
        document.close()


def _range(page: pdfium.PdfPage) -> str:
    with_text = page.get_textpage()
    try:
        return str(with_text.get_text_range()).replace("\x02", "\u00ad")
    finally:
        with_text.close()
        page.close()


def _by_pypdf(content: bytes) -> list[str]:
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    except Exception:  # noqa: BLE001 - it raises many kinds of errors
        raise Unreadable("damaged", "what was made cannot be read again") from None
