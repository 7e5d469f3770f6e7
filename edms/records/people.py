"""Offices and people: made by an administrator or at the console, never by themselves."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, Role
from edms.access.credentials_model import GivenPassword
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.passwords import hash_password, random_password
from edms.access.people import actor_of, own_posts, person_named, serves
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.directory_links import require_own_password_kept
from edms.operation.door import Operation
from edms.operation.sessions import end_sessions
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.alerts_due import tell_of_accounts
from edms.records.archive import Archive

USERNAME = re.compile(r"[a-z][a-z0-9.-]{1,79}", re.ASCII)
_OFFICE_CODE = re.compile(r"[a-z][a-z0-9.-]{1,39}", re.ASCII)


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
        require_office_names(code, name)
        parent = known_office(operation.session, parent_code) if parent_code else None
        office = Office(
            id=new_id(archive.clock), code=code, name=name, parent_id=parent.id if parent else None,
            created_at=operation.now,
        )  # fmt: skip
        operation.session.add(office)
        operation.about("office", office.id, "office.add")
        return office.id


def add_person(actor: Actor | None, archive: Archive, person: NewPerson, *, keeps_password: bool = False) -> str:
    """Add a person who may sign in, and return the random password: shown once, kept nowhere.

    The person is to choose another at the first sign-in, where the settings say so; with `keeps_password` (the invented
    people of a demo) the shown one stays.

    Raises Refused when the name is taken or cannot be one, the office is unknown, or a role needs an office.
    """
    password = random_password(archive.settings.access.min_password_characters)
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        refuse_unfit(operation.session, person)
        office = known_office(operation.session, person.office) if person.office else None
        row = Person(
            id=new_id(archive.clock),
            username=person.username,
            name=person.name,
            office_id=office.id if office else None,
            roles=",".join(role.value for role in person.roles),
            clearance=person.clearance.value,
            is_head=person.is_head,
            password_hash=_hash(archive, password),
            active=True,
            created_at=operation.now,
        )
        operation.session.add(row)
        if not keeps_password:
            operation.session.flush()
            operation.session.add(GivenPassword(person_id=row.id, given_at=operation.now))
        await_confirmation(operation, row, Cause.ADDED)
        operation.about("person", row.id, "person.add")
        operation.note(roles=row.roles, clearance=row.clearance, office=person.office or "")
    return password


def require_office_names(code: str, name: str) -> None:
    """Raise Refused unless an office may have this code and this name."""
    if not _OFFICE_CODE.fullmatch(code) or not 1 <= len(name.strip()) <= 200:
        raise Refused(
            "an office has a code of 2 to 40 of a-z, 0-9, dot and hyphen, and a name of at most 200 characters",
            f"{code!r} or its name does not fit",
        )


def require_person_names(username: str, name: str) -> None:
    """Raise Refused unless a person may have this user name and this name."""
    if not USERNAME.fullmatch(username):
        raise Refused(
            f"{username!r} cannot be a user name", "2 to 80 of a-z, 0-9, dot and hyphen, beginning with a letter"
        )
    if not 1 <= len(name.strip()) <= 200:
        raise Refused(f"the name of {username!r} has 1 to 200 characters")


def refuse_unfit(session: Session, person: NewPerson) -> None:
    """Raise Refused unless such a person may be added."""
    require_person_names(person.username, person.name)
    # One who left keeps the name: the audit trail must not speak of two people by it.
    if session.scalars(select(Person.id).where(Person.username == person.username)).first():
        raise Refused(f"there is a person {person.username!r} already, or there was one", "choose another user name")
    if person.office is None and {Role.CLERK, Role.OFFICIAL}.intersection(person.roles):
        raise Refused("a clerk or an official belongs to an office", "name the office")


def new_password(actor: Actor | None, archive: Archive, username: str) -> str:
    """Give a person a new random password and end all of that person's sessions; return it, shown once.

    The person is to choose another at the next sign-in. Raises Refused when there is no such active person, or a
    directory keeps that person's password.
    """
    password = random_password(archive.settings.access.min_password_characters)
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = person_in_service(operation, username)
        require_own_password_kept(operation.session, person.id)
        require_no_service_account(person)
        person.password_hash = _hash(archive, password)
        operation.session.merge(GivenPassword(person_id=person.id, given_at=operation.now))
        end_sessions(operation.session, person.id)
        await_confirmation(operation, person, Cause.PASSWORD)
        operation.about("person", person.id, "person.password")
    return password


def deactivate_person(actor: Actor | None, archive: Archive, username: str) -> None:
    """Let somebody in no more, from now on. What that person did stays. Raises Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = person_in_service(operation, username)
        person.active = False
        end_sessions(operation.session, person.id)
        operation.about("person", person.id, "person.deactivate")
        tell_of_accounts(operation)


@dataclass(frozen=True)
class PersonLine:
    """One person of the list of people."""

    user: str
    name: str
    office: str | None
    roles: tuple[str, ...]
    clearance: str
    head: bool
    active: bool
    holder: str | None = None


def list_people(actor: Actor | None, archive: Archive) -> list[PersonLine]:
    """Return everybody, those who left too, by user name."""
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        today = operation.clock.today()
        rows = operation.session.scalars(select(Person).order_by(Person.username)).all()
        posts = own_posts(operation.session, rows, today)
        codes = dict(operation.session.execute(select(Office.id, Office.code)).all())
        names = {row.id: row.username for row in rows}
        lines = []
        for row in rows:
            post, roles = posts.get(row.id), tuple(row.roles.split(","))
            office, head = (codes[post.office_id], post.rank is Rank.HEAD) if post else (None, False)
            active, holder = serves(operation.session, row, today), names.get(row.held_by) if row.held_by else None
            lines.append(PersonLine(row.username, row.name, office, roles, row.clearance, head, active, holder))
        return lines


def list_offices(actor: Actor | None, archive: Archive) -> list[tuple[str, str, str | None]]:
    """Return code, name and the code of the office above, of every office, by code."""
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        offices = list(operation.session.scalars(select(Office).order_by(Office.code)))
        codes = {office.id: office.code for office in offices}
        return [(office.code, office.name, codes[office.parent_id] if office.parent_id else None) for office in offices]


def _hash(archive: Archive, password: str) -> str:
    return hash_password(password, archive.settings.access.min_password_characters)


def own_person(operation: Operation) -> Person:
    """Return the row of the actor. Raises NotFound for what is no person."""
    person = operation.session.get(Person, UUID(operation.actor.id))
    if person is None:
        raise NotFound()
    return person


def person_in_service(operation: Operation, username: str) -> Person:
    """Return the person of this name who is in service today. Raises Refused."""
    return _person(operation.session, username, operation.clock.today())


def _person(session: Session, username: str, today: date) -> Person:
    person = person_named(session, username, today)
    if person is None:
        raise Refused(f"there is no person {username!r}", "see: edms person list")
    return person


def known_office(session: Session, code: str) -> Office:
    office = session.scalars(select(Office).where(Office.code == code)).first()
    if office is None:
        known = ", ".join(sorted(session.scalars(select(Office.code)))) or "none yet: edms office add"
        raise Refused(f"there is no office {code!r}", f"one of {known}")
    return office


def anybody(archive: Archive) -> bool:
    """True when the archive has a person."""
    with archive.database.reader() as session:
        return session.scalars(select(Person.id).limit(1)).first() is not None


def person_exists(archive: Archive, username: str) -> bool:
    """True when there is an active person of this name."""
    with archive.database.reader() as session:
        return person_named(session, username, archive.clock.today()) is not None


def console_person(archive: Archive, username: str, system_user: str) -> Actor:
    """Return the actor for `--as USER` at the console. Raises Refused when there is no such active person."""
    with archive.database.reader() as session:
        today = archive.clock.today()
        person = _person(session, username, today)
        require_no_service_account(person)
        return actor_of(session, person, today, console_user=system_user)


def require_no_service_account(person: Person) -> None:
    """Raise Refused for a service account: it comes with a token, and has nothing else that people have."""
    if person.held_by is not None:
        raise Refused(f"{person.username!r} is a service account", "it has tokens and nothing else: edms token create")


def office_by_code(archive: Archive, code: str) -> UUID:
    """Return the id of the office with `code`. Raises Refused when there is none."""
    with archive.database.reader() as session:
        return known_office(session, code).id


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


def all_offices(actor: Actor | None, archive: Archive) -> tuple[OfficeChoice, ...]:
    """Return every office, by name: whom somebody may ask for access."""
    with archive.door.read(actor, Action.ACCESS_ASK) as operation:
        operation.decide()
        rows = operation.session.scalars(select(Office).order_by(Office.name, Office.code))
        return tuple(OfficeChoice(office.id, office.code, office.name) for office in rows)


FIRST_ADMINISTRATOR = NewPerson("admin", "Administrator", None, (Role.ADMINISTRATOR,), Level.OPEN)
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
