"""Setting aside what cannot be digested or may not go on: kept and retrievable, with a reason, until a person decides.

Three ways lead out. Trying again costs nothing and is for whoever captures. A release is an act of a records officer
who did not hand the file in: it says why, and covers what is known of the file at that moment and nothing else. A
return gives the matter back to the sender; the bytes stay sealed where they are, since nothing is destroyed without an
order (R43), and the same file may be handed in again.
"""

from uuid import UUID

from sqlalchemy import Select, select

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.capture.results import Unfit, original_of, record_of
from edms.capture.states import FIRST_STEP, Step
from edms.core.errors import Refused
from edms.core.flags import FLAGS
from edms.jobs.model import Job, JobState
from edms.jobs.queue import Claim, finish, held, resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.page_ranges import forget_ranges
from edms.records.searching import INDEX_TOPIC
from edms.records.visible import decided_record

RELEASED = "released"
RETURNED = "returned"
FLAGGED = "flag_"
MALWARE = "malware"
FAILED = "processing_failed"
_SHORTEST_REASON = 5


def quarantine(archive: Archive, claimed: Claim, unfit: Unfit) -> None:
    """Put the claimed record aside with a reason code, a message for people, and what was found out so far."""
    with archive.door.write(system_actor("capture"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        held(operation.session, claimed)
        record = operation.session.get_one(Record, record_of(operation.session, claimed))
        if unfit.write is not None:
            unfit.write(operation)
        forget_ranges(operation.session, record.id)
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
    with archive.door.write(actor, Action.RECORD_RETRY) as operation:
        record = _quarantined(operation, record_id)
        _back_to_work(operation, archive, record, FIRST_STEP)
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.retried")


def release(actor: Actor | None, archive: Archive, record_id: UUID, reason: str) -> None:
    """Let a quarantined record go on as it is: somebody who did not hand it in answers for the reason.

    It is examined again. What was known is accepted; whatever is found beyond that sets it aside again. Raises
    NotFound; Refused without a reason, for one's own file, and for a record that is not in quarantine.
    """
    with archive.door.write(actor, Action.RECORD_RELEASE) as operation:
        record = _quarantined(operation, record_id)
        lacking = Refused("a release needs its reason", "say in a few words why the file is to be kept as it is")
        given = _reason(reason, lacking)
        handed_in = {Duty.CAPTURE: [record.received_by]}
        operation.apart(Duty.RELEASE_FROM_QUARANTINE, handed_in, "ask another records officer")
        found = accepting(record)
        part = original_of(record)
        told = {"by": operation.actor.name, "at": operation.now.isoformat(), "reason": given, "accepted": found}
        part.facts = {**part.facts, RELEASED: told}
        # What failed again and again would fail again; it was screened before it failed.
        step = Step.SEAL.value if record.problem_code == FAILED else FIRST_STEP
        code = record.problem_code
        _back_to_work(operation, archive, record, step)
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.quarantine_released")
        operation.note(reason_given=given, was=code, accepted=found)


def give_back(actor: Actor | None, archive: Archive, record_id: UUID, reason: str) -> None:
    """Return a quarantined file to whoever sent it, with a reason. It is no record and never will be; its bytes stay.

    Raises NotFound, or Refused without a reason or for a record that is not in quarantine.
    """
    with archive.door.write(actor, Action.RECORD_RETURN) as operation:
        record = _quarantined(operation, record_id)
        lacking = Refused("a return needs its reason", "say in a few words what the sender is to do")
        given = _reason(reason, lacking)
        part = original_of(record)
        told = {"by": operation.actor.name, "at": operation.now.isoformat(), "reason": given}
        part.facts = {**part.facts, RETURNED: told}
        record.state = RecordState.RETURNED.value
        record.duplicate_key = None
        record.version += 1
        operation.outbox(INDEX_TOPIC, record.id)
        operation.about("record", record.id, "record.returned")
        operation.note(reason_given=given)


def accepting(record: Record) -> dict[str, list[str]]:
    """What a release of this record would accept: its reason, its flags, the name of the malware found in it."""
    facts, code = original_of(record).facts, record.problem_code or ""
    found = {"code": [code]}
    if code.startswith(FLAGGED):
        found["flag"] = [flag for flag in facts.get("flags", ()) if flag in FLAGS]
    if code == MALWARE:
        found[MALWARE] = [str(facts.get("malware_scan", {}).get("detail", ""))]
    earlier = facts.get(RELEASED, {}).get("accepted", {})
    return {kind: sorted({*found.get(kind, ()), *earlier.get(kind, ())}) for kind in {*found, *earlier}}


def accepted(record: Record, kind: str, name: str) -> bool:
    """Whether the one who released the file accepted this very finding."""
    told = original_of(record).facts.get(RELEASED, {})
    return name in told.get("accepted", {}).get(kind, ())


def _quarantined(operation: Operation, record_id: UUID) -> Record:
    record = decided_record(operation, record_id, lock=True)
    if record.state != RecordState.QUARANTINED.value:
        raise Refused("the record is not in quarantine")
    return record


def _reason(told: str, lacking: Refused) -> str:
    given = " ".join(told.split())[:500]
    if len(given) < _SHORTEST_REASON:
        raise lacking
    return given


def _job(record: Record) -> Select[Job]:
    return select(Job).where(Job.subject_id == record.id).with_for_update()


def _back_to_work(operation: Operation, archive: Archive, record: Record, step: str) -> None:
    record.state = RecordState.PENDING.value
    record.problem_code = record.problem_text = None
    record.version += 1
    resume(operation.session.scalars(_job(record)).one(), archive.clock, step)
