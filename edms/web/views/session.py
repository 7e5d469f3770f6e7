"""Signing in and out, and the choice of language."""

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.operation.sessions import Visit, Waits, signed_in
from edms.operation.sessions import choose_language as keep_language
from edms.operation.sessions import sign_out as end_session
from edms.operation.sign_in import SignInRefused, give_code
from edms.records.directory_sign_in import sign_in_here
from edms.records.provider_sign_in import provider_label
from edms.records.provider_sign_out import sign_out_there
from edms.web import cookies
from edms.web.agents import coarse
from edms.web.cookies import session_token
from edms.web.devices import keep_device, shown_devices
from edms.web.guard import too_often
from edms.web.identity import actor, archive, keep_token, safe_target, waits
from edms.web.language import LANGUAGES, current_language, gettext

pages = Blueprint("session", __name__)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if request.method == "GET":
        if actor() is not None:
            return redirect(safe_target(request.args.get("next", "")))
        return _page(request.args.get("next", ""), "")
    name, password = request.form.get("username", "")[:80], request.form.get("password", "")[:200]
    target = safe_target(request.form.get("next", ""))
    if too_often("sign-in", archive().settings.server.sign_ins_per_minute):
        problem = gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": 1}
        return _page(target, problem, name), 429
    try:
        token = sign_in_here(archive(), name, password, visit())
    except SignInRefused as refused:
        problem, status = refusal_text(refused, gettext("The user name or the password is wrong."))
        return _page(target, problem, name), status
    # Nothing of the visit before goes on: neither another person's session nor a form token somebody else may know.
    end_session(archive().door, session_token())
    session.clear()
    waiting = signed_in(archive().door, archive().settings.access, token)
    code_due = waiting is not None and waiting.waits_for is Waits.CODE
    response = make_response(redirect(url_for("session.code", next=target) if code_due else target))
    keep_token(response, token)
    if waiting is not None and waiting.waits_for not in (Waits.CODE, Waits.ENROLMENT):  # a whole proof
        keep_device(response, token)
    return response


@pages.get("/sign-in/code")
def code() -> ResponseReturnValue:
    if actor() is not None or not waits():
        return redirect(url_for("home.start"))
    return render_template("sign_in_code.html", next=request.args.get("next", ""), problem="")


@pages.post("/sign-in/code")
def take_code() -> ResponseReturnValue:
    target = safe_target(request.form.get("next", ""))
    held, typed = session_token(), request.form.get("code", "")[:40]
    try:
        token = give_code(archive().door, archive().settings.access, held, typed, visit())
    except SignInRefused as refused:
        problem, status = refusal_text(refused, gettext("The code is wrong, or was used before."))
        return render_template("sign_in_code.html", next=target, problem=problem), status
    session.clear()
    response = make_response(redirect(target))
    keep_token(response, token)
    keep_device(response, token)
    return response


def refusal_text(refused: SignInRefused, wrong: str) -> tuple[str, int]:
    """Return what a page says when somebody was not believed, and its status."""
    if refused.wait_minutes:
        return gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": refused.wait_minutes}, 429
    if refused.reason == "away":
        return gettext("The directory of the city does not answer, so who has the password there cannot sign in now. "
                       "Others have typed a wrong name or password."), 503  # fmt: skip
    if refused.reason == "no_place":
        return gettext("The directory knows you, and nothing there gives you a place here. Ask the administrator."), 403
    return wrong, 401


def leaving(place: str, errand: str) -> str:
    """The page that leads to the sign-in provider. Not a redirect: an answer to a form may lead to our own pages only
    (Content-Security-Policy, form-action), and that is to stay so."""
    return render_template("leaving.html", place=place, errand=errand)


def _page(target: str, problem: str, username: str = "") -> str:
    label = provider_label(archive())
    return render_template("sign_in.html", next=target, problem=problem, username=username, provider=label)


def visit() -> Visit:
    """Where this request comes from."""
    return Visit(request.remote_addr or "", current_language(), coarse(request.user_agent.string), shown_devices())


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    by_provider = end_session(archive().door, session_token())
    session.clear()
    place = sign_out_there(archive()) if by_provider else ""
    response = make_response(leaving(place, "out") if place else redirect(url_for("session.sign_in")))
    cookies.forget(response, cookies.SESSION)
    return response


@pages.post("/language")
def choose_language() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    response = make_response(redirect(safe_target(request.form.get("next", ""))))
    if wanted in LANGUAGES:
        token = session_token()
        if token:
            keep_language(archive().door, token, wanted)
        cookies.keep(response, cookies.LANGUAGE, wanted, 31_536_000)
    return response
