"""What comes in: a file with a name that is not trusted, and where it is to go."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO
from uuid import UUID

from edms.access.levels import Level

GIVEN_PATH = "given_path"
LOCATION = "location"
MAIL = "mail"
BATCH = "batch"
PHOTOGRAPH = "photograph"
"""Facts of an original: where it lay at its sender; where the paper lies (box, shelf), as a manifest told it; the
message it came with; the batch it was cut out of; how a page is made of it."""
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the order in which what follows is shown
_UNWANTED = re.compile(f'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200d\u2028\u2029{_TURNS}]')
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_TURNS}]")
_HALF = re.compile("[\ud800-\udfff]")  # half a character: bytes of a name that are no text, which nothing can store


@dataclass(frozen=True)
class Description:
    """What is known of the document when it comes in (elements of a naskah dinas); all of it may follow later."""

    title: str | None = None
    number: str | None = None
    document_date: date | None = None
    sender: str | None = None
    recipient: str | None = None
    record_type: str | None = None
    development: str | None = None
    medium: str | None = None
    kip: str | None = None
    language: str | None = None
    legacy_unverified: bool = False
    location: str | None = None


@dataclass(frozen=True)
class Placement:
    """Where the document goes: its office, and its class and level as far as they are known."""

    office_id: UUID
    class_code: str | None = None
    level: Level | None = None
    folder_id: UUID | None = None
    description: Description = field(default_factory=Description)


@dataclass(frozen=True)
class IncomingFile:
    """A file to capture. `stream` is read once, to its end; `size` in bytes as far as it is known before.

    `path`: where it lay at the sender, for a person to recognise it by; a hint, never a place on the server.
    `facts`: of how it came, kept with the original.
    """

    name: str
    stream: BinaryIO
    size: int | None = None
    path: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def safe_name(name: str, limit: int) -> str:
    """Return the last part of `name` without what could mislead a person, a shell or a file system (R85).

    The name is only ever shown and offered for download; no path on the server is made from it.
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", _HALF.sub("\ufffd", name)))[-1]
    clean = _UNWANTED.sub("", last).strip(" .")
    if not clean:
        return "unnamed"
    if len(clean) <= limit:
        return clean
    stem, dot, extension = clean.rpartition(".")
    if not dot or len(extension) > 10:
        return clean[:limit]
    return stem[: limit - len(extension) - 1] + "." + extension


def shown_text(text: str) -> str:
    """Return what somebody outside wrote without what no database can hold or what would mislead who reads it: control
    characters but line break and tab, halves of characters, and signs that turn the order of what follows."""
    return _CONTROLS.sub("", _HALF.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")))


def safe_path(path: str, limit: int) -> str:
    """Return the folders and the name that a sender gave, each part made safe, or "" for a name alone."""
    parts = [part for part in re.split(r"[\\/]", path) if part.strip(" .")]
    kept = [safe_name(part, limit) for part in parts[-20:]]
    return "/".join(kept)[-1000:] if len(kept) > 1 else ""


def title_from(name: str) -> str:
    """Return a first title for a file nobody has described yet: its name without extension and with spaces."""
    stem = name.rpartition(".")[0] or name
    return re.sub(r"[_\s]+", " ", stem).strip() or name
