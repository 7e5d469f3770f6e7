"""What a scanner for malware promises, whoever makes it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol

from edms.core.errors import EdmsError


class ScannerUnavailable(EdmsError):
    """The scanner gave no verdict: away, slow, broken off, or in error. The file waits; it is nobody's fault."""

    exit_code = 1


class Outcome(StrEnum):
    """`NOT_SCANNED`: the scanner works and did not look at the whole of this file. That is not clean."""

    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


@dataclass(frozen=True)
class ScanVerdict:
    """What a scanner said of one content. `detail`: the signature's name, or why it was not scanned; "" when clean.

    `engine` names program and version of the signatures, as the scanner tells it.
    """

    outcome: Outcome
    detail: str
    engine: str


class MalwareScanner(Protocol):
    """Looks for malware in one content at a time.

    `scan` MUST read `source` from where it stands to its end, and keep nothing of it and write nothing to a disk.
    It MUST return CLEAN only when the scanner has said so, in full, of all the bytes given to it.
    It MUST raise ScannerUnavailable when the scanner cannot be reached, does not answer in time, answers in part or in
    words that are not known, or reports a failure of its own: the caller then holds the file.
    It MUST return NOT_SCANNED, never CLEAN, for a content over a limit of the scanner's.
    It MUST end within its time-out, whatever the scanner does, and MUST be safe to use from several threads.
    `engine` MUST change when the signatures do, as far as the scanner tells, and raise ScannerUnavailable as above.
    """

    def scan(self, source: BinaryIO) -> ScanVerdict: ...

    def engine(self) -> str: ...
