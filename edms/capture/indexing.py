"""When to feed the index: in batches, never a commit per record while more is coming.

A Whoosh commit costs as much as a hundred documents, so while captures are under way the outbox is let to grow to a
batch, or until its oldest entry has waited long enough for a person to notice.
"""

import time
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.searching import INDEX_TOPIC, drain
from edms.search.errors import IndexBusy

LONGEST_WAIT = timedelta(seconds=3)
WORTH_A_COMMIT = 100
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.2


def bring_index_up_to_date(archive: Archive, *, more_is_coming: bool) -> bool:
    """Drain a batch if it is time to. Returns whether anything was done; another process at it counts as not."""
    if more_is_coming and not _worth_it(archive):
        return False
    try:
        return drain(archive) > 0
    except IndexBusy:
        return False


def _worth_it(archive: Archive) -> bool:
    with archive.database.reader() as session:
        query = select(func.count(), func.min(OutboxEntry.created_at)).where(OutboxEntry.topic == INDEX_TOPIC)
        count, oldest = session.execute(query).one()
    if not count:
        return False
    return count >= WORTH_A_COMMIT or archive.clock.now() - oldest >= LONGEST_WAIT


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
