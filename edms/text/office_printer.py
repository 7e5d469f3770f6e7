"""Printing office documents from outside the sandbox: the printer's contract, and the one through LibreOffice."""

import io
import os
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from edms.core.errors import EdmsError
from edms.core.sandbox import Answer, Sandbox, SandboxFault
from edms.core.settings import TextSettings
from edms.text.ocr import NICENESS, OcrUnavailable, private_folder
from edms.text.office_copy import EXTENSIONS
from edms.text.reader import problem_of

PRINTABLE = frozenset(EXTENSIONS)
PACKAGES = "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"
# Its settings and what its packages register, for all users alike; everything else it needs lies below /usr.
_READABLE = ("/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/var/cache/fontconfig")
_LIBRARIES = ("libmergedlo.so", "libsofficeapp.so")
_MOST_NAMES, _MOST_NAME = 50, 100


class OfficeUnavailable(EdmsError):
    """There is no program to print office documents with: they are kept, and their copies can be made later."""

    exit_code = 1


class NotPrintable(EdmsError):
    """No copy of this document can be made; `code` and `again` as in `edms.text.types.Problem`."""

    exit_code = 1

    def __init__(self, code: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


@dataclass(frozen=True)
class Printed:
    """`pdf`: all pages. `faults`: the rules of PDF/A-2b that it breaks (`edms.text.archival`), none for one that is.

    `fonts` lie in it; `fonts_missing` are named by the document and not installed, so that others stand for them.
    """

    pdf: bytes
    pages: int
    tool: str
    fonts: tuple[str, ...]
    fonts_missing: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class PrinterStatus:
    """Whether office documents can be printed here; if not, why, and what to do. `program`: where the libraries lie."""

    program: str = ""
    reason: str = ""
    mend: str = ""

    @property
    def available(self) -> bool:
        return bool(self.program)


class OfficePrinter(Protocol):
    """Prints office documents. MUST raise OfficeUnavailable when it cannot work at all, NotPrintable for one file; MUST
    run no macro, fetch nothing and read no other file; MUST NOT write plaintext to a disk."""

    def status(self) -> PrinterStatus: ...

    def archival_copy(self, source: BinaryIO, media_type: str) -> Printed: ...


class LibreOfficePrinter:
    """LibreOffice as a library, in a sandboxed process for each document, that may start no program and no process."""

    def __init__(self, sandbox: Sandbox, settings: TextSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._limits = replace(sandbox.limits, processes=0, unbound_sockets=True, niceness=NICENESS)
        self._lock = threading.Lock()
        self._profile = b""

    def status(self) -> PrinterStatus:
        """Say whether it can print here."""
        return printer_status(self._settings)

    def archival_copy(self, source: BinaryIO, media_type: str) -> Printed:
        """Return the document as PDF/A-2b."""
        status = self.status()
        if not status.available:
            raise OfficeUnavailable(status.reason, status.mend)
        try:
            profile = self._prepared(status.program)
            with private_folder() as folder:
                files = (source, io.BytesIO(profile))
                answer = self._call("archival_copy", files, (media_type, status.program, folder), folder)
        except OcrUnavailable as fault:
            raise OfficeUnavailable(fault.message, fault.mend) from fault
        except SandboxFault as fault:
            problem = problem_of(fault)
            code = "not_printable" if problem.code == "damaged" else problem.code
            raise NotPrintable(code, f"printing it failed: {fault.message}", again=problem.again) from fault
        problem_told = answer.values.get("problem")
        if problem_told:
            raise NotPrintable(str(problem_told["code"]), str(problem_told["message"])[:500])
        return _printed(answer.values, answer.sections)

    def _prepared(self, program: str) -> bytes:
        """Return the profile that every document gets a copy of: made once, by a process that saw no document."""
        with self._lock:
            if not self._profile:
                with private_folder() as folder:
                    answer = self._call("prepare", (), (program, folder), folder)
                if answer.values.get("prepared") is not True:
                    raise OfficeUnavailable("LibreOffice cannot be started", f"install the packages {PACKAGES} anew")
                self._profile = answer.sections[0]
            return self._profile

    def _call(self, name: str, files: tuple[BinaryIO, ...], arguments: tuple[str, ...], folder: str) -> Answer:
        return self._sandbox.call(
            f"edms.text.office_copy:{name}",
            *arguments,
            files=files,
            limits=self._limits,
            folder=folder,
            readable=_READABLE,
        )


def _printed(told: dict[str, object], sections: list[bytes]) -> Printed:
    pages = told.get("pages")
    if len(sections) != 1 or not isinstance(pages, int) or pages < 1:
        raise NotPrintable("not_printable", "printing it gave nothing that makes sense")
    names = [_names(told.get(key)) for key in ("fonts", "fonts_missing", "faults")]
    return Printed(sections[0], pages, str(told.get("tool"))[:_MOST_NAME], *names)


def _names(told: object) -> tuple[str, ...]:
    """Names that came from a process that may have been taken over: few, and short."""
    return tuple(str(name)[:_MOST_NAME] for name in told[:_MOST_NAMES]) if isinstance(told, list) else ()


def printer_status(settings: TextSettings) -> PrinterStatus:
    """Say whether LibreOffice is installed, and where."""
    if settings.office == "off":
        return PrinterStatus(
            reason="the printing of office documents is switched off", mend='set [text] office = "auto"'
        )
    program = shutil.which("soffice")
    folder = Path(os.path.realpath(program)).parent if program else None
    if folder is None or not any((folder / name).exists() for name in _LIBRARIES):
        return PrinterStatus(reason="LibreOffice is not installed", mend=f"install the packages {PACKAGES}")
    return PrinterStatus(str(folder))
