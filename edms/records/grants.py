"""Access by permission: who asks, who gives, who takes it in an emergency, and who looks at that afterwards (R22).

A grant names a record, a folder or a set of records, a purpose, a mode and an end. It lifts no clearance. Whoever gives
it heads the office that owns the records, or is a records officer, and is never the one who gets it (R88). Every use
stands in the audit trail with the grant's id.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.policy import Action, decide
from edms.access.scope import GrantMode, RecordFacts, Stage
from edms.access.separation import Duty
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.core.ids import new_id, parse_id
from edms.operation.door import Operation
from edms.records.alerts import EMERGENCY, settle
from edms.records.archive import Archive
from edms.records.facts import facts_of, find
from edms.records.folders import decided_folder
from edms.records.grants_model import AccessGrant, AccessRequest, RecordSet, RecordSetItem, RequestState
from edms.records.model import Record
from edms.records.people import known_office, own_person, person_in_service
from edms.records.visible import decided_record

MOST_OPEN_REQUESTS = 50
MOST_IN_A_SET = 1000
_LONGEST_TEXT = 1000


@dataclass(frozen=True)
class Asked:
    """A request for access: which office, what in one's own words (an id, a number, a matter), what for, until when."""

    office: str
    wanted: str
    purpose: str
    mode: GrantMode
    until: date


@dataclass(frozen=True)
class Subject:
    """What a grant is on: one record, a folder, or several records, which become a set."""

    records: tuple[UUID, ...] = ()
    folder: UUID | None = None


@dataclass(frozen=True)
class NewGrant:
    """A grant to be given to a person, until the end of a day."""

    username: str
    subject: Subject
    purpose: str
    mode: GrantMode
    until: date


def ask_for_access(actor: Actor | None, archive: Archive, asked: Asked) -> UUID:
    """Ask an office for access, and return the request's id. Whether such a record exists is not told.

    Raises Refused, LimitExceeded.
    """
    _require_words(asked.wanted, asked.purpose)
    _require_term(archive, asked.until)
    with archive.door.write(actor, Action.ACCESS_ASK) as operation:
        operation.decide()
        person = own_person(operation)
        own_open = (AccessRequest.person_id == person.id, AccessRequest.state == RequestState.OPEN.value)
        if (operation.session.scalar(select(func.count()).where(*own_open)) or 0) >= MOST_OPEN_REQUESTS:
            raise LimitExceeded(f"{MOST_OPEN_REQUESTS} requests wait already", "wait for answers, or withdraw some")
        request = AccessRequest(
            id=new_id(archive.clock), person_id=person.id,
            office_id=known_office(operation.session, asked.office).id,
            wanted=asked.wanted.strip()[:_LONGEST_TEXT], mode=asked.mode.value,
            purpose=asked.purpose.strip()[:_LONGEST_TEXT], until=asked.until, asked_at=operation.now,
            state=RequestState.OPEN.value,
        )  # fmt: skip
        operation.session.add(request)
        operation.about("access_request", request.id, "access.asked")
        operation.note(office=asked.office, mode=asked.mode.value, until=asked.until.isoformat())
        return request.id


def withdraw_request(actor: Actor | None, archive: Archive, request_id: UUID) -> None:
    """Take back one's own open request. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.ACCESS_ASK) as operation:
        operation.decide()
        request = operation.session.get(AccessRequest, request_id, with_for_update=True)
        operation.about("access_request", request_id, "access.withdrawn")
        if request is None or str(request.person_id) != operation.actor.id:
            raise NotFound()
        _require_open(request)
        _answer(operation, request, RequestState.WITHDRAWN, "")


def refuse_request(actor: Actor | None, archive: Archive, request_id: UUID, reason: str) -> None:
    """Answer a request with no, and why. Raises NotFound, Refused, NotPermitted."""
    if not reason.strip():
        raise Refused("a refusal needs its reason", "the applicant reads it")
    with archive.door.write(actor, Action.ACCESS_GIVE) as operation:
        request = _decided_request(operation, request_id, "access.refused")
        _answer(operation, request, RequestState.REFUSED, reason)


def approve_request(
    actor: Actor | None, archive: Archive, request_id: UUID, subject: Subject, until: date, mode: GrantMode
) -> UUID:
    """Give what was asked for, on the records that the office found to be meant; the mode and the end may be less.

    Raises NotFound, Refused, NotPermitted.
    """
    with archive.door.write(actor, Action.ACCESS_GIVE) as operation:
        request = _decided_request(operation, request_id, "access.granted")
        if until > request.until or mode.strength > GrantMode(request.mode).strength:
            raise Refused("no more is given than was asked for", "choose an earlier day or a lesser mode")
        person = operation.session.get_one(Person, request.person_id)
        grant = _grant(operation, archive, person, subject, request.purpose, mode, until)
        grant.request_id = request.id
        _answer(operation, request, RequestState.GRANTED, "")
        operation.note(grant=str(grant.id), records=len(subject.records), mode=mode.value, until=until.isoformat())
        return grant.id


def give_access(actor: Actor | None, archive: Archive, wanted: NewGrant) -> UUID:
    """Give a person access without a request before. Raises NotFound, Refused, NotPermitted."""
    _require_words(wanted.purpose)
    with archive.door.write(actor, Action.ACCESS_GIVE) as operation:
        person = person_in_service(operation, wanted.username)
        grant = _grant(operation, archive, person, wanted.subject, wanted.purpose, wanted.mode, wanted.until)
        operation.about("access_grant", grant.id, "access.granted")
        operation.note(
            person=str(person.id), records=len(wanted.subject.records), mode=wanted.mode.value,
            until=wanted.until.isoformat(),
        )  # fmt: skip
        return grant.id


def revoke_access(actor: Actor | None, archive: Archive, grant_id: UUID, reason: str) -> None:
    """End a grant at once: by whoever could give it, or by its holder. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.ACCESS_ASK) as operation:
        grant = operation.session.get(AccessGrant, grant_id, with_for_update=True)
        operation.about("access_grant", grant_id, "access.revoked")
        operation.decide()
        if grant is None:
            raise NotFound()
        if str(grant.person_id) != operation.actor.id:
            operation.decide(_of_office(grant.office_id), Action.ACCESS_GIVE)
        if not reason.strip():
            raise Refused("ending a grant needs its reason")
        if grant.revoked_at is not None or grant.until <= operation.now:
            raise Refused("the grant is over already")
        grant.revoked_by, grant.revoked_at = operation.actor.id, operation.now
        grant.revoke_reason = reason.strip()[:_LONGEST_TEXT]
        operation.note(person=str(grant.person_id))


def take_in_emergency(actor: Actor | None, archive: Archive, record_id: UUID, reason: str) -> UUID:
    """Break the glass: see one record of another office now, for `[access] emergency_minutes`, up to the own clearance.

    The office and the auditors are alerted at once, and somebody else reviews it. Raises NotFound for what is not there
    or above the clearance, Refused, LimitExceeded.
    """
    _require_words(reason)
    settings = archive.settings.access
    with archive.door.write(actor, Action.ACCESS_EMERGENCY) as operation:
        operation.decide()
        operation.about("record", record_id, "access.emergency")
        if not settings.emergency_minutes:
            raise Refused("access in an emergency is switched off here", "ask the office for access")
        person = own_person(operation)
        since = operation.now - timedelta(days=1)
        taken = select(func.count()).where(
            AccessGrant.person_id == person.id, AccessGrant.emergency, AccessGrant.granted_at > since
        )
        if (operation.session.scalar(taken) or 0) >= settings.emergencies_a_day:
            raise LimitExceeded("no more emergencies of one person are believed today", "ask the office for access")
        record = find(operation.session, record_id)
        if record is None or not operation.actor.clearance.permits(facts_of(record).effective_level):
            raise NotFound()
        if decide(operation.actor, Action.RECORD_VIEW, facts_of(record)).allowed:
            raise Refused("you may see this record as it is", "open it")
        grant = _row(operation, person, record.office_id, reason, GrantMode.VIEW)
        grant.record_id, grant.emergency = record.id, True
        grant.until = operation.now + timedelta(minutes=settings.emergency_minutes)
        operation.session.add(grant)
        operation.note(grant=str(grant.id), until=grant.until.isoformat())
        settle(operation, _scope_of(grant.id), [_Emergency(f"records {record.id}", f"taken by {person.username}")])
        return grant.id


def review_emergency(actor: Actor | None, archive: Archive, grant_id: UUID, finding: str) -> None:
    """Say what came out about access that was taken in an emergency; its alert ends. Not by whoever took it (R88)."""
    _require_words(finding)
    with archive.door.write(actor, Action.ACCESS_GIVE) as operation:
        grant = operation.session.get(AccessGrant, grant_id, with_for_update=True)
        operation.about("access_grant", grant_id, "access.emergency_reviewed")
        if grant is None or not grant.emergency:
            raise NotFound()
        operation.decide(_of_office(grant.office_id))
        operation.apart(Duty.REVIEW_EMERGENCY, {Duty.RECEIVE_ACCESS: [str(grant.person_id)]})
        if grant.reviewed_at is not None:
            raise Refused("it is reviewed already")
        grant.reviewed_by, grant.reviewed_at = operation.actor.id, operation.now
        grant.review = finding.strip()[:_LONGEST_TEXT]
        settle(operation, _scope_of(grant.id), [])


@dataclass(frozen=True)
class _Emergency:
    id: str
    detail: str
    kind: str = EMERGENCY


def _scope_of(grant_id: UUID) -> str:
    return f"emergency {grant_id}"


def _grant(
    operation: Operation, archive: Archive, person: Person, subject: Subject, purpose: str, mode: GrantMode, until: date
) -> AccessGrant:
    """Put a grant together, after the decision on all that it names."""
    getting = [str(one) for one in (person.id, person.held_by) if one is not None]
    operation.apart(Duty.GIVE_ACCESS, {Duty.RECEIVE_ACCESS: getting}, "ask another head or records officer")
    _require_term(archive, until)
    records = tuple(dict.fromkeys(subject.records))
    if bool(records) == (subject.folder is not None) or len(records) > MOST_IN_A_SET:
        raise Refused(f"a grant is on a folder, or on 1 to {MOST_IN_A_SET} records")
    if subject.folder is not None:
        folder = decided_folder(operation, subject.folder)
        grant = _row(operation, person, folder.office_id, purpose, mode)
        grant.folder_id = folder.id
    else:
        found = [decided_record(operation, one) for one in records]
        _require_clearance(person, found)
        if len({record.office_id for record in found}) > 1:
            raise Refused("a grant is on records of one office", "give one for each office")
        grant = _row(operation, person, found[0].office_id, purpose, mode)
        if len(records) == 1:
            grant.record_id = records[0]
        else:
            grant.set_id = _new_set(operation, purpose, records)
    grant.until = archive.clock.midnight_after(until)
    operation.session.add(grant)
    return grant


def _row(operation: Operation, person: Person, office_id: UUID, purpose: str, mode: GrantMode) -> AccessGrant:
    return AccessGrant(
        id=new_id(operation.clock), person_id=person.id, office_id=office_id, mode=mode.value,
        purpose=purpose.strip()[:_LONGEST_TEXT], granted_by=operation.actor.id, granted_at=operation.now,
        emergency=False,
    )  # fmt: skip


def _new_set(operation: Operation, title: str, records: tuple[UUID, ...]) -> UUID:
    made = RecordSet(
        id=new_id(operation.clock), title=title.strip()[:200], made_by=operation.actor.id, made_at=operation.now
    )  # fmt: skip
    operation.session.add(made)
    operation.session.flush()
    operation.session.add_all(RecordSetItem(set_id=made.id, record_id=one) for one in records)
    return made.id


def _require_clearance(person: Person, records: list[Record]) -> None:
    for record in records:
        level = facts_of(record).effective_level
        if not Level(person.clearance).permits(level):
            raise Refused(
                f"{person.username} is cleared to {person.clearance}, and a record is {level.value}",
                "a grant lifts no clearance; the administrator changes it, by decree",
            )


def _decided_request(operation: Operation, request_id: UUID, name: str) -> AccessRequest:
    request = operation.session.get(AccessRequest, request_id, with_for_update=True)
    operation.about("access_request", request_id, name)
    if request is None:
        raise NotFound()
    operation.decide(_of_office(request.office_id))
    operation.apart(Duty.GIVE_ACCESS, {Duty.RECEIVE_ACCESS: [str(request.person_id)]})
    _require_open(request)
    return request


def _of_office(office_id: UUID) -> RecordFacts:
    """What is judged where the matter is an office's and no one record's."""
    return RecordFacts(office_id, Level.OPEN, Stage.PENDING)


def _require_open(request: AccessRequest) -> None:
    if request.state != RequestState.OPEN.value:
        raise Refused("the request is answered or withdrawn already")


def _answer(operation: Operation, request: AccessRequest, state: RequestState, answer: str) -> None:
    request.state, request.answer = state.value, answer.strip()[:_LONGEST_TEXT] or None
    request.decided_by, request.decided_at = operation.actor.id, operation.now
    operation.note(person=str(request.person_id))


def _require_words(*texts: str) -> None:
    if not all(text.strip() for text in texts):
        raise Refused("say what for", "whoever looks at it later must understand why")


def _require_term(archive: Archive, until: date) -> None:
    today, most = archive.clock.today(), archive.settings.access.grant_days
    if not today <= until <= today + timedelta(days=most):
        raise Refused(f"access ends within {most} days", "choose a day from today on")


def names_of(session: Session, ids: set[str]) -> dict[str, str]:
    """Return the names of people by the ids that rows hold."""
    wanted = [found for one in ids if (found := parse_id(one))]
    rows: Any = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {str(one): name for one, name in rows}
