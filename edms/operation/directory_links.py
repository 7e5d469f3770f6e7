"""Whose entry of a directory a person is: bound by what the entry keeps for life, never by its name alone.

An entry that was deleted and made anew under the same name has another stable id, so it is somebody else.
"""

import hmac
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.credentials_model import DirectoryLink, GivenPassword
from edms.access.model import Person
from edms.core.errors import Refused
from edms.operation.door import Door, Operation


def link_new_person(door: Door, operation: Operation, person: Person, stable_id: bytes, user: str) -> None:
    """Bind somebody who was just added to an entry, whose name there is `user`. An entry that is somebody else's
    already fails at the database: each is bound once."""
    entry = entry_digest(door, stable_id)
    proof = _proof(door, person.id, entry)
    operation.session.add(
        DirectoryLink(person_id=person.id, entry=entry, proof=proof, user=user, linked_at=operation.now)
    )


def link_to_entry(door: Door, operation: Operation, person: Person, stable_id: bytes, user: str) -> None:
    """Bind a person to an entry, whose name there is `user`, instead of any earlier one.

    Raises Refused when the entry is somebody else's.
    """
    session, entry = operation.session, entry_digest(door, stable_id)
    owner = session.scalars(select(DirectoryLink).where(DirectoryLink.entry == entry)).one_or_none()
    if owner is not None and owner.person_id != person.id:
        raise Refused("this entry of the directory is bound to another person already")
    row = session.get(DirectoryLink, person.id)
    if row is None:
        row = DirectoryLink(person_id=person.id)
        session.add(row)
    row.entry, row.proof = entry, _proof(door, person.id, entry)
    row.user, row.linked_at = user, operation.now
    given = session.get(GivenPassword, person.id)
    if given is not None:  # there is no password here any more that could be changed
        session.delete(given)


def is_linked(session: Session, person_id: UUID) -> bool:
    """Say whether a directory keeps the password of this person. A row that does not hold says so too: whoever it was
    put in for gets in by neither."""
    return session.get(DirectoryLink, person_id) is not None


def require_own_password_kept(session: Session, person_id: UUID) -> None:
    """Raise Refused for somebody whose password a directory keeps."""
    if is_linked(session, person_id):
        raise Refused("the directory of the city keeps this password", "change it there")


def is_entry_of(door: Door, session: Session, person_id: UUID, stable_id: bytes) -> bool:
    """Say whether a person is bound to the entry with this stable id."""
    row = session.get(DirectoryLink, person_id)
    return row is not None and hmac.compare_digest(row.entry, entry_digest(door, stable_id)) and _holds(door, row)


def linked_people(door: Door, session: Session) -> dict[bytes, DirectoryLink]:
    """Return everybody who is bound to an entry, by the keyed digest of that."""
    return {bytes(row.entry): row for row in session.scalars(select(DirectoryLink)) if _holds(door, row)}


def linked_as(session: Session, user: str) -> UUID | None:
    """Return whose entry has this name in the directory, as far as is known here."""
    found = session.scalars(select(DirectoryLink.person_id).where(DirectoryLink.user == user).limit(2)).all()
    return found[0] if len(found) == 1 else None


def name_there(session: Session, person_id: UUID) -> str:
    """Return the name of a person's entry in the directory, "" for none."""
    row = session.get(DirectoryLink, person_id)
    return row.user if row is not None else ""


def entry_digest(door: Door, stable_id: bytes) -> bytes:
    """Return the keyed digest that stands for an entry."""
    return door.keyed(b"edms directory entry 1\0", stable_id)


def _proof(door: Door, person_id: UUID, entry: bytes) -> bytes:
    return door.keyed(b"edms directory link 1\0", person_id.bytes + entry)


def _holds(door: Door, row: DirectoryLink) -> bool:
    return hmac.compare_digest(row.proof, _proof(door, row.person_id, bytes(row.entry)))
