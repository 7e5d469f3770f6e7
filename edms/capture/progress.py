"""How far files have come: what the upload page and `ingest --wait` show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from edms.access.actors import Actor
from edms.access.policy import Action, decide, follow_scope
from edms.access.scope import Scope
from edms.capture.states import Step
from edms.jobs.model import Job, JobState
from edms.jobs.queue import SOON_SECONDS, postponed
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record, RecordState
from edms.records.thumbnails import with_thumbnails
from edms.records.visible import visible_to


@dataclass(frozen=True)
class Progress:
    """State of one file: processing, awaiting_class, declared, batch or quarantined; `reason` in the last case.

    `postponed` says what a file under way waits for when that is not its own fault (a full disk, an authority away),
    until `tried_again_at`.

    `described`: it has the class and the level without which it is not declared.
    """

    record_id: UUID
    title: str
    file_name: str
    state: str
    step: str
    received_at: datetime
    described: bool
    reason: str = ""
    reason_code: str = ""
    postponed: str = ""
    tried_again_at: datetime | None = None
    thumbnail: bool = False

    def waits_long(self, now: datetime) -> bool:
        """Whether it waits for its surroundings, and longer than a connection takes that was cut."""
        return self.tried_again_at is not None and self.tried_again_at - now > timedelta(seconds=SOON_SECONDS)

    @property
    def at_rest(self) -> bool:
        return self.state != "processing"


def progress_of(actor: Actor | None, archive: Archive, record_ids: Sequence[UUID]) -> list[Progress]:
    """Return the progress of those of `record_ids` that the actor may see, in no special order.

    With a token that only captures, of those that its person handed in.
    """
    with archive.door.disclose(actor, Action.CAPTURE_FOLLOW) as operation:
        operation.decide()
        told = visible_to(follow_scope(operation.actor, operation.now))
        if not decide(operation.actor, Action.RECORD_SEARCH).allowed:
            told = and_(told, Record.received_by == operation.actor.name)
        operation.about("list", "progress", LISTED)
        operation.seldom()
        query = select(Record, Job).join(Job, Job.subject_id == Record.id).where(Record.id.in_(record_ids), told)
        return [_progress(record, job) for record, job in operation.session.execute(query)]


def inbox(
    actor: Actor | None, archive: Archive, state: str, limit: int = 200, offset: int = 0, *, thumbnails: bool = False
) -> tuple[list[Progress], int]:
    """Return a window of the records that are not declared and that the actor may see, and how many there are in all.

    `state` is `pending` or `quarantined`; newest first. `thumbnails`: they are shown with small pictures.
    """
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        wanted = _in_state(operation.scope(), state)
        operation.about("list", state if state in list(RecordState) else "other", LISTED)
        operation.seldom()
        query = select(Record, Job).join(Job, Job.subject_id == Record.id).where(wanted)
        query = query.order_by(Record.received_at.desc(), Record.id.desc()).limit(limit).offset(offset)
        rows = [_progress(record, job) for record, job in operation.session.execute(query)]
        total = operation.session.scalar(select(func.count()).select_from(Record).where(wanted)) or 0
        if thumbnails:
            pictured = with_thumbnails(operation, [row.record_id for row in rows])
            rows = [replace(row, thumbnail=row.record_id in pictured) for row in rows]
        return rows, total


def inbox_size(actor: Actor | None, archive: Archive, state: str) -> int:
    """Return how many records in `state` the actor may see: a number, and nothing of any of them."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        wanted = _in_state(operation.scope(), state)
        return operation.session.scalar(select(func.count()).select_from(Record).where(wanted)) or 0


def next_to_classify(actor: Actor | None, archive: Archive, after: UUID) -> UUID | None:
    """Return the record that waits for its class next in the order of the inbox, from the top after its end."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        visible = visible_to(scope)
        received_at = operation.session.scalar(select(Record.received_at).where(Record.id == after, visible))
        below = (
            or_(Record.received_at < received_at, and_(Record.received_at == received_at, Record.id < after))
            if received_at is not None
            else true()
        )
        query = (
            select(Record.id)
            .join(Job, Job.subject_id == Record.id)
            .where(
                Record.id != after,
                Record.state == RecordState.PENDING.value,
                Job.state == JobState.WAITING.value,
                Job.step == Step.CLASSIFY.value,
                visible,
            )
            .order_by(Record.received_at.desc(), Record.id.desc())
            .limit(1)
        )
        return operation.session.scalar(query.where(below)) or operation.session.scalar(query)


def _in_state(scope: Scope, state: str) -> ColumnElement[bool]:
    return and_(Record.state == state, visible_to(scope))


def _progress(record: Record, job: Job) -> Progress:
    if record.state == RecordState.PENDING.value:
        waiting = job.state == JobState.WAITING.value and job.step == Step.CLASSIFY.value
        state = "awaiting_class" if waiting else "processing"
    else:
        state = record.state
    return Progress(
        record_id=record.id,
        title=record.title,
        file_name=record.file_name,
        state=state,
        step=job.step,
        received_at=record.received_at,
        described=bool(record.class_code and record.level),
        reason=record.problem_text or "",
        reason_code=record.problem_code or "",
        postponed=job.last_error or "" if postponed(job) else "",
        tried_again_at=job.not_before if postponed(job) else None,
    )
