"""Signing in and out: rate limited, server-side sessions, every attempt in the audit trail.

Stands beside the door because it is how an actor comes to be; everything after it goes through the door.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, system_actor
from edms.access.model import Person, SignInFailure, SignInSession
from edms.access.passwords import password_matches
from edms.access.people import actor_of, in_service, person_named
from edms.access.policy import Action
from edms.core.errors import EdmsError
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door

_ENTRANCE = system_actor("sign-in")


class SignInRefused(EdmsError):
    """Wrong name or password, or too many attempts: `wait` says which, in whole minutes (0: not limited)."""

    exit_code = 1

    def __init__(self, wait_minutes: int = 0) -> None:
        if wait_minutes:
            super().__init__(f"too many attempts; try again in {wait_minutes} minutes")
        else:
            super().__init__("the user name or the password is wrong")
        self.wait_minutes = wait_minutes


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in on a session, and the language the person chose."""

    actor: Actor
    display_name: str
    language: str


def sign_in(door: Door, settings: AccessSettings, username: str, password: str, address: str, language: str) -> str:
    """Return the token of a new session (its person and 256 random bits, URL-safe). Raises SignInRefused.

    The limit counts failures for this name from this address, so that nobody can lock somebody else out.
    """
    key = hashlib.sha256(f"{username}\0{address}".encode()).hexdigest()
    since = door.clock.now() - timedelta(minutes=settings.sign_in_window_minutes)
    with door.database.reader() as session:
        failures = _failures(session, key, since)
        person = person_named(session, username, door.clock.today())
        password_hash = person.password_hash if person else None
    if failures >= settings.sign_in_attempts:
        raise SignInRefused(settings.sign_in_window_minutes)
    matched = password_matches(password, password_hash)
    with door.write(_ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.session.execute(delete(SignInFailure).where(SignInFailure.at < since))
        if not matched or person is None:
            operation.session.add(SignInFailure(id=new_id(door.clock), key=key, at=operation.now))
            operation.about("person", str(person.id) if person else "", "session.sign_in_failed")
            token = ""
        else:
            token = f"{person.id.hex}.{secrets.token_urlsafe(32)}"
            operation.session.execute(delete(SignInFailure).where(SignInFailure.key == key))
            operation.session.add(
                SignInSession(
                    token_sha256=_digest(door, token),
                    person_id=person.id,
                    started_at=operation.now,
                    seen_at=operation.now,
                    language=language,
                )
            )
            operation.about("person", person.id, "session.signed_in")
    if not token:
        raise SignInRefused()
    return token


def signed_in(door: Door, settings: AccessSettings, token: str) -> SignedIn | None:
    """Return who holds `token`, or None when there is no such session, it has ended, or its person is inactive."""
    now = door.clock.now()
    with door.database.reader() as session:
        row = session.get(SignInSession, _digest(door, token))
        if row is None or not token.startswith(f"{row.person_id.hex}.") or _ended(row, now, settings):
            return None
        person = session.get(Person, row.person_id)
        today = door.clock.today()
        if person is None or not in_service(person, today):
            return None
        found = SignedIn(actor_of(session, person, today), person.name, row.language)
        stale = now - row.seen_at > timedelta(minutes=1)
    if stale:
        _touch(door, token, now)
    return found


def choose_language(door: Door, token: str, language: str) -> None:
    """Keep the language the person chose for this session."""
    with door.write(_ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        row = operation.session.get(SignInSession, _digest(door, token))
        if row is not None:
            row.language = language


def sign_out(door: Door, token: str) -> None:
    """End the session at once; an unknown token changes nothing."""
    with door.write(_ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        row = operation.session.get(SignInSession, _digest(door, token))
        if row is None:
            operation.unrecorded()
            return
        operation.about("person", row.person_id, "session.signed_out")
        operation.session.delete(row)


def _touch(door: Door, token: str, now: datetime) -> None:
    with door.write(_ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        row = operation.session.get(SignInSession, _digest(door, token))
        if row is not None:
            row.seen_at = now


def _ended(row: SignInSession, now: datetime, settings: AccessSettings) -> bool:
    idle = now - row.seen_at > timedelta(minutes=settings.session_idle_minutes)
    return idle or now - row.started_at > timedelta(hours=settings.session_absolute_hours)


def _failures(session: Session, key: str, since: datetime) -> int:
    query = select(func.count()).select_from(SignInFailure).where(SignInFailure.key == key, SignInFailure.at >= since)
    return session.scalar(query) or 0


def _digest(door: Door, token: str) -> bytes:
    """Return the key of a session's row. Who can write rows and has no key ring cannot make one that lets anybody in.

    The token begins with the id of its person, so that a row that was given to somebody else lets nobody in either.
    """
    if not door.session_secret:
        raise RuntimeError("sessions need the secret of the key ring")
    return hmac.digest(door.session_secret, b"edms session 1\0" + token.encode("utf-8", "surrogatepass"), "sha256")
