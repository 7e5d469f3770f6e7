"""Who is at the other end: the session cookie, the actor of a request, and the way to the sign-in page."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Actor, Role
from edms.access.policy import Action, decide
from edms.core.errors import NotFound
from edms.operation.proof import require_recent_proof
from edms.operation.sessions import SignedIn, Waits, signed_in
from edms.records.alerts import Unseen, count_alerts
from edms.records.archive import Archive
from edms.web import cookies
from edms.web.cookies import session_token
from edms.web.language import gettext
from edms.web.problems import by_token, told

_WITHOUT_PEOPLE = frozenset(
    {
        "static",
        "healthz",
        "trail.add_checkpoint",
        "verification.show",
        "verification.compare",
        "verification.copy",
        "verification.compare_copy",
        "session_provider.end",
    }
)
_PUBLIC = _WITHOUT_PEOPLE | {
    "session.sign_in",
    "session.choose_language",
    "session_passkeys.options",
    "session_passkeys.sign_in",
    "session_provider.begin",
    "session_provider.answer",
}
_PROOF = ("proof.ask", "proof.take", "proof.options", "proof.take_passkey", "session_provider.begin_proof")
_MEANWHILE = {
    Waits.CODE: ("session.code", frozenset({"session.code", "session.take_code"})),
    Waits.PASSWORD: ("account.password", frozenset({"account.password", "account.change_password"})),
    Waits.ENROLMENT: (
        "account_codes.second_factor",
        frozenset(
            {
                "account_codes.second_factor",
                "account_codes.begin",
                "account_codes.confirm",
                "account_passkeys.options",
                "account_passkeys.add",
                *_PROOF,
            }
        ),
    ),
}
"""Where somebody is led who has something to do before getting in, and the only pages that are open till then."""


def archive() -> Archive:
    """The archive that this application serves."""
    found: Archive = current_app.extensions["archive"]
    return found


def actor() -> Actor | None:
    """The actor of this request, or None when nobody is signed in."""
    found: Actor | None = g.get("actor")
    return found


def require_proof() -> None:
    """Ask for a proof of who it is before what follows: raises ProofNeeded, which leads to the page and back."""
    require_recent_proof(archive().door, archive().settings.access, session_token())


def asked_by_program() -> bool:
    """True when a script asks, which is answered in JSON and sent to no page."""
    return by_token() or request.accept_mimetypes.best == "application/json" or request.blueprint in ("uploads", "scim")


def ask_for_proof() -> ResponseReturnValue:
    """Send the browser to the page that asks who it is; from there back to this page, or to the form that was sent."""
    if asked_by_program():
        return told(401, gettext("Prove once more who you are: reload the page."))
    if request.method == "GET":
        back = request.full_path.rstrip("?")
    else:
        sent_from = urlsplit(request.referrer or "")
        back = sent_from.path if sent_from.netloc == request.host else ""
    return redirect(url_for("proof.ask", next=safe_target(back)))


def waits() -> bool:
    """True when somebody is signed in who has something to do first."""
    return bool(g.get("waits"))


def keep_token(response: Response, token: str) -> None:
    """Give the browser the token of its session."""
    cookies.keep(response, cookies.SESSION, token, archive().settings.access.session_absolute_hours * 3600)


def install(app: Flask) -> None:
    """Read the session before every request; default deny: every page but the public ones needs an actor."""
    app.before_request(_recognise)
    app.context_processor(_for_templates)


def ask_to_sign_in() -> ResponseReturnValue:
    """Send the browser to the sign-in page, and back here afterwards; scripts get a plain 401."""
    if asked_by_program():
        return told(401, gettext("Your session has ended. Sign in again."))
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
    token = None if by_token() else session_token()
    if token and request.endpoint not in _WITHOUT_PEOPLE:
        found = signed_in(archive().door, archive().settings.access, token)
        if found is not None:
            g.language, g.display_name = found.language, found.display_name
            if found.waits_for and request.endpoint not in _PUBLIC | {"session.sign_out"}:
                return _meanwhile(found)
            g.actor = None if found.waits_for and request.endpoint != "session.sign_out" else found.actor
    if g.get("actor") is None and request.endpoint not in _PUBLIC and request.endpoint is not None:
        return ask_to_sign_in()
    return None


def _meanwhile(found: SignedIn) -> ResponseReturnValue | None:
    """Let somebody who has something to do first do just that."""
    place, allowed = _MEANWHILE[found.waits_for]
    if request.endpoint not in allowed:
        if asked_by_program():
            return told(401, gettext("Something is to be done before you get in."))
        return redirect(url_for(place))
    # Who has given half of the proof is nobody yet: the page for the other half looks at the session alone.
    g.actor, g.waits = None if found.waits_for is Waits.CODE else found.actor, True
    return None


def capturers_only() -> Actor:
    """Return the actor when it is somebody who takes documents in; raises NotFound for everybody else."""
    who = actor()
    if who is None or not who.has(Role.CLERK, Role.RECORDS_OFFICER):
        raise NotFound()
    return who


def _unseen_alerts(who: Actor | None) -> Unseen:
    """What nobody has looked at yet, for those whom it concerns."""
    if who is None or not decide(who, Action.ARCHIVE_VERIFY).allowed:
        return Unseen()
    return count_alerts(who, archive())


def _for_templates() -> dict[str, Any]:
    who = None if waits() else actor()
    unseen = _unseen_alerts(who)
    return {
        "actor": who,
        "display_name": g.get("display_name", ""),
        "archive_name": archive().settings.archive.name,
        "Role": Role,
        "may": lambda action: bool(who and decide(who, Action(action)).allowed),
        "unseen_alerts": unseen.faults,
        "unseen_late": unseen.late,
        "unseen_acts": unseen.acts,
        "signs": archive().personal is not None,
        "may_capture": bool(who and who.has(Role.CLERK, Role.RECORDS_OFFICER)),
    }
