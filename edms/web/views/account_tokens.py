"""API tokens at the web: one's own, and for administrators those of service accounts."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.access.token_scopes import PERSONAL_SCOPES, TokenScope
from edms.core.errors import NotFound, NotSignedIn, Refused
from edms.operation.door import NotPermitted
from edms.records.people import list_offices, office_choices
from edms.records.tokens import (
    NewToken,
    account_tokens,
    create_service_token,
    create_token,
    own_tokens,
    revoke_own_token,
    revoke_token,
    service_names,
)
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext
from edms.web.sentences import error_sentence

pages = Blueprint("account_tokens", __name__)
USUAL_DAYS = 90


@pages.get("/account/tokens")
def listing() -> ResponseReturnValue:
    return render_template(
        "account_tokens.html",
        tokens=own_tokens(actor(), archive()),
        services=account_tokens(actor(), archive(), services_only=True) if _administers() else None,
    )


@pages.get("/account/tokens/new")
def form() -> ResponseReturnValue:
    """The form; who it is is asked before it is filled in."""
    require_proof()
    return _form("")


@pages.post("/account/tokens")
def create() -> ResponseReturnValue:
    """Make a token, and show it this once."""
    require_proof()
    account = request.form.get("account", "")[:80]
    try:
        wanted = NewToken(
            name=request.form.get("name", "")[:200],
            scopes=tuple(scope for scope in TokenScope if scope.value in request.form.getlist("scope")),
            office=request.form.get("office", "")[:40],
            days=request.form.get("days", 0, type=int),
        )
        if account:
            made = create_service_token(actor(), archive(), account, wanted)
        else:
            made = create_token(actor(), archive(), wanted)
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except Refused as refused:
        return _form(error_sentence(refused)), 400
    return render_template("account_token_made.html", made=made, account=account)


@pages.post("/account/tokens/<uuid:token_id>/revoke")
def revoke(token_id: UUID) -> ResponseReturnValue:
    act = revoke_token if request.form.get("service") and _administers() else revoke_own_token
    act(actor(), archive(), token_id)
    flash(gettext("The token is revoked."), "good")
    return redirect(url_for("account_tokens.listing"))


def _administers() -> bool:
    who = actor()
    return who is not None and decide(who, Action.PEOPLE_MANAGE).allowed


def _form(problem: str) -> str:
    who = actor()
    assert who is not None
    return render_template(
        "account_token_new.html",
        problem=problem,
        given=request.form,
        chosen=request.form.getlist("scope"),
        scopes=list(TokenScope) if _administers() else PERSONAL_SCOPES,
        offices=_offices(who),
        services=service_names(who, archive()) if _administers() else (),
        most_days=archive().settings.access.token_days_most,
        usual_days=min(USUAL_DAYS, archive().settings.access.token_days_most),
    )


def _offices(who: Actor) -> list[tuple[str, str]]:
    """Code and name of the offices that a token can be bound to: for administrators all, as service accounts need."""
    if _administers():
        return [(code, name) for code, name, _parent in list_offices(who, archive())]
    return [(one.code, one.name) for one in office_choices(archive(), who)]
