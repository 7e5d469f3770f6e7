"""Proving once more who one is, before something that cannot be taken back: signing, and what changes the own account.

A view or a use case asks by one line, `require_recent_proof`. What is asked for is what a stolen session does not have:
of people with a second factor a code or a passkey, of others the password.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from edms.access.model import Person, SignInSession
from edms.access.passwords import password_matches
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotSignedIn
from edms.core.settings import AccessSettings
from edms.operation.brakes import Brakes
from edms.operation.directory_links import is_linked
from edms.operation.door import Door
from edms.operation.one_time_codes import take_code
from edms.operation.passkeys import (
    Purpose,
    RelyingParty,
    asking_options,
    close_challenge,
    open_challenge,
    passkeys_of,
    take_passkey,
)
from edms.operation.sessions import ENTRANCE, Visit, has_second_factor, person_of, session_key
from edms.operation.sign_in import SignInRefused


class ProofNeeded(EdmsError):
    """What is asked for is done only by somebody who has just proven who they are."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__("prove once more who you are")


def require_recent_proof(door: Door, settings: AccessSettings, token: str) -> None:
    """Raise ProofNeeded unless the holder of `token` proved who they are within `[access] proof_minutes`."""
    with door.database.reader() as session:
        row = session.get(SignInSession, session_key(door, token))
        if row is None or door.clock.now() - row.proved_at > timedelta(minutes=settings.proof_minutes):
            raise ProofNeeded()


def proof_by_code(door: Door, settings: AccessSettings, token: str) -> bool:
    """Say whether a code or a passkey is asked for, and not the password. Raises NotSignedIn."""
    with door.database.reader() as session:
        person_id = person_of(door, settings, session, token)
        if person_id is None:
            raise NotSignedIn("sign in first")
        return has_second_factor(session, person_id)


def proof_by_password(door: Door, settings: AccessSettings, token: str) -> bool:
    """Say whether who holds `token` has a password at all. Raises NotSignedIn."""
    with door.database.reader() as session:
        person_id = person_of(door, settings, session, token)
        person = session.get(Person, person_id) if person_id else None
        if person is None:
            raise NotSignedIn("sign in first")
        return bool(person.password_hash)


def prove(door: Door, settings: AccessSettings, token: str, typed: str, visit: Visit,
          elsewhere: Callable[[UUID, str], bool] | None = None) -> None:  # fmt: skip
    """Take the password, or of somebody with a second factor a code, as proof of now. Raises SignInRefused.

    `elsewhere(person, password)` says whether it is the password of somebody whom a directory knows.
    """
    by_code = proof_by_code(door, settings, token)
    with door.database.reader() as session:
        person_id = person_of(door, settings, session, token)
        person = session.get(Person, person_id) if person_id else None
        if person is None:
            raise NotSignedIn("sign in first")
        password_hash, person_id = person.password_hash, person.id
        asked = elsewhere if is_linked(session, person_id) else None
    brakes = Brakes(door, settings, f"proof\0{person_id}", visit, person_id)
    if minutes := brakes.wait_minutes():
        raise SignInRefused(minutes)
    right = not by_code and (asked(person_id, typed) if asked else password_matches(typed, password_hash))
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        kind = take_code(door, operation, person_id, typed) if by_code else "password" if right else ""
        row = operation.session.get(SignInSession, session_key(door, token))
        if kind and row is not None:
            brakes.succeeded(operation)
            row.proved_at = operation.now
            operation.note(by=kind)
        else:
            brakes.failed(operation)
        operation.about("person", person_id, "session.proved" if kind else "session.proof_failed")
    if not kind:
        raise SignInRefused()


def ask_for_own_passkey(door: Door, settings: AccessSettings, party: RelyingParty, token: str) -> tuple[str, bytes]:
    """Return what the browser needs to ask for a passkey of whoever holds `token`, and the challenge in it."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        person_id = person_of(door, settings, operation.session, token)
        if person_id is None:
            raise NotSignedIn("sign in first")
        allowed = [one.credential_id for one in passkeys_of(operation.session, person_id)]
        challenge = open_challenge(door, operation, Purpose.PROVE)
    return asking_options(party, challenge, allowed), challenge


def prove_by_passkey(door: Door, settings: AccessSettings, party: RelyingParty, challenge: bytes, credential: str,
                     token: str) -> None:  # fmt: skip
    """Take the answer of a passkey of the holder of `token` as proof of now. Raises SignInRefused."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        open_still = close_challenge(door, operation, Purpose.PROVE, challenge)
    if not open_still:
        raise SignInRefused()
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        person_id = person_of(door, settings, operation.session, token)
        passkey = take_passkey(door, operation, party, challenge, credential)
        row = operation.session.get(SignInSession, session_key(door, token))
        right = passkey is not None and row is not None and passkey.person_id == person_id
        if right and row is not None:
            row.proved_at = operation.now
            operation.note(by="passkey")
        operation.about("person", str(person_id or ""), "session.proved" if right else "session.proof_failed")
    if not right:
        raise SignInRefused()
