"""Holds: what is held, by whom and why; placing and releasing."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.records.holds import AskedScope, list_holds, place_hold, release_hold
from edms.records.holds_model import ScopeKind
from edms.records.questions import KeptQuestion
from edms.records.saved_searches import saved_question, saved_searches
from edms.web.identity import actor, archive
from edms.web.language import gettext

pages = Blueprint("holds", __name__)
MOST_NAMED = 10


@pages.get("/holds")
def listing() -> ResponseReturnValue:
    """The holds in force, or all."""
    who, everything = actor(), request.args.get("all") == "yes"
    found = list_holds(who, archive(), released=everything, most=MOST_NAMED)
    kept = saved_searches(who, archive())
    return render_template(
        "holds.html", holds=found, everything=everything, kept=kept, record=request.args.get("record", "")
    )


@pages.post("/holds")
def place() -> ResponseReturnValue:
    form = request.form
    records = [_id(told) for told in form.get("records", "").split()]
    scopes = [AskedScope(ScopeKind.FOLDER, told) for told in form.get("folders", "").split()]
    scopes += [AskedScope(ScopeKind.CLASS, told) for told in form.get("classes", "").split()]
    if form.get("search", "").strip():
        scopes.append(AskedScope(ScopeKind.QUERY, question=KeptQuestion(form["search"].strip())))
    if form.get("saved"):
        scopes.append(AskedScope(ScopeKind.QUERY, question=saved_question(actor(), archive(), form["saved"])))
    if form.get("case", "").strip():
        scopes.append(AskedScope(ScopeKind.CASE, form["case"]))
    title, mandate, reason = (form.get(name, "") for name in ("title", "mandate", "reason"))
    place_hold(actor(), archive(), records, title, mandate, reason, scopes)
    flash(gettext("The hold is in force."), "good")
    return redirect(url_for("holds.listing"))


@pages.post("/holds/<uuid:hold_id>/release")
def release(hold_id: UUID) -> ResponseReturnValue:
    release_hold(actor(), archive(), hold_id)
    flash(gettext("The hold is released."), "good")
    return redirect(url_for("holds.listing"))


def _id(told: str) -> UUID:
    found = parse_id(told)
    if found is None:
        raise NotFound()
    return found
