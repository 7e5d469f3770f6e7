"""Reading from outside the sandbox: hands the bytes over, gets plain values back."""

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from edms.core.sandbox import Sandbox, SandboxFault
from edms.core.sandbox_lending import Opener
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.text.types import LARGE_BYTES, AttachedFile, Identification, PageText, Problem, Reading

_MOST_LETTERS = 100_000
_ENCRYPTED_OFFICE = "fmt/494"
_BY_PROGRAM = ("application/msword", "application/x-ole", "application/x-ole-storage")
_LIMITS = (
    "max_text_characters", "max_pages", "max_page_pixels", "max_decompression_ratio", "max_archive_entries",
    "max_archive_depth", "max_archive_bytes", "max_attachments", "max_attachment_bytes",
)  # fmt: skip
_FAULTS = {
    "time": Problem("time_limit", "reading it took longer than is allowed"),
    "memory": Problem("memory_limit", "reading it needs more memory than is allowed"),
    "output": Problem("output_limit", "it yields more text than is allowed"),
    "crash": Problem(
        "damaged", "the program that reads it gave up; the file is damaged or made to do harm", again=True
    ),
    "error": Problem("damaged", "the file is damaged or not what it seems"),
}


def problem_of(fault: SandboxFault) -> Problem:
    """Return the reason for a quarantine that a fault of the sandbox stands for."""
    return _FAULTS.get(fault.reason, _FAULTS["error"])


def sandbox_limits(settings: TextSettings, memory_bytes: int) -> Limits:
    """Return what one sandboxed process may use. An answer is held in memory, so it is no larger than that."""
    return Limits(settings.time_limit_seconds, memory_bytes, min(settings.max_output_bytes, memory_bytes))


def parser_limits(settings: TextSettings) -> dict[str, int]:
    """Return the limits that parsers keep themselves, by the name of the setting."""
    return {name: getattr(settings, name) for name in _LIMITS}


class Reader:
    """Identifies and reads files. `identifying` is a resident sandbox, `reading` makes a process for each file."""

    def __init__(self, identifying: Sandbox, reading: Sandbox, settings: TextSettings) -> None:
        self._identifying = identifying
        self._reading = reading
        # Readers need no other process and no program; a file that has taken one over finds it cannot start any.
        self._alone = replace(reading.limits, processes=0)
        self._limits_with_programs = reading.limits
        self._identifying_limits = replace(identifying.limits, processes=0)
        self._limits = parser_limits(settings)
        self._most_pixels = settings.max_page_pixels
        self._language = settings.ocr_languages.split("+")[0]

    def close(self) -> None:
        """End both sandboxes."""
        self._identifying.close()
        self._reading.close()

    def identify(self, source: BinaryIO) -> Identification:
        """Return what the content is. Raises SandboxFault."""
        found = self._identifying.call(
            "edms.text.identify:identify", files=(source,), limits=self._identifying_limits
        ).values
        puid = found.get("puid")
        media_type = str(found.get("media_type") or "application/octet-stream")
        flags = frozenset(str(flag) for flag in found.get("flags", ()))
        return Identification(
            media_type, str(puid) if puid else None, str(found.get("format_name") or media_type), flags
        )

    def read(self, source: BinaryIO, name: str) -> Reading:
        """Identify and read `source` (seekable). What cannot be read comes back as a Problem, never as an exception.

        `name` is only for the record of what was given; nothing is concluded from it.
        """
        try:
            identification = self.identify(source)
        except SandboxFault as fault:
            return Reading(
                Identification("application/octet-stream", None, name),
                0,
                (),
                problem=problem_of(fault),
            )
        if identification.media_type == "application/x-empty":
            return _unread(identification, Problem("empty", "the file is empty"))
        if identification.puid == _ENCRYPTED_OFFICE:
            message = "the document is protected by a password; bring it without one"
            return _unread(identification, Problem("encrypted", message))
        source.seek(0)
        try:
            # The reader of old letters is a program of its own; everything else is read without starting any.
            may_start = self._limits_with_programs if identification.media_type in _BY_PROGRAM else self._alone
            answer = self._reading.call(
                "edms.text.reading:read",
                identification.media_type,
                self._limits,
                limits=may_start,
                **_handed_over(source, identification.media_type),
            )
            return _reading(identification, answer.values, answer.sections)
        except SandboxFault as fault:
            return _unread(identification, problem_of(fault))
        except (KeyError, TypeError, ValueError):
            return _unread(identification, _FAULTS["crash"])

    def page_picture(self, source: BinaryIO, media_type: str, page: int, width: int) -> bytes | None:
        """Return one page (first is 1) as WebP, `width` pixels wide, or None. Hostile pages end as None too."""
        try:
            answer = self._reading.call(
                "edms.text.pictures:page_picture",
                media_type,
                page,
                width,
                self._most_pixels,
                limits=self._alone,
                **_handed_over(source, media_type),
            )
        except SandboxFault:
            return None
        return answer.sections[0] if answer.sections else None

    def page_letters(self, source: BinaryIO, media_type: str, page: int) -> tuple[str, tuple[int, ...]]:
        """Return the characters of one page (first is 1) and four sides of each, in ten thousandths of the page as it
        is seen (`edms.text.word_boxes`); ("", ()) for a picture, and for a page that cannot be read."""
        try:
            found = self._reading.call(
                "edms.text.word_boxes:page_boxes",
                media_type,
                page,
                _MOST_LETTERS,
                limits=self._alone,
                **_handed_over(source, media_type),
            ).values
            text, sides = str(found["text"]), tuple(int(side) for side in found["boxes"])
        except (SandboxFault, KeyError, TypeError, ValueError):
            return "", ()
        return (text, sides) if len(sides) == 4 * len(text) else ("", ())

    def stamped_picture(self, picture: bytes, level: str, told: Sequence[str], *, red: bool, across: str) -> bytes:
        """Return a picture of a page with the mark of the copy (`edms.text.stamping`), WebP. Raises SandboxFault."""
        answer = self._reading.call(
            "edms.text.stamping:stamped_picture", level, list(told), red, across, self._most_pixels,
            files=(io.BytesIO(picture),), limits=self._alone,
        )  # fmt: skip
        if len(answer.sections) != 1:
            raise SandboxFault("crash", "the answer makes no sense")
        return answer.sections[0]

    def stamp_document(self, marks: bytes, opener: Opener, sink: int) -> int:
        """Write a PDF with the marks laid on each page to `sink`, which is closed here; return its pages.

        The document is lent piece by piece and written as it comes. Raises SandboxFault, and what reading it raises.
        """
        answer = self._reading.call(
            "edms.text.stamping:stamped_document", self._limits["max_pages"],
            files=(io.BytesIO(marks),), lent=(opener,), sink=sink, limits=self._alone,
        )  # fmt: skip
        return int(answer.values.get("pages", 0))

    def look_at_batch(
        self, source: BinaryIO, media_type: str, first: int, last: int, *, upright: bool
    ) -> list[dict[str, Any]]:
        """Return what is seen on the pages `first` to `last` of a batch, as `edms.text.batch_pages` tells it.

        Raises SandboxFault.
        """
        source.seek(0)
        limits, language = (self._limits_with_programs, self._language) if upright else (self._alone, "")
        look = "edms.text.batch_pages:look"
        answer = self._reading.call(
            look, media_type, first, last, language, self._limits, files=(source,), limits=limits
        )
        return list(answer.values["pages"])

    def part_of_batch(self, source: BinaryIO, media_type: str, pages: list[list[int]]) -> bytes:
        """Return pages ([number, degrees clockwise]) of a batch as a PDF of their own. Raises SandboxFault."""
        source.seek(0)
        answer = self._reading.call(
            "edms.text.dividing:part", media_type, pages, self._most_pixels, files=(source,), limits=self._alone
        )
        if len(answer.sections) != 1 or answer.values.get("pages") != len(pages):
            raise SandboxFault("crash", "the answer makes no sense")
        return answer.sections[0]


def _handed_over(source: BinaryIO, media_type: str) -> dict[str, Any]:
    """Say how a call gets a file: large documents of pages are lent, all others are copied into its memory."""
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    pages = media_type == "application/pdf" or media_type.startswith("image/")
    return {"lent": (lambda: source,)} if pages and size > LARGE_BYTES else {"files": (source,)}


def _unread(identification: Identification, problem: Problem) -> Reading:
    return Reading(identification, 0, (), problem=problem)


def _reading(identification: Identification, told: dict[str, Any], sections: list[bytes]) -> Reading:
    if told.get("problem"):
        return _unread(identification, Problem(str(told["problem"]["code"]), str(told["problem"]["message"])))
    pages = tuple(
        PageText(
            int(page["number"]),
            str(page["text"]),
            str(page["source"]),
            bool(page["needs_ocr"]),
            int(page["part"]),
            str(page["language"])[:10],
        )
        for page in told["pages"]
    )
    attached = tuple(_attached(one, content) for one, content in zip(told["attachments"], sections, strict=True))
    count = sum(page.part == 0 for page in pages)
    return Reading(identification, count, pages, _flags(told), None, dict(told["facts"]), attached)


def _attached(told: dict[str, Any], content: bytes) -> AttachedFile:
    return AttachedFile(
        int(told["position"]),
        int(told["parent"]),
        str(told["name"]),
        content,
        _flags(told),
        bool(told["needs_ocr"]),
        str(told["problem"]),
    )


def _flags(told: dict[str, Any]) -> frozenset[str]:
    return frozenset(str(flag) for flag in told["flags"])
