"""Making the marked copies of pages, documents and texts (R20). What cannot be marked is not handed out instead.

A marked PDF is sealed while the sandbox writes it, read from there while it is sent, and removed: so neither it nor
its source is ever held whole, and nothing readable reaches a disk. After a crash it is a blob that no row knows, which
is collected.
"""

import io
import os
import threading
from typing import Any, BinaryIO, NoReturn, cast

from edms.core.errors import EdmsError, Refused
from edms.core.sandbox import SandboxFault
from edms.records.archive import Archive
from edms.records.copies import mark_of
from edms.records.copies_model import IssuedCopy
from edms.records.copy_marks import Mark
from edms.vault.sealed import SealedBlob

PURPOSE = "marked_copy"


class Unmarkable(Refused):
    """There can be no marked copy of this."""


def marked_picture(archive: Archive, picture: bytes, mark: Mark) -> bytes:
    """Return a picture of a page with its mark, WebP. Raises Unmarkable."""
    try:
        return archive.reader.stamped_picture(picture, mark.level, mark.told, red=mark.red, across=mark.across)
    except SandboxFault as fault:
        _refuse(fault)


def marked_document(archive: Archive, source: Any, copy: IssuedCopy) -> tuple[BinaryIO, int, str]:
    """Return a PDF with the mark of `copy` on each page, as a stream, its size and SHA-256. Raises Unmarkable.

    `source`: opens the document. The stream is to be closed; what was made for it is gone then.
    """
    from edms.records.copy_marks_pdf import mark_pdf  # fonts and all: a third of a second for every other command

    marks = mark_pdf(mark_of(archive, copy), copy.issued_at)
    reading, writing = os.pipe()
    told: list[int | Exception] = []

    def work() -> None:
        try:
            told.append(archive.reader.stamp_document(marks, source, writing))
        except Exception as fault:  # noqa: BLE001 - raised below, in the caller's thread
            told.append(fault)

    thread = threading.Thread(target=work, name="marking", daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as stream:
            sealed = archive.vault.put(stream, PURPOSE)
    finally:
        thread.join()
    made = told[0]
    if not isinstance(made, int) or made < 1:
        archive.vault.delete(sealed)
        if isinstance(made, EdmsError) and not isinstance(made, SandboxFault):
            raise made
        _refuse(made)
    return cast(BinaryIO, _Fleeting(archive, sealed)), sealed.size, sealed.sha256


def marked_text(archive: Archive, text: str, copy: IssuedCopy) -> str:
    """Return a text whose first line is the mark of `copy`."""
    return f"{mark_of(archive, copy).line}\n\n{text}"


def _refuse(fault: int | Exception | None) -> NoReturn:
    raise Unmarkable(
        "this copy cannot be marked, and so it is not handed out", "whoever may have the original can download that"
    ) from (fault if isinstance(fault, Exception) else None)


class _Fleeting(io.RawIOBase):
    """A sealed file that is removed when it was read."""

    def __init__(self, archive: Archive, blob: SealedBlob) -> None:
        self._archive, self._blob = archive, blob
        self._inner = archive.vault.open(blob)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._inner.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._inner.close()
            self._archive.vault.delete(self._blob)
