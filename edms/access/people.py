"""From rows to actors: what a person may be and reach is read anew for every request."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import Level
from edms.access.model import Office, Person


def person_named(session: Session, username: str) -> Person | None:
    """Return the active person with this user name, or None."""
    return session.scalars(select(Person).where(Person.username == username, Person.active)).one_or_none()


def actor_of(session: Session, person: Person, console_user: str = "") -> Actor:
    """Return the actor that `person` is; with `console_user`, acting at the console as that system user."""
    return Actor(
        kind=ActorKind.CONSOLE if console_user else ActorKind.PERSON,
        id=str(person.id),
        name=person.username,
        office_id=person.office_id,
        offices=_reach(session, person),
        roles=frozenset(Role(role) for role in person.roles.split(",") if role),
        clearance=Level(person.clearance),
        via=console_user,
    )


def _reach(session: Session, person: Person) -> frozenset[UUID]:
    """The person's own office; for its head also every office below it."""
    if person.office_id is None:
        return frozenset()
    if not person.is_head:
        return frozenset({person.office_id})
    children: dict[UUID | None, list[UUID]] = {}
    for office_id, parent_id in session.execute(select(Office.id, Office.parent_id)):
        children.setdefault(parent_id, []).append(office_id)
    reached: set[UUID] = set()
    frontier = [person.office_id]
    while frontier:
        office = frontier.pop()
        if office not in reached:
            reached.add(office)
            frontier.extend(children.get(office, ()))
    return frozenset(reached)
