"""Redacting from outside the sandbox: drawn and filled there, recognised anew, and looked at again in another process.

What comes out has no byte of the source: pictures of its pages with the areas filled, and the text that recognition
reads on these pictures (ADR 0073). Without recognition it has no text.
"""

import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from edms.core.errors import Refused
from edms.core.redaction_settings import RedactionSettings
from edms.core.sandbox import Answer, Sandbox, SandboxFault
from edms.core.sandbox_lending import Opener
from edms.core.sandbox_limits import Limits
from edms.core.settings import TextSettings
from edms.text.ocr import NotRecognisable, OcrEngine, OcrUnavailable
from edms.text.reader import parser_limits, problem_of
from edms.text.types import LARGE_BYTES

_PDF = "application/pdf"
_SENSELESS = "the answer makes no sense"
Shares = Sequence[float]
"""Page (first is 1), left, top, right, bottom: shares of the page as it is seen."""


@dataclass(frozen=True)
class PageLetters:
    """A page's text and where each character stands, as `edms.text.word_boxes` tells it."""

    text: str
    boxes: tuple[int, ...]


@dataclass(frozen=True)
class RedactedDocument:
    """`texts`: what two programs read on each page of it, `raw`: all bytes of it in which text can lie, unpacked.

    `recognised`: its text was read on the covered pages. Without it nobody but a person has looked at them.
    """

    pdf: bytes
    pages: int
    archival: bool
    recognised: bool
    texts: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True)
class DrawnPages:
    """Some pages of a document, drawn anew and covered. `told`: what each of them is, for whoever looks at the whole
    document. `of`: how many pages it was made of has."""

    pdf: bytes
    told: tuple[dict[str, Any], ...]
    recognised: bool
    of: int


class Redactor:
    """Makes redacted documents. Foreign files are opened in the sandbox alone."""

    def __init__(self, sandbox: Sandbox, ocr: OcrEngine, text: TextSettings, settings: RedactionSettings) -> None:
        self._sandbox = sandbox
        self._alone = replace(sandbox.limits, processes=0)
        self._ocr = ocr
        self._settings = settings
        self._limits = {**parser_limits(text), "max_pages": settings.max_pages}

    def letters(self, source: BinaryIO, media_type: str) -> tuple[PageLetters, ...]:
        """Return the characters of each page and their places; () for pictures. Raises Refused."""
        answer = self._call(
            "edms.text.word_boxes:boxes", source, b"", media_type, self._settings.max_pages,
            self._settings.max_characters,
        )  # fmt: skip
        try:
            pages = tuple(
                PageLetters(str(page["text"]), tuple(int(side) for side in page["boxes"]))
                for page in answer.values["pages"]
            )
        except (KeyError, TypeError, ValueError):
            raise _senseless() from None
        if any(len(page.boxes) != 4 * len(page.text) for page in pages):
            raise _senseless()
        return pages

    def preview(
        self, source: BinaryIO, media_type: str, areas: Sequence[Shares], page: int, width: int
    ) -> bytes | None:
        """Return one page as it would be, as WebP. None when there is no such page. Raises Refused."""
        answer = self._call(
            "edms.text.redacting:preview", source, _told(areas), media_type, page, width, self._limits
        )  # fmt: skip
        return answer.sections[0] if answer.sections else None

    def redact(self, source: BinaryIO, media_type: str, areas: Sequence[Shares]) -> RedactedDocument:
        """Return the redacted document, after it was looked at. Raises Refused, with what is wrong with it."""
        drawn = self.draw(source, media_type, areas)
        return self.checked(drawn.pdf, drawn.told, recognised=drawn.recognised)

    def draw(
        self, source: BinaryIO, media_type: str, areas: Sequence[Shares], first: int = 1, last: int = 0
    ) -> DrawnPages:
        """Return the pages from `first` to `last` (0: to the end), covered and read anew. Raises Refused."""
        drawn = self._call(
            "edms.text.redacting:redact", source, _told(areas), media_type, self._settings.dots_per_inch, first, last,
            self._limits,
        )  # fmt: skip
        try:
            (made,), told, count = drawn.sections, tuple(dict(one) for one in drawn.values["pages"]), drawn.values["of"]
        except (KeyError, TypeError, ValueError):
            raise _senseless() from None
        if not isinstance(count, int) or len(told) != (last or count) - first + 1:
            raise _senseless()
        recognised = False
        try:
            made, recognised = self._recognised(made), True
        except OcrUnavailable:
            pass  # it stays without text, and that is told
        except (NotRecognisable, SandboxFault) as fault:
            raise Refused(f"the covered pages cannot be recognised: {fault.message}") from fault
        return DrawnPages(made, told, recognised, count)

    def join(self, pieces: Sequence[Opener]) -> bytes:
        """Return one document of what `draw` has returned piece by piece. Raises Refused."""
        try:
            answer = self._sandbox.call("edms.text.redacting:joined", len(pieces), lent=pieces, limits=self._alone)
        except SandboxFault as fault:
            raise Refused(f"it cannot be redacted: {_reason(fault)}") from fault
        if len(answer.sections) != 1:
            raise _senseless()
        return answer.sections[0]

    def _recognised(self, made: bytes) -> bytes:
        with_text = self._ocr.searchable_pdf(io.BytesIO(made), _PDF).pdf
        answer = self._call("edms.text.redacting:rewritten", io.BytesIO(with_text), b"")
        if len(answer.sections) != 1:
            raise _senseless()
        return answer.sections[0]

    def checked(self, made: bytes, told: Sequence[dict[str, Any]], *, recognised: bool) -> RedactedDocument:
        """Look at a whole document in another process. Raises Refused, with what is wrong with it."""
        beside = io.BytesIO(json.dumps({"pages": list(told)}).encode())
        answer = self._call("edms.text.redacted_check:check", beside, made)
        try:
            problems = [str(one) for one in answer.values["problems"]]
            texts = tuple(str(one) for one in answer.values["texts"])
            archival, raw, pages = answer.values["pdfa"] is True, answer.sections[0], len(told)
        except (KeyError, TypeError, IndexError):
            raise _senseless() from None
        if problems:
            raise Refused(f"what was made is not given out: {', '.join(problems)}", "tell who runs the archive")
        return RedactedDocument(made, pages, archival, recognised, texts, raw)

    def _call(self, function: str, source: BinaryIO, beside: bytes, *arguments: Any) -> Answer:
        """Call with what is ours first and the source second; a large source is lent."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        first = io.BytesIO(beside)
        limits: Limits = self._alone
        try:
            if size > LARGE_BYTES:
                return self._sandbox.call(function, *arguments, files=(first,), lent=(lambda: source,), limits=limits)
            return self._sandbox.call(function, *arguments, files=(first, source), limits=limits)
        except SandboxFault as fault:
            raise Refused(f"it cannot be redacted: {_reason(fault)}") from fault


def _reason(fault: SandboxFault) -> str:
    kind, _colon, message = fault.message.partition(": ")
    return message if kind == "Unreadable" else problem_of(fault).message


def _told(areas: Sequence[Shares]) -> bytes:
    return json.dumps([list(area) for area in areas]).encode()


def _senseless() -> Refused:
    return Refused(f"it cannot be redacted: {_SENSELESS}")
