"""From rows to actors: what a person may be and reach is read anew for every request, for the day that it is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, ActorKind, Role
from edms.access.credentials_model import UnconfirmedAccount
from edms.access.levels import Level
from edms.access.model import Office, Person, Position
from edms.access.positions import Post, Rank, Reach, reach_of


def in_service(person: Person, today: date) -> bool:
    """True of a person who may be let in today: active, and not past the last day of service."""
    return person.active and (person.last_day is None or today <= person.last_day)


SERVICE_ROLES = frozenset({Role.CLERK, Role.OFFICIAL, Role.GUEST})
"""What a service account may be: a program administers nothing, audits nothing and answers for no archive."""


def may_sign_in(person: Person, today: date) -> bool:
    """True of a person in service who may sign in: not of a service account, which comes with an API token alone."""
    return person.held_by is None and in_service(person, today)


def serves(session: Session, person: Person, today: date) -> bool:
    """True of whom an API token may stand for today: a person in service; a service account while its holder is too."""
    if not in_service(person, today):
        return False
    return person.held_by is None or _serving_holder(session, person, today) is not None


def _serving_holder(session: Session, person: Person, today: date) -> Person | None:
    holder = session.get(Person, person.held_by)
    return holder if holder is not None and may_sign_in(holder, today) else None


def person_named(session: Session, username: str, today: date) -> Person | None:
    """Return the person in service today with this user name, or None."""
    person = session.scalars(select(Person).where(Person.username == username)).one_or_none()
    return person if person is not None and in_service(person, today) else None


def actor_of(session: Session, person: Person, today: date, console_user: str = "") -> Actor:
    """Return the actor that `person` is today; with `console_user`, acting at the console as that system user.

    A service account heads nothing and is cleared for no more than its holder at that moment; without one it may
    nothing. It may push people while its holder is an administrator.

    Into whose account an administrator gave a way is a guest, cleared for what is open, until somebody else confirms.
    """
    unconfirmed = session.get(UnconfirmedAccount, person.id) is not None
    posts = [] if unconfirmed else posts_of(session, person, today)
    provisions = False
    roles, clearance = frozenset(Role(role) for role in person.roles.split(",") if role), Level(person.clearance)
    if person.held_by is not None:
        holder = _serving_holder(session, person, today)
        posts = [replace(post, rank=min(post.rank, Rank.BELOW_HEAD, key=lambda rank: rank.height)) for post in posts]
        provisions = holder is not None and Role.ADMINISTRATOR.value in holder.roles.split(",")
        roles = roles & SERVICE_ROLES if holder is not None else frozenset()
        clearance = min(clearance, Level(holder.clearance if holder else Level.OPEN), key=lambda level: level.rank)
    if unconfirmed:
        roles, clearance = frozenset({Role.GUEST}), Level.OPEN
    reach = _reach(session, posts)
    return Actor(
        kind=ActorKind.CONSOLE if console_user else ActorKind.PERSON,
        id=str(person.id),
        name=person.username,
        office_id=posts[0].office_id if posts else None,
        offices=reach.offices,
        roles=roles,
        clearance=clearance,
        via=console_user,
        headed=reach.headed,
        staff_in=reach.staff_in,
        provisions=provisions,
        unconfirmed=unconfirmed,
    )


def posts_of(session: Session, person: Person, today: date, *, own: bool = False) -> list[Post]:
    """Return the positions that a person holds today, the own ones before those held for others, oldest first; with
    `own` those alone."""
    query = (
        select(Position.office_id, Position.rank)
        .where(Position.person_id == person.id, _holds(today))
        .order_by(Position.acting_for.is_not(None), Position.made_at, Position.id)
    )
    if own:
        query = query.where(Position.acting_for.is_(None))
    return [*_standing(person), *(Post(office, Rank(rank)) for office, rank in session.execute(query))]


def own_posts(session: Session, people: Iterable[Person], today: date) -> dict[UUID, Post]:
    """Return by person the first of the own positions held today (`posts_of`); who holds none is not in it."""
    query = select(Position.person_id, Position.office_id, Position.rank).where(
        Position.acting_for.is_(None), _holds(today)
    )
    newest_first = session.execute(query.order_by(Position.made_at.desc(), Position.id.desc()))
    found = {person: Post(office, Rank(rank)) for person, office, rank in newest_first}
    return found | {person.id: post for person in people for post in _standing(person)}


def _standing(person: Person) -> list[Post]:
    """The position without days, if the person has one."""
    rank = Rank.HEAD if person.is_head else Rank.BELOW_HEAD
    return [Post(person.office_id, rank)] if person.office_id is not None else []


def _holds(today: date) -> ColumnElement[bool]:
    return and_(
        or_(Position.first.is_(None), Position.first <= today), or_(Position.last.is_(None), Position.last >= today)
    )


def _reach(session: Session, posts: list[Post]) -> Reach:
    """What the posts reach; the tree of offices is read for heads alone."""
    heads = any(post.rank is Rank.HEAD for post in posts)
    above: dict[UUID, UUID | None] = dict(session.execute(select(Office.id, Office.parent_id)).all()) if heads else {}
    return reach_of(posts, above)
