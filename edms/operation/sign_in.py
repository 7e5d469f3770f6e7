"""Signing in: rate limited, every attempt in the audit trail. Sessions are in `edms.operation.sessions`.

Stands beside the door because it is how an actor comes to be; everything after it goes through the door.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.credentials_model import GivenPassword
from edms.access.model import Person
from edms.access.passwords import password_matches
from edms.access.people import may_sign_in, person_named
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotSignedIn
from edms.core.settings import AccessSettings
from edms.operation.brakes import Brakes
from edms.operation.door import Door
from edms.operation.one_time_codes import take_code
from edms.operation.sessions import (
    ENTRANCE,
    Grade,
    Visit,
    begin_session,
    has_second_factor,
    person_of,
    raised,
)


class SignInRefused(EdmsError):
    """Wrong name, password or code, or too many attempts: `wait` says which, in whole minutes (0: not limited).

    `reason`: "away" when the directory that keeps passwords could not be asked, "no_place" when it knows the person and
    gives no place here.
    """

    exit_code = 1

    def __init__(self, wait_minutes: int = 0, reason: str = "") -> None:
        self.reason = reason
        if wait_minutes:
            super().__init__(f"too many attempts; try again in {wait_minutes} minutes")
        else:
            super().__init__("the user name or the password is wrong")
        self.wait_minutes = wait_minutes


def sign_in(door: Door, settings: AccessSettings, username: str, password: str, visit: Visit) -> str:
    """Return the token of a new session, which waits for a code when the person has a second factor.

    Raises SignInRefused.
    """
    with door.database.reader() as session:
        person = person_named(session, username, door.clock.today())
        if person is not None and person.held_by is not None:
            person = None  # a service account has no password
        password_hash = person.password_hash if person else None
        lapsed = person is not None and _lapsed(session, settings, person.id, door.clock.now())
    brakes = Brakes(door, settings, username, visit, person.id if person else None)
    if minutes := brakes.wait_minutes():
        raise SignInRefused(minutes)
    matched = password_matches(password, password_hash)
    noted = {"password": "lapsed"} if matched and lapsed else {}
    return conclude(door, settings, brakes, person.id if person else None, visit, right=matched and not lapsed, **noted)


def _lapsed(session: Session, settings: AccessSettings, person_id: UUID, now: datetime) -> bool:
    """Whether an administrator gave the person a password that was not changed in time (ASVS 5.0, 6.4.1)."""
    given = session.get(GivenPassword, person_id) if settings.choose_own_password else None
    return given is not None and now - given.given_at > timedelta(days=settings.given_password_days)


def conclude(door: Door, settings: AccessSettings, brakes: Brakes, person_id: UUID | None, visit: Visit, *,
             right: bool, reason: str = "", **noted: str) -> str:  # fmt: skip
    """Write down how a sign-in with a password went. Return the token of the session. Raises SignInRefused."""
    token = ""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.note(**noted)
        person = operation.session.get(Person, person_id) if person_id else None
        if not right or person is None or not may_sign_in(person, operation.clock.today()):
            brakes.failed(operation)
            operation.about("person", str(person_id or ""), "session.sign_in_failed")
        else:
            brakes.succeeded(operation)
            asked = has_second_factor(operation.session, person.id)
            token = begin_session(door, operation, settings, person, visit, Grade.CODE if asked else Grade.ONE)
            operation.about("person", person.id, "session.password_right" if asked else "session.signed_in")
    if not token:
        raise SignInRefused(reason=reason)
    return token


def give_code(door: Door, settings: AccessSettings, token: str, typed: str, visit: Visit) -> str:
    """Prove the second factor of the session that holds `token` by a code; return the token that takes its place.

    Raises NotSignedIn when the session has ended, SignInRefused.
    """
    with door.database.reader() as session:
        person_id = person_of(door, settings, session, token)
    if person_id is None:
        raise NotSignedIn("sign in first")
    brakes = Brakes(door, settings, f"code\0{person_id}", visit, person_id)
    if minutes := brakes.wait_minutes():
        raise SignInRefused(minutes)
    raised_token = ""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        kind = take_code(door, operation, person_id, typed)
        if kind:
            brakes.succeeded(operation)
            raised_token = raised(door, operation, token)
            operation.note(second_factor=kind)
            operation.about("person", person_id, "session.signed_in")
        else:
            brakes.failed(operation)
            operation.about("person", person_id, "session.code_failed")
    if not raised_token:
        raise SignInRefused()
    return raised_token
