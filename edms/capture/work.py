"""The worker's loop over capture jobs: claim, take the steps, give back. Survives being killed at any point.

A step of the long lane is never taken up under a quick one's lease: the job is handed over to whoever serves that lane.
The other way it goes on, since what follows recognition is quick.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.capture.quarantine import quarantine
from edms.capture.redaction_steps import not_made
from edms.capture.results import StepResult, Unfit, record_of
from edms.capture.states import WAITING_FOR_A_PERSON, Step
from edms.capture.steps import STEPS
from edms.core.errors import DatabaseAway, EdmsError, KeyUnavailable, StorageFault
from edms.jobs.model import Lane
from edms.jobs.queue import (
    Claim,
    LeaseLost,
    advance,
    claim,
    finish,
    hand_over,
    held,
    offices_waiting,
    postpone,
    release_leases,
    renew,
    resume,
    retry_later,
    wait,
    wait_for_parts,
)
from edms.jobs.turns import Turns
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.redaction_work import KIND as REDACTION_KIND
from edms.records.undo import undoable_until
from edms.screening.protocol import ScannerUnavailable
from edms.signing.errors import SignerUnavailable

WORKER = system_actor("capture")
# What is not the file's fault: it is tried again until the disk has room or the authority answers, however long.
_SURROUNDINGS = (StorageFault, KeyUnavailable, SignerUnavailable, ScannerUnavailable)

log = logging.getLogger("edms.capture")


Lanes = Mapping[Lane, Turns]
QUICK, LONG = Lane.QUICK.value, Lane.LONG.value


def lanes_of(*names: str) -> Lanes:
    """Return these lanes in their order, with fresh turns, for one thread to serve."""
    return {Lane(name): Turns() for name in names}


def work_once(archive: Archive, owner: str, lanes: Lanes | None = None) -> bool:
    """Take one job of these lanes through as many steps as it can go. Returns False when there was nothing to do.

    `lanes`: those that are served here, in this order, with the turns of the offices in each.
    """
    began = time.monotonic()
    for lane, turns in (lanes_of(QUICK, LONG) if lanes is None else lanes).items():
        claimed = _claim(archive, owner, lane, turns)
        if claimed is not None:
            _work_on(archive, claimed)
            turns.charge(claimed.office_id, time.monotonic() - began)
            return True
    return False


def _work_on(archive: Archive, claimed: Claim) -> None:
    following: Step | None = Step(claimed.step)
    try:
        if claimed.attempts > archive.settings.worker.max_attempts:
            _fail(archive, claimed, f"step {following} ended its worker {claimed.attempts - 1} times")
            return
        while following is not None:
            following = _take(archive, claimed, following)
            claimed = replace(claimed, attempts=1)  # the next step under this lease has its own attempts
    except LeaseLost:
        log.warning("lease lost on %s; another worker has it", claimed.subject_id)


def work_until_idle(archive: Archive, owner: str, stop: Callable[[], bool] = lambda: False) -> int:
    """Work until no job is ready (or `stop()`); returns how many jobs were taken up."""
    done, lanes = 0, lanes_of(QUICK, LONG)
    while not stop() and work_once(archive, owner, lanes):
        done += 1
    return done


def take_over(archive: Archive, owner: str) -> int:
    """Free the leases of a dead predecessor in the place `owner`, whose lock the caller holds."""
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        return release_leases(operation.session, owner)


def _claim(archive: Archive, owner: str, lane: Lane, turns: Turns) -> Claim | None:
    """Claim for the office whose turn it is. Who finds nothing has taken no lock from those who write."""
    with archive.database.reader() as session:
        waiting = offices_waiting(session, lane)
    if not waiting:
        return None
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        seconds = archive.settings.worker.lease_seconds
        return claim(operation.session, archive.clock, lane, turns.order(waiting), seconds, owner)


def _take(archive: Archive, claimed: Claim, step: Step) -> Step | None:
    """Take one step; returns the next one under the same lease, or None when the job rests."""
    try:
        with _lease_kept(archive, claimed):
            result = STEPS[step](archive, claimed)
        return _settle(archive, claimed, result)
    except Unfit as unfit:
        if unfit.again and claimed.attempts < archive.settings.worker.max_attempts:
            _fail(archive, claimed, unfit.message)
        else:
            _set_aside(archive, claimed, unfit)
    except LeaseLost:
        raise
    except _SURROUNDINGS as fault:
        _postpone(archive, claimed, fault)
    except EdmsError as error:
        _fail(archive, claimed, str(error))
    except Exception as error:
        log.exception("step %s of %s failed", step, claimed.subject_id)
        _fail(archive, claimed, f"{type(error).__name__} in step {step}")
    return None


@contextmanager
def _lease_kept(archive: Archive, claimed: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own while a step computes; a killed process renews nothing."""
    done = threading.Event()
    keeper = threading.Thread(target=_keep_lease, args=(archive, claimed, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep_lease(archive: Archive, claimed: Claim, done: threading.Event) -> None:
    """Renew until `done`, or until the lease is lost: then the step's result will be refused when it is written."""
    seconds = archive.settings.worker.lease_seconds
    while not done.wait(seconds / 3):
        try:
            with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
                operation.decide()
                operation.unrecorded()
                if not renew(operation.session, archive.clock, claimed, seconds):
                    return
        except Exception:
            log.exception("the lease on %s could not be renewed", claimed.subject_id)


def _settle(archive: Archive, claimed: Claim, result: StepResult) -> Step | None:
    """Write what the step found and where the job goes, in one transaction with its audit event."""
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        job = held(operation.session, claimed)
        following = result.write(operation)
        operation.about("record", result.record_id or claimed.subject_id, result.event)
        operation.note(**result.details)
        if following is None:
            finish(job, archive.clock)
            return None
        if following in WAITING_FOR_A_PERSON:
            wait(job, following.value)
            return None
        if result.parts:
            wait_for_parts(job, following.value)
            return None
        if result.lane is Lane.LONG:
            hand_over(job, archive.clock, following.value)
            return None
        until = _to_be_sealed_from(operation, claimed.subject_id) if following is Step.SEAL else None
        if until is not None:
            resume(job, archive.clock, following.value, until)
            return None
        advance(job, archive.clock, following.value, archive.settings.worker.lease_seconds)
        return following


def _to_be_sealed_from(operation: Operation, record_id: UUID) -> datetime | None:
    """Until when what a person confirmed meanwhile can be taken back, when that is still to come."""
    until = undoable_until(operation.session, [record_id]).get(record_id)
    return until if until is not None and until > operation.now else None


def _set_aside(archive: Archive, claimed: Claim, unfit: Unfit) -> None:
    """A file that cannot be digested goes to quarantine; a record of which no redacted document comes stays one."""
    (not_made if claimed.kind == REDACTION_KIND else quarantine)(archive, claimed, unfit)


def _fail(archive: Archive, claimed: Claim, message: str) -> None:
    """Try again later; after the last attempt the record is set aside with the reason, never lost."""
    if claimed.attempts >= archive.settings.worker.max_attempts:
        _set_aside(archive, claimed, Unfit("processing_failed", message))
        return
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.about("record", record_of(operation.session, claimed), "record.step_failed")
        operation.note(attempt=claimed.attempts)
        retry_later(held(operation.session, claimed), archive.clock, message)


def _postpone(archive: Archive, claimed: Claim, fault: EdmsError) -> None:
    """Let the job wait; only for a moment when a database that was away takes this down, since it is there again."""
    log.warning("%s waits: %s", claimed.subject_id, fault)
    passed = isinstance(fault, DatabaseAway) or isinstance(fault.__cause__, DatabaseAway)
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        postpone(held(operation.session, claimed), archive.clock, str(fault), passed=passed)
