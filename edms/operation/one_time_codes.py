"""One-time codes by time (RFC 6238) and recovery codes: their secrets at rest, and whether a typed one is right.

The secret of an app is sealed under a key that comes from the key ring, bound to its person: neither a copy of the
table nor a row given to somebody else makes codes. Recovery codes are kept as keyed digests.
"""

import hmac
import io
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.credentials_model import OneTimeCode, RecoveryCode
from edms.core.ids import new_id
from edms.core.segments import SegmentReader, SegmentWriter
from edms.operation.door import Door, Operation

STEP_SECONDS = 30
_STEPS_AROUND = 1
"""A clock may be off by one step: 30 seconds (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF = 5


def new_secret() -> str:
    """Return a new secret of 160 bits, in base 32 as apps take it."""
    return pyotp.random_base32()


def seal_secret(door: Door, person_id: UUID, secret: str) -> bytes:
    """Return the secret sealed for its person."""
    raw = io.BytesIO()
    writer = SegmentWriter(raw, _key(door, b"seal"), person_id.bytes)
    writer.write(secret.encode("ascii"))
    writer.close()
    return raw.getvalue()


def open_secret(door: Door, person_id: UUID, sealed: bytes) -> str:
    """Return the secret. Raises IntegrityFault when it was altered or is somebody else's."""
    return SegmentReader(io.BytesIO(sealed), _key(door, b"seal"), person_id.bytes).read().decode("ascii")


def code_is_right(door: Door, row: OneTimeCode, typed: str, now: datetime) -> bool:
    """Say whether `typed` is the code of now, or of a step beside it, and never was taken before; then it is taken."""
    code = "".join(typed.split())
    totp = pyotp.TOTP(open_secret(door, row.person_id, row.sealed), interval=STEP_SECONDS)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in range(present - _STEPS_AROUND, present + _STEPS_AROUND + 1):
        if step > row.last_step and hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            row.last_step = step
            return True
    return False


def take_code(door: Door, operation: Operation, person_id: UUID, typed: str) -> str:
    """Return which kind of code of this person `typed` is, `app` or `recovery`, and take it; "" when it is none.

    Rows are locked while they are looked at, so that two who come with one code at once do not both get in.
    """
    row = operation.session.get(OneTimeCode, person_id, with_for_update=True)
    if row is not None and row.confirmed_at is not None and code_is_right(door, row, typed, operation.now):
        return "app"
    wanted = _recovery_digest(door, person_id, typed)
    query = select(RecoveryCode).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    for code in operation.session.scalars(query.with_for_update()):
        if hmac.compare_digest(code.digest, wanted):
            code.used_at = operation.now
            return "recovery"
    return ""


def renew_recovery_codes(door: Door, operation: Operation, person_id: UUID) -> tuple[str, ...]:
    """Put new recovery codes in the place of a person's old ones; return them, shown once."""
    forget_recovery_codes(operation.session, person_id)
    codes = tuple("-".join(_letters() for _half in range(2)) for _code in range(RECOVERY_CODES))
    for code in codes:
        operation.session.add(
            RecoveryCode(id=new_id(door.clock), person_id=person_id, digest=_recovery_digest(door, person_id, code))
        )
    return codes


def forget_recovery_codes(session: Session, person_id: UUID) -> None:
    """Remove a person's recovery codes."""
    for old in session.scalars(select(RecoveryCode).where(RecoveryCode.person_id == person_id)):
        session.delete(old)


def _letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))


def _recovery_digest(door: Door, person_id: UUID, typed: str) -> bytes:
    plain = "".join(letter for letter in typed.lower() if letter.isalnum())
    return hmac.digest(_key(door, b"recovery"), person_id.bytes + plain.encode("utf-8", "surrogatepass"), "sha256")


def _key(door: Door, purpose: bytes) -> bytes:
    return door.keyed(b"edms one-time codes 1\0", purpose)
