"""The cookie by which a browser shows who has signed in on it: not held up by what others try, and it opens nothing."""

from uuid import UUID

from flask import Response, request

from edms.operation.brakes import MOST_DEVICES, device_token, known_device
from edms.web.guard import cookie_name, is_secure
from edms.web.identity import archive

DEVICE_COOKIE = "edms_device"
_BETWEEN = "~"
_DAY_SECONDS = 86_400


def shown_devices() -> tuple[str, ...]:
    """Return what this browser shows, one token for each person, unchecked."""
    name = cookie_name(DEVICE_COOKIE, archive().settings.server)
    return tuple(request.cookies.get(name, "").split(_BETWEEN)[:MOST_DEVICES])


def keep_device(response: Response, token: str) -> None:
    """Let the browser be known for the person of a session `token`, whose proof was whole."""
    person_id, shown = UUID(token.split(".")[0]), shown_devices()
    if not known_device(archive().door, shown, person_id):
        shown = (device_token(archive().door, person_id), *shown)
    response.set_cookie(
        cookie_name(DEVICE_COOKIE, archive().settings.server),
        _BETWEEN.join([one for one in shown if one][:MOST_DEVICES]),
        httponly=True,
        samesite="Lax",
        secure=is_secure(archive().settings.server),
        max_age=archive().settings.access.known_device_days * _DAY_SECONDS,
    )
