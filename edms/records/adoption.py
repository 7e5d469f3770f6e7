"""Telling the audit trail of the rows of an archive that an earlier version made. Done once, never again."""

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.operation.model import RowState
from edms.operation.states import pages_of
from edms.records.archive import Archive

ADOPTED = "rows.adopted"
_SUBJECT = ("rows", "all")


def adopt_rows(actor: Actor | None, archive: Archive) -> int:
    """Take the rows that the trail knows nothing of as they are, and return how many those were.

    Once the trail says that this was done it is refused silently: else who puts a row in around the system would
    have it adopted.
    """
    count = 0
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        session, states = operation.session, archive.door.states
        done = select(AuditLeaf.index).where(AuditLeaf.subject_kind == _SUBJECT[0], AuditLeaf.subject_id == _SUBJECT[1])
        if session.scalars(done.limit(1)).first() is not None:
            operation.unrecorded()
            return 0
        for one in states.stated:
            for page in pages_of(session, one):
                known = select(RowState.key).where(RowState.kind == one.kind, RowState.key.in_(page))
                for text in page.keys() - set(session.scalars(known)):
                    states.touch_key(session, one, page[text])
                    count += 1
        operation.about(*_SUBJECT, ADOPTED)
        operation.note(count=count)
    return count
