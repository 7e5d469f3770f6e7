"""Signing in and out, and the choice of language."""

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.operation.sessions import Visit
from edms.operation.sessions import choose_language as keep_language
from edms.operation.sessions import sign_out as end_session
from edms.operation.sign_in import SignInRefused
from edms.operation.sign_in import sign_in as sign_in_person
from edms.web.identity import COOKIE, actor, archive, keep_token, safe_target
from edms.web.language import LANGUAGES, current_language, gettext

pages = Blueprint("session", __name__)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if request.method == "GET":
        if actor() is not None:
            return redirect(safe_target(request.args.get("next", "")))
        return render_template("sign_in.html", next=request.args.get("next", ""), problem="")
    name, password = request.form.get("username", "")[:80], request.form.get("password", "")[:200]
    target = safe_target(request.form.get("next", ""))
    try:
        token = sign_in_person(archive().door, archive().settings.access, name, password, visit())
    except SignInRefused as refused:
        problem = (
            gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": refused.wait_minutes}
            if refused.wait_minutes
            else gettext("The user name or the password is wrong.")
        )
        status = 429 if refused.wait_minutes else 401
        return render_template("sign_in.html", next=target, problem=problem, username=name), status
    # Nothing of the visit before goes on: neither another person's session nor a form token somebody else may know.
    end_session(archive().door, request.cookies.get(COOKIE, ""))
    session.clear()
    response = make_response(redirect(target))
    keep_token(response, token)
    return response


def visit() -> Visit:
    """Where this request comes from."""
    return Visit(request.remote_addr or "", current_language())


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    end_session(archive().door, request.cookies.get(COOKIE, ""))
    session.clear()
    response = make_response(redirect(url_for("session.sign_in")))
    response.delete_cookie(COOKIE)
    return response


@pages.post("/language")
def choose_language() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    response = make_response(redirect(safe_target(request.form.get("next", ""))))
    if wanted in LANGUAGES:
        token = request.cookies.get(COOKIE)
        if token:
            keep_language(archive().door, token, wanted)
        response.set_cookie("edms_language", wanted, samesite="Lax", max_age=31_536_000)
    return response
