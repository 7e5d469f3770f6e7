"""Who is at the other end: the session cookie, the actor of a request, and the way to the sign-in page."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Actor, Role
from edms.access.policy import Action, decide
from edms.core.errors import NotFound
from edms.operation.sign_in import signed_in
from edms.records.alerts import count_alerts
from edms.records.archive import Archive
from edms.web.guard import cookie_name
from edms.web.language import gettext

COOKIE = "edms_session"
"""The name of the session's cookie without TLS; with it `session_cookie` puts a prefix before."""
_WITHOUT_PEOPLE = frozenset(
    {
        "static",
        "healthz",
        "trail.add_checkpoint",
        "verification.show",
        "verification.compare",
        "verification.copy",
        "verification.compare_copy",
    }
)
_PUBLIC = _WITHOUT_PEOPLE | {"session.sign_in", "session.choose_language"}


def archive() -> Archive:
    """The archive that this application serves."""
    found: Archive = current_app.extensions["archive"]
    return found


def session_cookie() -> str:
    """The name of the cookie that holds a session here."""
    return cookie_name(COOKIE, archive().settings.server)


def actor() -> Actor | None:
    """The actor of this request, or None when nobody is signed in."""
    found: Actor | None = g.get("actor")
    return found


def install(app: Flask) -> None:
    """Read the session before every request; default deny: every page but the public ones needs an actor."""
    app.before_request(_recognise)
    app.context_processor(_for_templates)


def ask_to_sign_in() -> ResponseReturnValue:
    """Send the browser to the sign-in page, and back here afterwards; scripts get a plain 401."""
    if request.accept_mimetypes.best == "application/json" or request.blueprint == "uploads":
        return {"error": gettext("Your session has ended. Sign in again."), "mend": ""}, 401
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    query = f"?{urlencode({'next': back})}" if back and back != "/" else ""
    return redirect(url_for("session.sign_in") + query)


def safe_target(target: str) -> str:
    """Return `target` when it is a path on this server, else the home page (no open redirects)."""
    # Browsers drop control characters and read a backslash as a slash, so either could make "//elsewhere".
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if plain else url_for("home.start")


def _recognise() -> ResponseReturnValue | None:
    g.default_language = archive().settings.archive.language
    token = request.cookies.get(session_cookie())
    if token and request.endpoint not in _WITHOUT_PEOPLE:
        found = signed_in(archive().door, archive().settings.access, token)
        if found is not None:
            g.actor, g.language, g.display_name = found.actor, found.language, found.display_name
    if g.get("actor") is None and request.endpoint not in _PUBLIC and request.endpoint is not None:
        return ask_to_sign_in()
    return None


def capturers_only() -> Actor:
    """Return the actor when it is somebody who takes documents in; raises NotFound for everybody else."""
    who = actor()
    if who is None or not who.has(Role.CLERK, Role.RECORDS_OFFICER):
        raise NotFound()
    return who


def _unseen_alerts(who: Actor | None) -> int:
    """How many faults nobody has looked at yet, for those whom it concerns; 0 for everybody else."""
    if who is None or not decide(who, Action.ARCHIVE_VERIFY).allowed:
        return 0
    return count_alerts(who, archive())


def _for_templates() -> dict[str, Any]:
    who = actor()
    return {
        "actor": who,
        "display_name": g.get("display_name", ""),
        "archive_name": archive().settings.archive.name,
        "Role": Role,
        "may": lambda action: bool(who and decide(who, Action(action)).allowed),
        "unseen_alerts": _unseen_alerts(who),
        "signs": archive().personal is not None,
        "may_capture": bool(who and who.has(Role.CLERK, Role.RECORDS_OFFICER)),
    }
