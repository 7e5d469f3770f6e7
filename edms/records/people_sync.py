"""Bring offices and people to what a list says: one plan, carried out in one transaction, or only shown."""

from datetime import date, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, ActorKind, Role
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.passwords import hash_password, random_password
from edms.access.people import own_posts, posts_of
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.operation.sessions import end_sessions
from edms.records.alerts_due import tell_of_accounts
from edms.records.archive import Archive
from edms.records.people import require_no_service_account, require_office_names, require_person_names
from edms.records.people_plan import Directory, OfficeEntry, PeoplePlan, PersonEntry, plan_people
from edms.records.positions import leave_positions


class Origin(Protocol):
    """Where a list comes from, when that limits what it may do or its people are bound to it: both run in the
    transaction of the list."""

    def check(self, operation: Operation, plan: PeoplePlan) -> None:
        """Raise Refused when the list may not do this: change somebody who is not bound to its origin, or something
        that nobody looked at."""
        ...

    def added(self, operation: Operation, person: Person, entry: PersonEntry) -> None:
        """Bind somebody who was just added."""
        ...


def sync_people(
    actor: Actor | None,
    archive: Archive,
    wanted: Directory,
    *,
    complete: bool = False,
    dry_run: bool = False,
    action: Action = Action.PEOPLE_MANAGE,
    origin: Origin | None = None,
) -> PeoplePlan:
    """Plan and, unless `dry_run`, carry out what makes the archive say what `wanted` says; return the plan.

    Service accounts are in no list of people: they stay as they are. A list that has the name of one is refused.
    New people cannot sign in until somebody gives them a password, or the `origin` of the list keeps it. Raises Refused
    with nothing changed.
    """
    if dry_run:
        with archive.door.read(actor, action) as operation:
            operation.decide()
            return _plan(operation, wanted, complete)
    # Made before the transaction, and once: it costs time on purpose, and nobody ever learns what it is of.
    unknown_password = hash_password(random_password(64), 64)
    with archive.door.write(actor, action) as operation:
        operation.decide()
        plan = carry_out(operation, archive, wanted, unknown_password, complete=complete, origin=origin)
        if not plan.steps:
            operation.unrecorded()
            return plan
        operation.about("archive", "", "people.sync")
        operation.note(steps=len(plan.steps), complete=complete)
        return plan


def carry_out(
    operation: Operation,
    archive: Archive,
    wanted: Directory,
    unknown_password: str,
    *,
    complete: bool = False,
    origin: Origin | None = None,
) -> PeoplePlan:
    """Plan and carry out, within an operation, what makes the archive say what `wanted` says; each step is an event.

    `unknown_password`: the hash that new people get. Raises Refused.
    """
    plan = _plan(operation, wanted, complete)
    if origin is not None:
        origin.check(operation, plan)
    _sync_offices(operation, archive, plan)
    _sync_persons(operation, archive, plan, unknown_password, origin)
    if plan.steps:
        tell_of_accounts(operation)
    return plan


def _plan(operation: Operation, wanted: Directory, complete: bool) -> PeoplePlan:
    known = _known(operation.session, operation.clock.today())
    services = select(Person).where(Person.held_by.is_not(None), Person.username.in_(wanted.people))
    for service in operation.session.scalars(services):
        require_no_service_account(service)
    actor = operation.actor
    # A console that acts for a person is that person; the console itself and the system are nobody in the list.
    acting = None if actor.is_console or actor.kind is ActorKind.SYSTEM else actor.name
    plan = plan_people(known, wanted, acting=acting, complete=complete)
    for office in (*plan.added_offices, *plan.changed_offices):
        require_office_names(office.code, office.name)
    for person in (*plan.added, *plan.changed):
        require_person_names(person.user, person.name)
    return plan


def _known(session: Session, today: date) -> Directory:
    offices = {office.id: office for office in session.scalars(select(Office))}
    codes = {office_id: office.code for office_id, office in offices.items()}
    people = session.scalars(select(Person).where(Person.held_by.is_(None))).all()
    posts = own_posts(session, people, today)
    return Directory(
        {
            one.code: OfficeEntry(one.code, one.name, codes[one.parent_id] if one.parent_id else None)
            for one in offices.values()
        },
        {
            one.username: PersonEntry(
                one.username, one.name, codes[post.office_id] if post else None,
                frozenset(Role(role) for role in one.roles.split(",") if role), Level(one.clearance),
                post is not None and post.rank is Rank.HEAD, one.active,
            )
            for one, post in ((one, posts.get(one.id)) for one in people)
        },
    )  # fmt: skip


def _place_of(session: Session, person: Person, today: date) -> tuple[UUID | None, bool]:
    """The office that a person belongs to today and whether as its head: by the standing position, or by one with days;
    what is held for somebody else does not count."""
    posts = posts_of(session, person, today, own=True)
    return (posts[0].office_id, posts[0].rank is Rank.HEAD) if posts else (None, False)


def _sync_offices(operation: Operation, archive: Archive, plan: PeoplePlan) -> None:
    session = operation.session
    rows = {row.code: row for row in session.scalars(select(Office))}
    for entry in plan.added_offices:
        above = rows[entry.parent].id if entry.parent else None
        rows[entry.code] = row = Office(
            id=new_id(archive.clock), code=entry.code, name=entry.name, parent_id=above, created_at=operation.now
        )
        session.add(row)
        session.flush()  # the one above comes first
        operation.audit("office.add", "office", row.id)
    for entry in plan.changed_offices:
        row = rows[entry.code]
        row.name, row.parent_id = entry.name, rows[entry.parent].id if entry.parent else None
        operation.audit("office.change", "office", row.id, parent=entry.parent or "")


def _sync_persons(
    operation: Operation, archive: Archive, plan: PeoplePlan, unknown_password: str, origin: Origin | None
) -> None:
    session = operation.session
    offices = {row.code: row.id for row in session.scalars(select(Office))}
    rows = {row.username: row for row in session.scalars(select(Person))}
    added = []
    for entry in plan.added:
        row = Person(
            id=new_id(archive.clock), username=entry.user, password_hash=unknown_password, active=True,
            created_at=operation.now,
        )  # fmt: skip
        _place(operation, row, entry, offices, new=True)
        session.add(row)
        added.append((row, entry))
        operation.audit("person.add", "person", row.id, **_told(row, entry))
    if origin is not None:
        session.flush()  # people come first
        for row, entry in added:
            origin.added(operation, row, entry)
    for entry in plan.changed:
        row = rows[entry.user]
        _place(operation, row, entry, offices)
        operation.audit("person.change", "person", row.id, **_told(row, entry))
    for user in plan.deactivated:
        row = rows[user]
        row.active = False
        end_sessions(session, row.id)
        operation.audit("person.deactivate", "person", row.id)


def _place(
    operation: Operation, row: Person, entry: PersonEntry, offices: dict[str, UUID], *, new: bool = False
) -> None:
    """Set what a person is and may do: the one place where a list does so.

    Whoever is to belong elsewhere leaves every own position, and gets a standing one.
    """
    row.name = entry.name
    office, today = offices[entry.office] if entry.office else None, operation.clock.today()
    if new:
        row.office_id, row.is_head = office, entry.head
    elif _place_of(operation.session, row, today) != (office, entry.head):
        leave_positions(operation, row, today - timedelta(days=1))
        row.office_id, row.is_head = office, entry.head
    row.roles = ",".join(role.value for role in Role if role in entry.roles)
    row.clearance = entry.clearance.value


def _told(row: Person, entry: PersonEntry) -> dict[str, str]:
    return {"roles": row.roles, "clearance": row.clearance, "office": entry.office or ""}
