"""Which records an actor may view, as a condition on their rows; and the grants that stand on one record.

Every query over records applies `visible`, every decision on one is taken on `facts_for`: the same rule both times
(DESIGN invariant 5). Grants are read where they are asked for, so that one that was revoked counts no more.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    false,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from edms.access.filters import Columns, sql_filter
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.policy import decide
from edms.access.scope import Granted, GrantMode, RecordFacts, Scope
from edms.core.errors import NotFound
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.facts import facts_of, find
from edms.records.grants_model import AccessGrant, RecordSetItem
from edms.records.model import Record

RECORDS = Columns(Record.office_id, Record.level, Record.state, Record.who_may, Record.personal_data, Record.kip)


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that is true of the records that `scope` covers, grants among them."""
    # To put the condition together costs more than to ask it: not for who sees everything up to the clearance anyway.
    return sql_filter(scope, RECORDS, None if scope.whole_archive else granted(scope))


def granted(scope: Scope, record: type[Record] = Record) -> ColumnElement[bool]:
    """Return the condition that a grant of the scope's grantee stands on the record (`record`: under another name),
    whatever its level."""
    if scope.grantee is None or scope.at is None:
        return false()
    stands = standing(scope.grantee, scope.at)

    def subjects(column: InstrumentedAttribute[UUID | None]) -> ColumnElement[bool]:
        return and_(stands, column.is_not(None))

    in_sets = (
        select(RecordSetItem.record_id)
        .join(AccessGrant, AccessGrant.set_id == RecordSetItem.set_id)
        .where(subjects(AccessGrant.set_id))
    )
    return or_(
        record.id.in_(select(AccessGrant.record_id).where(subjects(AccessGrant.record_id))),
        record.folder_id.in_(select(AccessGrant.folder_id).where(subjects(AccessGrant.folder_id))),
        record.id.in_(in_sets),
    )


def seen_among(
    session: Session, scope: Scope, column: InstrumentedAttribute[UUID], where: ColumnElement[bool]
) -> frozenset[UUID]:
    """Return the records that `column` of a list names, in its rows of which `where` is true, as far as `scope` covers
    them: whoever may see the list need not see each record on it, for it may be for the head of its office alone."""
    return frozenset(session.scalars(select(column).join(Record, Record.id == column).where(where, visible_to(scope))))


def seen_of(session: Session, scope: Scope, record_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return which of these records `scope` covers: a page links those alone."""
    wanted = list(record_ids)
    if not wanted:
        return frozenset()
    return frozenset(session.scalars(select(Record.id).where(Record.id.in_(wanted), visible_to(scope))))


def up_to_level(level: Level) -> ColumnElement[bool]:
    """Return the condition that a record is of `level` at most; one without a level counts as restricted (R26)."""
    levels = Level.up_to(level)
    known = Record.level.in_([one.value for one in levels])
    return or_(known, Record.level.is_(None)) if UNCLASSIFIED_COUNTS_AS in levels else known


def granted_ids(session: Session, scope: Scope) -> frozenset[str]:
    """Return the records that the scope's grantee may see by a grant: each kind of grant by its own index.

    Asked at every search, and the same nearly every time: so it comes as one text, taken apart once.
    """
    if scope.grantee is None or scope.at is None or not scope.grant_level or scope.whole_archive:
        return frozenset()
    levels = [level.value for level in Level.up_to(scope.grant_level)]
    asked = {"person": scope.grantee, "at": scope.at, "levels": levels}
    if scope.only is not None:
        asked["only"] = scope.only
    told = session.scalar(_granted_query(scope.only is not None), asked)
    return _ids_in(told) if told else frozenset()


@lru_cache(maxsize=2)
def _granted_query(bound: bool) -> Select[str]:
    """Return the question of `granted_ids`, `bound` to one office or not: to put it together takes longer than to ask
    it."""
    by_kind = (
        select(Record.id).join(AccessGrant, AccessGrant.record_id == Record.id),
        select(Record.id).join(AccessGrant, AccessGrant.folder_id == Record.folder_id),
        select(Record.id)
        .join(RecordSetItem, RecordSetItem.record_id == Record.id)
        .join(AccessGrant, AccessGrant.set_id == RecordSetItem.set_id),
    )
    level = func.coalesce(Record.level, UNCLASSIFIED_COUNTS_AS.value)
    stands = and_(standing(bindparam("person"), bindparam("at")), level.in_(bindparam("levels", expanding=True)))
    if bound:
        stands = and_(stands, Record.office_id == bindparam("only"))
    found = union_all(*(query.where(stands) for query in by_kind)).subquery()
    return select(func.aggregate_strings(cast(found.c.id, String), ","))


@lru_cache(maxsize=256)
def _ids_in(told: str) -> frozenset[str]:
    return frozenset(str(UUID(one)) for one in told.split(","))


def standing(person_id: UUID | BindParameter[UUID], at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that a grant is this person's and stands at `at`."""
    return and_(
        AccessGrant.person_id == person_id,
        AccessGrant.revoked_at.is_(None),
        AccessGrant.granted_at <= at,
        AccessGrant.until > at,
    )


def grants_on(
    session: Session, person_id: UUID, record_id: UUID, folder_id: UUID | None, at: datetime
) -> tuple[Granted, ...]:
    """Return the grants of a person that stand on a record, which is in that folder, at `at`."""
    sets = select(RecordSetItem.set_id).where(RecordSetItem.record_id == record_id)
    subjects = [AccessGrant.record_id == record_id, AccessGrant.set_id.in_(sets)]
    if folder_id is not None:
        subjects.append(AccessGrant.folder_id == folder_id)
    query = select(AccessGrant.id, AccessGrant.mode, AccessGrant.emergency).where(
        standing(person_id, at), or_(*subjects)
    )
    return tuple(Granted(one, GrantMode(mode), emergency) for one, mode, emergency in session.execute(query))


def facts_for(operation: Operation, record: Record) -> RecordFacts:
    """Return what the policy needs to know of `record` to judge the operation's action, grants of its actor included.

    Places and clearance are asked first, since they suffice nearly always: grants cost a statement.
    """
    facts = facts_of(record)
    return facts if decide(operation.actor, operation.action, facts).allowed else facts_with_grants(operation, record)


def facts_with_grants(operation: Operation, record: Record) -> RecordFacts:
    """Return the facts of `record` with all grants of the operation's actor that stand on it, to judge any action."""
    person = parse_id(operation.actor.id)
    if person is None:
        return facts_of(record)
    return facts_of(record, grants_on(operation.session, person, record.id, record.folder_id, operation.now))


def decided_record(operation: Operation, record_id: UUID, *, lock: bool = False) -> Record:
    """Return the record after the operation's access decision on it. NotFound for unknown and forbidden alike.

    Of one that is not there as much is asked as of one that is hidden: the two cost the same (invariant 5).
    """
    record = find(operation.session, record_id, lock=lock)
    operation.about("record", record_id)
    if record is None:
        person = parse_id(operation.actor.id)
        if person is not None:
            grants_on(operation.session, person, record_id, None, operation.now)
        raise NotFound()
    operation.decide(facts_for(operation, record))
    return record
