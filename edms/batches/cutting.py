"""From what was seen on the pages to a proposal how the batch is cut. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edms.batches.plan import LeftOut, Page, Plan, PlannedDocument, Reason
from edms.batches.sheet import BadSheet, Sheet, is_sheet, read_sheet


class Duplex(StrEnum):
    """How the two sides of the sheets lie in the file."""

    IN_ORDER = "in_order"
    BACKS_REVERSED = "backs_reversed"


@dataclass(frozen=True)
class PageFacts:
    """What was seen on a page. `codes`: texts of its QR codes; `turn`: degrees clockwise until it is upright.

    `sure` is False where blankness or direction could not be told with confidence.
    """

    number: int
    blank: bool = False
    codes: tuple[str, ...] = ()
    turn: int = 0
    sure: bool = True


def reading_order(pages: int, duplex: Duplex) -> list[int]:
    """Return the numbers of the pages in the order in which they are read.

    `BACKS_REVERSED`: all fronts, then the stack turned over and all backs, the last sheet's first. With an odd number
    of pages a side is missing, and the order is left as scanned.
    """
    if duplex is Duplex.IN_ORDER or pages % 2:
        return list(range(1, pages + 1))
    half = pages // 2
    return [number for front in range(1, half + 1) for number in (front, pages + 1 - front)]


def cut(facts: Sequence[PageFacts], duplex: Duplex = Duplex.IN_ORDER) -> Plan:
    """Return the plan: a separator begins a document, blank pages and separators are left out.

    A sheet's two codes must say the same; a code that cannot be read begins a document too, with a doubt, since a cut
    too many is seen at once and one too few hides a document in another.
    """
    seen = {one.number: one for one in facts}
    doubts = ["odd_pages"] if duplex is Duplex.BACKS_REVERSED and len(facts) % 2 else []
    documents: list[tuple[Sheet, list[Page]]] = [(Sheet(), [])]
    left_out = []
    for number in reading_order(len(facts), duplex):
        one = seen[number]
        page = Page(number, one.turn)
        marks = sorted({code for code in one.codes if is_sheet(code)})
        if marks:
            sheet, doubt = _sheet(marks)
            doubts += [doubt] if doubt else []
            if not documents[-1][1] and len(documents) > 1:
                doubts.append("empty_document")
            documents.append((sheet, []))
            left_out.append(LeftOut(page, Reason.SEPARATOR))
        elif one.blank:
            left_out.append(LeftOut(page, Reason.BLANK))
        else:
            documents[-1][1].append(page)
        doubts += [] if one.sure else ["unsure_page"]
    if len(documents) > 1 and documents[0][1]:
        doubts.append("pages_before_first_separator")
    if len(documents) > 1 and not documents[-1][1]:
        doubts.append("empty_document")
    made = tuple(PlannedDocument(tuple(pages), sheet) for sheet, pages in documents if pages)
    doubts += [] if made else ["no_document"]
    return Plan(made, tuple(left_out), tuple(dict.fromkeys(doubts))).check(len(facts))


def _sheet(marks: list[str]) -> tuple[Sheet, str]:
    if len(marks) > 1:
        return Sheet(), "two_sheets"
    try:
        return read_sheet(marks[0]), ""
    except BadSheet:
        return Sheet(), "unreadable_sheet"
