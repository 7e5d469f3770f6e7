"""The cookie by which a browser shows who has signed in on it: not held up by what others try, and it opens nothing."""

from uuid import UUID

from flask import Response

from edms.operation.brakes import MOST_DEVICES, device_token, known_device
from edms.web import cookies
from edms.web.identity import archive

_BETWEEN = "~"
_DAY_SECONDS = 86_400


def shown_devices() -> tuple[str, ...]:
    """Return what this browser shows, one token for each person, unchecked."""
    return tuple(cookies.held(cookies.DEVICE).split(_BETWEEN)[:MOST_DEVICES])


def keep_device(response: Response, token: str) -> None:
    """Let the browser be known for the person of a session `token`, whose proof was whole."""
    person_id, shown = UUID(token.split(".")[0]), shown_devices()
    if not known_device(archive().door, shown, person_id):
        shown = (device_token(archive().door, person_id), *shown)
    value = _BETWEEN.join([one for one in shown if one][:MOST_DEVICES])
    cookies.keep(response, cookies.DEVICE, value, archive().settings.access.known_device_days * _DAY_SECONDS)
