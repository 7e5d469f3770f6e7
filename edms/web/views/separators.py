"""Separator sheets: a form, and the PDF to print."""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.batches.sheet import Sheet
from edms.capture.separators import MOST_SHEETS, AskedSheets, NotPrinted, folder_choices, print_separators
from edms.records.file_plan import selectable_classes
from edms.records.filing import Problem
from edms.records.people import office_choices
from edms.web.identity import actor, archive, capturers_only

pages = Blueprint("separators", __name__)

_FIELDS = ("office", "class_code", "folder", "level", "title")


@pages.get("/batches/separators")
def form() -> ResponseReturnValue:
    return _page({"copies": "1"})


@pages.post("/batches/separators")
def download() -> ResponseReturnValue:
    """The sheets as a PDF, or the form with what is wrong beside its fields."""
    capturers_only()
    typed = {name: request.form.get(name, "").strip() for name in (*_FIELDS, "copies")}
    sheet = Sheet(**{name: typed[name] for name in _FIELDS})
    # No whole number is as wrong as too few of them.
    copies = request.form.get("copies", 0, type=int)
    try:
        made = print_separators(actor(), archive(), [AskedSheets(sheet, copies)])
    except NotPrinted as refused:
        return _page(typed, refused.problems), 422
    disposition = {"Content-Disposition": "attachment; filename=lembar-pemisah.pdf"}
    return Response(made, mimetype="application/pdf", headers=disposition)


def _page(typed: dict[str, str], problems: Sequence[Problem] = ()) -> str:
    who = capturers_only()
    return render_template(
        "separators.html",
        values=typed,
        wrong={one.field: one for one in problems},
        offices=office_choices(archive(), who),
        classes=selectable_classes(archive()),
        folders=folder_choices(who, archive()),
        levels=list(Level.up_to(who.clearance)),
        most=MOST_SHEETS,
    )
