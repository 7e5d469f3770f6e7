"""What reading a file yields."""

from dataclasses import dataclass, field
from typing import Any, BinaryIO

from edms.core.streams import bytes_left

LARGE_BYTES = 32 * 1024 * 1024
"""A document of pages that is larger is never held whole."""


@dataclass(frozen=True)
class Identification:
    """What a file is by its content. `puid` is the PRONOM identifier, None when PRONOM does not know it.

    `flags`: polyglot, executable, as the bytes speak for them.
    """

    media_type: str
    puid: str | None
    format_name: str
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PageText:
    """The text of one page (first is 1). `source`: text, ocr or none.

    `part`: 0 for the document itself, else the position of the attachment that it is a page of. `language` as in
    `edms.text.language`.
    """

    number: int
    text: str
    source: str = "text"
    needs_ocr: bool = False
    part: int = 0
    language: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be digested: a stable code and words for a person. `again`: another attempt may succeed."""

    code: str
    message: str
    again: bool = False


@dataclass(frozen=True)
class AttachedFile:
    """A file that lay in another. `parent`: the position of the one it lay in, 0 for the document itself."""

    position: int
    parent: int
    name: str
    content: bytes
    flags: frozenset[str]
    needs_ocr: bool
    problem: str


@dataclass(frozen=True)
class Reading:
    """All that was learnt in one pass. `flags`: those of `edms.core.flags`, and signed, form, archive, unsupported."""

    identification: Identification
    page_count: int
    pages: tuple[PageText, ...]
    flags: frozenset[str] = frozenset()
    problem: Problem | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[AttachedFile, ...] = ()


class Unreadable(Exception):
    """Raised inside the sandbox: the file has a problem with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_up_to(stream: BinaryIO, most: int) -> bytes:
    """Return the rest of a seekable stream, at most `most` bytes. `read(most)` alone takes that much memory first."""
    return stream.read(min(most, bytes_left(stream)))
