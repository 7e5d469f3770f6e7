"""Which areas of a page cover what was found in its text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edms.redaction.finder import find
from edms.redaction.terms import matches
from edms.redaction.types import Area, Finding

_WHOLE = 10_000
_PAD = 0.12


@dataclass(frozen=True)
class PagePlaces:
    """A page's text and the box of each character: four shares of the page (left, top, right, bottom), in ten
    thousandths; all zero for characters that have none."""

    text: str
    boxes: Sequence[int]

    def box(self, at: int) -> tuple[int, int, int, int] | None:
        found = tuple(self.boxes[4 * at : 4 * at + 4])
        return None if len(found) < 4 or (found[2] <= found[0] and found[3] <= found[1]) else found  # type: ignore[return-value]


def of_terms(pages: Sequence[PagePlaces], terms: Sequence[str]) -> list[Area]:
    """Return areas that cover every place where one of `terms` stands as words of their own, on all pages."""
    return [
        area
        for number, page in enumerate(pages, 1)
        for one in matches(page.text, terms)
        if one.whole
        for area in areas_of(number, page, one.start, one.end, "term")
    ]


def of_findings(pages: Sequence[PagePlaces]) -> list[tuple[int, Finding, tuple[Area, ...]]]:
    """Return what may be personal data on each page (first is 1), with the areas that cover it."""
    return [
        (number, one, tuple(areas_of(number, page, one.start, one.end, one.kind.value)))
        for number, page in enumerate(pages, 1)
        for one in find(page.text)
    ]


def areas_of(page: int, places: PagePlaces, start: int, end: int, origin: str) -> list[Area]:
    """Return areas that cover the characters `start` to `end`: one for each piece of a line, a little larger."""
    found: list[list[int]] = []
    for at in range(start, end):
        box = places.box(at)
        if box is None:
            continue
        last = found[-1] if found else None
        if last is not None and _on_line(last, box):
            last[0], last[1] = min(last[0], box[0]), min(last[1], box[1])
            last[2], last[3] = max(last[2], box[2]), max(last[3], box[3])
        else:
            found.append(list(box))
    return [area for box in found if (area := _padded(page, box, origin)) is not None]


def _on_line(line: list[int], box: tuple[int, int, int, int]) -> bool:
    """Whether a box goes on in the same line, across or (on a turned page) down."""
    height, width = max(line[3] - line[1], box[3] - box[1], 1), max(box[2] - box[0], 1)
    across = min(line[3], box[3]) - max(line[1], box[1]) > -height // 4 and abs(box[0] - line[2]) < 4 * height
    down = min(line[2], box[2]) - max(line[0], box[0]) > 0 and abs(box[1] - line[3]) < 2 * width
    return across or (down and line[3] - line[1] > 2 * (line[2] - line[0]))


def _padded(page: int, box: list[int], origin: str) -> Area | None:
    least = max(20, round(_PAD * min(box[2] - box[0], box[3] - box[1])))
    left, top = (max(0, side - least) / _WHOLE for side in box[:2])
    right, bottom = (min(_WHOLE, side + least) / _WHOLE for side in box[2:])
    # What lies outside of what is seen needs no area: it is not drawn.
    return Area(page, left, top, right, bottom, origin) if left < right and top < bottom else None
