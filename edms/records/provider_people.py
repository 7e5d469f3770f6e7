"""Whom an account at the sign-in provider stands for: bound already, bound by rule, or made, and moved by its groups.

All of it runs within the operation that signs somebody in, so that rights and session come together or not at all.
What a person is changes by the same plan as with a list (`edms.records.people_sync`).
"""

import logging
from dataclasses import dataclass, replace

from sqlalchemy import select

from edms.access.actors import Role
from edms.access.group_mapping import Placement, placement
from edms.access.levels import Level
from edms.access.model import Office, Person
from edms.access.passwords import NO_PASSWORD
from edms.access.people import may_sign_in, posts_of
from edms.access.positions import Rank
from edms.access.provider_model import ProviderBinding
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.operation.provider_ties import binding_holds, binding_proof
from edms.provider.answers import Told
from edms.records.archive import Archive
from edms.records.people import require_person_names
from edms.records.people_plan import Directory, PersonEntry
from edms.records.people_sync import carry_out

log = logging.getLogger("edms.provider")
UNKNOWN, CLOSED, ALTERED, NAME_TAKEN = "unknown", "not_in_service", "binding_altered", "name_taken"
NO_GROUP, UNFIT = "no_group", "groups_unfit"


@dataclass
class NotLetIn(Exception):
    """The provider is believed, and yet this one is not let in: `why` is a stable code for the trail."""

    why: str
    person_id: str = ""


def person_told(operation: Operation, archive: Archive, told: Told) -> Person:
    """Return the person in service whom the provider speaks of, as that person is from now on. Raises NotLetIn."""
    settings, issuer = archive.settings.oidc, archive.settings.oidc.issuer
    query = select(ProviderBinding).where(ProviderBinding.issuer == issuer, ProviderBinding.subject == told.subject)
    row = operation.session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        row = _bound_by_rule(operation, archive, told)
    elif not binding_holds(archive.door, row):
        raise NotLetIn(ALTERED)
    else:
        row.used_at = operation.now
    person = operation.session.get(Person, row.person_id)
    if person is None or not may_sign_in(person, operation.clock.today()):
        raise NotLetIn(CLOSED, str(row.person_id))
    if settings.follow_groups:
        _follow(operation, archive, person, told)
    return person


def bind(operation: Operation, archive: Archive, person: Person, subject: str, bound_by: str) -> ProviderBinding:
    """Bind an account at the provider to a person, who has none. The caller names the event."""
    row = ProviderBinding(
        id=new_id(archive.clock),
        person_id=person.id,
        issuer=archive.settings.oidc.issuer,
        subject=subject,
        bound_by=bound_by[:200],
        bound_at=operation.now,
        used_at=None,
    )
    row.proof = binding_proof(archive.door, row)
    operation.session.add(row)
    operation.session.flush()
    return row


def _bound_by_rule(operation: Operation, archive: Archive, told: Told) -> ProviderBinding:
    """A first sign-in: by an explicit rule or not at all. A name that the provider tells proves nothing by itself."""
    settings, name = archive.settings.oidc, told.user_name.lower()
    if not (settings.bind_by_user_name or settings.create_people):
        raise NotLetIn(UNKNOWN)
    person = operation.session.scalars(select(Person).where(Person.username == name)).one_or_none()
    if person is None and settings.create_people:
        person, rule = _made(operation, archive, name, told), "made"
    elif person is None:
        raise NotLetIn(UNKNOWN)
    elif settings.bind_by_user_name and _may_be_bound_by_name(operation, archive, person):
        rule = "user name"
    else:
        raise NotLetIn(NAME_TAKEN, str(person.id))
    row = bind(operation, archive, person, told.subject, f"rule: {rule}")
    row.used_at = operation.now
    operation.audit("account.provider_bound", "person", person.id, rule=rule, binding=str(row.id))
    return row


def _may_be_bound_by_name(operation: Operation, archive: Archive, person: Person) -> bool:
    """Once, and never somebody who administers: whoever names the accounts at the provider could be that person."""
    query = select(ProviderBinding.id).where(
        ProviderBinding.issuer == archive.settings.oidc.issuer, ProviderBinding.person_id == person.id
    )
    bound = operation.session.scalars(query).first() is not None
    administers = Role.ADMINISTRATOR.value in person.roles.split(",")
    return not bound and not administers and may_sign_in(person, operation.clock.today())


def _made(operation: Operation, archive: Archive, name: str, told: Told) -> Person:
    placed = _placed(archive, told)
    shown = told.name[:200] or name
    try:
        require_person_names(name, shown)
    except Refused:
        raise NotLetIn(NAME_TAKEN) from None
    entry = PersonEntry(name, shown, placed.office, placed.roles, placed.clearance, placed.head)
    _carry_out(operation, archive, entry)
    return operation.session.scalars(select(Person).where(Person.username == name)).one()


def _follow(operation: Operation, archive: Archive, person: Person, told: Told) -> None:
    """Let a person be what the groups say of today. Raises NotLetIn, with nothing changed."""
    try:
        placed = _placed(archive, told)
    except NotLetIn as refusal:
        raise NotLetIn(refusal.why, str(person.id)) from None
    posts = posts_of(operation.session, person, operation.clock.today(), own=True)
    office = operation.session.get(Office, posts[0].office_id) if posts else None
    entry = PersonEntry(
        person.username,
        person.name,
        office.code if office else None,
        frozenset(Role(role) for role in person.roles.split(",") if role),
        Level(person.clearance),
        bool(posts) and posts[0].rank is Rank.HEAD,
    )
    wanted = replace(
        entry,
        name=told.name[:200] or entry.name,
        office=placed.office,
        roles=placed.roles,
        clearance=placed.clearance,
        head=placed.head,
    )
    if wanted != entry:
        _carry_out(operation, archive, wanted)


def _placed(archive: Archive, told: Told) -> Placement:
    found = placement(told.groups or (), archive.settings.directory.groups)
    if found is None:
        raise NotLetIn(NO_GROUP)
    return found


def _carry_out(operation: Operation, archive: Archive, entry: PersonEntry) -> None:
    try:
        carry_out(operation, archive, Directory(people={entry.user: entry}), NO_PASSWORD)
    except Refused as fault:
        log.warning("what the groups at the sign-in provider say cannot be: %s", fault.message)
        raise NotLetIn(UNFIT) from None
    operation.session.flush()
