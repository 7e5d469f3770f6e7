"""What auditors see of destructions, transfers, reviews and hand-overs: the whole procedure, and of the records in
them no more than elsewhere.

An auditor has no office, and a procedure is open to its own office alone; to look at procedures is what the role is
for. So each of them up to the own clearance is shown, with steps, papers and certificate; nothing can be done with it.
Of a record in it that the auditor may not see its place and its state are told, as to everybody (R22).
"""

from sqlalchemy import ColumnElement, or_

from edms.access.actors import Actor, Role
from edms.access.filters import Columns, sql_filter
from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts
from edms.operation.door import Operation


def looking(who: Actor | None, action: Action) -> Action:
    """Return the action under which one of them is shown to somebody: `action`, and to an auditor oversight."""
    return Action.OVERSEE if who is not None and _oversees(who) else action


def may_look(operation: Operation, action: Action, facts: RecordFacts) -> bool:
    """Whether the actor would be shown the procedure of these facts under `action`: only then a page links it."""
    return decide(operation.actor, looking(operation.actor, action), facts).allowed


def seen_procedures(operation: Operation, columns: Columns) -> ColumnElement[bool]:
    """Return the condition of rows of procedures that the actor may see, after the decision on the list."""
    own, actor = sql_filter(operation.scope(), columns), operation.actor
    if not _oversees(actor):
        return own
    return or_(own, columns.level.in_([level.value for level in Level.up_to(actor.clearance)]))


def _oversees(actor: Actor) -> bool:
    return actor.actions is None and actor.has(Role.AUDITOR)  # a token is made for no oversight
