"""API tokens at the web (RFC 6750): who comes with one, to which pages, and what everybody else is told.

Default deny: a token opens the routes that are named here, each for one scope, and no other. It stands in the header
alone, beside no session; in an address, which is kept by every log on the way, it is refused.
"""

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from edms.access.token_scopes import TokenScope
from edms.operation.tokens import PATTERN, TokenRefused, bearer_of
from edms.web.cookies import session_token
from edms.web.identity import archive
from edms.web.language import gettext
from edms.web.problems import by_token, problem

ROUTES = {
    **dict.fromkeys(
        (
            "record.facts",
            "files.picture",
            "files.small_picture",
            "files.component",
            "files.original",
            "files.attachment",
            "files.signed",
            "files.authenticated",
            "files.evidence",
        ),
        TokenScope.READ,
    ),
    **dict.fromkeys(
        (
            "capture.receive",
            "capture.progress",
            "uploads.limits",
            "uploads.unfinished",
            "uploads.begin",
            "uploads.state",
            "uploads.add",
            "uploads.remove",
        ),
        TokenScope.CAPTURE,
    ),
    "search.found": TokenScope.SEARCH,
    **dict.fromkeys(
        (
            "scim.config",
            "scim.resource_types",
            "scim.schemas",
            "scim.users",
            "scim.user",
            "scim.add",
            "scim.replace",
            "scim.change",
            "scim.remove",
            "scim.groups",
            "scim.group",
        ),
        TokenScope.PEOPLE,
    ),
}
"""Where a token may be shown, and what it must have been made for."""


class FormProtection(CSRFProtect):  # type: ignore[misc]
    """Asks every form for its token. Who shows an API token sends no form of ours, and no cookie counts there."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if not by_token():
            super().protect(apply_exemptions)


def install(app: Flask) -> None:
    """Look for a token before sessions are looked at."""
    app.before_request(_recognise)


def _recognise() -> ResponseReturnValue | None:
    g.default_language = archive().settings.archive.language
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    g.bearer = scheme.lower() == "bearer"
    if "access_token" in request.args or PATTERN.search(request.query_string.decode("latin-1")):
        g.bearer = True
        return _refuse(400, "invalid_request", gettext("A token stands in the header, never in the address."))
    if not g.bearer:
        return None
    if session_token():
        return _refuse(400, "invalid_request", gettext("Come with a token or with a session, not with both."))
    try:
        found = bearer_of(archive().door, archive().settings.access, secret.strip(), request.remote_addr or "")
    except TokenRefused:
        return _refuse(401, "invalid_token", gettext("The token does not count. Have another one made."))
    needed = ROUTES.get(request.endpoint or "")
    if request.endpoint is not None and needed is None:
        return _refuse(403, "insufficient_scope", gettext("This is not done with a token."))
    if needed is not None and needed not in found.scopes:
        return _refuse(403, "insufficient_scope", gettext("The token was not made for this."), needed)
    g.actor = found.actor
    return None


def _refuse(status: int, error: str, message: str, scope: str = "") -> ResponseReturnValue:
    told = f'Bearer error="{error}"' + (f', scope="{scope}"' if scope else "")
    return problem(status, message, headers={"WWW-Authenticate": told})
