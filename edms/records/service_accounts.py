"""Service accounts: people's rows for programs, each with a person who answers for it (edms/access/people.py).

A program comes with an API token alone, administers and audits nothing, heads no office, and is cleared for no more
than its holder. When the holder leaves, it stops, and at once an alert says so until somebody else answers for it. One
that an administrator answers for may push people, with a token made for that (`edms.records.provisioning`).
"""

from dataclasses import dataclass

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.passwords import hash_password, random_password
from edms.access.people import SERVICE_ROLES
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.alerts_due import tell_of_accounts
from edms.records.archive import Archive
from edms.records.people import (
    NewPerson,
    known_office,
    person_in_service,
    refuse_unfit,
    require_no_service_account,
)


@dataclass(frozen=True)
class NewService:
    """A service account to be added: `office` by its code, `holder` the user name of who answers for it."""

    username: str
    name: str
    office: str | None
    roles: tuple[Role, ...]
    clearance: Level
    holder: str


def add_service(actor: Actor | None, archive: Archive, wanted: NewService) -> None:
    """Add a service account, which has no token yet. Raises Refused, and NotPermitted for one's own (R88)."""
    require_service_roles(wanted.roles)
    unknown_password = hash_password(random_password(64), 64)  # costs time on purpose; nobody ever learns what it is of
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        new = NewPerson(wanted.username, wanted.name, wanted.office, wanted.roles, wanted.clearance)
        refuse_unfit(operation.session, new)
        holder = _new_holder(operation, wanted.holder, wanted.clearance)
        office = known_office(operation.session, wanted.office) if wanted.office else None
        row = Person(
            id=new_id(archive.clock), username=wanted.username, name=wanted.name,
            office_id=office.id if office else None, roles=",".join(role.value for role in wanted.roles),
            clearance=wanted.clearance.value, is_head=False, password_hash=unknown_password, active=True,
            created_at=operation.now, held_by=holder.id,
        )  # fmt: skip
        operation.session.add(row)
        operation.about("person", row.id, "person.add_service")
        operation.note(roles=row.roles, clearance=row.clearance, office=wanted.office or "", holder=str(holder.id))


def change_holder(actor: Actor | None, archive: Archive, username: str, holder: str) -> None:
    """Let somebody else answer for a service account, from now on. Raises Refused, NotPermitted for oneself."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        row = service_account(operation, username)
        new = _new_holder(operation, holder, Level(row.clearance))
        operation.about("person", row.id, "person.change_holder")
        operation.note(holder_before=str(row.held_by), holder=str(new.id))
        row.held_by = new.id
        tell_of_accounts(operation)


def service_account(operation: Operation, username: str) -> Person:
    """Return the service account of this name, which the actor does not answer for. Raises Refused, NotPermitted."""
    row = person_in_service(operation, username)
    operation.about("person", row.id)
    if row.held_by is None:
        raise Refused(f"{username!r} is no service account", "people make their own tokens")
    require_not_held(operation, row)
    return row


def require_not_held(operation: Operation, person: Person) -> None:
    """Raise NotPermitted when the actor answers for `person`, which is then a service account (R88)."""
    done = {Duty.ANSWER_FOR_ACCOUNT: [str(person.held_by)]} if person.held_by is not None else {}
    operation.apart(Duty.MANAGE_SERVICE_ACCOUNT, done, "ask another administrator")


def require_service_roles(roles: tuple[Role, ...]) -> None:
    """Raise Refused unless a service account may have these roles."""
    if not roles or not SERVICE_ROLES.issuperset(roles):
        known = ", ".join(sorted(role.value for role in SERVICE_ROLES))
        raise Refused("a service account administers, keeps and audits nothing", f"it may be {known}")


def _new_holder(operation: Operation, username: str, clearance: Level) -> Person:
    holder = person_in_service(operation, username)
    require_no_service_account(holder)
    answers = {Duty.ANSWER_FOR_ACCOUNT: [str(holder.id)]}
    operation.apart(Duty.MANAGE_SERVICE_ACCOUNT, answers, "ask another administrator")
    if not Level(holder.clearance).permits(clearance):
        raise Refused("a service account is cleared for no more than who answers for it", f"{username!r} may not")
    return holder
