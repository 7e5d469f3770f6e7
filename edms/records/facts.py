"""From a record's row to the facts that the policy judges."""

from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.access.policy import RecordFacts, Stage
from edms.core.errors import NotFound
from edms.operation.door import Operation
from edms.records.model import Record


def facts_of(record: Record) -> RecordFacts:
    """Return what the policy needs to know of `record`."""
    return RecordFacts(record.office_id, Level(record.level) if record.level else None, Stage(record.state))


def decided_record(operation: Operation, record_id: UUID, *, lock: bool = False) -> Record:
    """Return the record after the operation's access decision on it. NotFound for unknown and forbidden alike."""
    record = find(operation.session, record_id, lock=lock)
    operation.about("record", record_id)
    if record is None:
        raise NotFound()
    operation.decide(facts_of(record))
    return record


def find(session: Session, record_id: UUID, *, lock: bool = False) -> Record | None:
    """Return the row or None; with `lock`, held against other writers until the transaction ends."""
    return session.get(Record, record_id, with_for_update=lock or None)
