"""What an exchange package is made of, before a byte of it is written (docs/formats/exchange-package.md). Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

RECORD_VERSION = 1
SOFTWARE = "edms"


@dataclass(frozen=True)
class PackedFile:
    """One bitstream of a record. `original_name` is kept in the metadata alone: no path is made of it.

    `open` returns a stream of its bytes from the start, which the writer closes; of `size` and `sha256` it must be.
    """

    representation: str
    role: str
    position: int
    original_name: str
    media_type: str
    size: int
    sha256: str
    created: datetime
    open: Callable[[], BinaryIO]
    puid: str = ""


@dataclass(frozen=True)
class Producer:
    """Who hands over: `organisation` and `office` made and submit it, `archive` is this installation."""

    organisation: str
    office: str
    archive: str
    version: str
    receiver: str = ""


@dataclass(frozen=True)
class RecordParts:
    """One record as it goes into a package: its whole description, its history, its files, its evidence.

    `description` is JSON (docs/formats/exchange-package.md, section 4); `history` the events of the audit trail, oldest
    first; `evidence` what an evidence bundle holds besides components, by its path there.
    """

    record: UUID
    description: dict[str, Any]
    history: tuple[dict[str, Any], ...]
    files: tuple[PackedFile, ...]
    producer: Producer
    packed_at: datetime
    evidence: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class WrittenFile:
    """A file as it lies in a package. `path` is within the package of its record (the folder of METS.xml)."""

    path: str
    media_type: str
    size: int
    sha256: str
    created: datetime
    group: str
    packed: PackedFile | None = None


@dataclass(frozen=True)
class WrittenRecord:
    """What was written of one record: this is what the receiver's receipt is held against."""

    record: UUID
    mets_sha256: str
    files: dict[str, str] = field(default_factory=dict)
