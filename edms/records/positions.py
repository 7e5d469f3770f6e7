"""Positions with their days, acting officials, changes of office, retirement: what moves somebody's rights (R21, R22).

Every request reads them anew, so that a change holds from the next one on. Nothing is removed: what the audit trail
speaks of stays, ended.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.model import Person, Position
from edms.access.policy import Action
from edms.access.positions import Rank, Term
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.operation.sessions import end_sessions
from edms.records.alerts_due import tell_of_accounts
from edms.records.archive import Archive
from edms.records.people import known_office, person_in_service, require_no_service_account
from edms.records.service_accounts import require_not_held, require_service_roles

LONGEST_ACTING_DAYS = 366
_OTHERS = "ask another administrator"


@dataclass(frozen=True)
class NewPosition:
    """A position to be given: `office` by code; days included; None: from always, or until it is ended."""

    username: str
    office: str
    rank: Rank
    title: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Acting:
    """Who acts for whom as head of which office, on which days, by which decree."""

    username: str
    instead_of: str
    office: str
    first: date
    last: date
    mandate: str


@dataclass(frozen=True)
class PositionLine:
    """One position of a list; `instead_of` is the user name of the person acted for, "" for an own position."""

    id: UUID
    user: str
    name: str
    office: str
    title: str
    rank: str
    first: date | None
    last: date | None
    instead_of: str
    mandate: str
    holds: bool


def give_position(actor: Actor | None, archive: Archive, wanted: NewPosition) -> UUID:
    """Give a person a position beside those held. Raises Refused, and NotPermitted for one's own account (R88)."""
    if wanted.first and wanted.last and wanted.last < wanted.first:
        raise Refused("a position ends after it begins")
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = _other(operation, wanted.username)
        office = known_office(operation.session, wanted.office)
        title = wanted.title.strip()[:200]
        position = _new(operation, person, office.id, wanted.rank, Term(wanted.first, wanted.last), title)
        operation.about("person", person.id, "position.give")
        operation.note(position=str(position.id), office=office.code, rank=wanted.rank.value)
        return position.id


def end_position(actor: Actor | None, archive: Archive, position_id: UUID, last: date) -> None:
    """Let a position end on `last`, which may have been. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        position = operation.session.get(Position, position_id, with_for_update=True)
        operation.about("position", position_id, "position.end")
        if position is None:
            raise NotFound()
        operation.apart(Duty.CHANGE_ACCOUNT, {Duty.HOLD_ACCOUNT: [str(position.person_id)]}, _OTHERS)
        if position.last is not None and position.last <= last:
            raise Refused(f"the position ends on {position.last.isoformat()} already")
        _end(operation, position, last)
        operation.note(person=str(position.person_id), last=last.isoformat())


def move_person(actor: Actor | None, archive: Archive, username: str, office: str, rank: Rank, first: date) -> None:
    """Move a person to another office on `first`: every own position ends the day before. Raises Refused.

    What the person holds for somebody else stays as the decree says.
    """
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = _other(operation, username)
        to = known_office(operation.session, office)
        leave_positions(operation, person, first - timedelta(days=1))
        position = _new(operation, person, to.id, rank, Term(first, None), "")
        operation.about("person", person.id, "person.move")
        operation.note(position=str(position.id), office=to.code, rank=rank.value, first=first.isoformat())


def retire_person(actor: Actor | None, archive: Archive, username: str, last_day: date) -> None:
    """Let a person serve until `last_day` and be let in no more afterwards; on a day that is over, at once."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = _other(operation, username)
        person.last_day = last_day
        if last_day < operation.clock.today():
            end_sessions(operation.session, person.id)
        operation.about("person", person.id, "person.retire")
        operation.note(last_day=last_day.isoformat())
        tell_of_accounts(operation)


def change_person(
    actor: Actor | None, archive: Archive, username: str, roles: tuple[Role, ...] | None, clearance: Level | None
) -> None:
    """Change roles, clearance, or both (None: as it is). Raises Refused, and NotPermitted for oneself (R88)."""
    if roles is not None and not roles:
        raise Refused("a person has at least one role", "deactivate who is to have none")
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = _other(operation, username)
        operation.about("person", person.id, "person.change")
        operation.note(roles_before=person.roles, clearance_before=person.clearance)
        if roles is not None:
            if person.held_by is not None:
                require_service_roles(roles)
            person.roles = ",".join(role.value for role in roles)
        if clearance is not None:
            person.clearance = clearance.value
        operation.note(roles=person.roles, clearance=person.clearance)


def appoint_acting(actor: Actor | None, archive: Archive, wanted: Acting) -> UUID:
    """Let a person act as head of an office instead of another one, on these days (Plt., Plh.); by its head, or by an
    administrator. The clearance of the person who acts stays what it is.

    Raises Refused; NotFound where the actor is neither; NotPermitted for oneself (R88).
    """
    if not wanted.mandate.strip():
        raise Refused("acting for somebody needs its decree", "name its number and date")
    if not wanted.first <= wanted.last <= wanted.first + timedelta(days=LONGEST_ACTING_DAYS):
        raise Refused(f"acting for somebody lasts at most {LONGEST_ACTING_DAYS} days", "give a first and a last day")
    with archive.door.write(actor, Action.POSITION_DELEGATE) as operation:
        office = known_office(operation.session, wanted.office)
        operation.about("office", office.id, "position.delegate")
        operation.decide(RecordFacts(office.id, Level.OPEN, Stage.PENDING))
        instead_of = person_in_service(operation, wanted.instead_of)
        person = person_in_service(operation, wanted.username)
        operation.apart(Duty.CHANGE_ACCOUNT, {Duty.HOLD_ACCOUNT: [str(person.id)]})
        if instead_of.id == person.id:
            raise Refused("nobody acts for themselves")
        if not person.roles or Role.OFFICIAL.value not in person.roles.split(","):
            raise Refused("who acts for a head is an official")
        position = _new(operation, person, office.id, Rank.HEAD, Term(wanted.first, wanted.last), "")
        position.acting_for, position.mandate = instead_of.id, wanted.mandate.strip()[:300]
        operation.note(
            position=str(position.id), person=str(person.id), instead_of=str(instead_of.id),
            first=wanted.first.isoformat(), last=wanted.last.isoformat(),
        )  # fmt: skip
        return position.id


def end_acting(actor: Actor | None, archive: Archive, position_id: UUID) -> None:
    """Take back what somebody holds for another person, from now on. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.POSITION_DELEGATE) as operation:
        position = operation.session.get(Position, position_id, with_for_update=True)
        operation.about("position", position_id, "position.delegation_ended")
        if position is None or position.acting_for is None:
            raise NotFound()
        operation.decide(RecordFacts(position.office_id, Level.OPEN, Stage.PENDING))
        if position.ended_at is not None:
            raise Refused("it is ended already")
        _end(operation, position, operation.clock.today() - timedelta(days=1))
        operation.note(person=str(position.person_id))


def list_positions(actor: Actor | None, archive: Archive, username: str = "") -> list[PositionLine]:
    """Return all positions with days, of one person or of everybody, by user name."""
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        today = operation.clock.today()
        query = (
            select(Position, Person)
            .join(Person, Person.id == Position.person_id)
            .options(joinedload(Position.office))
            .order_by(Person.username, Position.first.is_not(None), Position.first, Position.id)
        )
        if username:
            query = query.where(Person.username == username)
        names = dict(operation.session.execute(select(Person.id, Person.username)).all())
        return [
            PositionLine(
                row.id, person.username, person.name, row.office.code, row.title, row.rank, row.first, row.last,
                names.get(row.acting_for, "") if row.acting_for else "", row.mandate,
                Term(row.first, row.last).holds(today),
            )
            for row, person in operation.session.execute(query)
        ]  # fmt: skip


def _other(operation: Operation, username: str) -> Person:
    """Return the person, who is somebody else than the actor (R88)."""
    person = person_in_service(operation, username)
    operation.about("person", person.id)
    operation.apart(Duty.CHANGE_ACCOUNT, {Duty.HOLD_ACCOUNT: [str(person.id)]}, _OTHERS)
    require_not_held(operation, person)
    return person


def _new(operation: Operation, person: Person, office_id: UUID, rank: Rank, term: Term, title: str) -> Position:
    if rank is Rank.HEAD:
        require_no_service_account(person)
    position = Position(
        id=new_id(operation.clock), person_id=person.id, office_id=office_id, title=title, rank=rank.value,
        first=term.first, last=term.last, mandate="", made_by=operation.actor.id, made_at=operation.now,
    )  # fmt: skip
    operation.session.add(position)
    return position


def _end(operation: Operation, position: Position, last: date) -> None:
    position.last = last
    position.ended_by, position.ended_at = operation.actor.id, operation.now


def leave_positions(operation: Operation, person: Person, last: date) -> None:
    """End every own position of a person on `last`; the standing one becomes one with days."""
    if person.office_id is not None:
        rank = Rank.HEAD if person.is_head else Rank.BELOW_HEAD
        _new(operation, person, person.office_id, rank, Term(None, last), "")
        person.office_id, person.is_head = None, False
    own = select(Position).where(Position.person_id == person.id, Position.acting_for.is_(None))
    for position in operation.session.scalars(own.with_for_update()):
        if position.last is None or position.last > last:
            _end(operation, position, last)
