"""Giving many declared records the rule of their class in the book in force: the act that impact calls re-assignment.

A part of the records in each transaction, with one act for each record; it can be stopped anywhere and goes on where it
was, since a record that stands under its new rule is passed over. Those with terms of a review are left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.assignment_model import AssignmentSource
from edms.records.assignment_terms import review_rules
from edms.records.assignments import NewAssignment, assign
from edms.records.model import Record, RecordState
from edms.records.offices import office_of
from edms.records.visible import decided_record, visible_to

PART = 100


@dataclass(frozen=True)
class Reassignment:
    """Which records: those declared under `edition`, of one office (code) or class where named; and why."""

    edition: str
    reason: str
    office: str | None = None
    class_code: str | None = None


@dataclass
class Reassigned:
    """How many were looked at, given their new rule, and left: under it already or without one (`same`), or under a
    review's own terms (`reviewed`)."""

    given: int = 0
    reassigned: int = 0
    same: int = 0
    reviewed: int = 0


def reassign_many(
    actor: Actor | None, archive: Archive, asked: Reassignment, part: Callable[[int], None] = lambda _count: None
) -> Reassigned:
    """Re-assign the records that `asked` names and the actor may see; `part` is told of each part that is committed.

    Raises NotPermitted, Refused for an unknown office and without a reason.
    """
    if not asked.reason.strip():
        raise Refused("giving records another rule needs a reason")
    done, last = Reassigned(), None
    while True:
        ids = _next(actor, archive, asked, last)
        if not ids:
            return done
        _give(actor, archive, asked, ids, done)
        last = ids[-1]
        part(len(ids))


def _next(actor: Actor | None, archive: Archive, asked: Reassignment, last: UUID | None) -> list[UUID]:
    with archive.door.read(actor, Action.RETENTION_DRAFT) as operation:
        operation.decide()
        wanted = _wanted(operation, asked)
        query = select(Record.id).where(wanted if last is None else and_(wanted, Record.id > last))
        return list(operation.session.scalars(query.order_by(Record.id).limit(PART)))


def _wanted(operation: Operation, asked: Reassignment) -> ColumnElement[bool]:
    parts = [
        Record.state == RecordState.DECLARED.value,
        Record.rule_edition == asked.edition,
        visible_to(operation.viewing),
    ]
    if asked.class_code:
        parts.append(Record.class_code == asked.class_code)
    if asked.office:
        parts.append(Record.office_id == office_of(operation.session, asked.office).id)
    return and_(*parts)


def _give(actor: Actor | None, archive: Archive, asked: Reassignment, ids: list[UUID], done: Reassigned) -> None:
    new = NewAssignment(AssignmentSource.OVERRIDE, asked.reason)
    with archive.door.write(actor, Action.RECORD_REASSIGN) as operation:
        reviewed = review_rules(operation.session, ids)
        before = done.reassigned
        for record_id in ids:
            record = decided_record(operation, record_id, lock=True)
            done.given += 1
            if record_id in reviewed:
                done.reviewed += 1
                continue
            try:
                assign(operation, archive, record, new)
                done.reassigned += 1
            except Refused:  # it stands under its rule already, or its class has none: nothing was changed
                done.same += 1
        operation.about("rule_edition", asked.edition, "records.reassigned")
        operation.note(records=len(ids), reassigned=done.reassigned - before)
