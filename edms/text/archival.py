"""What keeps a PDF from being PDF/A-2b: own checks of the clauses of ISO 19005-2 that office programs break.

No judge for PDF/A-2 can be had as a package, so this is no certificate: an empty answer says that none of these rules
is broken. Checked are the header and trailer (6.1.2, 6.1.3), encryption (6.1.3), embedded files (6.8), filters
(6.1.7), the output intent (6.2.3), fonts embedded and mapped (6.2.11), pictures (6.2.8), transfer functions (6.2.5),
PostScript and reference XObjects (6.2.9), blending without an output intent (6.2.10), annotations (6.3), forms (6.4),
actions (6.5) and the metadata's claim (6.6.4). What a content stream draws is not interpreted.
"""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

_ACTIONS = frozenset(
    (
        "/Launch",
        "/Sound",
        "/Movie",
        "/ResetForm",
        "/ImportData",
        "/Hide",
        "/SetOCGState",
        "/Rendition",
        "/Trans",
        "/GoTo3DView",
        "/JavaScript",
    )
)
_MEDIA = frozenset(("/3D", "/Sound", "/Screen", "/Movie", "/FileAttachment"))
_FONTS = frozenset(("/Type1", "/TrueType", "/MMType1", "/CIDFontType0", "/CIDFontType2"))
_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
_INVISIBLE, _PRINT = 1 | 2 | 32, 4  # flags of annotations: invisible, hidden, not viewed; printed
_BLENDED = ("/SMask", "/CA", "/ca")


def faults(content: bytes) -> list[str]:
    """Return the code of every rule that the PDF breaks, in order; [] when none of those checked is."""
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return sorted(set(_of_file(content, document)))
    except (pikepdf.PdfError, ValueError):
        return ["damaged"]


def embedded_fonts(document: pikepdf.Pdf) -> set[str]:
    """The names of the fonts whose program lies in the PDF, without the mark of a subset."""
    return {
        str(found.FontName).lstrip("/").rpartition("+")[2]
        for found in document.objects
        if isinstance(found, pikepdf.Dictionary) and "/FontName" in found and _program_of(found)
    }


def _of_file(content: bytes, document: pikepdf.Pdf) -> Iterator[str]:
    if document.is_encrypted:
        yield "encrypted"
    if not content.startswith(b"%PDF-1.") or content[9:14].count(b"%") == 0:
        yield "header"
    if "/ID" not in document.trailer:
        yield "no_identifier"
    with document.open_metadata() as metadata:
        if metadata.pdfa_status != "2B":
            yield "not_claimed"
    intended = _has_intent(document.Root)
    if not intended:
        yield "no_output_intent"
    yield from _of_root(document.Root)
    for found in document.objects:
        if isinstance(found, pikepdf.Stream):
            yield from _of_stream(found)
            yield from _of_dictionary(found.stream_dict, intended=intended)
        elif isinstance(found, pikepdf.Dictionary):
            yield from _of_dictionary(found, intended=intended)


def _has_intent(root: Any) -> bool:
    return any(
        str(intent.get("/S")) == "/GTS_PDFA1" and isinstance(intent.get("/DestOutputProfile"), pikepdf.Stream)
        for intent in root.get("/OutputIntents", ())
    )


def _of_root(root: Any) -> Iterator[str]:
    names = root.get("/Names", pikepdf.Dictionary())
    if "/EmbeddedFiles" in names:
        yield "embedded_files"
    if "/JavaScript" in names:
        yield "scripts"
    if "/AA" in root:
        yield "actions"
    form = root.get("/AcroForm", pikepdf.Dictionary())
    if "/XFA" in form or form.get("/NeedAppearances") is True:
        yield "forms"
    if "/Requirements" in root:
        yield "requirements"


def _of_stream(found: pikepdf.Stream) -> Iterator[str]:
    filters = found.stream_dict.get("/Filter")
    if filters is not None:
        named = [str(one) for one in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
        if "/LZWDecode" in named or "/Crypt" in named:
            yield "filters"
    if "/F" in found.stream_dict or "/FFilter" in found.stream_dict:
        yield "outside_content"
    subtype = str(found.stream_dict.get("/Subtype"))
    if subtype == "/PS" or "/PS" in found.stream_dict or "/Ref" in found.stream_dict:
        yield "outside_content"
    if subtype == "/Image" and (
        str(found.stream_dict.get("/Interpolate")) == "True" or "/Alternates" in found.stream_dict
    ):
        yield "pictures"


def _of_dictionary(found: Any, *, intended: bool) -> Iterator[str]:
    kind, subtype = str(found.get("/Type")), str(found.get("/Subtype"))
    if kind == "/Font" and subtype in _FONTS and not _program_of(found.get("/FontDescriptor", pikepdf.Dictionary())):
        yield "font_not_embedded"
    if subtype == "/CIDFontType2" and "/CIDToGIDMap" not in found:
        yield "font_not_mapped"
    if kind == "/ExtGState" and ("/TR" in found or str(found.get("/TR2", "/Default")) != "/Default"):
        yield "transfer_function"
    if not intended and kind == "/ExtGState" and any(_blends(found, key) for key in _BLENDED):
        yield "blended_without_intent"
    if str(found.get("/S")) in _ACTIONS or "/JS" in found:
        yield "actions"
    if "/Rect" in found and subtype.startswith("/") and subtype != "/Popup":
        yield from _of_annotation(found, subtype)


def _of_annotation(found: Any, subtype: str) -> Iterator[str]:
    if subtype in _MEDIA:
        yield "media"
    flags = int(found.get("/F", 0))
    if flags & _INVISIBLE or not flags & _PRINT:
        yield "annotation_flags"
    left, bottom, right, top = (float(side) for side in found.Rect)
    if subtype not in ("/Link", "/Popup") and "/AP" not in found and left != right and bottom != top:
        yield "annotation_without_appearance"
    if subtype == "/Widget" and ("/A" in found or "/AA" in found):
        yield "actions"


def _blends(found: Any, key: str) -> bool:
    value = found.get(key)
    return value is not None and str(value) not in ("/None", "1", "1.0")


def _program_of(descriptor: Any) -> bool:
    return any(name in descriptor for name in _PROGRAMS)
