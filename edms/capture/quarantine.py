"""Setting aside what cannot be digested: kept, retrievable, with a reason; retried or released by a person."""

from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.capture.results import Unfit
from edms.capture.states import FIRST_STEP, Step
from edms.core.errors import Refused
from edms.jobs.model import Job, JobState
from edms.jobs.queue import Claim, finish, held, resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.facts import decided_record
from edms.records.model import Record, RecordState
from edms.records.searching import INDEX_TOPIC


def quarantine(archive: Archive, claimed: Claim, unfit: Unfit) -> None:
    """Put the claimed record aside with a reason code, a message for people, and what was found out so far."""
    with archive.door.write(system_actor("capture"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        held(operation.session, claimed)
        record = operation.session.get_one(Record, claimed.subject_id)
        if unfit.write is not None:
            unfit.write(operation)
        set_aside(operation, archive, record, unfit.code, unfit.message)
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.quarantined")
        operation.note(reason=unfit.code)


def set_aside(operation: Operation, archive: Archive, record: Record, code: str, message: str) -> None:
    """Move a record that is not declared into quarantine, whatever step it was at."""
    record.state = RecordState.QUARANTINED.value
    record.problem_code, record.problem_text = code, message[:2000]
    record.version += 1
    job = operation.session.scalars(_job(record)).one()
    job.last_error = message[:2000]
    finish(job, archive.clock, JobState.FAILED)


def retry(actor: Actor | None, archive: Archive, record_id: UUID) -> None:
    """Try a quarantined record again from the first step: the parser may have been mended, or OCR installed."""
    with archive.door.write(actor, Action.RECORD_RELEASE) as operation:
        record = decided_record(operation, record_id, lock=True)
        _back_to_work(archive, operation.session.scalars(_job(record)).one(), record, FIRST_STEP)
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.retried")


def release(actor: Actor | None, archive: Archive, record_id: UUID, reason: str) -> None:
    """Let a quarantined record go on without text and access copy: an authorised person answers for the reason."""
    with archive.door.write(actor, Action.RECORD_RELEASE) as operation:
        record = decided_record(operation, record_id, lock=True)
        if len(reason.strip()) < 5:
            raise Refused("a release needs its reason", "say in a few words why the file is to be kept as it is")
        _back_to_work(archive, operation.session.scalars(_job(record)).one(), record, Step.SEAL.value)
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.quarantine_released")
        operation.note(reason_given=reason[:500])


def _job(record: Record):  # type: ignore[no-untyped-def]
    return select(Job).where(Job.subject_id == record.id).with_for_update()


def _back_to_work(archive: Archive, job: Job, record: Record, step: str) -> None:
    if record.state != RecordState.QUARANTINED.value:
        raise Refused("the record is not in quarantine")
    record.state = RecordState.PENDING.value
    record.problem_code = record.problem_text = None
    record.version += 1
    resume(job, archive.clock, step)
