"""Offices and people: made by an administrator or at the console, never by themselves."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.passwords import hash_password
from edms.access.people import actor_of, person_named
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.records.archive import Archive


@dataclass(frozen=True)
class NewPerson:
    """A person to be added; `office` is an office code or None."""

    username: str
    name: str
    office: str | None
    roles: tuple[Role, ...]
    clearance: Level
    is_head: bool = False


def add_office(
    actor: Actor | None,
    archive: Archive,
    code: str,
    name: str,
    parent_code: str | None = None,
    *,
    only_if_missing: bool = False,
) -> UUID:
    """Add an office below `parent_code`. Raises Refused when the code is taken or the parent unknown."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        present = operation.session.scalars(select(Office).where(Office.code == code)).first()
        if present is not None and only_if_missing:
            operation.unrecorded()
            return present.id
        if present is not None:
            raise Refused(f"there is an office {code!r} already")
        parent = None
        if parent_code:
            parent = operation.session.scalars(select(Office).where(Office.code == parent_code)).first()
            if parent is None:
                raise Refused(f"there is no office {parent_code!r}")
        office = Office(
            id=new_id(archive.clock), code=code, name=name, parent_id=parent.id if parent else None,
            created_at=operation.now,
        )  # fmt: skip
        operation.session.add(office)
        operation.about("office", office.id, "office.add")
        return office.id


def add_person(actor: Actor | None, archive: Archive, person: NewPerson, password: str) -> UUID:
    """Add a person who may sign in with `password`. Raises Refused when the name is taken or the office unknown."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        if person_named(operation.session, person.username):
            raise Refused(f"there is a person {person.username!r} already")
        office = None
        if person.office:
            office = operation.session.scalars(select(Office).where(Office.code == person.office)).first()
            if office is None:
                raise Refused(f"there is no office {person.office!r}")
        row = Person(
            id=new_id(archive.clock),
            username=person.username,
            name=person.name,
            office_id=office.id if office else None,
            roles=",".join(role.value for role in person.roles),
            clearance=person.clearance.value,
            is_head=person.is_head,
            password_hash=hash_password(password, archive.settings.access.min_password_characters),
            active=True,
            created_at=operation.now,
        )
        operation.session.add(row)
        operation.about("person", row.id, "person.add")
        operation.note(roles=row.roles, clearance=row.clearance, office=person.office or "")
        return row.id


def person_exists(archive: Archive, username: str) -> bool:
    """True when there is an active person of this name."""
    with archive.database.reader() as session:
        return person_named(session, username) is not None


def console_person(archive: Archive, username: str, system_user: str) -> Actor:
    """Return the actor for `--as USER` at the console. Raises Refused when there is no such active person."""
    with archive.database.reader() as session:
        person = person_named(session, username)
        if person is None:
            raise Refused(f"there is no person {username!r}", "see the people page, or the names `edms init` printed")
        return actor_of(session, person, console_user=system_user)


def office_by_code(archive: Archive, code: str) -> UUID:
    """Return the id of the office with `code`. Raises Refused when there is none."""
    with archive.database.reader() as session:
        office = session.scalars(select(Office).where(Office.code == code)).first()
        if office is None:
            known = ", ".join(sorted(session.scalars(select(Office.code))))
            raise Refused(f"there is no office {code!r}", f"one of {known}")
        return office.id


@dataclass(frozen=True)
class OfficeChoice:
    id: UUID
    code: str
    name: str


def office_choices(archive: Archive, actor: Actor) -> tuple[OfficeChoice, ...]:
    """Return the offices the actor may file for: all for a records officer, else the own ones."""
    with archive.database.reader() as session:
        offices = list(session.scalars(select(Office).order_by(Office.code)))
    everywhere = actor.has(Role.RECORDS_OFFICER, Role.AUDITOR)
    return tuple(
        OfficeChoice(office.id, office.code, office.name)
        for office in offices
        if everywhere or office.id in actor.offices
    )


DEMO_OFFICES = (
    ("setda", "Sekretariat Daerah", None),
    ("dinkes", "Dinas Kesehatan", "setda"),
    ("bappeda", "Badan Perencanaan Pembangunan Daerah", "setda"),
)
DEMO_PEOPLE = (
    NewPerson("clerk-dinkes", "Petugas Arsip Dinkes", "dinkes", (Role.CLERK,), Level.RESTRICTED),
    NewPerson("clerk-bappeda", "Petugas Arsip Bappeda", "bappeda", (Role.CLERK,), Level.RESTRICTED),
    NewPerson("official-dinkes", "Pejabat Dinkes", "dinkes", (Role.OFFICIAL,), Level.RESTRICTED),
    NewPerson("official-bappeda", "Pejabat Bappeda", "bappeda", (Role.OFFICIAL,), Level.RESTRICTED),
    NewPerson("head-dinkes", "Kepala Dinas Kesehatan", "dinkes", (Role.OFFICIAL,), Level.TOP_SECRET, is_head=True),
    NewPerson("records", "Arsiparis Kota", "setda", (Role.CLERK, Role.RECORDS_OFFICER), Level.TOP_SECRET),
    NewPerson("auditor", "Auditor Inspektorat", None, (Role.AUDITOR,), Level.OPEN),
    NewPerson("admin", "Administrator", None, (Role.ADMINISTRATOR,), Level.OPEN),
)
