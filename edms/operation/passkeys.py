"""Passkeys (W3C Web Authentication): challenges that are answered once, and what an authenticator's answer is worth.

Always with user verification (a PIN or a finger at the authenticator), so that a passkey is two factors by itself: what
one has, and what one knows or is. Attestation is not asked for: which make of authenticator people have is theirs.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import generate_challenge, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from edms.access.credentials_model import OpenChallenge, Passkey
from edms.access.model import Person
from edms.core.errors import Refused
from edms.operation.door import Door, Operation

CHALLENGE_MINUTES = 5
_AT_THE_PROVIDER = 10
"""Somebody who is at the provider may have to choose a password there first."""


class Purpose(StrEnum):
    """What a challenge is for: an answer to one is no answer to another."""

    ADD = "add"
    SIGN_IN = "sign-in"
    PROVE = "prove"
    PROVIDER_SIGN_IN = "provider sign-in"
    PROVIDER_PROVE = "provider prove"


@dataclass(frozen=True)
class RelyingParty:
    """Who asks: `id`, the host name that passkeys are bound to; `origin`, the address of the pages; the shown name."""

    id: str
    origin: str
    name: str


def open_challenge(door: Door, operation: Operation, purpose: Purpose, challenge: bytes = b"") -> bytes:
    """Return a new challenge (`challenge` where one is given), open for some minutes; forget those that are no more."""
    oldest = operation.now - timedelta(minutes=max(CHALLENGE_MINUTES, _AT_THE_PROVIDER))
    operation.session.execute(delete(OpenChallenge).where(OpenChallenge.begun_at < oldest))
    challenge = challenge or generate_challenge()
    operation.session.add(OpenChallenge(digest=_digest(door, purpose, challenge), begun_at=operation.now))
    return challenge


def close_challenge(door: Door, operation: Operation, purpose: Purpose, challenge: bytes) -> bool:
    """Close a challenge, whatever its answer is worth: True for the first who comes with it in time, nobody after."""
    oldest = operation.now - open_for(purpose)
    closing = delete(OpenChallenge).where(
        OpenChallenge.digest == _digest(door, purpose, challenge), OpenChallenge.begun_at >= oldest
    )
    result = operation.session.execute(closing)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def open_for(purpose: Purpose) -> timedelta:
    """How long a challenge waits for its answer."""
    there = purpose in (Purpose.PROVIDER_SIGN_IN, Purpose.PROVIDER_PROVE)
    return timedelta(minutes=_AT_THE_PROVIDER if there else CHALLENGE_MINUTES)


def adding_options(party: RelyingParty, person: Person, known: list[bytes], challenge: bytes) -> str:
    """Return what the browser needs to make a passkey, as JSON; an authenticator with one of the `known` makes none."""
    return options_to_json(
        generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_id=person.id.bytes,
            user_name=person.username,
            user_display_name=person.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def asking_options(party: RelyingParty, challenge: bytes, allowed: list[bytes]) -> str:
    """Return what the browser needs to ask for one of the `allowed` passkeys, or, of none, for any of this party."""
    return options_to_json(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def verified_passkey(party: RelyingParty, challenge: bytes, credential: str) -> VerifiedRegistration:
    """Return the passkey that a browser made for `challenge`. Raises Refused."""
    try:
        return verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        raise Refused("the passkey was not made as asked for", "try again") from None


def take_passkey(door: Door, operation: Operation, party: RelyingParty, challenge: bytes, credential: str) -> (
    Passkey | None
):  # fmt: skip
    """Return the passkey that answered `challenge`, its counter moved on; None when the answer is worth nothing."""
    try:
        told = parse_authentication_credential_json(credential)
        query = select(Passkey).where(Passkey.credential_id == told.raw_id).with_for_update()
        row = operation.session.scalars(query).one_or_none()
        if row is None or not hmac.compare_digest(row.proof, passkey_proof(door, row)):
            return None
        handle = told.response.user_handle
        if handle is not None and handle != row.person_id.bytes:
            return None
        verified = verify_authentication_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    row.sign_count, row.used_at = verified.new_sign_count, operation.now
    return row


def passkeys_of(session: Session, person_id: UUID) -> list[Passkey]:
    """Return a person's passkeys, the oldest first."""
    return list(session.scalars(select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.added_at)))


def passkey_proof(door: Door, row: Passkey) -> bytes:
    """Return what binds a passkey to its person under the key ring."""
    told = row.person_id.bytes + row.credential_id + b"\0" + row.public_key
    return door.keyed(b"edms passkey 1\0", told)


def _digest(door: Door, purpose: Purpose, challenge: bytes) -> bytes:
    return door.keyed(b"edms challenge 1\0", purpose.encode() + b"\0" + challenge)
