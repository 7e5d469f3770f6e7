"""Access by permission: what one asked for and holds, what waits for an answer, what one gave. Each act is a form."""

import re
from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.policy import Action, decide
from edms.access.scope import GrantMode
from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.records.grants import (
    Asked,
    NewGrant,
    Subject,
    approve_request,
    ask_for_access,
    give_access,
    refuse_request,
    review_emergency,
    revoke_access,
    take_in_emergency,
    withdraw_request,
)
from edms.records.grants_views import access_desk, uses_of
from edms.records.people import all_offices
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext

pages = Blueprint("access", __name__)


@pages.get("/access")
def desk() -> ResponseReturnValue:
    who = actor()
    found = access_desk(who, archive())
    return render_template(
        "access.html",
        desk=found,
        offices=all_offices(who, archive()),
        modes=list(GrantMode),
        today=archive().clock.today(),
        emergency=bool(who and decide(who, Action.ACCESS_EMERGENCY).allowed)
        and archive().settings.access.emergency_minutes,
    )


@pages.get("/access/grants/<uuid:grant_id>")
def uses(grant_id: UUID) -> ResponseReturnValue:
    return render_template("access_uses.html", uses=uses_of(actor(), archive(), grant_id))


@pages.post("/access/requests")
def ask() -> ResponseReturnValue:
    form = request.form
    asked = Asked(form.get("office", ""), form.get("wanted", ""), form.get("purpose", ""), _mode(), _until())
    ask_for_access(actor(), archive(), asked)
    return _back(gettext("The office was asked."))


@pages.post("/access/requests/<uuid:request_id>/withdraw")
def withdraw(request_id: UUID) -> ResponseReturnValue:
    withdraw_request(actor(), archive(), request_id)
    return _back(gettext("The request is withdrawn."))


@pages.post("/access/requests/<uuid:request_id>/refuse")
def refuse(request_id: UUID) -> ResponseReturnValue:
    refuse_request(actor(), archive(), request_id, request.form.get("reason", ""))
    return _back(gettext("The request is refused; the applicant reads why."))


@pages.post("/access/requests/<uuid:request_id>/approve")
def approve(request_id: UUID) -> ResponseReturnValue:
    approve_request(actor(), archive(), request_id, _subject(), _until(), _mode())
    return _back(gettext("Access is given."))


@pages.post("/access/grants")
def give() -> ResponseReturnValue:
    form = request.form
    wanted = NewGrant(form.get("username", "").strip(), _subject(), form.get("purpose", ""), _mode(), _until())
    give_access(actor(), archive(), wanted)
    return _back(gettext("Access is given."))


@pages.post("/access/grants/<uuid:grant_id>/revoke")
def revoke(grant_id: UUID) -> ResponseReturnValue:
    revoke_access(actor(), archive(), grant_id, request.form.get("reason", ""))
    return _back(gettext("It is ended, from now on."))


@pages.post("/access/grants/<uuid:grant_id>/review")
def review(grant_id: UUID) -> ResponseReturnValue:
    review_emergency(actor(), archive(), grant_id, request.form.get("finding", ""))
    return _back(gettext("Noted; the alert has ended."))


@pages.post("/access/emergency")
def emergency() -> ResponseReturnValue:
    require_proof()
    record_id = _asked_id(request.form.get("record", ""))
    take_in_emergency(actor(), archive(), record_id, request.form.get("reason", ""))
    flash(gettext("You can see it now, and its office has been told."), "good")
    return redirect(url_for("record.show", record_id=record_id))


def _back(said: str) -> ResponseReturnValue:
    flash(said, "good")
    return redirect(url_for("access.desk"))


def _mode() -> GrantMode:
    try:
        return GrantMode(request.form.get("mode", ""))
    except ValueError:
        raise Refused(gettext("choose what the person may do")) from None


def _until() -> date:
    until = date_asked(request.form.get("until"))
    if until is None:
        raise Refused(gettext("this is not a date"))
    return until


def _subject() -> Subject:
    """Ids of records, or one of a folder, as they were pasted: in addresses, between commas, one a line."""
    folder = request.form.get("folder", "").strip()
    words = re.split(r"[\s,;]+", request.form.get("records", "").strip())
    records = tuple(_asked_id(word.rstrip("/").rsplit("/", 1)[-1]) for word in words if word)
    return Subject(records, _asked_id(folder) if folder else None)


def _asked_id(text: str) -> UUID:
    found = parse_id(text.strip())
    if found is None:
        raise Refused(gettext("this is not the id of a record"))
    return found
