"""What administrators see of offices and people: the tree, who belongs where, and how somebody signs in. No content."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.credentials_model import DirectoryLink, GivenPassword, OneTimeCode, RecoveryCode
from edms.access.levels import Level
from edms.access.model import Office, Person, SignInSession
from edms.access.people import posts_of, serves
from edms.access.policy import Action
from edms.access.positions import Rank
from edms.access.provider_model import ProviderBinding
from edms.core.errors import NotFound
from edms.operation.passkeys import passkeys_of
from edms.operation.sessions import has_ended, second_factor_required
from edms.records.archive import Archive
from edms.records.people import USERNAME, PersonLine, list_people
from edms.records.positions import PositionLine, list_positions

MOST_FOUND = 200


@dataclass(frozen=True)
class OfficeLine:
    """One office of the tree, `depth` below the top. `people`: who belongs to it today; `heads`: names of its heads."""

    code: str
    name: str
    parent: str | None
    depth: int
    people: int
    heads: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """Somebody of an office: the line of the list of people, and the positions with days that are held there."""

    line: PersonLine
    positions: tuple[PositionLine, ...] = ()


@dataclass(frozen=True)
class Ties:
    """Where else somebody is known: the name in the directory ("": none) and since when; the account at the sign-in
    provider, by whom or by which rule it was bound, and when it was last used."""

    directory: str
    linked_at: datetime | None
    provider: str
    bound_by: str
    bound_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True)
class PersonPage:
    """All that an administrator sees of one person.

    `head`, `office`: the own position today. `own`: it is the actor, who changes nothing of it. `serves`: is let in
    today. `given_at`: an administrator set the password then, and may know it.
    """

    user: str
    name: str
    office: str
    head: bool
    roles: tuple[str, ...]
    clearance: str
    own: bool
    serves: bool
    active: bool
    last_day: date | None
    created_at: datetime
    holder: str
    has_password: bool
    given_at: datetime | None
    sessions: int
    app: bool
    passkeys: int
    recovery_left: int
    factor_required: bool
    ties: Ties
    positions: tuple[PositionLine, ...] = ()


def office_tree(actor: Actor | None, archive: Archive) -> list[OfficeLine]:
    """Return every office, each below the one above it, by name; with who belongs to it today."""
    people = [line for line in list_people(actor, archive) if line.active and line.holder is None]
    count = Counter(line.office for line in people)
    heads: dict[str | None, list[str]] = {}
    for line in people:
        if line.head:
            heads.setdefault(line.office, []).append(line.name)
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        offices = list(operation.session.scalars(select(Office).order_by(Office.name, Office.code)))
    below: dict[UUID | None, list[Office]] = {}
    for office in offices:
        below.setdefault(office.parent_id, []).append(office)
    codes, found = {office.id: office.code for office in offices}, []
    waiting = [(office, 0) for office in reversed(below.get(None, []))]
    while waiting:
        office, depth = waiting.pop()
        above = codes[office.parent_id] if office.parent_id else None
        named = tuple(sorted(heads.get(office.code, [])))
        found.append(OfficeLine(office.code, office.name, above, depth, count[office.code], named))
        waiting += [(one, depth + 1) for one in reversed(below.get(office.id, []))]
    return found


def office_members(actor: Actor | None, archive: Archive, code: str) -> list[Member]:
    """Return who belongs to an office today, or holds or will hold a position there; heads first, then by name.

    With "" those who belong to no office. Who left is not among them.
    """
    held: dict[str, list[PositionLine]] = {}
    today = archive.clock.today()
    for position in list_positions(actor, archive):
        if position.office == code and (position.last is None or position.last >= today):
            held.setdefault(position.user, []).append(position)
    lines = [line for line in list_people(actor, archive) if line.active]
    found = [
        Member(line, tuple(held.get(line.user, ())))
        for line in lines
        if (line.office or "") == code or line.user in held
    ]
    return sorted(found, key=lambda one: (not (one.line.head and one.line.office == code), one.line.name.casefold()))


def find_people(actor: Actor | None, archive: Archive, words: str) -> list[PersonLine]:
    """Return who has all these words in the shown name or the user name, those who left too: at most MOST_FOUND."""
    asked = words.casefold().split()
    lines = sorted(list_people(actor, archive), key=lambda line: (not line.active, line.name.casefold()))
    return [line for line in lines if all(word in f"{line.name} {line.user}".casefold() for word in asked)][:MOST_FOUND]


def person_page(actor: Actor | None, archive: Archive, username: str) -> PersonPage:
    """Return what an administrator sees of a person, also of one who left. Raises NotFound."""
    if not USERNAME.fullmatch(username):  # nobody is called so, and not every database takes every character
        archive.door.permit(actor, Action.PEOPLE_MANAGE)
        raise NotFound()
    positions = tuple(list_positions(actor, archive, username))
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        session, today, access = operation.session, operation.clock.today(), archive.settings.access
        row = session.scalars(select(Person).where(Person.username == username)).one_or_none()
        if row is None:
            raise NotFound()
        posts = posts_of(session, row, today, own=True)
        office = session.get(Office, posts[0].office_id) if posts else None
        holder = session.get(Person, row.held_by) if row.held_by else None
        app, given = session.get(OneTimeCode, row.id), session.get(GivenPassword, row.id)
        open_sessions = session.scalars(select(SignInSession).where(SignInSession.person_id == row.id))
        unused = select(func.count()).select_from(RecoveryCode)
        unused = unused.where(RecoveryCode.person_id == row.id, RecoveryCode.used_at.is_(None))
        return PersonPage(
            user=row.username, name=row.name, office=office.code if office else "",
            head=bool(posts) and posts[0].rank is Rank.HEAD,
            roles=tuple(role for role in row.roles.split(",") if role), clearance=row.clearance,
            own=operation.actor.id == str(row.id), serves=serves(session, row, today), active=row.active,
            last_day=row.last_day, created_at=row.created_at, holder=holder.username if holder else "",
            has_password=bool(row.password_hash) and row.held_by is None, given_at=given.given_at if given else None,
            sessions=sum(not has_ended(one, operation.now, access, row.clearance) for one in open_sessions),
            app=app is not None and app.confirmed_at is not None, passkeys=len(passkeys_of(session, row.id)),
            recovery_left=session.scalar(unused) or 0,
            factor_required=second_factor_required(access, Level(row.clearance)),
            ties=_ties(session, archive, row), positions=positions,
        )  # fmt: skip


def _ties(session: Session, archive: Archive, row: Person) -> Ties:
    link = session.get(DirectoryLink, row.id)
    query = select(ProviderBinding).where(
        ProviderBinding.issuer == archive.settings.oidc.issuer, ProviderBinding.person_id == row.id
    )
    bound = session.scalars(query).one_or_none()
    return Ties(
        link.user if link else "", link.linked_at if link else None,
        (archive.settings.oidc.label or archive.settings.oidc.issuer) if bound else "",
        bound.bound_by if bound else "", bound.bound_at if bound else None, bound.used_at if bound else None,
    )  # fmt: skip
