"""API tokens: their secrets, and whom one stands for at this moment.

A secret is `edms_`, 43 letters and digits at random (256 bits), and a checksum of six: scanners for secrets find it,
and one that was mistyped is known as such without a question to the database. It is shown once; kept is a keyed digest.
"""

import hashlib
import hmac
import json
import re
import secrets
import string
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.credentials_model import ApiToken
from edms.access.model import Person, SignInFailure
from edms.access.people import actor_of, serves
from edms.access.policy import Action
from edms.access.token_scopes import TokenScope, token_actions
from edms.core.errors import EdmsError
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door
from edms.operation.sessions import ENTRANCE

PREFIX = "edms_"
_LETTERS = string.digits + string.ascii_letters
_RANDOM, _CHECK = 43, 6
PATTERN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)
_TOKENS = cast(Table, ApiToken.__table__)
_CLOCKS_APART = timedelta(minutes=5)
"""Several servers of one archive do not have the same time to the second."""


class TokenRefused(EdmsError):
    """No such token, or one that counts no more: one answer for all, whatever is wrong."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__("the token does not count", "have another one made")


@dataclass(frozen=True)
class Bearer:
    """Whom a token stands for, and what it was made for."""

    actor: Actor
    scopes: frozenset[TokenScope]


def new_secret() -> str:
    """Return a new secret."""
    told = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return f"{PREFIX}{told}{_checksum(told)}"


def is_well_formed(secret: str) -> bool:
    """Say whether a secret could be one of ours: its checksum is right."""
    told = secret[len(PREFIX) : -_CHECK]
    return PATTERN.fullmatch(secret) is not None and hmac.compare_digest(secret[-_CHECK:], _checksum(told))


def secret_digest(door: Door, secret: str) -> bytes:
    """Return what is kept of a secret."""
    return door.keyed(b"edms api token 1\0", secret.encode("ascii"))


def token_proof(door: Door, row: ApiToken) -> bytes:
    """Return what binds a token to its person, its limits and its end under the key ring."""
    office = row.office_id.hex if row.office_id else ""
    told = [
        row.id.hex, row.person_id.hex, row.digest.hex(), row.name, row.scopes, office, row.created_by,
        *(_moment(at) for at in (row.created_at, row.expires_at, row.revoked_at)),
    ]  # fmt: skip
    return door.keyed(b"edms api token row 1\0", json.dumps(told).encode("ascii"))


def bearer_of(door: Door, settings: AccessSettings, secret: str, address: str) -> Bearer:
    """Return whom `secret` stands for now: what the person may is read anew each time. Raises TokenRefused.

    A token that counts is taken however much was tried from its address; of the others so many in a while are events.
    """
    if not is_well_formed(secret):
        raise TokenRefused()
    now = door.clock.now()
    with door.database.reader() as session:
        row = session.scalars(select(ApiToken).where(ApiToken.digest == secret_digest(door, secret))).one_or_none()
        person = session.get(Person, row.person_id) if row is not None and token_counts(door, settings, row) else None
        found = None
        if row is not None and person is not None and serves(session, person, door.clock.today()):
            found = Bearer(_narrowed(actor_of(session, person, door.clock.today()), row), scopes_of(row))
        stale = row is not None and (row.last_used_at is None or abs(now - row.last_used_at) > timedelta(minutes=1))
        token_id = row.id if row is not None else None
    if found is None:
        _refused(door, settings, str(token_id or ""), address)
        raise TokenRefused()
    if stale:
        _touch(door, found)
    return found


def token_counts(door: Door, settings: AccessSettings, row: ApiToken) -> bool:
    """Say whether a row is ours and its time is now; whether its person may still act is another question.

    One that says it was made later than now was made under a clock that went wrong, and says nothing of the present.
    """
    if not hmac.compare_digest(row.proof, token_proof(door, row)) or row.revoked_at is not None:
        return False
    return row.created_at - _CLOCKS_APART <= door.clock.now() < token_end(settings, row)


def token_end(settings: AccessSettings, row: ApiToken) -> datetime:
    """Return when a token ends by itself: a limit that was lowered since holds for it too."""
    return min(row.expires_at, row.created_at + timedelta(days=settings.token_days_most))


def scopes_of(row: ApiToken) -> frozenset[TokenScope]:
    return frozenset(TokenScope(one) for one in row.scopes.split(","))


def _narrowed(actor: Actor, row: ApiToken) -> Actor:
    """The person, with no more than the token was made for."""
    actor = replace(actor, actions=token_actions(scopes_of(row)), via=f"token {row.name}", token_id=row.id)
    if row.office_id is None:
        return actor
    only = frozenset({row.office_id})
    return replace(
        actor, bound_to=row.office_id, office_id=row.office_id, offices=actor.offices & only,
        headed=actor.headed & only, staff_in=actor.staff_in & only,
    )  # fmt: skip


def _touch(door: Door, found: Bearer) -> None:
    """Keep when a token was used. That is no part of the state that the trail is told of, so it goes past the session,
    which would tell. Raises TokenRefused for one that was revoked between the two looks."""
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        operation.unrecorded()
        standing = update(_TOKENS).where(_TOKENS.c.id == found.actor.token_id, _TOKENS.c.revoked_at.is_(None))
        done = operation.session.connection().execute(standing.values(last_used_at=operation.now))
        if done.rowcount != 1:
            raise TokenRefused()


def _refused(door: Door, settings: AccessSettings, token_id: str, address: str) -> None:
    """Leave an event, and count it for the address; what comes above the count is refused and leaves nothing."""
    key = hashlib.sha256(b"token\0" + address.encode("utf-8", "replace")).hexdigest()
    window = timedelta(minutes=settings.sign_in_window_minutes)
    with door.database.reader() as session:
        if _failures(session, key, door.clock.now() - window) >= settings.sign_in_attempts_address:
            return
    with door.write(ENTRANCE, Action.SIGN_IN) as operation:
        operation.decide()
        before = operation.now - window
        operation.session.execute(delete(SignInFailure).where(SignInFailure.key == key, SignInFailure.at < before))
        operation.session.add(SignInFailure(id=new_id(door.clock), key=key, at=operation.now))
        operation.about("token", token_id, "token.refused")


def _failures(session: Session, key: str, since: datetime) -> int:
    query = select(func.count()).select_from(SignInFailure).where(SignInFailure.key == key, SignInFailure.at >= since)
    return session.scalar(query) or 0


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at is not None else ""


def _checksum(told: str) -> str:
    """The CRC-32 of what is told, in six letters and digits."""
    left, letters = zlib.crc32(told.encode("ascii", "replace")), ""
    for _ in range(_CHECK):
        left, one = divmod(left, len(_LETTERS))
        letters = _LETTERS[one] + letters
    return letters
