"""What auditors see of destructions, transfers, reviews and hand-overs: the whole procedure, and of the records in
them no more than elsewhere.

An auditor has no office, and a procedure is open to its own office alone; to look at procedures is what the role is
for. So each of them up to the own clearance is shown, with steps, papers and certificate; nothing can be done with it.
A record in it that the auditor may not see bears the title of its class, and what was noted about it is left out (R22).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from edms.access.actors import Actor, Role
from edms.access.filters import Columns, sql_filter
from edms.access.levels import Level
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.model import Record
from edms.records.visible import visible_to

_AT_ONCE = 500


def looking(who: Actor | None, action: Action) -> Action:
    """Return the action under which one of them is shown to somebody: `action`, and to an auditor oversight."""
    return Action.OVERSEE if who is not None and _oversees(who) else action


def seen_procedures(operation: Operation, columns: Columns) -> ColumnElement[bool]:
    """Return the condition of rows of procedures that the actor may see, after the decision on the list."""
    own, actor = sql_filter(operation.scope(), columns), operation.actor
    if not _oversees(actor):
        return own
    return or_(own, columns.level.in_([level.value for level in Level.up_to(actor.clearance)]))


def hidden_records(operation: Operation, record_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the records in a procedure that the actor, who sees it by oversight, may not see; of an actor of
    its own office none."""
    if operation.action is not Action.OVERSEE:
        return frozenset()
    ids, seen = list(record_ids), set[UUID]()
    for start in range(0, len(ids), _AT_ONCE):
        query = select(Record.id).where(Record.id.in_(ids[start : start + _AT_ONCE]), visible_to(operation.viewing))
        seen.update(operation.session.scalars(query))
    return frozenset(ids) - seen


def _oversees(actor: Actor) -> bool:
    return actor.actions is None and actor.has(Role.AUDITOR)  # a token is made for no oversight
