"""The page on how somebody signs in, and the forms that change it."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import EdmsError, NotFound, NotSignedIn, Refused
from edms.core.secret import Secret
from edms.operation.door import NotPermitted
from edms.records.account import change_own_password, own_account
from edms.records.account_codes import own_factors
from edms.records.account_passkeys import own_passkeys
from edms.records.account_sessions import end_other_sessions, end_own_session, own_sessions
from edms.records.provider_bindings import own_binding
from edms.web.cookies import session_token
from edms.web.identity import actor, archive, keep_token
from edms.web.language import gettext
from edms.web.sentences import error_sentence

pages = Blueprint("account", __name__)
MOST_PASSWORD = 200


@pages.get("/account")
def show() -> ResponseReturnValue:
    return render_template(
        "account.html",
        account=own_account(actor(), archive()),
        factors=own_factors(actor(), archive()),
        passkeys=own_passkeys(actor(), archive()),
        binding=own_binding(actor(), archive()),
        sessions=own_sessions(actor(), archive(), session_token()),
    )


@pages.post("/account/sessions/<session_id>/end")
def end(session_id: str) -> ResponseReturnValue:
    end_own_session(actor(), archive(), session_id)
    flash(gettext("The session is ended."), "good")
    return redirect(url_for("account.show"))


@pages.post("/account/sessions/end-others")
def end_others() -> ResponseReturnValue:
    end_other_sessions(actor(), archive(), session_token())
    flash(gettext("You are signed out everywhere else."), "good")
    return redirect(url_for("account.show"))


@pages.get("/account/password")
def password() -> ResponseReturnValue:
    return _password_form("")


@pages.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Change it. Whoever had to goes on to the start page; every other session of the person has ended."""
    old, new = (Secret(request.form.get(name, "")[:MOST_PASSWORD]) for name in ("old", "new"))
    try:
        if new.reveal() != request.form.get("again", "")[:MOST_PASSWORD]:
            raise Refused("the two are not the same", "nothing was changed; try again")
        token = change_own_password(actor(), archive(), old, new, session_token())
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except EdmsError as fault:
        return _password_form(error_sentence(fault)), 400
    flash(gettext("The password is changed. You are signed out everywhere else."), "good")
    response = make_response(redirect(url_for("account.show")))
    keep_token(response, token)
    return response


def _password_form(problem: str) -> str:
    return render_template("account_password.html", account=own_account(actor(), archive()), problem=problem)
