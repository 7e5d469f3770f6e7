"""Server-side sessions: who holds a token, what that person has still to do before getting in, and their ending.

A token is the id of its person, what was proven, and 256 random bits. All three stand under the keyed digest that is
its row's key, so that a row that was put in, given to somebody else or raised around the system lets nobody in.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, system_actor
from edms.access.credentials_model import GivenPassword, OneTimeCode, Passkey
from edms.access.levels import Level
from edms.access.model import Person, SignInSession
from edms.access.people import actor_of, may_sign_in
from edms.access.policy import Action
from edms.core.settings import AccessSettings
from edms.operation.door import Door, Operation

ENTRANCE = system_actor("sign-in")
_CODE_MINUTES = 10
"""How long a password waits for its code."""


class Grade(StrEnum):
    """What the holder of a token has proven: a password where a code is due too, one factor that is enough, or two."""

    CODE = "c"
    ONE = "1"
    TWO = "2"


class Waits(StrEnum):
    """What somebody who is signed in has still to do, and gets nothing else before."""

    NOTHING = ""
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - what is to be done, not a password
    ENROLMENT = "enrolment"


@dataclass(frozen=True)
class Visit:
    """Where somebody signs in from: the network address, the language of the page, the browser, told coarsely,
    and what it shows to be known (`edms.operation.brakes`)."""

    address: str = ""
    language: str = "id"
    device: str = ""
    devices: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """The family of the address alone: the address itself is not kept."""
        return "IPv6" if ":" in self.address else "IPv4" if self.address else ""


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in on a session, the language the person chose, and what is still to be done."""

    actor: Actor
    display_name: str
    language: str
    waits_for: Waits


@dataclass(frozen=True)
class ProviderMarks:
    """Keyed digests of the account and, where it has a name, of the session at the sign-in provider."""

    subject: bytes
    session: bytes | None


def begin_session(
    door: Door,
    operation: Operation,
    settings: AccessSettings,
    person: Person,
    visit: Visit,
    grade: Grade,
    proved_at: datetime | None = None,
    provider: ProviderMarks | None = None,
) -> str:
    """Add a session of `person` within `operation`, and return its token.

    `proved_at`: when who it is was proven, None for now. One by the provider leaves a password as it is.
    """
    given = provider is None and operation.session.get(GivenPassword, person.id) is not None
    token = _new_token(person.id, grade)
    operation.session.add(
        SignInSession(
            token_sha256=session_key(door, token),
            person_id=person.id,
            started_at=operation.now,
            seen_at=operation.now,
            proved_at=proved_at or operation.now,
            language=visit.language,
            device=visit.device[:60],
            network=visit.network,
            must_choose=given and settings.choose_own_password,
            provider_subject=provider.subject if provider else None,
            provider_session=provider.session if provider else None,
        )
    )
    return token


def renewed_alone(door: Door, operation: Operation, token: str, person_id: UUID) -> str:
    """End every session of a person; return a new token for the one that held `token`, or "" when it was none."""
    row = operation.session.get(SignInSession, session_key(door, token))
    mine = row is not None and row.person_id == person_id
    new = _new_token(person_id, _grade(token)) if mine else ""
    if row is not None and mine:
        row.token_sha256 = session_key(door, new)
        row.must_choose = False
        operation.session.flush()
    end_sessions(operation.session, person_id, keep=session_key(door, new))
    return new


def end_sessions(session: Session, person_id: UUID, keep: bytes = b"") -> None:
    """End the sessions of a person, save the one under the key `keep`."""
    session.execute(
        delete(SignInSession).where(SignInSession.person_id == person_id, SignInSession.token_sha256 != keep)
    )


def signed_in(door: Door, settings: AccessSettings, token: str) -> SignedIn | None:
    """Return who holds `token`, or None when there is no such session, it has ended, or its person is inactive."""
    now = door.clock.now()
    with door.database.reader() as session:
        row, person = _live(door, settings, session, token)
        if row is None or person is None:
            return None
        actor, grade = actor_of(session, person, door.clock.today()), _grade(token)
        waits = _waits_for(session, settings, row, grade, actor)
        found = SignedIn(actor, person.name, row.language, waits)
        stale = now - row.seen_at > timedelta(minutes=1)
    if stale:
        _touch(door, token, now)
    return found


def _waits_for(session: Session, settings: AccessSettings, row: SignInSession, grade: Grade, actor: Actor) -> Waits:
    """A clearance that was raised counts at once: what is proven is held against what is asked for now."""
    if grade is Grade.CODE:
        return Waits.CODE
    if row.must_choose:
        return Waits.PASSWORD
    if grade is Grade.TWO or not second_factor_required(settings, actor.clearance):
        return Waits.NOTHING
    return Waits.CODE if has_second_factor(session, row.person_id) else Waits.ENROLMENT


def second_factor_required(settings: AccessSettings, clearance: Level) -> bool:
    """Say whether somebody of this clearance may not get in by a password alone."""
    return bool(settings.second_factor_from) and clearance.permits(Level(settings.second_factor_from))


def has_second_factor(session: Session, person_id: UUID) -> bool:
    """Say whether a person has something to be asked for after the password."""
    row = session.get(OneTimeCode, person_id)
    if row is not None and row.confirmed_at is not None:
        return True
    return session.scalars(select(Passkey.id).where(Passkey.person_id == person_id).limit(1)).first() is not None


def raised(door: Door, operation: Operation, token: str) -> str:
    """Give the session that holds `token` a new one, as of two factors; return it, or "" when there is no session."""
    row = operation.session.get(SignInSession, session_key(door, token))
    if row is None:
        return ""
    new = _new_token(row.person_id, Grade.TWO)
    row.token_sha256, row.started_at, row.proved_at = session_key(door, new), operation.now, operation.now
    return new


def person_of(door: Door, settings: AccessSettings, session: Session, token: str) -> UUID | None:
    """Return whose session `token` is, whatever that person has still to do; None for none, or one that has ended."""
    row, _person = _live(door, settings, session, token)
    return row.person_id if row is not None else None


def _live(door: Door, settings: AccessSettings, session: Session, token: str) -> (
    tuple[SignInSession, Person] | tuple[None, None]
):  # fmt: skip
    """Return the session that holds `token` and its person; nothing when it has ended or the person is inactive."""
    row = session.get(SignInSession, session_key(door, token))
    if row is None or not token.startswith(f"{row.person_id.hex}."):
        return None, None
    person = session.get(Person, row.person_id)
    if person is None or not may_sign_in(person, door.clock.today()):
        return None, None
    if has_ended(row, door.clock.now(), settings, person.clearance):
        return None, None
    if _grade(token) is Grade.CODE and door.clock.now() - row.started_at > timedelta(minutes=_CODE_MINUTES):
        return None, None
    return row, person


def choose_language(door: Door, token: str, language: str) -> None:
    """Keep the language the person chose for this session."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        row = operation.session.get(SignInSession, session_key(door, token))
        if row is not None:
            row.language = language


def sign_out(door: Door, token: str) -> bool:
    """End the session at once; an unknown token changes nothing. Return whether it came by the sign-in provider."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        row = operation.session.get(SignInSession, session_key(door, token))
        if row is None:
            operation.unrecorded()
            return False
        operation.about("person", row.person_id, "session.signed_out")
        operation.session.delete(row)
        return row.provider_subject is not None


def _touch(door: Door, token: str, now: datetime) -> None:
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        row = operation.session.get(SignInSession, session_key(door, token))
        if row is not None:
            row.seen_at = now


def has_ended(row: SignInSession, now: datetime, settings: AccessSettings, clearance: str) -> bool:
    """Say whether a session has ended by itself: unused for too long, or simply too old, for this clearance."""
    idle = now - row.seen_at > timedelta(minutes=settings.idle_minutes(clearance))
    return idle or now - row.started_at > timedelta(hours=settings.absolute_hours(clearance))


def _grade(token: str) -> Grade:
    """What a token says was proven; it stands under the digest of its row, so nobody else wrote it."""
    return Grade(token.split(".")[1])


def _new_token(person_id: UUID, grade: Grade) -> str:
    return f"{person_id.hex}.{grade}.{secrets.token_urlsafe(32)}"


def session_key(door: Door, token: str) -> bytes:
    """Return the key of a session's row. Who can write rows and has no key ring cannot make one that lets anybody in.

    The token begins with the id of its person, so that a row that was given to somebody else lets nobody in either.
    """
    return door.keyed(b"edms session 1\0", token.encode("utf-8", "surrogatepass"))
