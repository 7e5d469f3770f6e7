"""Service accounts: programs that come with API tokens, who answers for each, and their tokens; for administrators."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.access.people import SERVICE_ROLES
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.people import list_offices, list_people
from edms.records.service_accounts import NewService, add_service
from edms.records.tokens import account_tokens
from edms.web.acts import refused
from edms.web.identity import actor, archive, require_proof
from edms.web.views.people import administrators_only, clearance_asked, roles_asked

pages = Blueprint("people_programs", __name__)
pages.before_request(administrators_only)


@pages.get("/people/programs")
def listing() -> ResponseReturnValue:
    who = actor()
    return render_template(
        "people_programs.html",
        programs=[one for one in list_people(who, archive()) if one.holder],
        tokens=account_tokens(who, archive(), services_only=True),
        roles=[role for role in Role if role in SERVICE_ROLES],
        levels=list(Level),
        offices=list_offices(who, archive()),
    )


@pages.post("/people/programs")
def add() -> ResponseReturnValue:
    require_proof()
    back = url_for("people_programs.listing")
    try:
        _add()
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, back)
    return redirect(back)


def _add() -> None:
    form = request.form
    user, name, holder = (form.get(field, "").strip()[:200] for field in ("user", "name", "holder"))
    wanted = NewService(
        user, name, form.get("office") or None, roles_asked(form.getlist("role")),
        clearance_asked(form.get("clearance")), holder,
    )  # fmt: skip
    add_service(actor(), archive(), wanted)
