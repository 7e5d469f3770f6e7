"""An audit trail that grows by itself, and one that somebody with the database in his hands puts back."""

from sqlalchemy import delete, select

from edms.audit.events import AuditEvent
from edms.audit.model import AuditCheckpoint, AuditCosignature, AuditLeaf, AuditNode
from edms.records.archive import Archive


def grow(archive: Archive, count: int = 1, action: str = "test.act") -> None:
    with archive.database.writer() as session:
        events = [AuditEvent(action, "system", "system:tests", "tests", "record", str(n)) for n in range(count)]
        archive.trail.append_all(session, events)
        session.commit()


def rewind(archive: Archive, size: int) -> None:
    """Put the trail back to `size` leaves, as one with the database in his hands would, nodes and all."""
    with archive.database.writer() as session:
        session.execute(delete(AuditCosignature).where(AuditCosignature.size > size))
        session.execute(delete(AuditCheckpoint).where(AuditCheckpoint.size > size))
        session.execute(delete(AuditLeaf).where(AuditLeaf.index >= size))
        for node in session.scalars(select(AuditNode)):
            if (node.position + 1) << node.level > size:
                session.delete(node)
        session.commit()
