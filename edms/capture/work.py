"""The worker's loop over capture jobs: claim, take the steps, give back. Survives being killed at any point."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.capture.quarantine import quarantine
from edms.capture.results import StepResult, Unfit
from edms.capture.states import JOB_KIND, WAITING_FOR_A_PERSON, Step
from edms.capture.steps import STEPS
from edms.core.errors import EdmsError, KeyUnavailable, StorageFault
from edms.jobs.queue import (
    Claim,
    LeaseLost,
    advance,
    claim,
    finish,
    held,
    postpone,
    release_leases,
    renew,
    retry_later,
    wait,
)
from edms.records.archive import Archive
from edms.screening.protocol import ScannerUnavailable
from edms.signing.errors import SignerUnavailable

WORKER = system_actor("capture")
# What is not the file's fault: it is tried again until the disk has room or the authority answers, however long.
_SURROUNDINGS = (StorageFault, KeyUnavailable, SignerUnavailable, ScannerUnavailable)

log = logging.getLogger("edms.capture")


def work_once(archive: Archive, owner: str) -> bool:
    """Take one job through as many steps as it can go. Returns False when there was nothing to do."""
    claimed = _claim(archive, owner)
    if claimed is None:
        return False
    step = Step(claimed.step)
    try:
        following: Step | None = step
        if claimed.attempts > archive.settings.worker.max_attempts:
            _fail(archive, claimed, f"step {step} ended its worker {claimed.attempts - 1} times")
            return True
        while following is not None:
            following = _take(archive, claimed, following)
            claimed = replace(claimed, attempts=1)  # the next step under this lease has its own attempts
    except LeaseLost:
        log.warning("lease lost on %s; another worker has it", claimed.subject_id)
    return True


def work_until_idle(archive: Archive, owner: str, stop: Callable[[], bool] = lambda: False) -> int:
    """Work until no job is ready (or `stop()`); returns how many jobs were taken up."""
    done = 0
    while not stop() and work_once(archive, owner):
        done += 1
    return done


def take_over(archive: Archive, owner: str) -> int:
    """Free the leases of a dead predecessor in the place `owner`, whose lock the caller holds."""
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        return release_leases(operation.session, owner)


def _claim(archive: Archive, owner: str) -> Claim | None:
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        return claim(operation.session, archive.clock, JOB_KIND, archive.settings.worker.lease_seconds, owner)


def _take(archive: Archive, claimed: Claim, step: Step) -> Step | None:
    """Take one step; returns the next one under the same lease, or None when the job rests."""
    try:
        with _lease_kept(archive, claimed):
            result = STEPS[step](archive, claimed)
        return _settle(archive, claimed, result)
    except Unfit as unfit:
        quarantine(archive, claimed, unfit)
    except LeaseLost:
        raise
    except _SURROUNDINGS as fault:
        _postpone(archive, claimed, str(fault))
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
        operation.about("record", claimed.subject_id, result.event)
        operation.note(**result.details)
        if following is None:
            finish(job, archive.clock)
            return None
        if following in WAITING_FOR_A_PERSON:
            wait(job, following.value)
            return None
        advance(job, archive.clock, following.value, archive.settings.worker.lease_seconds)
        return following


def _fail(archive: Archive, claimed: Claim, message: str) -> None:
    """Try again later; after the last attempt the record is set aside with the reason, never lost."""
    if claimed.attempts >= archive.settings.worker.max_attempts:
        quarantine(archive, claimed, Unfit("processing_failed", message))
        return
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.about("record", claimed.subject_id, "record.step_failed")
        operation.note(attempt=claimed.attempts)
        retry_later(held(operation.session, claimed), archive.clock, message)


def _postpone(archive: Archive, claimed: Claim, message: str) -> None:
    log.warning("%s waits: %s", claimed.subject_id, message)
    with archive.door.write(WORKER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        postpone(held(operation.session, claimed), archive.clock, message)
