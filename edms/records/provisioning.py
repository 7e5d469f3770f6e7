"""People pushed by an identity system (SCIM 2.0, RFC 7643 and 7644): what a program may do to whom.

It adds people, renames them, puts them into an office, gives the roles of daily work, and lets them in no more. It
deletes nobody, lets nobody in again, gives no password and no clearance above "open", and touches nobody who
administers, keeps or audits, and no service account: whoever holds the program's token becomes none of these by it.
What it wants is planned and carried out as a list of people is (`edms.records.people_sync`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.passwords import NO_PASSWORD
from edms.access.people import SERVICE_ROLES, own_posts
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted, Operation
from edms.records.archive import Archive
from edms.records.people import USERNAME, known_office, require_person_names
from edms.records.people_plan import Directory, PersonEntry
from edms.records.people_sync import carry_out


class UserNameTaken(Refused):
    """Somebody has this user name, or had it."""


@dataclass(frozen=True)
class Provisioned:
    """A person as a program sees one; `office` is a code, "" for none. `may`: the program may change this person."""

    id: UUID
    user: str
    name: str
    office: str
    roles: tuple[str, ...]
    active: bool
    created_at: datetime
    may: bool


@dataclass(frozen=True)
class Wanted:
    """What a person shall be; None: as it is. Roles are those of `SERVICE_ROLES`, `office` is a code."""

    name: str | None = None
    office: str | None = None
    roles: frozenset[Role] | None = None
    active: bool | None = None


@dataclass(frozen=True)
class ProvisionedOffice:
    """An office and who belongs to it today, by id and user name."""

    id: UUID
    code: str
    name: str
    members: tuple[tuple[UUID, str], ...]


def provisioned_people(
    actor: Actor | None, archive: Archive, user: str | None, skip: int, most: int
) -> tuple[int, list[Provisioned]]:
    """Return how many people there are, and `most` of them after the first `skip`, by user name; with `user` that one.

    Service accounts are no people, and are not among them. Raises NotPermitted.
    """
    with archive.door.read(actor, Action.PEOPLE_PROVISION) as operation:
        operation.decide()
        query = select(Person).where(Person.held_by.is_(None)).order_by(Person.username)
        if user is not None:
            query = query.where(Person.username == user.lower())
        nobody = user is not None and not USERNAME.fullmatch(user.lower())
        rows = [] if nobody else list(operation.session.scalars(query))
        return len(rows), _views(operation, rows[skip : skip + most])


def provisioned_person(actor: Actor | None, archive: Archive, person_id: UUID) -> Provisioned:
    """Return one person. Raises NotFound, NotPermitted."""
    with archive.door.read(actor, Action.PEOPLE_PROVISION) as operation:
        operation.decide()
        return _views(operation, [_row(operation, person_id)])[0]


def provision_person(actor: Actor | None, archive: Archive, user: str, wanted: Wanted) -> Provisioned:
    """Add a person, cleared for what is open and without a password. Raises UserNameTaken, Refused, NotPermitted."""
    with archive.door.write(actor, Action.PEOPLE_PROVISION) as operation:
        operation.decide()
        require_person_names(user.lower(), wanted.name or user)
        taken = select(Person.id).where(Person.username == user.lower())
        if operation.session.scalars(taken).first() is not None:
            raise UserNameTaken(f"there is a person {user.lower()!r} already, or there was one")
        roles = _ordinary(wanted.roles or frozenset({Role.GUEST}))
        if wanted.active is False:
            raise Refused("who is added is let in", "add the person when that is wanted")
        name = user.lower()
        entry = PersonEntry(name, wanted.name or name, wanted.office or None, roles, Level.OPEN)
        carry_out(operation, archive, Directory(people={name: entry}), NO_PASSWORD)
        operation.session.flush()
        row = operation.session.scalars(select(Person).where(Person.username == name)).one()
        operation.about("person", row.id, "person.provision")
        return _views(operation, [row])[0]


def change_provisioned(actor: Actor | None, archive: Archive, person_id: UUID, wanted: Wanted) -> Provisioned:
    """Make a person what is wanted. Raises NotFound, Refused, and NotPermitted for whom no program may change."""
    with archive.door.write(actor, Action.PEOPLE_PROVISION) as operation:
        operation.decide()
        row = _row(operation, person_id)
        operation.about("person", row.id, "person.provision")
        if not _may(row):
            operation.refused = True
            operation.note(reasons=["not_of_daily_work"])
            raise NotPermitted("no program changes who administers, keeps or audits", "an administrator does")
        entry = _after(operation, row, wanted)
        plan = carry_out(operation, archive, Directory(people={row.username: entry}), NO_PASSWORD)
        if not plan.steps:
            operation.unrecorded()
        operation.session.flush()
        return _views(operation, [row])[0]


def provisioned_offices(actor: Actor | None, archive: Archive) -> list[ProvisionedOffice]:
    """Return every office by name, with its people in service. Raises NotPermitted."""
    with archive.door.read(actor, Action.PEOPLE_PROVISION) as operation:
        operation.decide()
        session = operation.session
        people = session.scalars(select(Person).where(Person.held_by.is_(None)).order_by(Person.username)).all()
        posts = own_posts(session, people, operation.clock.today())
        members: dict[UUID, list[tuple[UUID, str]]] = {}
        for row in people:
            if row.active and row.id in posts:
                members.setdefault(posts[row.id].office_id, []).append((row.id, row.username))
        offices = session.scalars(select(Office).order_by(Office.name, Office.code))
        return [ProvisionedOffice(one.id, one.code, one.name, tuple(members.get(one.id, ()))) for one in offices]


def _row(operation: Operation, person_id: UUID) -> Person:
    row = operation.session.get(Person, person_id)
    if row is None or row.held_by is not None:
        raise NotFound()
    return row


def _may(row: Person) -> bool:
    return SERVICE_ROLES.issuperset(Role(role) for role in row.roles.split(",") if role)


def _ordinary(roles: frozenset[Role]) -> frozenset[Role]:
    if not SERVICE_ROLES.issuperset(roles):
        known = ", ".join(sorted(role.value for role in SERVICE_ROLES))
        raise Refused("no program makes somebody administer, keep or audit", f"it may give {known}")
    return roles


def _after(operation: Operation, row: Person, wanted: Wanted) -> PersonEntry:
    """What a person is now, with what is wanted put into it."""
    if wanted.active and not row.active:
        raise Refused("who left is let in again by a person, not by a program", "an administrator does it")
    post = own_posts(operation.session, [row], operation.clock.today()).get(row.id)
    office = operation.session.get(Office, post.office_id) if post else None
    entry = PersonEntry(
        row.username, row.name, office.code if office else None,
        frozenset(Role(role) for role in row.roles.split(",") if role), Level(row.clearance),
        post is not None and post.rank is Rank.HEAD, row.active,
    )  # fmt: skip
    if wanted.office is not None and wanted.office != (entry.office or ""):
        if wanted.office:
            known_office(operation.session, wanted.office)
        entry = replace(entry, office=wanted.office or None, head=False)
    return replace(
        entry,
        name=entry.name if wanted.name is None else wanted.name,
        roles=entry.roles if wanted.roles is None else _ordinary(wanted.roles),
        active=entry.active if wanted.active is None else wanted.active,
    )


def _views(operation: Operation, rows: list[Person]) -> list[Provisioned]:
    posts = own_posts(operation.session, rows, operation.clock.today())
    codes = dict(operation.session.execute(select(Office.id, Office.code)).all())
    return [
        Provisioned(
            row.id, row.username, row.name, codes[posts[row.id].office_id] if row.id in posts else "",
            tuple(role for role in row.roles.split(",") if role), row.active, row.created_at, _may(row),
        )
        for row in rows
    ]  # fmt: skip
