"""What ties somebody here to the sign-in provider: the way there and back, bindings, and sessions that came from it.

Of the way there the browser keeps one random text in a signed cookie; the nonce and the verifier (PKCE) follow from it
under the key ring, so that neither is kept anywhere and nobody else has them.
"""

import base64
import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from edms.access.model import SignInSession
from edms.access.provider_model import ProviderBinding, SpentToken
from edms.operation.door import Door, Operation
from edms.operation.sessions import ProviderMarks
from edms.provider.answers import Flow

_REMEMBERED = timedelta(hours=1)
"""Longer than any logout token is taken for fresh."""


def new_state() -> str:
    """Return 256 random bits as a text."""
    return secrets.token_urlsafe(32)


def flow_of(door: Door, state: str) -> Flow:
    """Return nonce and verifier that belong to a state."""
    told = state.encode("utf-8", "surrogatepass")
    nonce, verifier = (door.keyed(purpose, told) for purpose in (b"edms provider nonce 1\0", b"edms provider pkce 1\0"))
    return Flow(state, _text(nonce), _text(verifier))


def binding_proof(door: Door, row: ProviderBinding) -> bytes:
    """Return what binds an account at the provider to its person under the key ring."""
    told = row.person_id.bytes + row.issuer.encode() + b"\0" + row.subject.encode()
    return door.keyed(b"edms provider binding 1\0", told)


def binding_holds(door: Door, row: ProviderBinding) -> bool:
    """Say whether a row was made by the system, for this person and this account."""
    return hmac.compare_digest(row.proof, binding_proof(door, row))


def binding_of(door: Door, session: Session, issuer: str, person_id: UUID) -> ProviderBinding | None:
    """Return the binding of a person, or None; one that was altered is none."""
    query = select(ProviderBinding).where(ProviderBinding.issuer == issuer, ProviderBinding.person_id == person_id)
    row = session.scalars(query).one_or_none()
    return row if row is not None and binding_holds(door, row) else None


def marks(door: Door, issuer: str, subject: str, session_there: str) -> ProviderMarks:
    """Return what a session here is marked with, so that the provider can have it ended by name."""
    mark = door.keyed(b"edms provider session 1\0", f"{issuer}\0{session_there}".encode()) if session_there else None
    return ProviderMarks(door.keyed(b"edms provider subject 1\0", f"{issuer}\0{subject}".encode()), mark)


def end_marked(
    session: Session, *, subject: bytes | None = None, there: bytes | None = None, keep: bytes = b""
) -> list[UUID]:
    """End the sessions that came by an account, by a session there, or by both where both are told, save the one under
    `keep`; return whose they were, once for each. Raises ValueError when neither is told: that would end all."""
    if subject is None and there is None:
        raise ValueError("of whom?")
    query = select(SignInSession).where(SignInSession.token_sha256 != keep)
    if subject is not None:
        query = query.where(SignInSession.provider_subject == subject)
    if there is not None:
        query = query.where(SignInSession.provider_session == there)
    rows = list(session.scalars(query))
    for row in rows:
        session.delete(row)
    return [row.person_id for row in rows]


def spend(door: Door, operation: Operation, token_id: str) -> bool:
    """Note that a logout token came: True for the first who brings it. Of two at once one is the first."""
    session, now = operation.session, operation.now
    session.execute(delete(SpentToken).where(SpentToken.spent_at < now - _REMEMBERED))
    digest = door.keyed(b"edms logout token 1\0", token_id.encode())
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(SpentToken) if on_postgresql else sqlite.insert(SpentToken)
    made = insert.values(digest=digest, spent_at=now).on_conflict_do_nothing().returning(SpentToken.digest)
    return session.execute(made).first() is not None


def _text(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).decode().rstrip("=")
