"""Signing in and out, and the choice of language."""

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.operation.sign_in import (
    SignInRefused,
)
from edms.operation.sign_in import (
    choose_language as keep_language,
)
from edms.operation.sign_in import (
    sign_in as sign_in_person,
)
from edms.operation.sign_in import (
    sign_out as end_session,
)
from edms.web.guard import cookie_name, is_secure, too_often
from edms.web.identity import actor, archive, safe_target, session_cookie
from edms.web.language import LANGUAGE_COOKIE, LANGUAGES, current_language, gettext

pages = Blueprint("session", __name__)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    if request.method == "GET":
        if actor() is not None:
            return redirect(safe_target(request.args.get("next", "")))
        return render_template("sign_in.html", next=request.args.get("next", ""), problem="")
    name, password = request.form.get("username", "")[:80], request.form.get("password", "")[:200]
    target = safe_target(request.form.get("next", ""))
    if too_often("sign-in", archive().settings.server.sign_ins_per_minute):
        problem = gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": 1}
        return render_template("sign_in.html", next=target, problem=problem, username=name), 429
    try:
        token = sign_in_person(
            archive().door, archive().settings.access, name, password, request.remote_addr or "", current_language()
        )
    except SignInRefused as refused:
        problem = (
            gettext("Too many attempts. Try again in %(minutes)s minutes.") % {"minutes": refused.wait_minutes}
            if refused.wait_minutes
            else gettext("The user name or the password is wrong.")
        )
        status = 429 if refused.wait_minutes else 401
        return render_template("sign_in.html", next=target, problem=problem, username=name), status
    # Nothing of the visit before goes on: neither another person's session nor a form token somebody else may know.
    end_session(archive().door, request.cookies.get(session_cookie(), ""))
    session.clear()
    response = make_response(redirect(target))
    response.set_cookie(
        session_cookie(),
        token,
        httponly=True,
        samesite="Lax",
        secure=is_secure(archive().settings.server),
        max_age=archive().settings.access.session_absolute_hours * 3600,
    )
    return response


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    end_session(archive().door, request.cookies.get(session_cookie(), ""))
    session.clear()
    response = make_response(redirect(url_for("session.sign_in")))
    response.delete_cookie(session_cookie(), secure=is_secure(archive().settings.server), httponly=True, samesite="Lax")
    return response


@pages.post("/language")
def choose_language() -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    response = make_response(redirect(safe_target(request.form.get("next", ""))))
    if wanted in LANGUAGES:
        token = request.cookies.get(session_cookie())
        if token:
            keep_language(archive().door, token, wanted)
        secure = is_secure(archive().settings.server)
        name = cookie_name(LANGUAGE_COOKIE, archive().settings.server)
        response.set_cookie(name, wanted, samesite="Lax", httponly=True, secure=secure, max_age=31_536_000)
    return response
