"""Inside the sandbox: the recognised pieces of a long scan become one PDF, in constant memory.

The original is the frame: its outline, links and named places stay, and each of its pages takes on what was made of it.
For pictures the first piece is the frame. Neither the original nor a piece is ever held whole: qpdf fetches each stream
when it writes it, and what it writes goes straight to the one who seals it.
"""

import io
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pikepdf
from pikepdf import Name, pdfa

from edms.core.sandbox_lending import borrowed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PDF_TYPE = "application/pdf"
FLAVOUR = "2b"
# What belongs to the document and not to the picture of a page.
_KEPT = (Name.Parent, Name.Annots, Name.StructParents, Name.Tabs)


def joined(descriptors: list[int], media_type: str, pieces: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Write the joined PDF to the last descriptor; return whether it is PDF/A-2b, and its number of pages.

    Lent are the original and then the pieces, which have so many pages each.
    """
    lent, out = borrowed(descriptors[0], 1 + len(pieces)), PipeOut(descriptors[-1])
    with ExitStack() as held:
        original, *rest = (
            held.enter_context(pikepdf.open(one, suppress_warnings=True, access_mode=pikepdf.AccessMode.stream))
            for one in (lent if media_type == PDF_TYPE else lent[1:])
        )
        if media_type == PDF_TYPE:
            _take_on(original, rest)
        else:
            for piece in rest:
                original.pages.extend(piece.pages)
        count = len(original.pages)
        if count != sum(pieces):
            raise ValueError(f"{sum(pieces)} pages were recognised of {count}")
        archival, told = _archival(original)
        original.save(cast(BinaryIO, out), **told)
    return {"pages": count, "pdfa": archival}, []


def _take_on(original: pikepdf.Pdf, pieces: list[pikepdf.Pdf]) -> None:
    number = 0
    for piece in pieces:
        for made in piece.pages:
            page = original.pages[number]
            turned = page.obj.get(Name.Rotate, 0) != made.obj.get(Name.Rotate, 0)
            kept = [key for key in _KEPT if key in page.obj and not (turned and key == Name.Annots)]
            page.emplace(pikepdf.Page(original.copy_foreign(made.obj)), retain=kept or (Name.Parent,))
            number += 1


def _archival(document: pikepdf.Pdf) -> tuple[bool, dict[str, Any]]:
    """Make it PDF/A-2b if it can be; return whether it is, and how it is to be saved then."""
    try:
        pdfa.prepare(document, FLAVOUR, output_intent="sRGB")
        report = pdfa.check(document, FLAVOUR)
    except Exception:  # noqa: BLE001 - a file whose structure breaks the checker is kept as what it is
        return False, {}
    if report.verdict == "pass":
        return True, dict(report.save_kwargs)
    with document.open_metadata() as metadata:
        for name in ("pdfaid:part", "pdfaid:conformance"):
            if name in metadata:
                del metadata[name]
    return False, {}


class PipeOut(io.RawIOBase):
    """A pipe; qpdf writes from front to back and wants to know where it is."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._at = descriptor, 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if (offset, whence) not in ((self._at, os.SEEK_SET), (0, os.SEEK_CUR), (0, os.SEEK_END)):
            raise io.UnsupportedOperation("what is written is gone")
        return self._at

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data).cast("B")
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._at += memoryview(data).nbytes
        return memoryview(data).nbytes
