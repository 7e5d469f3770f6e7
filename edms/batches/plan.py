"""How a batch is cut: documents with their pages, and the pages left out with the reason. Pure values.

Invariant of every plan: each page of the batch is in exactly one document or left out, once.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edms.batches.sheet import EMPTY_SHEET, Sheet, sheet_from

MOST_PAGES = 5000
TURNS = (0, 90, 180, 270)


class BadPlan(ValueError):
    """What was given is no plan of this batch, or the edit does not fit it."""


class Reason(StrEnum):
    """Why a page is in no document."""

    BLANK = "blank"
    SEPARATOR = "separator"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Page:
    """A page by its number in the file as scanned (first is 1), and by how many degrees it is turned clockwise."""

    number: int
    turn: int = 0


@dataclass(frozen=True)
class PlannedDocument:
    """What becomes one record. `sheet`: where it goes; an empty field is as given for the whole batch."""

    pages: tuple[Page, ...]
    sheet: Sheet = EMPTY_SHEET


@dataclass(frozen=True)
class LeftOut:
    """A page that is in no document; it stays in the batch as scanned."""

    page: Page
    reason: Reason


@dataclass(frozen=True)
class Plan:
    """`doubts`: codes of what a person should look at; empty where everything was clear."""

    documents: tuple[PlannedDocument, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    doubts: tuple[str, ...] = ()

    def check(self, pages: int) -> "Plan":
        """Return self. Raises BadPlan unless each of the batch's `pages` is there once, and no document is empty."""
        found = [page for one in self.documents for page in one.pages] + [one.page for one in self.left_out]
        if sorted(page.number for page in found) != list(range(1, pages + 1)):
            raise BadPlan("a page is missing, or is there twice")
        if any(page.turn not in TURNS for page in found) or not all(one.pages for one in self.documents):
            raise BadPlan("a page is turned by no quarter, or a document has no page")
        return self

    def as_dict(self) -> dict[str, Any]:
        return {
            "documents": [
                {"pages": [[page.number, page.turn] for page in one.pages], "sheet": one.sheet.as_dict()}
                for one in self.documents
            ],
            "left_out": [[one.page.number, one.page.turn, one.reason.value] for one in self.left_out],
            "doubts": list(self.doubts),
        }


def plan_from(told: dict[str, Any]) -> Plan:
    """Return the plan that `Plan.as_dict` wrote. Raises BadPlan for anything else."""
    try:
        return Plan(
            tuple(
                PlannedDocument(tuple(Page(int(number), int(turn)) for number, turn in one["pages"]),
                                sheet_from(one["sheet"]))
                for one in told["documents"]
            ),
            tuple(LeftOut(Page(int(number), int(turn)), Reason(why)) for number, turn, why in told["left_out"]),
            tuple(str(doubt) for doubt in told["doubts"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise BadPlan("this is no plan of a batch") from None
