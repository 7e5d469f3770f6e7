"""Files in Microsoft's compound format (OLE): Outlook messages, and Word, Excel and PowerPoint before 2007.

olefile reads the container, python-calamine the cells. A message's properties and a presentation's text atoms are
simple enough to be read where they lie ([MS-OXMSG] 2.1 and 2.2, [MS-PPT] 2.3.1 and 2.9.43). The letters of a Word
document are not: they come from `catdoc`, where that program is installed.
"""

import io
import os
import shutil
import subprocess
from typing import Any, BinaryIO

import olefile
from python_calamine import CalamineError, load_workbook

from edms.text.attachments import ATTACHED
from edms.text.plain import read_html
from edms.text.types import PageText, Unreadable

Content = tuple[list[PageText], set[str], dict[str, Any]]
_VBA = {"vba", "_vba_project", "macros", "_vba_project_cur"}
_OBJECTS = ("objectpool", "mbd")
_SUBJECT, _BODY, _HTML, _SENDER, _ADDRESS, _TO = "0037", "1000", "1013", "0C1A", "0C1F", "0E04"
_LONG_NAME, _SHORT_NAME, _DATA = "3707", "3704", "3701"
_TEXT_CHARS, _TEXT_BYTES = 0x0FA0, 0x0FA8
_CONTAINER = 0x0F
_MOST_ATOMS = 200_000
_CATDOC = "catdoc"
_SECONDS = 60


def media_type_of(stream: BinaryIO) -> str:
    """Tell the kinds apart by the streams that each has."""
    with _opened(stream) as package:
        names = {part[0].lower() for part in package.listdir()}
    stream.seek(0)
    if "encryptedpackage" in names:
        raise Unreadable("encrypted", "the document is protected by a password; bring it without one")
    kinds = (
        ("worddocument", "application/msword"),
        ("workbook", "application/vnd.ms-excel"),
        ("book", "application/vnd.ms-excel"),
        ("powerpoint document", "application/vnd.ms-powerpoint"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
    )
    return next((kind for name, kind in kinds if name in names), "application/x-ole")


def read(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Read whichever of them it is. Word for DOS, Write and Word before 1993 have no container: only their letters."""
    stream.seek(0)
    if stream.read(len(olefile.MAGIC)) != olefile.MAGIC:
        return _letters(stream, set())
    kind = media_type_of(stream)
    reader = _READERS.get(kind)
    if reader is None:
        return [], {"unsupported"}, {}
    return reader(stream, limits)


def read_message(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return an Outlook message: headers and body as one page, what is attached for taking out."""
    with _opened(stream) as package:
        told = {name: _property(package, "", name) for name in (_SUBJECT, _BODY, _SENDER, _ADDRESS, _TO)}
        body = told[_BODY] or _html(package, limits)
        attached, names = [], []
        folders = sorted({part[0] for part in package.listdir() if part[0].startswith("__attach_version1.0_")})
        for folder in folders[: limits["max_attachments"] + 1]:
            name = _property(package, folder, _LONG_NAME) or _property(package, folder, _SHORT_NAME) or folder
            names.append(name[:200])
            content = _stream(package, f"{folder}/__substg1.0_{_DATA}0102")
            if content is not None:
                attached.append((name, content))
        whole = not any(part[0] in folders and f"__substg1.0_{_DATA}000D" in part for part in package.listdir())
    sender = " ".join(part for part in (told[_SENDER], told[_ADDRESS]) if part)
    head = [f"From: {sender}", f"To: {told[_TO]}", f"Subject: {told[_SUBJECT]}"]
    # A message within a message has no bytes of its own (it is a folder of the container): it stays in the original.
    flags = set() if whole else {"embedded_objects"}
    facts = {"subject": told[_SUBJECT][:2000], "attachments": names, ATTACHED: attached}
    return [PageText(1, "\n".join([*head, "", body, "", *names]))], flags, facts


def read_excel(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return a page for each sheet, as of an XLSX."""
    flags = _flags(stream)
    try:
        book = load_workbook(io.BytesIO(stream.read()))
        pages, left = [], limits["max_text_characters"]
        for number, name in enumerate(book.sheet_names, 1):
            lines = [name]
            for row in book.get_sheet_by_name(name).to_python():
                line = "\t".join(str(cell) for cell in row if cell != "")
                left -= len(line)
                if left < 0:
                    break
                if line:
                    lines.append(line)
            pages.append(PageText(number, "\n".join(lines)))
    except CalamineError as error:
        if "password" in str(error).lower():
            raise Unreadable("encrypted", "the workbook is protected by a password; bring it without one") from None
        raise Unreadable("damaged", "the workbook is damaged: its sheets cannot be read") from None
    return pages, flags, {}


def read_powerpoint(stream: BinaryIO, limits: dict[str, int]) -> Content:
    """Return the text atoms of a presentation in their order, as one page."""
    flags = _flags(stream)
    with _opened(stream) as package:
        user = _stream(package, "Current User") or b""
        content = _stream(package, "PowerPoint Document") or b""
    if user[12:16] == b"\xdf\xc4\xd1\xf3":
        raise Unreadable("encrypted", "the presentation is protected by a password; bring it without one")
    return [PageText(1, "\n".join(_atoms(content, limits["max_text_characters"])))], flags, {}


def read_word(stream: BinaryIO, _limits: dict[str, int]) -> Content:
    """Return the text of a Word document through catdoc; without it, nothing, and that is said."""
    flags = _flags(stream)
    with _opened(stream) as package:
        head = _stream(package, "WordDocument") or b""
    if len(head) > 12 and head[11] & 1:  # fEncrypted of the FIB, [MS-DOC] 2.5.2
        raise Unreadable("encrypted", "the document is protected by a password; bring it without one")
    return _letters(stream, flags)


def _letters(stream: BinaryIO, flags: set[str]) -> Content:
    program = shutil.which(_CATDOC)
    if program is None:
        return [], flags | {"unsupported"}, {"unread": "reading .doc needs the program catdoc"}
    stream.seek(0)
    # In memory and seekable: from a pipe, catdoc would make a file of it.
    source = os.fdopen(os.memfd_create("letter"), "w+b")
    try:
        source.write(stream.read())
        source.seek(0)
        command = [program, "-w", "-d", "utf-8"]
        done = subprocess.run(command, stdin=source, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable("time_limit", "reading it took longer than is allowed") from None
    finally:
        source.close()
    if done.returncode != 0:
        raise Unreadable("damaged", "the document is damaged: catdoc cannot read it")
    return [PageText(1, done.stdout.decode("utf-8", "replace"))], flags, {}


def _opened(stream: BinaryIO) -> olefile.OleFileIO:
    stream.seek(0)
    try:
        return olefile.OleFileIO(stream)
    except Exception:  # noqa: BLE001 - olefile raises what its struct and lists do
        raise Unreadable("damaged", "the file is damaged: its container cannot be opened") from None


def _flags(stream: BinaryIO) -> set[str]:
    with _opened(stream) as package:
        parts = {name.lower() for path in package.listdir() for name in path}
    stream.seek(0)
    found = {"macros"} if parts & _VBA else set()
    return found | ({"embedded_objects"} if any(name.startswith(_OBJECTS) for name in parts) else set())


def _stream(package: olefile.OleFileIO, path: str) -> bytes | None:
    try:
        return bytes(package.openstream(path).read())
    except OSError:
        return None


def _property(package: olefile.OleFileIO, folder: str, name: str) -> str:
    """A property as text: Unicode where it is so kept, else in the code page of the West."""
    place = f"{folder}/" if folder else ""
    wide = _stream(package, f"{place}__substg1.0_{name}001F")
    if wide is not None:
        return wide.decode("utf-16-le", "replace").rstrip("\x00")
    narrow = _stream(package, f"{place}__substg1.0_{name}001E")
    return narrow.decode("cp1252", "replace").rstrip("\x00") if narrow is not None else ""


def _html(package: olefile.OleFileIO, limits: dict[str, int]) -> str:
    content = _stream(package, f"__substg1.0_{_HTML}0102")
    if content is None:
        return ""
    return "\n".join(page.text for page in read_html(io.BytesIO(content), limits)[0])


def _atoms(content: bytes, most: int) -> list[str]:
    texts: list[str] = []
    place = 0
    for _count in range(_MOST_ATOMS):
        if place + 8 > len(content) or most <= 0:
            break
        version, kind = content[place] & 0x0F, int.from_bytes(content[place + 2 : place + 4], "little")
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8
        if version == _CONTAINER:
            continue  # its records follow at once
        if kind in (_TEXT_CHARS, _TEXT_BYTES):
            piece = content[place : place + length]
            text = piece.decode("utf-16-le" if kind == _TEXT_CHARS else "latin-1", "replace").replace("\r", "\n")
            texts.append(text)
            most -= len(text)
        place += length
    return texts


_READERS = {
    "application/msword": read_word,
    "application/vnd.ms-excel": read_excel,
    "application/vnd.ms-powerpoint": read_powerpoint,
    "application/vnd.ms-outlook": read_message,
}
