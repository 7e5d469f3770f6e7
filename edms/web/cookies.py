"""Every cookie of ours: its name, how it is set, read and forgotten. No other place says one of its attributes.

All are HttpOnly, SameSite=Lax (a link in a letter opens), for all paths and for this very host; where people come over
TLS alone they are Secure and bear the prefix `__Host-` (RFC 6265bis, 4.1.3), and one without it is not read.
"""

from typing import Any

from flask import Response, current_app, request

from edms.core.settings import ServerSettings
from edms.web.guard import is_secure

SESSION = "edms_session"
DEVICE = "edms_device"
LANGUAGE = "edms_language"
FORM = "edms_form"
"""The cookie of Flask, which holds the token of forms and what was told last."""
_SAME_SITE = "Lax"


def name_of(cookie: str, server: ServerSettings) -> str:
    """Return what browsers call a cookie: with TLS by a name that only this very host can set, and for all paths."""
    return f"__Host-{cookie}" if is_secure(server) else cookie


def held(cookie: str) -> str:
    """Return what the browser of this request holds, "" for nothing."""
    return request.cookies.get(name_of(cookie, _server()), "")


def session_token() -> str:
    """Return the token of the session that this browser shows, unchecked."""
    return held(SESSION)


def keep(response: Response, cookie: str, value: str, seconds: int) -> None:
    """Have the browser hold `value` for so many seconds."""
    server = _server()
    response.set_cookie(name_of(cookie, server), value, max_age=seconds, **_attributes(server))


def forget(response: Response, cookie: str) -> None:
    """Have the browser throw a cookie away; with a prefix it does so only when told as the cookie was set."""
    server = _server()
    response.delete_cookie(name_of(cookie, server), **_attributes(server))


def form_settings(server: ServerSettings) -> dict[str, Any]:
    """Return what Flask is to do with its own cookie: as with every other."""
    return {
        "SESSION_COOKIE_NAME": name_of(FORM, server),
        **{f"SESSION_COOKIE_{name.upper()}": told for name, told in _attributes(server).items()},
    }


def _attributes(server: ServerSettings) -> dict[str, Any]:
    return {"path": "/", "secure": is_secure(server), "httponly": True, "samesite": _SAME_SITE}


def _server() -> ServerSettings:
    server: ServerSettings = current_app.extensions["archive"].settings.server
    return server
