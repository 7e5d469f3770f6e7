"""Signing in with a passkey: alone, without name and password, or as the second factor after them."""

from edms.access.model import Person
from edms.access.people import may_sign_in
from edms.access.policy import Action
from edms.core.settings import AccessSettings
from edms.operation.door import Door
from edms.operation.passkeys import (
    Purpose,
    RelyingParty,
    asking_options,
    close_challenge,
    open_challenge,
    take_passkey,
)
from edms.operation.sessions import ENTRANCE, Grade, Visit, begin_session
from edms.operation.sign_in import SignInRefused


def ask_for_passkey(door: Door, party: RelyingParty) -> tuple[str, bytes]:
    """Return what the browser needs to ask for a passkey of this archive, as JSON, and the challenge in it."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        challenge = open_challenge(door, operation, Purpose.SIGN_IN)
    return asking_options(party, challenge, []), challenge


def sign_in_by_passkey(door: Door, settings: AccessSettings, party: RelyingParty, challenge: bytes, credential: str,
                       visit: Visit) -> str:  # fmt: skip
    """Return the token of a new session, proven by two factors: the authenticator has verified its user.

    Raises SignInRefused. There is nothing to guess, so nothing is braked; a challenge is answered once.
    """
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        open_still = close_challenge(door, operation, Purpose.SIGN_IN, challenge)
    if not open_still:
        raise SignInRefused()
    token = ""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        row = take_passkey(door, operation, party, challenge, credential)
        person = operation.session.get(Person, row.person_id) if row is not None else None
        if row is not None and person is not None and may_sign_in(person, door.clock.today()):
            token = begin_session(door, operation, settings, person, visit, Grade.TWO)
            operation.note(passkey=str(row.id))
            operation.about("person", person.id, "session.signed_in")
        else:
            operation.about("person", "", "session.passkey_failed")
    if not token:
        raise SignInRefused()
    return token
