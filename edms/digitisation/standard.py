"""What a scan must be: resolution by the kind of the original, and depth. Pure.

The figures are those of Permen ATR/BPN 2/2026 (REQUIREMENTS R53: 300 dpi paper, 400 dpi maps, 600 dpi photographs, 24
bits): a ministry's rule, taken as the default profile. An archive with a rule of its own puts its figures and the name
of that rule into `[digitisation]`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

MILLIMETRES = 25.4
_OWN_SIZE = re.compile(r"(\d{2,4}) ?[x×] ?(\d{2,4})")
_LEAST_SIDE, _MOST_SIDE = 20, 3000


class Kind(StrEnum):
    """What the original is."""

    PAPER = "paper"
    MAP = "map"
    PHOTO = "photo"


@dataclass(frozen=True)
class Standard:
    """`dpi`: the least resolution of each kind; `bits`: the least depth of a pixel; `rule`: where it is said."""

    paper_dpi: int = 300
    map_dpi: int = 400
    photo_dpi: int = 600
    bits: int = 24
    rule: str = "Permen ATR/BPN 2/2026"

    def dpi(self, kind: Kind) -> int:
        """Return the least resolution of a kind, in dots per inch."""
        return {Kind.PAPER: self.paper_dpi, Kind.MAP: self.map_dpi, Kind.PHOTO: self.photo_dpi}[kind]


class BadPaper(ValueError):
    """A size of paper that is none."""


# Millimetres, short side first: ISO 216, the folio of Indonesian offices (F4), and photographic prints.
PAPERS = {
    "A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420), "A4": (210, 297), "A5": (148, 210),
    "A6": (105, 148), "F4": (215, 330), "Letter": (216, 279), "Legal": (216, 356), "2R": (60, 90), "3R": (89, 127),
    "4R": (102, 152), "5R": (127, 178), "10R": (203, 254),
}  # fmt: skip


def paper_sides(name: str) -> tuple[float, float]:
    """Return the sides of a paper in millimetres, short side first: a name, or `120x180`. Raises BadPaper."""
    for known, sides in PAPERS.items():
        if known.lower() == name.strip().lower():
            return sides
    own = _OWN_SIZE.fullmatch(name.strip())
    if own is None:
        raise BadPaper(f"there is no paper {name[:40]}")
    short, long = sorted(int(side) for side in own.groups())
    if short < _LEAST_SIDE or long > _MOST_SIDE:
        raise BadPaper(f"there is no paper {name[:40]}")
    return short, long


def page_papers(text: str) -> dict[int, str]:
    """Read which pages have another paper: `3=A3, 7=90x120`. Raises BadPaper."""
    found: dict[int, str] = {}
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        number, equals, name = (one.strip() for one in part.partition("="))
        if not equals or not number.isascii() or not number.isdecimal() or not 1 <= int(number[:6]) <= 99_999:
            raise BadPaper(f"there is no paper {part[:40]}")
        if len(number) > 5 or int(number) in found:
            raise BadPaper(f"there is no paper {part[:40]}")
        paper_sides(name)
        found[int(number)] = name
    return found
