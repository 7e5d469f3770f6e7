"""Counting wrong passphrases as wrong sign-ins are counted: so many in a while, then a pause."""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, func, select

from edms.access.actors import system_actor
from edms.access.model import SignInFailure
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door

_COUNTER = system_actor("attempts")


def require_attempts_left(door: Door, settings: AccessSettings, key: str) -> None:
    """Raise Refused when too many attempts under `key` failed within the window that holds for sign-ins."""
    since = door.clock.now() - timedelta(minutes=settings.sign_in_window_minutes)
    query = select(func.count()).select_from(SignInFailure).where(
        SignInFailure.key == _digest(key), SignInFailure.at >= since
    )  # fmt: skip
    with door.database.reader() as session:
        if (session.scalar(query) or 0) >= settings.sign_in_attempts:
            raise Refused("too many wrong passphrases", f"wait {settings.sign_in_window_minutes} minutes")


def attempt_failed(door: Door, key: str) -> None:
    """Count a failed attempt. What failed stands in the trail by another event."""
    with door.write(_COUNTER, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.add(SignInFailure(id=new_id(door.clock), key=_digest(key), at=operation.now))


def attempts_end(door: Door, key: str) -> None:
    """Forget the failures under `key`: it was the right one at last."""
    with door.write(_COUNTER, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.execute(delete(SignInFailure).where(SignInFailure.key == _digest(key)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
