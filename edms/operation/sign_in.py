"""Signing in: rate limited, every attempt in the audit trail. Sessions are in `edms.operation.sessions`.

Stands beside the door because it is how an actor comes to be; everything after it goes through the door.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edms.access.model import SignInFailure
from edms.access.passwords import password_matches
from edms.access.people import person_named
from edms.access.policy import Action
from edms.core.errors import EdmsError
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door
from edms.operation.sessions import ENTRANCE, Grade, Visit, begin_session


class SignInRefused(EdmsError):
    """Wrong name or password, or too many attempts: `wait` says which, in whole minutes (0: not limited)."""

    exit_code = 1

    def __init__(self, wait_minutes: int = 0) -> None:
        if wait_minutes:
            super().__init__(f"too many attempts; try again in {wait_minutes} minutes")
        else:
            super().__init__("the user name or the password is wrong")
        self.wait_minutes = wait_minutes


def sign_in(door: Door, settings: AccessSettings, username: str, password: str, visit: Visit) -> str:
    """Return the token of a new session (its person and 256 random bits, URL-safe). Raises SignInRefused.

    The limit counts failures for this name from this address, so that nobody can lock somebody else out.
    """
    key = hashlib.sha256(f"{username}\0{visit.address}".encode()).hexdigest()
    since = door.clock.now() - timedelta(minutes=settings.sign_in_window_minutes)
    with door.database.reader() as session:
        failures = _failures(session, key, since)
        person = person_named(session, username)
        password_hash = person.password_hash if person else None
    if failures >= settings.sign_in_attempts:
        raise SignInRefused(settings.sign_in_window_minutes)
    matched = password_matches(password, password_hash)
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.session.execute(delete(SignInFailure).where(SignInFailure.at < since))
        if not matched or person is None:
            operation.session.add(SignInFailure(id=new_id(door.clock), key=key, at=operation.now))
            operation.about("person", str(person.id) if person else "", "session.sign_in_failed")
            token = ""
        else:
            operation.session.execute(delete(SignInFailure).where(SignInFailure.key == key))
            token = begin_session(door, operation, settings, person, visit, Grade.ONE)
            operation.about("person", person.id, "session.signed_in")
    if not token:
        raise SignInRefused()
    return token


def _failures(session: Session, key: str, since: datetime) -> int:
    query = select(func.count()).select_from(SignInFailure).where(SignInFailure.key == key, SignInFailure.at >= since)
    return session.scalar(query) or 0
