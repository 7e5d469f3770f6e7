"""A damaged index mends itself: it is set aside, and filled again from the records while the service goes on.

Whoever meets damage, a search or the worker that feeds the index, leaves word of it. A worker then reads the whole
index; when it is damaged indeed, an empty one takes its place and every record is queued for it, the newest first. What
is in it already is found meanwhile, and answers say how much that is. A process that dies leaves the queue, so nothing
begins anew (DESIGN invariant 6).
"""

import logging
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.model import Record
from edms.search.protocol import Notice

log = logging.getLogger("edms.index")

MENDING_TOPIC = "index-mending"
"""Records that an index which was set aside has lost: they come after what has just changed."""
DAMAGE_TOPIC = "index-damage"
SET_ASIDE = "index.set_aside"
MENDER = system_actor("index")
_NO_RECORD = UUID(int=0)


def report_damage(operation: Operation, archive: Archive) -> None:
    """Leave word, beside the event of a search, that the index was found damaged."""
    now = operation.now

    def keep(session: Session) -> None:
        if session.scalar(select(OutboxEntry.sequence).where(OutboxEntry.topic == DAMAGE_TOPIC).limit(1)) is None:
            session.add(OutboxEntry(topic=DAMAGE_TOPIC, subject_id=_NO_RECORD, created_at=now))

    operation.beside_event(keep)


def mend_when_reported(archive: Archive) -> bool:
    """Look at the index if somebody found it damaged; return whether it was set aside."""
    with archive.database.reader() as session:
        found = list(session.scalars(select(OutboxEntry.sequence).where(OutboxEntry.topic == DAMAGE_TOPIC)))
    if not found:
        return False
    mended = mend_index(archive)
    with archive.door.write(MENDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.execute(delete(OutboxEntry).where(OutboxEntry.sequence.in_(found)))
    return mended


def mend_index(archive: Archive) -> bool:
    """Set the index aside if it is damaged, and queue every record for the empty one; return whether it was.

    Every record is queued in the transaction in which the index is emptied, under numbers of its own: what another
    worker was just taking in is taken in once more.
    """
    faults = [f"{fault.id}: {fault.detail}" for fault in archive.index.verify()]
    if not faults:
        return False
    log.error("the index is damaged and set aside (%s); it is filled again from the records", "; ".join(faults[:5]))
    with archive.door.write(MENDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        lost = select(literal(MENDING_TOPIC), Record.id, literal(operation.now, OutboxEntry.created_at.type))
        columns = ["topic", "subject_id", "created_at"]
        operation.session.execute(insert(OutboxEntry).from_select(columns, lost.order_by(Record.id.desc())))
        count = operation.session.scalar(select(func.count()).select_from(Record)) or 0
        operation.about("index", "", SET_ASIDE)
        operation.note(faults=[fault[:200] for fault in faults[:20]], records=count)
        archive.index.rebuild(())
    return True


def notices_of(session: Session) -> tuple[Notice, ...]:
    """Return what is to be said with an answer while records are missing: the share that is there, in percent."""
    lost = select(OutboxEntry.subject_id).where(OutboxEntry.topic == MENDING_TOPIC)
    if session.scalar(lost.limit(1)) is None:
        return ()
    waiting = session.scalar(select(func.count()).select_from(lost.distinct().subquery())) or 0
    every = session.scalar(select(func.count()).select_from(Record)) or 0
    covered = 100 * max(every - waiting, 0) // every if every else 100
    return (Notice("index-mending", str(min(covered, 99))),)
