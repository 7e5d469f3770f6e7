"""What the index says of a record beyond its own row, and how a change of that reaches it.

Holds and redactions stand in tables of their own. Whoever places or ends one says so here: the record gets a new
version, without which the index would take what it is sent for old, and waits for it in the same transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.operation.door import Operation
from edms.records.model import Hold, HoldLink, Record
from edms.records.redaction_model import Redaction

INDEX_TOPIC = "index"
_REDACTED = ("made", "approved")


def look_again(operation: Operation, record_ids: Iterable[UUID]) -> None:
    """Have the index take these records in anew, with what it says of them as it is when this is committed."""
    for record_id in dict.fromkeys(record_ids):
        operation.session.get_one(Record, record_id, with_for_update=True).version += 1
        operation.outbox(INDEX_TOPIC, record_id)


def look_again_at_held(operation: Operation, hold_id: UUID) -> None:
    """The same for every record that a hold binds."""
    operation.session.flush()
    query = select(HoldLink.record_id).where(HoldLink.hold_id == hold_id).order_by(HoldLink.record_id)
    look_again(operation, operation.session.scalars(query).all())


def marks_beside(session: Session, record_ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Return which of `hold` and `redaction` each of these records has now; those with neither are not named."""
    held = select(HoldLink.record_id).join(Hold, Hold.id == HoldLink.hold_id).where(Hold.released_at.is_(None))
    redacted = select(Redaction.record_id).where(Redaction.state.in_(_REDACTED))
    found: dict[UUID, frozenset[str]] = {}
    for mark, query, column in (("hold", held, HoldLink.record_id), ("redaction", redacted, Redaction.record_id)):
        for one in session.scalars(query.where(column.in_(record_ids)).distinct()):
            found[one] = found.get(one, frozenset()) | {mark}
    return found
