"""Signing in by the organisation's provider: the way there, the way back, and its own word that a session is over."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import NotSignedIn
from edms.operation.sessions import Waits, signed_in
from edms.operation.sessions import sign_out as end_session
from edms.records.provider_bindings import give_up_provider
from edms.records.provider_sign_in import (
    Errand,
    ProviderRefused,
    begin_at_provider,
    prove_by_provider,
    sign_in_by_provider,
)
from edms.records.provider_sign_out import end_by_provider
from edms.web.cookies import session_token
from edms.web.devices import keep_device
from edms.web.guard import too_often
from edms.web.identity import actor, archive, keep_token, require_proof, safe_target
from edms.web.language import current_language, gettext
from edms.web.views.session import leaving, visit
from edms.web.words_provider import provider_sentence

pages = Blueprint("session_provider", __name__)
_KEPT = "provider"
_MOST = {"state": 200, "code": 4096, "error": 100, "iss": 300}
_MOST_TOKEN = 65_536
_LOGOUTS_PER_MINUTE = 600


@pages.post("/sign-in/provider")
def begin() -> ResponseReturnValue:
    """Send the browser to the provider. Only by the form: no page elsewhere signs anybody in here."""
    return _send(Errand.SIGN_IN, "session.sign_in")


@pages.post("/prove/provider")
def begin_proof() -> ResponseReturnValue:
    return _send(Errand.PROVE, "proof.ask")


@pages.get("/sign-in/provider/answer")
def answer() -> ResponseReturnValue:
    """Take what the provider sent back. It is the one page that a GET may sign somebody in by: with the text that this
    browser keeps in a signed cookie, once."""
    kept: dict[str, Any] = session.pop(_KEPT, {})
    target, errand = safe_target(str(kept.get("next", ""))), kept.get("errand", Errand.SIGN_IN)
    place = "proof.ask" if errand == Errand.PROVE else "session.sign_in"
    if too_often("sign-in", archive().settings.server.sign_ins_per_minute):
        flash(gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": 1}, "bad")
        return redirect(url_for(place, next=target))
    try:
        if errand == Errand.PROVE:
            begun = datetime.fromtimestamp(float(kept["begun"]), UTC)
            prove_by_provider(archive(), str(kept["state"]), _brought(), begun, _token())
            return redirect(target)
        token = sign_in_by_provider(archive(), str(kept.get("state", "")), _brought(), visit())
    except NotSignedIn:  # the way back to this page is no way: what it brought is used up
        flash(gettext("Your session has ended. Sign in again."), "bad")
        return redirect(url_for("session.sign_in", next=target))
    except ProviderRefused as refused:
        flash(provider_sentence(refused.why), "bad")
        return redirect(url_for(place, next=target))
    return _signed_in(token, target)


@pages.post("/sign-in/provider/logout")
def end() -> ResponseReturnValue:
    """Take the provider's word that somebody's session there is over (Back-Channel Logout 1.0, section 2.5)."""
    if too_often("provider", _LOGOUTS_PER_MINUTE):
        return {"error": "temporarily_unavailable"}, 429
    told = request.form.getlist("logout_token")
    try:
        if len(told) != 1 or len(told[0]) > _MOST_TOKEN:
            end_by_provider(archive(), "")
        else:
            end_by_provider(archive(), told[0])
    except ProviderRefused as refused:
        return {"error": "invalid_request", "error_description": refused.why}, 400
    return "", 200, {"Content-Type": "text/plain; charset=utf-8"}


@pages.post("/account/provider/give-up")
def give_up() -> ResponseReturnValue:
    require_proof()
    give_up_provider(actor(), archive(), _token())
    flash(gettext("The account of your organisation gets nobody in here any more."), "good")
    return redirect(url_for("account.show"))


def _send(errand: Errand, back: str) -> ResponseReturnValue:
    target = safe_target(request.form.get("next", ""))
    if too_often("sign-in", archive().settings.server.sign_ins_per_minute):
        flash(gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": 1}, "bad")
        return redirect(url_for(back, next=target))
    try:
        place, state = begin_at_provider(archive(), errand, current_language())
    except ProviderRefused as refused:
        flash(provider_sentence(refused.why), "bad")
        return redirect(url_for(back, next=target))
    begun = archive().clock.now().timestamp()
    session[_KEPT] = {"state": state, "errand": errand.value, "begun": begun, "next": target}
    return leaving(place, errand.value)


def _brought() -> dict[str, str]:
    """What the address says, each parameter at most once and not without end; else nothing of it is believed."""
    names = {"state": "state", "code": "code", "error": "error", "iss": "issuer"}
    found = {}
    for name, field in names.items():
        told = request.args.getlist(name)
        fit = len(told) <= 1 and all(len(one) <= _MOST[name] for one in told)
        found[field] = told[0] if told and fit else ""
        if not fit:
            return {"state": ""}
    return found


def _signed_in(token: str, target: str) -> ResponseReturnValue:
    # As after a password: nothing of the visit before goes on.
    end_session(archive().door, _token())
    session.clear()
    waiting = signed_in(archive().door, archive().settings.access, token)
    code_due = waiting is not None and waiting.waits_for is Waits.CODE
    response = make_response(redirect(url_for("session.code", next=target) if code_due else target))
    keep_token(response, token)
    if waiting is not None and waiting.waits_for not in (Waits.CODE, Waits.ENROLMENT):
        keep_device(response, token)
    return response


def _token() -> str:
    return session_token()
