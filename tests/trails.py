"""An audit trail that grows by itself, and one that somebody with the database in his hands puts back."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from edms.audit.events import AuditEvent
from edms.audit.model import AuditCheckpoint, AuditCosignature, AuditLane, AuditLeaf, AuditNode, AuditWaiting
from edms.records.archive import Archive


def grow(archive: Archive, count: int = 1, action: str = "test.act") -> None:
    with archive.database.writer() as session:
        events = [AuditEvent(action, "system", "system:tests", "tests", "record", str(n)) for n in range(count)]
        archive.trail.append_all(session, events)
        archive.trail.integrate(session)
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
        set_lanes_back(session)
        session.commit()


def set_lanes_back(session: Session) -> None:
    """Let each lane count as far as it has leaves, as one who covers up a cut would; nothing waits any more."""
    session.execute(delete(AuditWaiting))
    last = select(func.max(AuditLeaf.number)).where(AuditLeaf.lane == AuditLane.lane).scalar_subquery()
    session.execute(update(AuditLane).values(number=func.coalesce(last, 0)))
