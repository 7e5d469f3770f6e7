"""Redactions that workers make: handed over, taken up a piece at a time, given back as a draft when it came to nothing.

    draft --handed over--> making --the last piece is done, joined, looked at--> made
                           making --it came to nothing, the reason stays with the job--> draft

The pieces are page ranges of the record, named in the database once they are durable: a worker that is killed loses the
piece it was at. One redaction of a record is under way at a time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.jobs.model import Job, JobState, Lane
from edms.jobs.queue import enqueue, finish, postponed, resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.page_ranges import forget_ranges, ranges_of
from edms.records.range_model import PageRange
from edms.records.redaction_model import Redaction
from edms.vault.model import StoredBlob

KIND, DRAW, JOIN = "redaction", "redact_pages", "redact_join"
"""The jobs, whose subject is the redaction, and their steps."""
DRAFT, MAKING = "draft", "making"
_NUMBERED = re.compile(r"#(\d+)")


@dataclass(frozen=True)
class UnderWay:
    """A redaction that workers make, or last came to nothing with: pages that are `done`, of how many; `running`: a
    worker is at it now; `told`: why it failed or pauses; `postponed`: its surroundings failed, however long it takes.
    """

    done: int
    pages: int
    running: bool
    told: str
    postponed: bool


def hand_over(operation: Operation, archive: Archive, row: Redaction, pages: int) -> None:
    """Leave a draft to the workers, in the transaction of whoever asks for it. Raises Refused while another redaction
    of the record is being made."""
    session, step = operation.session, archive.settings.redaction.pages_at_once
    if ranges_of(session, row.record_id):
        raise Refused("another redaction of this record is being made", "wait until it is made")
    row.state, row.made_by = MAKING, operation.actor.name
    for first in range(1, pages + 1, step):
        last = min(pages, first + step - 1)
        session.add(PageRange(id=new_id(archive.clock), record_id=row.record_id, first=first, last=last))
    job = _job(session, row.id)
    if job is None:
        enqueue(session, archive.clock, KIND, row.id, DRAW, row.record.office_id, Lane.LONG)
    else:
        resume(job, archive.clock, DRAW, lane=Lane.LONG)


def give_back(session: Session, row: Redaction) -> None:
    """Make a draft again of what came to nothing; its areas and terms are as they were."""
    row.state, row.made_by = DRAFT, None
    row.version += 1
    forget_ranges(session, row.record_id)


def stop(session: Session, row: Redaction) -> None:
    """End the making of a redaction that is not wanted any more; a worker that is at it finds its job gone."""
    if row.state == MAKING:
        forget_ranges(session, row.record_id)
    session.execute(delete(Job).where(Job.subject_id == row.id))


def fail(session: Session, archive: Archive, redaction_id: UUID, told: str) -> None:
    """End the job of a redaction with the reason. `told` names no term: the job is no place for content."""
    job = session.scalars(select(Job).where(Job.subject_id == redaction_id).with_for_update()).one()
    job.last_error = told[:2000]
    finish(job, archive.clock, JobState.FAILED)


def detach_pieces(session: Session, record_id: UUID) -> list[StoredBlob]:
    """Stop what is being made of a record, and return the pieces of it that are stored, which nothing names any more:
    they are to be destroyed with the record."""
    rows = ranges_of(session, record_id)
    names = [name for row in rows for name in (row.pdf_id, row.text_id) if name]
    for range_row in rows:
        session.delete(range_row)
    for row in session.scalars(select(Redaction).where(Redaction.record_id == record_id, Redaction.state == MAKING)):
        row.state, row.made_by = DRAFT, None
        session.execute(delete(Job).where(Job.subject_id == row.id))
    session.flush()
    return [session.get_one(StoredBlob, name) for name in names]


def under_way(session: Session, row: Redaction, terms: Sequence[str]) -> UnderWay | None:
    """Return how far the making of a redaction is, or why it came to nothing; None for one that no worker had."""
    job = _job(session, row.id)
    if job is None or (row.state == DRAFT) != (job.state == JobState.FAILED.value) or row.state not in (DRAFT, MAKING):
        return None
    ranges = ranges_of(session, row.record_id) if row.state == MAKING else []
    done, pages = (
        sum(one.last - one.first + 1 for one in ranges if one.pdf_id or everything) for everything in (False, True)
    )
    return UnderWay(done, pages, job.lease is not None, _with_terms(job.last_error or "", terms), postponed(job))


def numbered(terms: Sequence[str], term: str) -> str:
    """Return how a term is named where its words must not stand."""
    return f"#{list(terms).index(term) + 1}"


def _with_terms(told: str, terms: Sequence[str]) -> str:
    """Return `told` with the words of its terms, for whoever may read them."""
    return _NUMBERED.sub(lambda one: terms[int(one[1]) - 1] if 0 < int(one[1]) <= len(terms) else one[0], told)


def _job(session: Session, redaction_id: UUID) -> Job | None:
    return session.scalars(select(Job).where(Job.subject_id == redaction_id)).one_or_none()
