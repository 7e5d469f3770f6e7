"""OCR from outside the sandbox: the engine's contract, and the one through OCRmyPDF and Tesseract."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from edms.core.errors import EdmsError
from edms.core.sandbox import Answer, Sandbox, SandboxFault
from edms.core.sandbox_lending import Opener
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.text.reader import parser_limits
from edms.text.types import PageText

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - private folders are made in it
NICENESS = 10
"""Recognition takes what cores there are; whatever is quick comes before it."""
_PREFIX = "edms-ocr-"
_ATTEMPTS_TO_REMOVE = 100


class OcrUnavailable(EdmsError):
    """There is no program to recognise scans with: they are kept, and can be recognised later."""

    exit_code = 1


class NotRecognisable(EdmsError):
    """The pages cannot be recognised; `code` as in `edms.text.types.Problem`."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class OcrOutcome:
    """`pdf`: a searchable PDF of all pages; `pages`: the text of each, recognised or its own, in order.

    `archival`: the PDF is PDF/A-2b. A scan always is; a file that came with fonts not embedded in it cannot be.
    """

    pdf: bytes
    pages: tuple[PageText, ...]
    archival: bool


@dataclass(frozen=True)
class OcrStatus:
    """Whether scans can be recognised here; if not, why, and what to do."""

    available: bool
    reason: str = ""
    mend: str = ""


class OcrEngine(Protocol):
    """Recognises scans. MUST raise OcrUnavailable when it cannot work at all, NotRecognisable or SandboxFault for one
    file; MUST NOT write plaintext to a disk; MUST keep every page, in order."""

    def searchable_pdf(self, source: BinaryIO, media_type: str) -> OcrOutcome: ...
    def searchable_range(self, lender: Opener, media_type: str, first: int, last: int) -> OcrOutcome: ...
    def join(self, lenders: Sequence[Opener], media_type: str, pieces: list[int], sink: int) -> bool: ...


class OcrMyPdfEngine:
    """OCRmyPDF around Tesseract, in a sandboxed process for each file."""

    def __init__(self, sandbox: Sandbox, settings: TextSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        _remove_stale_folders()

    def searchable_pdf(self, source: BinaryIO, media_type: str) -> OcrOutcome:
        """Return the searchable PDF of a scan."""
        with self._place() as folder:
            answer = self._sandbox.call(
                "edms.text.recognise:searchable_pdf",
                media_type,
                self._settings.ocr_languages,
                folder,
                parser_limits(self._settings),
                files=(source,),
                folder=folder,
                limits=self._limits,
            )
        return _outcome(answer, 1)

    def searchable_range(self, lender: Opener, media_type: str, first: int, last: int) -> OcrOutcome:
        """Return the same of some pages of a file of which only these are read."""
        with self._place() as folder:
            answer = self._sandbox.call(
                "edms.text.recognise:searchable_range",
                media_type,
                first,
                last,
                self._settings.ocr_languages,
                folder,
                parser_limits(self._settings),
                lent=(lender,),
                folder=folder,
                limits=self._limits,
            )
        outcome = _outcome(answer, first)
        if len(outcome.pages) != last - first + 1:
            raise SandboxFault("crash", "the answer makes no sense")
        return outcome

    def join(self, lenders: Sequence[Opener], media_type: str, pieces: list[int], sink: int) -> bool:
        """Write the original (the first lender) with what its pieces have, so many pages each, as one PDF to `sink`,
        which is closed. Return whether that is PDF/A-2b. Raises SandboxFault: then what was written is worth nothing.
        """
        answer = self._sandbox.call(
            "edms.text.joining:joined", media_type, pieces, lent=lenders, sink=sink, limits=self._limits
        )
        if answer.values.get("pages") != sum(pieces):
            raise SandboxFault("crash", "the answer makes no sense")
        return answer.values.get("pdfa") is True

    @property
    def _limits(self) -> Limits:
        return replace(self._sandbox.limits, niceness=NICENESS)

    @contextlib.contextmanager
    def _place(self) -> Iterator[str]:
        status = ocr_available(self._settings)
        if not status.available:
            raise OcrUnavailable(status.reason, status.mend)
        with private_folder() as folder:
            yield folder


def _outcome(answer: Answer, first: int) -> OcrOutcome:
    """Return what a process says that may have been taken over: checked, and nothing else believed."""
    problem = answer.values.get("problem")
    if problem:
        raise NotRecognisable(str(problem["code"]), str(problem["message"]))
    if len(answer.sections) != 1:
        raise SandboxFault("crash", "the answer makes no sense")
    try:
        told = enumerate(answer.values["pages"], first)
        pages = tuple(
            PageText(number, str(page["text"]), str(page["source"]), language=str(page["language"])[:10])
            for number, page in told
        )
    except (KeyError, TypeError):
        raise SandboxFault("crash", "the answer makes no sense") from None
    return OcrOutcome(answer.sections[0], pages, answer.values.get("pdfa") is True)


def ocr_available(settings: TextSettings) -> OcrStatus:
    """Say whether Tesseract and its languages are installed."""
    if settings.ocr == "off":
        return OcrStatus(False, "recognition is switched off", 'set [text] ocr = "auto"')
    program = shutil.which("tesseract")
    packages = "tesseract-ocr " + " ".join(f"tesseract-ocr-{name}" for name in settings.ocr_languages.split("+"))
    if program is None:
        return OcrStatus(False, "the program tesseract is not installed", f"install the packages {packages}")
    found = _languages(program)
    missing = sorted(set(settings.ocr_languages.split("+")) - found)
    if missing:
        return OcrStatus(
            False, f"tesseract lacks the languages {', '.join(missing)}", f"install the packages {packages}"
        )
    return OcrStatus(True)


_KNOWN_LANGUAGES: dict[str, set[str]] = {}


def _languages(program: str) -> set[str]:
    if program not in _KNOWN_LANGUAGES:
        listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=30, check=False)
        _KNOWN_LANGUAGES[program] = set(listed.stdout.split()) | set(listed.stderr.split())
    return _KNOWN_LANGUAGES[program]


@contextlib.contextmanager
def private_folder() -> Iterator[str]:
    """A folder that only we can enter, in memory; its name tells whose it is, so that a killed worker's is found."""
    base = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK) else None
    if base is None:
        raise OcrUnavailable("there is no file system in memory (/dev/shm)", "mount a tmpfs there")
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base)
    try:
        yield folder
    finally:
        _remove(Path(folder))


def _remove(folder: Path) -> None:
    """Remove a folder in which a process may still be writing that has just been killed."""
    for _attempt in range(_ATTEMPTS_TO_REMOVE):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _remove_stale_folders() -> None:
    """Remove what killed processes of ours have left."""
    for folder in MEMORY_FOLDER.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
