"""How far files have come: what the upload page and `ingest --wait` show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.filters import sql_filter
from edms.access.policy import Action
from edms.capture.states import Step
from edms.jobs.model import Job, JobState
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record, RecordState


@dataclass(frozen=True)
class Progress:
    """State of one file: processing, awaiting_class, declared or quarantined; `reason` in the last case."""

    record_id: UUID
    title: str
    file_name: str
    state: str
    step: str
    reason: str = ""
    reason_code: str = ""

    @property
    def at_rest(self) -> bool:
        return self.state != "processing"


def progress_of(actor: Actor | None, archive: Archive, record_ids: Sequence[UUID]) -> list[Progress]:
    """Return the progress of those of `record_ids` that the actor may see, in no special order."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        query = (
            select(Record, Job)
            .join(Job, Job.subject_id == Record.id)
            .where(Record.id.in_(record_ids), sql_filter(scope, Record.office_id, Record.level, Record.state))
        )
        return [_progress(record, job) for record, job in operation.session.execute(query)]


def inbox(actor: Actor | None, archive: Archive, state: str, limit: int = 200) -> list[Progress]:
    """Return the actor's own offices' records that are not declared: `pending` or `quarantined`, newest first."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        return _inbox(operation, state, limit)


def _inbox(operation: Operation, state: str, limit: int) -> list[Progress]:
    scope = operation.scope()
    query = (
        select(Record, Job)
        .join(Job, Job.subject_id == Record.id)
        .where(Record.state == state, sql_filter(scope, Record.office_id, Record.level, Record.state))
        .order_by(Record.received_at.desc())
        .limit(limit)
    )
    return [_progress(record, job) for record, job in operation.session.execute(query)]


def _progress(record: Record, job: Job) -> Progress:
    if record.state == RecordState.PENDING.value:
        waiting = job.state == JobState.WAITING.value and job.step == Step.CLASSIFY.value
        state = "awaiting_class" if waiting else "processing"
    else:
        state = record.state
    return Progress(
        record.id, record.title, record.file_name, state, job.step, record.problem_text or "", record.problem_code or ""
    )
