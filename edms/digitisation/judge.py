"""Whether a page is scanned as it must be: what the file says of itself, against its pixels and the paper. Pure.

A file can say any resolution, and any size of its page. What it cannot change is how many pixels it has, and what the
person at the scanner has in the hand is the paper. So the file's own word counts only where pixels, divided by it,
give the paper that lies there; where they do not, the page is refused with both sizes, whichever of them is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edms.digitisation.standard import MILLIMETRES, Kind, Standard, paper_sides

# The edge of a page is cut off by a few millimetres; the bed of a scanner is larger than what lies on it.
_SMALLER, _LARGER, _EDGE_MM = 0.04, 0.25, 3.0
_COVERED = 0.9
_INTERPOLATED = 1.02


@dataclass(frozen=True)
class ScannedPage:
    """What a file shows of one page.

    `width`, `height`: pixels of its picture. `dpi_x`, `dpi_y`: by the file's own word, 0 where it says nothing. `bits`:
    of one pixel, all colours together. `covers`: the share of the page that is picture (0: there is none). `format`,
    `version`, `colour`, `compression`: as the file names them (R54).
    """

    number: int
    width: int
    height: int
    dpi_x: float
    dpi_y: float
    bits: int
    covers: float = 1.0
    format: str = ""
    version: str = ""
    colour: str = ""
    compression: str = ""

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "ScannedPage":
        return cls(**{name: told[name] for name in cls.__dataclass_fields__ if name in told})

    @property
    def told_sides(self) -> tuple[float, float]:
        """The page in millimetres by the file's own word, short side first; zeros where it says nothing."""
        if min(self.dpi_x, self.dpi_y) <= 0:
            return 0.0, 0.0
        across, up = self.width / self.dpi_x * MILLIMETRES, self.height / self.dpi_y * MILLIMETRES
        return min(across, up), max(across, up)


@dataclass(frozen=True)
class Finding:
    """Why a page is not scanned as it must be. `code` and the page; `told`: the figures, for the sentence."""

    code: str
    page: int
    told: tuple[tuple[str, Any], ...] = ()

    @property
    def sentence(self) -> str:
        """The reason in English, the page first; the faces translate it."""
        return f"page {self.page}: " + SENTENCES[self.code].format(**dict(self.told))


SENTENCES = {
    "no_picture": "it is no scan, for there is no picture on it",
    "partial": "the picture covers {percent} percent of the page, so its size says nothing of the paper",
    "contradiction": "by its pixels and its own resolution it is {told}, and the paper was said to be {paper}",
    "resolution": "{dpi} dpi; at least {least} dpi is required",
    "depth": "{bits} bits to a pixel; at least {least} are required",
    "interpolated": "{dpi} dpi is more than the scanner sees ({optical} dpi): pixels were invented",
}


def resolution(page: ScannedPage, paper: str) -> float:
    """Return the resolution that counts, in dots per inch: the lesser of both ways.

    Where the file says nothing, its pixels over the stated paper, whose edges may have been cut off.
    """
    if min(page.dpi_x, page.dpi_y) > 0:
        return min(page.dpi_x, page.dpi_y)
    pixels = sorted((page.width, page.height))
    shown = (side * (1 - _SMALLER) - _EDGE_MM for side in paper_sides(paper))
    return min(count / (side / MILLIMETRES) for count, side in zip(pixels, shown, strict=True))


def contradicts(page: ScannedPage, paper: str) -> bool:
    """True when the page, by its pixels and its own word, cannot be of this paper."""
    told, stated = page.told_sides, paper_sides(paper)
    if told == (0.0, 0.0):
        return False
    return any(
        one < side * (1 - _SMALLER) - _EDGE_MM or one > side * (1 + _LARGER) + _EDGE_MM
        for one, side in zip(told, stated, strict=True)
    )


def judge(page: ScannedPage, kind: Kind, paper: str, optical_dpi: int, standard: Standard) -> tuple[Finding, ...]:
    """Return what is wrong with a page; nothing when it is scanned as it must be. Raises BadPaper."""
    if page.covers <= 0 or min(page.width, page.height) <= 0:
        return (Finding("no_picture", page.number),)
    found = []
    if page.covers < _COVERED:
        found.append(Finding("partial", page.number, (("percent", round(page.covers * 100)),)))
    if contradicts(page, paper):
        sizes = " x ".join(f"{side:.0f}" for side in page.told_sides)
        found.append(Finding("contradiction", page.number, (("told", f"{sizes} mm"), ("paper", paper))))
    dots, least = resolution(page, paper), standard.dpi(kind)
    if round(dots) < least:
        found.append(Finding("resolution", page.number, (("dpi", round(dots)), ("least", least))))
    if dots > optical_dpi * _INTERPOLATED:
        found.append(Finding("interpolated", page.number, (("dpi", round(dots)), ("optical", optical_dpi))))
    if page.bits < standard.bits:
        found.append(Finding("depth", page.number, (("bits", page.bits), ("least", standard.bits))))
    return tuple(found)


def judge_all(
    pages: Sequence[ScannedPage],
    kind: Kind,
    paper: str,
    others: Mapping[int, str],
    optical_dpi: int,
    standard: Standard,
) -> tuple[Finding, ...]:
    """Judge every page; `others`: the paper of pages that have another one."""
    return tuple(
        finding
        for page in pages
        for finding in judge(page, kind, others.get(page.number, paper), optical_dpi, standard)
    )
