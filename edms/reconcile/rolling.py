"""Reading everything at least once in so many days: a share each day, in small slices, whatever is killed in between.

How far a run has come is in the database; what a slice found is kept in the transaction that moves it on. The record
that was read longest ago comes first, one that was never read before all others.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import exists, false, func, insert, literal, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.ids import new_id
from edms.jobs.model import Job, JobState
from edms.operation.door import Operation
from edms.reconcile.evidence import EvidenceInspection
from edms.reconcile.faults import Fault, Report
from edms.reconcile.stages import PARTS, STAGES, check_record, run_stage
from edms.records.alerts import VERIFIER, mark_fixity, record_scope, settle, unseen
from edms.records.alerts_model import FixityCheck, VerificationRun
from edms.records.archive import Archive
from edms.records.model import Record

CHUNK = 100
_SLICE = 20
_LEASE = timedelta(minutes=15)
_DAY = timedelta(days=1)


class Throttle:
    """Keeps reading below so many bytes a second (0: no limit). `sleep` takes seconds."""

    def __init__(self, bytes_per_second: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._limit = bytes_per_second
        self._sleep = sleep

    def rest(self, read: int, seconds: float) -> None:
        """Rest after `read` bytes that took `seconds`, so that both together keep to the limit."""
        if self._limit and read / self._limit > seconds:
            self._sleep(read / self._limit - seconds)


def verify_share(archive: Archive) -> bool:
    """Do one slice of today's share; return whether there was anything to do. Safe to be called by several workers."""
    run = _claimed(archive)
    if run is None:
        return False
    if run.stage < len(STAGES):
        part = Report()
        found = run_stage(archive, run.stage, part)
        keep_part(VERIFIER, archive, run.id, run.stage, part, found)
        return True
    ids = _due(archive, run)
    if not ids:
        finish_run(VERIFIER, archive, run.id, run.faults)
        return True
    _read_slice(archive, run.id, ids)
    return True


def begin_run(by: Actor | None, archive: Archive, *, everything: bool) -> VerificationRun:
    """Begin a run, an event; return its row."""
    with archive.door.write(by, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        enrol(operation.session)
        total = operation.session.scalar(select(func.count()).select_from(Record)) or 0
        days = archive.settings.verification.every_days
        run = VerificationRun(
            id=new_id(archive.clock), everything=everything, started_at=operation.now, checked={}, stage=0, done=0,
            wanted=total if everything else ceil(total / days), faults=0,
            leased_until=None if everything else operation.now + _LEASE,
        )  # fmt: skip
        operation.session.add(run)
        operation.about("archive", "", "archive.verify_started")
        operation.note(run=str(run.id), everything=everything, records=run.wanted)
    return run


def keep_part(
    by: Actor | None, archive: Archive, run_id: UUID, number: int, part: Report, found: Sequence[Fault]
) -> None:
    """Keep what one part as a whole was found to be."""
    with archive.door.write(by, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        run = _advance(operation, run_id, part)
        run.stage = max(run.stage, number + 1)
        settle(operation, STAGES[number][0], found)
        operation.unrecorded()


def keep_records(
    by: Actor | None, archive: Archive, run_id: UUID | None, found: Mapping[UUID, Sequence[Fault]], part: Report
) -> None:
    """Keep what records were found to be, and that they were read now."""
    with archive.door.write(by, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        for record_id, faults in found.items():
            settle(operation, record_scope(record_id), faults)
            mark_fixity(operation, record_id, failed=any(fault.kind == "blob" for fault in faults))
            row = operation.session.get(FixityCheck, record_id)
            if row is None:
                row = FixityCheck(record_id=record_id)
                operation.session.add(row)
            row.checked_at, row.faults = operation.now, len(faults)
        if run_id is not None:
            run = _advance(operation, run_id, part)
            run.done += len(found)
            run.last_record = max(found, key=lambda one: one.bytes)
        operation.unrecorded()


def finish_run(by: Actor | None, archive: Archive, run_id: UUID, faults: int) -> None:
    """End a run, an event with what was checked and how much was wrong."""
    with archive.door.write(by, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        run = operation.session.get_one(VerificationRun, run_id, with_for_update=True)
        if run.finished_at is not None:
            operation.unrecorded()
            return
        run.finished_at, run.faults, run.leased_until = operation.now, faults, None
        operation.about("archive", "", "archive.verified")
        operation.note(run=str(run_id), ok=not faults, faults=faults, checked=run.checked, everything=run.everything)


def resumable(archive: Archive) -> VerificationRun | None:
    """Return the newest run of everything that was interrupted, or None."""
    with archive.database.reader() as session:
        query = select(VerificationRun).where(VerificationRun.everything, VerificationRun.finished_at.is_(None))
        return session.scalars(query.order_by(VerificationRun.started_at.desc()).limit(1)).one_or_none()


def enrol(session: Session) -> None:
    """Have every record that was never read stand in the line, at its head."""
    missing = select(Record.id, literal(0)).where(~exists().where(FixityCheck.record_id == Record.id))
    session.execute(insert(FixityCheck).from_select(["record_id", "faults"], missing))


def status(actor: Actor | None, archive: Archive) -> dict[str, Any]:
    """Return how far verification has come: the newest runs, what was never or long not read, alerts nobody saw."""
    with archive.door.read(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        session, now = operation.session, operation.now
        total = session.scalar(select(func.count()).select_from(Record)) or 0
        read = session.scalar(select(func.count(FixityCheck.checked_at))) or 0
        days = archive.settings.verification.every_days
        late = FixityCheck.checked_at < now - timedelta(days=days)
        runs = session.scalars(select(VerificationRun).order_by(VerificationRun.started_at.desc()).limit(5))
        return {
            "every_days": days,
            "records": total,
            "never_read": max(0, total - read),
            "overdue": session.scalar(select(func.count()).select_from(FixityCheck).where(late)) or 0,
            "oldest": session.scalar(select(func.min(FixityCheck.checked_at))),
            "alerts": unseen(session),
            "runs": [_told(run) for run in runs],
        }


def _told(run: VerificationRun) -> dict[str, Any]:
    return {"run": str(run.id), "everything": run.everything, "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            "parts": run.stage, "of_parts": len(STAGES), "records": run.done, "of_records": run.wanted,
            "faults": run.faults}  # fmt: skip


def _claimed(archive: Archive) -> VerificationRun | None:
    """Return the run of the day, held for this worker, beginning one when it is time; None when there is nothing now.

    A clock that was years ahead leaves times that lie in the future: they count as long ago, never as still to come.
    """
    now = archive.clock.now()
    with archive.door.write(VERIFIER, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.unrecorded()
        unfinished = VerificationRun.finished_at.is_(None)
        query = select(VerificationRun).where(VerificationRun.everything.is_(False))
        query = query.where(unfinished | (VerificationRun.started_at <= now))
        query = query.order_by(unfinished.desc(), VerificationRun.started_at.desc()).limit(1)
        run = operation.session.scalars(query.with_for_update()).one_or_none()
        if run is not None and run.finished_at is None:
            if run.leased_until is not None and now < run.leased_until <= now + _LEASE:
                return None
            run.leased_until = now + _LEASE
            return run
        if run is not None and now - _DAY < run.started_at:
            return None
    return begin_run(VERIFIER, archive, everything=False)


def _advance(operation: Operation, run_id: UUID, part: Report) -> VerificationRun:
    run = operation.session.get_one(VerificationRun, run_id, with_for_update=True)
    run.checked = {name: run.checked.get(name, 0) + part.checked.get(name, 0) for name in {*run.checked, *part.checked}}
    run.faults += len(part.faults)
    run.leased_until = None
    return run


def _due(archive: Archive, run: VerificationRun) -> list[UUID]:
    """The next records: never read, then those of a time to come, then the oldest; none once the share is done, but
    for those that are overdue."""
    now, line = archive.clock.now(), FixityCheck.checked_at
    if not any_unread(archive):
        with archive.door.write(VERIFIER, Action.ARCHIVE_VERIFY) as operation:
            operation.decide()
            operation.unrecorded()
            enrol(operation.session)
    left = run.wanted - run.done
    limit = min(_SLICE, left) if left > 0 else _SLICE
    before = run.started_at if left > 0 else now - timedelta(days=archive.settings.verification.every_days)
    found: list[UUID] = []
    known = FixityCheck.record_id.in_(select(Record.id))
    with archive.database.reader() as session:
        for where in (line.is_(None) if left > 0 else false(), line > now + _DAY, line < before):
            query = select(FixityCheck.record_id).where(where, known).order_by(line, FixityCheck.record_id)
            found += session.scalars(query.limit(limit - len(found)))
            if len(found) >= limit:
                break
    return found


def any_unread(archive: Archive) -> bool:
    """True when a record that was never read stands in the line."""
    with archive.database.reader() as session:
        return (
            session.scalars(select(FixityCheck.record_id).where(FixityCheck.checked_at.is_(None)).limit(1)).first()
            is not None
        )


def _read_slice(archive: Archive, run_id: UUID, ids: Sequence[UUID]) -> None:
    settings = archive.settings.verification
    throttle, ends = Throttle(settings.bytes_per_second), time.monotonic() + settings.slice_seconds
    part, found = Report(), {}
    with archive.database.reader() as session:
        evidence = EvidenceInspection(session, archive)
        for record_id in ids:
            record = session.get(Record, record_id, options=PARTS)
            if record is None:
                continue
            began, known = time.monotonic(), len(part.faults)
            read = check_record(session, archive, record, part, evidence)
            found[record_id] = part.faults[known:]
            throttle.rest(read, time.monotonic() - began)
            if time.monotonic() > ends or _captures_wait(archive):
                break
    if found:
        keep_records(VERIFIER, archive, run_id, found, part)


def _captures_wait(archive: Archive) -> bool:
    now: datetime = archive.clock.now()
    with archive.database.reader() as session:
        query = select(Job.id).where(Job.state == JobState.READY.value, Job.not_before <= now, Job.lease.is_(None))
        return session.scalars(query.limit(1)).first() is not None
