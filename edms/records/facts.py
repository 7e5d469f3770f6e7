"""From a record's row to the facts that the policy judges."""

from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.access.positions import Rank
from edms.access.scope import DEFAULT_WHO_MAY, Granted, RecordFacts, Stage
from edms.records.model import Record


def facts_of(record: Record, grants: tuple[Granted, ...] = ()) -> RecordFacts:
    """Return what the policy needs to know of `record`; of grants those that are given (edms.records.visible)."""
    return RecordFacts(
        office_id=record.office_id,
        level=Level(record.level) if record.level else None,
        stage=Stage(record.state),
        who_may=Rank(record.who_may) if record.who_may else DEFAULT_WHO_MAY,
        personal_data=bool(record.personal_data),
        kip=record.kip,
        terjaga=bool(record.terjaga),
        grants=grants,
    )


def find(session: Session, record_id: UUID, *, lock: bool = False) -> Record | None:
    """Return the row or None; with `lock`, held against other writers until the transaction ends."""
    return session.get(Record, record_id, with_for_update=lock or None)
