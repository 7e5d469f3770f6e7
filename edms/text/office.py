"""Text of office documents. XML goes through defusedxml: a document with a DTD or entities is refused."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element  # nosec B405 # a type; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from edms.text.attachments import ATTACHED
from edms.text.packages import open_package
from edms.text.types import PageText, Unreadable

Content = tuple[list[PageText], set[str], dict[str, Any]]
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
# The second is OpenOffice.org 1, whose files PRONOM counts among OpenDocument.
_ODF_TEXT = ("{urn:oasis:names:tc:opendocument:xmlns:text:1.0}", "{http://openoffice.org/2000/text}")
_ODF_BREAKS = {f"{space}{name}" for space in _ODF_TEXT for name in ("p", "h")}
_MACROS = re.compile(r"(vbaProject\.bin|Basic/|Scripts/)", re.IGNORECASE)
_EMBEDDED = re.compile(r"^(?:word|xl|ppt)/embeddings/[^/]+$", re.IGNORECASE)
_OBJECTS = re.compile(r"(ObjectReplacements/|Object \d+/)", re.IGNORECASE)
_ACTIVE = re.compile(r"/activeX/", re.IGNORECASE)
# Relationships that are loaded when the document is opened; a hyperlink is not.
_LOADED = ("/attachedTemplate", "/oleObject", "/frame", "/subDocument", "/aFChunk")
_LINKED = ("/image", "/externalLinkPath", "/video", "/audio", "/media")


def read_docx(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return the body, tables, notes, headers and footers of a Word document as one page."""
    with open_package(stream, limits) as package:
        names = [
            name
            for name in package.namelist()
            if re.fullmatch(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml", name)
        ]
        if "word/document.xml" not in names:
            raise Unreadable("damaged", "the document has no body")
        names.sort(key=lambda name: (name != "word/document.xml", name))
        text = "\n".join(_words(package, name, f"{_W}t", {f"{_W}p", f"{_W}br"}, f"{_W}tab") for name in names)
        return [PageText(1, text)], _flags(package), _embedded(package, limits)


def read_pptx(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return a page for each slide."""
    with open_package(stream, limits) as package:
        slides = sorted(
            (int(found.group(1)), found.group())
            for name in package.namelist()
            if (found := re.fullmatch(r"ppt/slides/slide(\d+)\.xml", name))
        )
        pages = [
            PageText(position, _words(package, name, f"{_A}t", {f"{_A}p"}, f"{_A}tab"))
            for position, (_number, name) in enumerate(slides, 1)
        ]
        return pages, _flags(package), _embedded(package, limits)


def read_xlsx(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return a page for each sheet: cells as shown last, a tab between them, a line for each row."""
    import openpyxl

    with open_package(stream, limits) as package:
        refuse_entities(package)
        flags, facts = _flags(package), _embedded(package, limits)
    stream.seek(0)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    pages, left = [], limits["max_text_characters"]
    for number, sheet in enumerate(book.worksheets, 1):
        lines = [sheet.title]
        for row in sheet.iter_rows(values_only=True):
            line = "\t".join(str(cell) for cell in row if cell is not None)
            left -= len(line)
            if left < 0:
                break
            if line:
                lines.append(line)
        pages.append(PageText(number, "\n".join(lines)))
    return pages, flags, facts


def refuse_entities(package: zipfile.ZipFile) -> None:
    """Raise Unreadable when a part has a DTD or is not XML, before a library with a parser of its own reads it.

    The beginning of a part is enough: a DTD stands before the first element.
    """
    for name in package.namelist():
        if name.endswith((".xml", ".rels")):
            for _event in _parsed(package, name):
                break


def read_odf(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return the content of an OpenDocument file as one page."""
    with open_package(stream, limits) as package:
        if "content.xml" not in package.namelist():
            raise Unreadable("damaged", "the document has no content")
        if "manifest:encryption-data" in _manifest(package):
            raise Unreadable("encrypted", "the document is protected by a password; bring it without one")
        parts = [name for name in ("content.xml", "styles.xml") if name in package.namelist()]
        text = "\n".join(_all_words(package, name) for name in parts)
        return [PageText(1, text)], _flags(package), {}


def read_zip(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """A plain zip is kept as it is; its names are findable, and archives in archives are bounded in depth."""
    with open_package(stream, limits) as package:
        names = package.namelist()
        _bounded_depth(package, limits, 1)
    return [PageText(1, "\n".join(names))], {"archive"}, {"entries": len(names)}


def _bounded_depth(package: zipfile.ZipFile, limits: dict[str, int], depth: int) -> None:
    for entry in package.infolist():
        if not entry.filename.lower().endswith(".zip"):
            continue
        if depth >= limits["max_archive_depth"]:
            raise Unreadable("archive_depth", f"archives lie more than {limits['max_archive_depth']} deep in it")
        with open_package(io.BytesIO(package.read(entry)), limits) as inner:
            _bounded_depth(inner, limits, depth + 1)


def _flags(package: zipfile.ZipFile) -> set[str]:
    names = "\n".join(package.namelist())
    found = {"macros"} if _MACROS.search(names) else set()
    found |= {"active_content"} if _ACTIVE.search(names) else set()
    found |= {"embedded_objects"} if _OBJECTS.search(names) else set()
    for name in package.namelist():
        if name.endswith(".rels"):
            found |= _relations(package, name)
    return found


def _relations(package: zipfile.ZipFile, name: str) -> set[str]:
    """What the relationships of a part load from outside of the package (ECMA-376 part 2, 9.3)."""
    found = set()
    for _event, element in _parsed(package, name):
        kind = element.get("Type", "")
        if element.get("TargetMode") == "External":
            found |= {"remote_template"} if kind.endswith(_LOADED) else set()
            found |= {"external_links"} if kind.endswith(_LINKED) else set()
    return found


def _embedded(package: zipfile.ZipFile, limits: dict[str, int]) -> dict[str, Any]:
    """The files embedded in a document, for taking out; the package has been measured."""
    names = [name for name in package.namelist() if _EMBEDDED.match(name)][: limits["max_attachments"] + 1]
    return {ATTACHED: [(name.rpartition("/")[2], package.read(name)) for name in names]}


def _manifest(package: zipfile.ZipFile) -> str:
    try:
        return package.read("META-INF/manifest.xml").decode("utf-8", "replace")
    except KeyError:
        return ""


def _parsed(package: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Element]]:
    """Parse a part, streaming. Raises Unreadable for a DTD, entities, or broken XML."""
    try:
        with package.open(name) as part:
            yield from iterparse(part, events=("end",), forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("xml_entities", "it holds XML with a DTD or entities, which may read other files") from None
    except ParseError:
        raise Unreadable("damaged", f"the file is damaged: {name} is not XML") from None


def _words(package: zipfile.ZipFile, name: str, text: str, breaks: set[str], tab: str) -> str:
    pieces: list[str] = []
    for _event, element in _parsed(package, name):
        if element.tag == text and element.text:
            pieces.append(element.text)
        elif element.tag in breaks:
            pieces.append("\n")
        elif element.tag == tab:
            pieces.append("\t")
        if element.tag in breaks:
            element.clear()
    return "".join(pieces)


def _all_words(package: zipfile.ZipFile, name: str) -> str:
    """Text of OpenDocument paragraphs and headings in order; spans and links inside them included."""
    pieces: list[str] = []
    for _event, element in _parsed(package, name):
        if element.tag in _ODF_BREAKS:
            pieces.append("".join(element.itertext()) + "\n")
            element.clear()
    return "".join(pieces)
