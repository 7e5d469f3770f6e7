"""Offices by the code that somebody typed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.model import Office
from edms.core.errors import Refused


def office_of(session: Session, code: str) -> Office:
    """Return the office of that code. Raises Refused, without a word about those that there are."""
    found = session.scalars(select(Office).where(Office.code == code)).one_or_none()
    if found is None:
        raise Refused(f"there is no office {code[:40]!r}")
    return found
