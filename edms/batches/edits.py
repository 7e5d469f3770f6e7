"""What a person may change in a plan: each edit is a pure function from plan to plan.

Documents are counted from 0 in the order of the plan; pages are named by their number in the file as scanned.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from edms.batches.plan import TURNS, BadPlan, LeftOut, Page, Plan, PlannedDocument, Reason
from edms.batches.sheet import EMPTY_SHEET, Sheet

T = TypeVar("T")


class Act(StrEnum):
    """`MERGE` a document with the one before; `SPLIT` before a page; `ROTATE` a page by `turn`; `DROP` a page.

    `MOVE` a page to `place` in `document`; `REORDER` a document to `place`; `RESTORE` a page to `place` in `document`,
    or as a document of its own after the last; `DESCRIBE` where a document goes.
    """

    MERGE = "merge"
    SPLIT = "split"
    ROTATE = "rotate"
    MOVE = "move"
    REORDER = "reorder"
    DROP = "drop"
    RESTORE = "restore"
    DESCRIBE = "describe"


@dataclass(frozen=True)
class Edit:
    """One change. Which fields count depends on `act`."""

    act: Act
    document: int = 0
    page: int = 0
    place: int = 0
    turn: int = 90
    sheet: Sheet = EMPTY_SHEET


def edited(plan: Plan, edit: Edit) -> Plan:
    """Return the plan after one edit. Raises BadPlan where there is no such page, document or place."""
    return _ACTS[edit.act](plan, edit)


def _merge(plan: Plan, edit: Edit) -> Plan:
    before, one = _document(plan, edit.document - 1), _document(plan, edit.document)
    joined = replace(before, pages=before.pages + one.pages)
    rest = plan.documents
    return replace(plan, documents=(*rest[: edit.document - 1], joined, *rest[edit.document + 1 :]))


def _split(plan: Plan, edit: Edit) -> Plan:
    at, place = _where(plan, edit.page)
    if place == 0:
        raise BadPlan("the page is the first of its document already")
    one = plan.documents[at]
    parts = (replace(one, pages=one.pages[:place]), replace(one, pages=one.pages[place:]))
    return replace(plan, documents=(*plan.documents[:at], *parts, *plan.documents[at + 1 :]))


def _rotate(plan: Plan, edit: Edit) -> Plan:
    if edit.turn not in TURNS:
        raise BadPlan("a page is turned by quarters")

    def turned(page: Page) -> Page:
        return replace(page, turn=(page.turn + edit.turn) % 360) if page.number == edit.page else page

    if edit.page not in _numbers(plan):
        raise BadPlan("there is no such page")
    return replace(
        plan,
        documents=tuple(replace(one, pages=tuple(map(turned, one.pages))) for one in plan.documents),
        left_out=tuple(replace(one, page=turned(one.page)) for one in plan.left_out),
    )


def _move(plan: Plan, edit: Edit) -> Plan:
    """The document is named as it is counted before; one that loses its last page goes."""
    at, place = _where(plan, edit.page)
    page = plan.documents[at].pages[place]
    _document(plan, edit.document)
    pages = [list(one.pages) for one in plan.documents]
    pages[at].remove(page)
    _insert(pages[edit.document], edit.place, page)
    return _with(plan, pages)


def _reorder(plan: Plan, edit: Edit) -> Plan:
    one = _document(plan, edit.document)
    rest = [*plan.documents[: edit.document], *plan.documents[edit.document + 1 :]]
    _insert(rest, edit.place, one)
    return replace(plan, documents=tuple(rest))


def _drop(plan: Plan, edit: Edit) -> Plan:
    at, place = _where(plan, edit.page)
    pages = [list(one.pages) for one in plan.documents]
    page = pages[at].pop(place)
    left = (*plan.left_out, LeftOut(page, Reason.BY_HAND))
    return replace(_with(plan, pages), left_out=left)


def _restore(plan: Plan, edit: Edit) -> Plan:
    back = next((one for one in plan.left_out if one.page.number == edit.page), None)
    if back is None:
        raise BadPlan("the page is not left out")
    left = tuple(one for one in plan.left_out if one is not back)
    if edit.document == len(plan.documents):
        return replace(plan, documents=(*plan.documents, PlannedDocument((back.page,))), left_out=left)
    _document(plan, edit.document)
    pages = [list(one.pages) for one in plan.documents]
    _insert(pages[edit.document], edit.place, back.page)
    return replace(_with(plan, pages), left_out=left)


def _describe(plan: Plan, edit: Edit) -> Plan:
    one = replace(_document(plan, edit.document), sheet=edit.sheet)
    return replace(plan, documents=(*plan.documents[: edit.document], one, *plan.documents[edit.document + 1 :]))


_ACTS: dict[Act, Callable[[Plan, Edit], Plan]] = {
    Act.MERGE: _merge,
    Act.SPLIT: _split,
    Act.ROTATE: _rotate,
    Act.MOVE: _move,
    Act.REORDER: _reorder,
    Act.DROP: _drop,
    Act.RESTORE: _restore,
    Act.DESCRIBE: _describe,
}


def _document(plan: Plan, index: int) -> PlannedDocument:
    if not 0 <= index < len(plan.documents):
        raise BadPlan("there is no such document")
    return plan.documents[index]


def _where(plan: Plan, number: int) -> tuple[int, int]:
    """Return in which document a page is, and its place there."""
    for at, one in enumerate(plan.documents):
        for place, page in enumerate(one.pages):
            if page.number == number:
                return at, place
    raise BadPlan("the page is in no document")


def _numbers(plan: Plan) -> set[int]:
    return {page.number for one in plan.documents for page in one.pages} | {one.page.number for one in plan.left_out}


def _insert(into: list[T], place: int, one: T) -> None:
    if not 0 <= place <= len(into):
        raise BadPlan("there is no such place")
    into.insert(place, one)


def _with(plan: Plan, pages: list[list[Page]]) -> Plan:
    """Return the plan with these pages in its documents; those without any go."""
    kept = zip(plan.documents, pages, strict=True)
    return replace(plan, documents=tuple(replace(one, pages=tuple(some)) for one, some in kept if some))
