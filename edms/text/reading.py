"""Reading a file inside the sandbox: one pass, dispatch by media type. Nothing here runs in a process with keys."""

import io
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, BinaryIO

from edms.core.sandbox_lending import opened
from edms.text import compound, mail, office, pdf, pictures, plain, rtf
from edms.text.attachments import take_out
from edms.text.language import language_of
from edms.text.types import PageText, Unreadable

_ONE_PAGE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 36>>stream
BT /F 9 Tf 9 9 Td (satu halaman) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
Content = tuple[list[PageText], set[str], dict[str, Any]]
_READERS: dict[str, Callable[[BinaryIO, dict[str, int]], Content]] = {
    "application/pdf": pdf.read,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": office.read_docx,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": office.read_xlsx,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": office.read_pptx,
    "application/vnd.oasis.opendocument.text": office.read_odf,
    "application/vnd.oasis.opendocument.spreadsheet": office.read_odf,
    "application/vnd.oasis.opendocument.presentation": office.read_odf,
    "application/zip": office.read_zip,
    "application/vnd.etsi.asic-e+zip": office.read_zip,
    "application/vnd.etsi.asic-s+zip": office.read_zip,
    "message/rfc822": mail.read,
    "multipart/related": mail.read,
    "application/x-mimearchive": mail.read,
    "text/html": plain.read_html,
    "text/plain": plain.read_text,
    "text/csv": plain.read_text,
    "application/json": plain.read_text,
    "application/xml": plain.read_text,
    "text/xml": plain.read_text,
    "image/tiff": pictures.read,
    "image/jpeg": pictures.read,
    "image/png": pictures.read,
    "image/gif": pictures.read,
    "image/bmp": pictures.read,
    "image/webp": pictures.read,
    "image/heic": pictures.read,
    "image/heif": pictures.read,
    "application/rtf": rtf.read,
    "text/rtf": rtf.read,
    "application/x-ole": compound.read,
    "application/x-ole-storage": compound.read,
    "application/msword": compound.read,
    "application/vnd.ms-excel": compound.read,
    "application/vnd.ms-powerpoint": compound.read,
    "application/vnd.ms-outlook": compound.read,
}


def warm_up() -> None:
    """Have PDFium at hand before a process is made for each file: it starts up with the first page it reads."""
    pdf.read(io.BytesIO(_ONE_PAGE), {"max_pages": 1, "max_text_characters": 100, "max_attachments": 1})


def read(descriptors: list[int], media_type: str, limits: dict[str, int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return pages, flags, facts, what lies in it and the problem of the file at the first descriptor. For the sandbox.

    The sections are the bytes of what lies in it, in order."""
    stream = opened(descriptors[0])
    try:
        pages, flags, facts = read_stream(stream, media_type, limits)
        attached, more = take_out(facts, limits, read_stream)
    except Unreadable as unreadable:
        return {"problem": {"code": unreadable.code, "message": unreadable.message}}, []
    except MemoryError:
        return {"problem": {"code": "memory_limit", "message": "reading it needs more memory than is allowed"}}, []
    except Exception as error:  # noqa: BLE001 - parsers of foreign files raise anything at all
        message = f"the file is damaged or not what it seems ({type(error).__name__})"
        return {"problem": {"code": "damaged", "message": message}}, []
    whole = [replace(page, part=one.position) for one in attached for page in one.pages]
    text = [_bounded(page) for page in _within([*pages, *whole], limits["max_text_characters"])]
    told = {
        "pages": text,
        "flags": sorted(flags | more),
        "facts": facts,
        "attachments": [one.told() for one in attached],
    }
    return told, [one.content for one in attached]


def read_stream(stream: BinaryIO, media_type: str, limits: dict[str, int]) -> Content:
    """Read one stream; unknown formats have no pages and no problem: they are kept as they are."""
    reader = _READERS.get(media_type)
    if reader is None and media_type.startswith("text/"):
        reader = plain.read_text
    if reader is None:
        return [], {"unsupported"}, {}
    return reader(stream, limits)


def read_bytes(content: bytes, media_type: str, limits: dict[str, int]) -> Content:
    """Read bytes that were inside another file: an attachment."""
    return read_stream(io.BytesIO(content), media_type, limits)


def _bounded(page: PageText) -> dict[str, Any]:
    told = asdict(page)
    # Lone surrogates cannot be written as UTF-8; the NUL character ends strings in too many places.
    told["text"] = page.text.encode("utf-8", "replace").decode().replace("\x00", "")
    return told


def _within(pages: list[PageText], most: int) -> list[PageText]:
    """Cut the text where the limit is passed; what is cut stays in the original."""
    kept = []
    for page in pages:
        text = page.text[: max(0, most)]
        most -= len(text)
        kept.append(replace(page, text=text, language=language_of(text)))
    return kept
