"""Brakes on guessing that cannot be used to lock somebody else out.

Failures are counted by who is asked for and from where. A device on which this person has signed in before shows it by
a cookie (OWASP, Slow Down Online Guessing Attacks with Device Cookies), and is counted for itself alone: whatever
others try elsewhere, it gets in. All other devices share three counts: this person from this address, anybody from this
address, and this person from everywhere, which is slower and lasts longer.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from edms.access.model import SignInFailure
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door, Operation
from edms.operation.sessions import Visit

MOST_DEVICES = 8
"""How many people one browser is remembered for: a shared desk has a few."""


@dataclass(frozen=True)
class _Count:
    key: str
    most: int
    window: timedelta


class Brakes:
    """The failures of one `subject` (a user name, or whose code is asked for) as they count for a visit.

    `person_id`: whose device it may be; None where nobody has that name.
    """

    def __init__(
        self, door: Door, settings: AccessSettings, subject: str, visit: Visit, person_id: UUID | None
    ) -> None:
        self._door = door
        self._oldest = timedelta(hours=settings.sign_in_everywhere_hours, minutes=settings.sign_in_window_minutes)
        window = timedelta(minutes=settings.sign_in_window_minutes)
        device = known_device(door, visit.devices, person_id)
        if device:
            self._counts: tuple[_Count, ...] = (
                _Count(_digest("device", device, subject), settings.sign_in_attempts, window),
            )
        else:
            self._counts = (
                _Count(_digest(subject, visit.address), settings.sign_in_attempts, window),
                _Count(_digest("address", visit.address), settings.sign_in_attempts_address, window),
                _Count(
                    _digest("everywhere", subject),
                    settings.sign_in_attempts_everywhere,
                    timedelta(hours=settings.sign_in_everywhere_hours),
                ),
            )

    def wait_minutes(self) -> int:
        """Return how many minutes to wait before another attempt is looked at, 0 for none."""
        now = self._door.clock.now()
        with self._door.database.reader() as session:
            held = [one.window for one in self._counts if _failures(session, one, now) >= one.most]
        return max(held, default=timedelta()) // timedelta(minutes=1)

    def failed(self, operation: Operation) -> None:
        """Count a failure, and forget those that count no more."""
        operation.session.execute(delete(SignInFailure).where(SignInFailure.at < operation.now - self._oldest))
        for one in self._counts:
            operation.session.add(SignInFailure(id=new_id(self._door.clock), key=one.key, at=operation.now))

    def succeeded(self, operation: Operation) -> None:
        """Forget the failures of this person from here: it was the right one at last. What others tried stays."""
        operation.session.execute(delete(SignInFailure).where(SignInFailure.key == self._counts[0].key))


def device_token(door: Door, person_id: UUID) -> str:
    """Return what a browser keeps to show that this person has signed in on it; it opens nothing."""
    told = f"{person_id.hex}.{secrets.token_urlsafe(12)}"
    return f"{told}.{_device_proof(door, told)}"


def known_device(door: Door, devices: tuple[str, ...], person_id: UUID | None) -> str:
    """Return the number of the device when one of the tokens that it shows is ours and of this person, else ""."""
    for token in devices[:MOST_DEVICES]:
        told, _, proof = token.rpartition(".")
        ours = hmac.compare_digest(proof.encode("utf-8", "replace"), _device_proof(door, told).encode())
        if ours and person_id is not None and told.startswith(f"{person_id.hex}."):
            return told
    return ""


def _device_proof(door: Door, told: str) -> str:
    return door.keyed(b"edms device 1\0", told.encode("utf-8", "replace")).hex()


def _failures(session: Session, count: _Count, now: datetime) -> int:
    query = select(func.count()).select_from(SignInFailure)
    return session.scalar(query.where(SignInFailure.key == count.key, SignInFailure.at >= now - count.window)) or 0


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
