"""Who somebody is in a disposal: capacities are looked up in the office tree and the committee, never claimed."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, Role
from edms.access.model import Office as OfficeRow
from edms.access.model import Person
from edms.access.people import person_named, posts_of
from edms.access.separation import Duty
from edms.core.destruction_format import COMMITTEE_CAPACITIES
from edms.core.errors import Refused
from edms.disposal.course import Move, Office
from edms.operation.door import NotPermitted, Operation
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch

WHO = {
    Office.RECORDS_UNIT: "a records officer of this office does it",
    Office.UNIT_HEAD: "the head of the office whose records these are does it",
    Office.COMMITTEE: "a member of the committee does it",
    Office.REGIONAL_HEAD: "the regional head does it",
    Office.NATIONAL_ARCHIVES: "the regional archives enter the letter of the National Archives",
    Office.CITY_ARCHIVES: "a records officer of the regional archives does it",
}


def require_capacity(operation: Operation, archive: Archive, batch: DisposalBatch, move: Move) -> None:
    """Require that the actor is who takes this step, and had no other duty in this disposal (R35, R88).

    Raises NotPermitted, and the refusal is an event.
    """
    if not has_capacity(operation.session, archive, operation.actor, batch, move.by):
        operation.refused = True
        operation.note(reasons=[f"capacity_without:{move.by.value}"])
        raise NotPermitted(WHO[move.by])
    operation.apart(move.duty, had(batch), "ask somebody else")


def has_capacity(session: Session, archive: Archive, actor: Actor, batch: DisposalBatch, by: Office) -> bool:
    """Return whether `actor` acts as `by` in this disposal."""
    if by is Office.COMMITTEE:
        return any(one["person"] == actor.id for one in members(batch))
    if by is Office.REGIONAL_HEAD:
        return actor.has(Role.OFFICIAL) and regional_head_office(session, archive) in actor.headed
    if by in (Office.CITY_ARCHIVES, Office.NATIONAL_ARCHIVES):
        return actor.has(Role.RECORDS_OFFICER) and archives_office(session, archive) in actor.offices
    if by is Office.UNIT_HEAD:
        return actor.has(Role.OFFICIAL) and batch.office_id in actor.headed
    return by is Office.RECORDS_UNIT and actor.has(Role.RECORDS_OFFICER) and batch.office_id in actor.offices


def had(batch: DisposalBatch) -> dict[Duty, set[str]]:
    """Who had which duty so far. Every member of the committee counts as having assessed."""
    found: dict[Duty, set[str]] = {Duty.PROPOSE_DISPOSAL: {batch.opened_by}}
    for step in batch.steps:
        found.setdefault(Duty(step.duty), set()).add(step.actor_id)
    found.setdefault(Duty.ASSESS_DISPOSAL, set()).update(one["person"] for one in members(batch))
    return found


def members(batch: DisposalBatch) -> list[dict[str, str]]:
    told: list[dict[str, str]] = batch.committee.get("members", [])
    return told


def regional_head_office(session: Session, archive: Archive) -> UUID:
    return _office(session, archive.settings.disposal.regional_head_office)


def archives_office(session: Session, archive: Archive) -> UUID:
    return _office(session, archive.settings.disposal.archives_office)


def _office(session: Session, code: str) -> UUID:
    query = select(OfficeRow.id)
    query = query.where(OfficeRow.code == code) if code else query.where(OfficeRow.parent_id.is_(None))
    found = list(session.scalars(query))
    if len(found) != 1:
        raise Refused(
            "it is not said which office this is", "the administrator sets the offices of [disposal] by their codes"
        )
    return found[0]


def require_unit_of_witness(
    operation: Operation, archive: Archive, batch: DisposalBatch, capacity: str, person: Person
) -> None:
    """Require that a witness belongs, by a position held today, to the unit that the capacity speaks of (R38).

    The unit is named by `[disposal]`. Where it is not, a witness is at least of no office whose records are destroyed,
    nor of one below it. Raises NotPermitted, and the refusal is an event; Refused for a unit that is not there.
    """
    session, settings = operation.session, archive.settings.disposal
    code = {"legal": settings.legal_office, "supervision": settings.supervision_office}[capacity]
    above: dict[UUID, UUID | None] = dict(session.execute(select(OfficeRow.id, OfficeRow.parent_id)).all())
    places = {post.office_id for post in posts_of(session, person, archive.clock.today())}
    if code:
        unit = _office(session, code)
        fits = any(unit in _upwards(place, above) for place in places)
    else:
        fits = bool(places) and not any(batch.office_id in _upwards(place, above) for place in places)
    if not fits:
        operation.refused = True
        operation.note(reasons=[f"witness_of_another_unit:{capacity}"])
        if capacity == "legal":
            raise NotPermitted("the witness of the legal unit does not belong to it", "name another one")
        raise NotPermitted("the witness of supervision does not belong to it", "name another one")


def _upwards(office: UUID, above: Mapping[UUID, UUID | None]) -> set[UUID]:
    """The office and all above it."""
    met: set[UUID] = set()
    place: UUID | None = office
    while place is not None and place not in met:
        met.add(place)
        place = above.get(place)
    return met


def chosen_members(
    session: Session, archive: Archive, batch: DisposalBatch, named: list[tuple[str, str]]
) -> list[dict[str, str]]:
    """Return the committee of these `(capacity, user)`: the three that R36 asks for, each another person, none of them
    the one who proposes. Raises Refused."""
    if len({user for _capacity, user in named}) != len(named) or {one for one, _user in named} != set(
        COMMITTEE_CAPACITIES
    ):
        raise Refused("a committee has a chair, the head of the unit and an archivist, each another person")
    found = []
    proposers = had(batch)[Duty.PROPOSE_DISPOSAL]
    for capacity, user in named:
        person = person_named(session, user, archive.clock.today())
        if person is None or str(person.id) in proposers:
            raise Refused(f"{user} cannot be of this committee", "name people in service who did not prepare it")
        found.append({"user": user, "person": str(person.id), "name": person.name, "capacity": capacity})
    return found
