"""Signing in with a passkey, alone or in the place of the code."""

from flask import Blueprint, flash, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.operation.sessions import sign_out as end_session
from edms.operation.sign_in import SignInRefused
from edms.operation.sign_in_passkeys import ask_for_passkey
from edms.records.directory_sign_in import passkey_sign_in_here
from edms.web.cookies import session_token
from edms.web.devices import keep_device
from edms.web.identity import actor, archive, keep_token, safe_target
from edms.web.language import gettext
from edms.web.limits import Pace
from edms.web.views.account_passkeys import MOST_CREDENTIAL, as_json, keep_challenge, kept_challenge, relying_party
from edms.web.views.session import refusal_text, visit

pages = Blueprint("session_passkeys", __name__)
_PER_MINUTE = 60
_pace = Pace()


@pages.post("/sign-in/passkey/options")
def options() -> ResponseReturnValue:
    """Give a challenge. Anybody may ask, so each address gets so many in a minute."""
    if not _pace.allows(request.remote_addr or "", _PER_MINUTE):
        return {"error": gettext("Too many attempts."), "mend": ""}, 429
    told, challenge = ask_for_passkey(archive().door, relying_party())
    keep_challenge(challenge)
    return as_json(told)


@pages.post("/sign-in/passkey")
def sign_in() -> ResponseReturnValue:
    target = safe_target(request.form.get("next", ""))
    credential = request.form.get("credential", "")[:MOST_CREDENTIAL]
    try:
        token = passkey_sign_in_here(archive(), relying_party(), kept_challenge(), credential, visit())
    except SignInRefused as refused:
        wrong = gettext("The passkey was not taken. Try again, or sign in with your password.")
        flash(refusal_text(refused, wrong)[0], "bad")
        return redirect(url_for("session.sign_in", next=target) if actor() is None else target)
    # As after a password: nothing of the visit before goes on.
    end_session(archive().door, session_token())
    session.clear()
    response = make_response(redirect(target))
    keep_token(response, token)
    keep_device(response, token)
    return response
