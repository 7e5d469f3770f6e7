"""Photographs from outside the sandbox: hands the bytes over, checks what comes back."""

import io
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from edms.core.sandbox import Answer, Sandbox, SandboxFault
from edms.core.settings import TextSettings
from edms.text.reader import problem_of
from edms.text.types import Problem

UNIT = 10_000
TURNS = (0, 90, 180, 270)
LONGEST_PREVIEW = 1100


class PhotographFault(Exception):
    """A photograph cannot be used; `problem` as in `edms.text.types`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class PageParameters:
    """How a page is made of its photograph.

    `corners`: four (x, y) in ten thousandths of the upright photograph, clockwise from the top left; `turn`: degrees
    clockwise after that; `contrast`: whether the light is made even; `by_person`: whether somebody moved the corners.
    """

    corners: tuple[tuple[int, int], ...]
    turn: int = 0
    contrast: bool = True
    by_person: bool = False

    def __post_init__(self) -> None:
        if len(self.corners) != 4 or any(not 0 <= side <= UNIT for corner in self.corners for side in corner):
            raise ValueError("four corners, each from 0 to 10000")
        if self.turn not in TURNS:
            raise ValueError("a turn is a quarter of the way round, or none")

    def as_dict(self) -> dict[str, Any]:
        """As kept with the original, in the manifest, and sent by the page."""
        return {"corners": [list(corner) for corner in self.corners], "turn": self.turn, "contrast": self.contrast,
                "corners_by": "person" if self.by_person else "program"}  # fmt: skip

    @classmethod
    def of(cls, told: dict[str, Any]) -> "PageParameters":
        """Read what `as_dict` wrote, or a page sent. Raises ValueError."""
        try:
            corners = tuple((_whole(x), _whole(y)) for x, y in told["corners"])
            return cls(corners, _whole(told.get("turn", 0)), bool(told.get("contrast", True)),
                       told.get("corners_by") == "person")  # fmt: skip
        except (KeyError, TypeError) as wrong:
            raise ValueError("no parameters of a page") from wrong


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number is needed")
    return value


@dataclass(frozen=True)
class Look:
    """A photograph looked at: pixels as seen, the page found in it (`sure`: its edges are clear), a WebP of it."""

    width: int
    height: int
    corners: tuple[tuple[int, int], ...]
    sure: bool
    picture: bytes


@dataclass(frozen=True)
class MadePage:
    """A page made of a photograph: a JPEG, its resolution, and the sheet it has the proportions of ("" for none)."""

    jpeg: bytes
    width: int
    height: int
    dpi: int
    paper: str


class PhotographReader:
    """Looks at photographs and makes pages of them, each in a process of its own without network or files."""

    def __init__(self, sandbox: Sandbox, settings: TextSettings) -> None:
        self._sandbox = sandbox
        self._pixels = settings.max_page_pixels
        self._limits = replace(sandbox.limits, processes=0)

    def look(self, source: BinaryIO) -> Look:
        """Find the page. Raises PhotographFault."""
        answer = self._call("look", source, self._pixels)
        try:
            told = answer.values
            corners = tuple((int(x), int(y)) for x, y in told["corners"])
            PageParameters(corners)
            return Look(int(told["width"]), int(told["height"]), corners, told["sure"] is True, answer.sections[0])
        except (KeyError, TypeError, ValueError, IndexError):
            raise PhotographFault(problem_of(SandboxFault("crash", ""))) from None

    def page(self, source: BinaryIO, told: PageParameters, longest: int = 0) -> MadePage:
        """Make the page. Raises PhotographFault."""
        corners = [list(corner) for corner in told.corners]
        answer = self._call("correct", source, corners, told.turn, told.contrast, self._pixels, longest)
        try:
            values = answer.values
            size = int(values["width"]), int(values["height"])
            return MadePage(answer.sections[0], *size, int(values["dpi"]), str(values["paper"])[:20])
        except (KeyError, TypeError, ValueError, IndexError):
            raise PhotographFault(problem_of(SandboxFault("crash", ""))) from None

    def joined(self, pages: list[bytes]) -> tuple[bytes, str]:
        """Return JPEGs as a PDF, a page each, and the programs that made both. Raises PhotographFault."""
        answer = self._call("joined", io.BytesIO(b"".join(pages)), [len(page) for page in pages])
        if len(answer.sections) != 1 or answer.values.get("pages") != len(pages):
            raise PhotographFault(problem_of(SandboxFault("crash", "")))
        return answer.sections[0], str(answer.values.get("made_by", ""))[:200]

    def _call(self, function: str, source: BinaryIO, *arguments: Any) -> Answer:
        try:
            answer = self._sandbox.call(
                f"edms.text.photographs:{function}", *arguments, files=(source,), limits=self._limits
            )
        except SandboxFault as fault:
            raise PhotographFault(problem_of(fault)) from fault
        problem = answer.values.get("problem")
        if problem:
            raise PhotographFault(Problem(str(problem["code"])[:40], str(problem["message"])[:300]))
        return answer
