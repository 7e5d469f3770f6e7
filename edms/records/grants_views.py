"""What people see of access by permission: their own, and for heads and records officers what waits and what stands."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, true
from sqlalchemy.orm import joinedload

from edms.access.actors import Actor, Role
from edms.access.filters import Columns, sql_filter
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.audit.model import AuditLeaf
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.grants import names_of
from edms.records.grants_model import AccessGrant, AccessRequest, RecordSetItem, RequestState
from edms.records.model import Folder, Record
from edms.records.visible import seen_of, standing, visible_to

MOST_SHOWN = 200


@dataclass(frozen=True)
class RequestLine:
    """A request for access; `meant`: the record that its words name, where the reader may see it."""

    id: UUID
    user: str
    name: str
    office: str
    wanted: str
    purpose: str
    mode: str
    until: date
    asked_at: datetime
    state: str
    answer: str
    decided_by: str
    meant: UUID | None = None


@dataclass(frozen=True)
class GrantLine:
    """A grant; `what` describes its subject, `records` counts those of a set.

    Of a grant on what the reader may not see (`seen` false) it is told who holds it, since when and until when.
    """

    id: UUID
    user: str
    name: str
    office: str
    what: str
    record: UUID | None
    folder: UUID | None
    records: int
    mode: str
    purpose: str
    given_by: str
    given_at: datetime
    until: datetime
    stands: bool
    emergency: bool
    revoke_reason: str
    review: str
    seen: bool = True


@dataclass(frozen=True)
class AccessDesk:
    """All that somebody has to do with access by permission: own requests and grants, and those of the own offices."""

    requests: tuple[RequestLine, ...]
    grants: tuple[GrantLine, ...]
    waiting: tuple[RequestLine, ...]
    given: tuple[GrantLine, ...]
    gives: bool

    @property
    def emergencies(self) -> tuple[GrantLine, ...]:
        """Access taken in an emergency that nobody has reviewed yet."""
        return tuple(one for one in self.given if one.emergency and not one.review)


def access_desk(actor: Actor | None, archive: Archive) -> AccessDesk:
    """Return what the actor asked for, holds, is to answer and has given; the newest first."""
    with archive.door.disclose(actor, Action.ACCESS_ASK) as operation:
        operation.decide()
        operation.about("list", "access", LISTED)
        operation.seldom()
        person = parse_id(operation.actor.id)
        mine = (AccessRequest.person_id == person, AccessGrant.person_id == person)
        answers = _answers(operation)
        if answers is None:
            return AccessDesk(_requests(operation, mine[0]), _grants(operation, mine[1]), (), (), gives=False)
        request_office, grant_office = answers
        waits = AccessRequest.state == RequestState.OPEN.value
        return AccessDesk(
            _requests(operation, mine[0]),
            _grants(operation, mine[1]),
            _requests(operation, waits & request_office, resolve=True),
            _grants(operation, grant_office),
            gives=True,
        )


def waiting_for(actor: Actor | None, archive: Archive) -> int:
    """Return how many requests and emergencies wait for the actor's answer."""
    with archive.door.read(actor, Action.ACCESS_ASK) as operation:
        operation.decide()
        answers = _answers(operation)
        if answers is None:
            return 0
        request_office, grant_office = answers
        asked = select(func.count()).where(AccessRequest.state == RequestState.OPEN.value, request_office)
        taken = select(func.count()).where(AccessGrant.emergency, AccessGrant.reviewed_at.is_(None), grant_office)
        return (operation.session.scalar(asked) or 0) + (operation.session.scalar(taken) or 0)


def _answers(operation: Operation) -> tuple[ColumnElement[bool], ColumnElement[bool]] | None:
    """For whose requests and grants the actor answers: all, or those of the offices headed; None for nobody's."""
    actor = operation.actor
    if actor.has(Role.RECORDS_OFFICER):
        return true(), true()
    if actor.has(Role.OFFICIAL) and actor.headed:
        headed = sorted(actor.headed)
        return AccessRequest.office_id.in_(headed), AccessGrant.office_id.in_(headed)
    return None


def _requests(operation: Operation, which: ColumnElement[bool], *, resolve: bool = False) -> tuple[RequestLine, ...]:
    query = (
        select(AccessRequest)
        .where(which)
        .options(joinedload(AccessRequest.person), joinedload(AccessRequest.office))
        .order_by(AccessRequest.asked_at.desc(), AccessRequest.id.desc())
        .limit(MOST_SHOWN)
    )
    rows = list(operation.session.scalars(query))
    names = names_of(operation.session, {row.decided_by for row in rows if row.decided_by})
    meant = _meant(operation, rows) if resolve else {}
    return tuple(
        RequestLine(
            row.id, row.person.username, row.person.name, row.office.code, row.wanted, row.purpose, row.mode,
            row.until, row.asked_at, row.state, row.answer or "", names.get(row.decided_by or "", ""),
            meant.get(row.id),
        )
        for row in rows
    )  # fmt: skip


def _meant(operation: Operation, rows: list[AccessRequest]) -> dict[UUID, UUID]:
    """The records that requests name by their id or their number, of those alone that the actor may see."""
    by_id = {one: row.id for row in rows if (one := parse_id(row.wanted.strip()))}
    numbers = {row.wanted.strip(): row for row in rows}
    visible = visible_to(operation.viewing)
    ids = operation.session.scalars(select(Record.id).where(Record.id.in_(by_id), visible))
    found = {by_id[record]: record for record in ids}
    query = select(Record.id, Record.number, Record.office_id).where(Record.number.in_(numbers), visible)
    for record, number, office_id in operation.session.execute(query):
        if number and numbers[number].office_id == office_id:
            found.setdefault(numbers[number].id, record)
    return found


def _grants(operation: Operation, which: ColumnElement[bool]) -> tuple[GrantLine, ...]:
    in_set = (
        select(func.count())
        .select_from(RecordSetItem)
        .join(Record, Record.id == RecordSetItem.record_id)
        .where(RecordSetItem.set_id == AccessGrant.set_id, visible_to(operation.viewing))
        .scalar_subquery()
    )
    query = (
        select(AccessGrant, Record.title, Folder.title, in_set)
        .select_from(AccessGrant)
        .outerjoin(Record, and_(Record.id == AccessGrant.record_id, visible_to(operation.viewing)))
        .outerjoin(Folder, and_(Folder.id == AccessGrant.folder_id, _known(operation)))
        .where(which)
        .options(joinedload(AccessGrant.person), joinedload(AccessGrant.office))
        .order_by(AccessGrant.granted_at.desc(), AccessGrant.id.desc())
        .limit(MOST_SHOWN)
    )
    rows = operation.session.execute(query).all()
    names = names_of(operation.session, {row[0].granted_by for row in rows})
    return tuple(_line(operation, grant, record or folder, count, names) for grant, record, folder, count in rows)


def _known(operation: Operation) -> ColumnElement[bool]:
    """The condition that the actor is told of a folder: as one of its office, or by a grant on it that stands."""
    columns = Columns(Folder.office_id, Folder.level, literal(Stage.PENDING.value))
    held = standing(parse_id(operation.actor.id) or UUID(int=0), operation.now)
    granted = Folder.id.in_(select(AccessGrant.folder_id).where(held, AccessGrant.folder_id.is_not(None)))
    return or_(sql_filter(operation.viewing.without_grants(), columns, None), granted)


def _line(operation: Operation, grant: AccessGrant, what: str | None, count: int, names: dict[str, str]) -> GrantLine:
    stands = grant.revoked_at is None and grant.until > operation.now
    seen = what is not None or count > 0
    told = seen or grant.emergency or str(grant.person_id) == operation.actor.id
    return GrantLine(
        grant.id, grant.person.username, grant.person.name, grant.office.code, what or "",
        grant.record_id if seen else None, grant.folder_id if seen else None, count,
        grant.mode, grant.purpose if told else "", names.get(grant.granted_by, ""), grant.granted_at, grant.until,
        stands, grant.emergency, (grant.revoke_reason or "") if told else "", (grant.review or "") if told else "",
        seen,
    )  # fmt: skip


@dataclass(frozen=True)
class GrantUse:
    """One use of a grant, as the audit trail tells it; `record` is empty where the reader may not see which."""

    at: str
    action: str
    record: str
    outcome: str


def uses_of(actor: Actor | None, archive: Archive, grant_id: UUID) -> list[GrantUse]:
    """Return how a grant was used, oldest first: for whoever could give it. Raises NotFound."""
    archive.door.integrate()
    with archive.door.disclose(actor, Action.ACCESS_GIVE) as operation:
        grant = operation.session.get(AccessGrant, grant_id)
        operation.about("access_grant", grant_id, "access.uses_read")
        if grant is None:
            raise NotFound()
        operation.decide(RecordFacts(grant.office_id, Level.OPEN, Stage.PENDING))
        # No upper bound: places in the trail never go back in time, so that events after those of a clock that was
        # ahead for a while bear its time, and the end of a grant would hide them.
        query = (
            select(AuditLeaf.body)
            .where(
                AuditLeaf.actor_id == str(grant.person_id),
                AuditLeaf.subject_kind == "record",
                AuditLeaf.at >= grant.granted_at,
            )
            .order_by(AuditLeaf.index)
        )
        named = str(grant_id).encode()
        told = [json.loads(body) for body in operation.session.scalars(query) if named in body]
        uses = [leaf for leaf in told if leaf["details"].get("grant") == str(grant_id)]
        used = [one for leaf in uses if (one := parse_id(leaf["subject"]["id"]))]
        shown = frozenset(map(str, seen_of(operation.session, operation.viewing, used)))
        return [
            GrantUse(leaf["at"], leaf["action"], told if (told := leaf["subject"]["id"]) in shown else "",
                     leaf["outcome"])
            for leaf in uses
        ]  # fmt: skip
