"""When to feed the index: in batches, never a commit per record while more is coming.

A commit costs as much as a dozen documents, so while captures are under way the outbox is let to grow to a batch, or
until its oldest entry has waited long enough for a person to notice. And a record that a quick step is about to change
again is not written to the index for the sake of that moment: most documents would be written twice.
"""

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from edms.jobs.model import Job, JobState, Lane
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.index_mending import MENDING_TOPIC, mend_index
from edms.records.searching import INDEX_TOPIC, drain
from edms.search.errors import IndexBusy, IndexDamaged

LONGEST_WAIT = timedelta(seconds=1)
"""How long a record may rest unseen by a search while more comes in: half of the two seconds that are promised."""
LONGEST_WAIT_IN_A_CROWD = timedelta(seconds=3)
"""The same while more than `A_CROWD` steps wait: a commit a second would cost an import a tenth of its time."""
A_CROWD = 50
LONGEST_UNFINISHED = timedelta(seconds=60)
"""How long a record may be without its newest facts in the index because a quick step is to come."""
WORTH_A_COMMIT = 100
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.2


def bring_index_up_to_date(archive: Archive, *, more_is_coming: bool) -> bool:
    """Drain a batch if it is time to. Returns whether anything was done; another process at it counts as not."""
    if more_is_coming and not _worth_it(archive):
        return False
    try:
        # What an index has lost that was set aside comes when nothing newer waits.
        return drain(archive, _due(archive.clock.now())) > 0 or drain(archive, topic=MENDING_TOPIC) > 0
    except IndexBusy:
        return False
    except IndexDamaged:
        return mend_index(archive)


def _worth_it(archive: Archive) -> bool:
    """Whether enough records wait, or one has for long since its newest change (a backlog's oldest one is old)."""
    now, newest = archive.clock.now(), func.max(OutboxEntry.created_at).label("newest")
    waiting = select(newest).where(OutboxEntry.topic == INDEX_TOPIC, _due(now)).group_by(OutboxEntry.subject_id)
    each = waiting.subquery()
    with archive.database.reader() as session:
        count, oldest = session.execute(select(func.count(), func.min(each.c.newest))).one()
        if not count or count >= WORTH_A_COMMIT or now - oldest >= LONGEST_WAIT_IN_A_CROWD:
            return bool(count)
        crowd = len(session.scalars(select(Job.id).where(_quick_step(now)).limit(A_CROWD + 1)).all()) > A_CROWD
    return not crowd and now - oldest >= LONGEST_WAIT


def _due(now: datetime) -> ColumnElement[bool]:
    """Whether an OutboxEntry is of a record that rests, or has waited too long for its steps."""
    coming = exists().where(Job.subject_id == OutboxEntry.subject_id, _quick_step(now))
    return or_(~coming, OutboxEntry.created_at <= now - LONGEST_UNFINISHED)


def _quick_step(now: datetime) -> ColumnElement[bool]:
    """Whether a Job is a quick step that a worker may take now."""
    return and_(Job.state == JobState.READY.value, Job.lane == Lane.QUICK.value, Job.not_before <= now)


def wait_until_indexed(archive: Archive, record_ids: Collection[UUID], *, work_here: bool) -> None:
    """Wait until no change of these records waits for the index; a worker that is slow is waited for, within reason."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _waiting(archive, record_ids) and time.monotonic() < deadline:
        if not (work_here and bring_index_up_to_date(archive, more_is_coming=False)):
            time.sleep(POLL_SECONDS)


def _waiting(archive: Archive, record_ids: Collection[UUID]) -> bool:
    with archive.database.reader() as session:
        waiting = set(
            session.scalars(select(OutboxEntry.subject_id).where(OutboxEntry.topic == INDEX_TOPIC).distinct())
        )
    return not waiting.isdisjoint(record_ids)
