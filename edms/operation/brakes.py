"""Brakes on guessing: how many failures of what, from where, before a pause."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from edms.access.model import SignInFailure
from edms.core.ids import new_id
from edms.core.settings import AccessSettings
from edms.operation.door import Door, Operation
from edms.operation.sessions import Visit


class Brakes:
    """The failures of one `subject` (a user name, or whose code is asked for) from where a visit comes from.

    They are counted for the subject from this address, so that nobody can lock somebody else out.
    """

    def __init__(self, door: Door, settings: AccessSettings, subject: str, visit: Visit) -> None:
        self._door = door
        self._settings = settings
        self._key = _digest(subject, visit.address)

    def wait_minutes(self) -> int:
        """Return how many minutes to wait before another attempt is looked at, 0 for none."""
        minutes = self._settings.sign_in_window_minutes
        since = self._door.clock.now() - timedelta(minutes=minutes)
        with self._door.database.reader() as session:
            query = select(func.count()).select_from(SignInFailure)
            found = session.scalar(query.where(SignInFailure.key == self._key, SignInFailure.at >= since)) or 0
        return minutes if found >= self._settings.sign_in_attempts else 0

    def failed(self, operation: Operation) -> None:
        """Count a failure, and forget those that count no more."""
        operation.session.execute(delete(SignInFailure).where(SignInFailure.at < self._oldest(operation.now)))
        operation.session.add(SignInFailure(id=new_id(self._door.clock), key=self._key, at=operation.now))

    def succeeded(self, operation: Operation) -> None:
        """Forget the failures: it was the right one at last."""
        operation.session.execute(delete(SignInFailure).where(SignInFailure.key == self._key))

    def _oldest(self, now: datetime) -> datetime:
        return now - timedelta(minutes=self._settings.sign_in_window_minutes)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
