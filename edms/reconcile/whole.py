"""Verifying the archive: database, blobs, index, signatures and audit trail must tell the same story.

Nothing is mended here; every fault is named by kind, id and what is wrong, and stays as an alert until it is mended.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import IntegrityFault, NotFound
from edms.core.progress import ShowProgress, no_progress
from edms.reconcile.evidence import EvidenceInspection
from edms.reconcile.faults import Fault, Report
from edms.reconcile.rolling import CHUNK, Throttle, begin_run, finish_run, keep_part, keep_records, resumable
from edms.reconcile.stages import PARTS, STAGES, check_record, count_evidence, run_stage
from edms.records.alerts_model import Alert, VerificationRun
from edms.records.archive import Archive
from edms.records.model import Record


def verify_all(
    actor: Actor | None,
    archive: Archive,
    kept: Iterable[str] = (),
    *,
    resume: bool = False,
    bytes_per_second: int = 0,
    progress: ShowProgress = no_progress,
) -> Report:
    """Check everything, raise alerts for what is wrong, and leave events with the outcome. Reads every stored byte.

    `kept` are checkpoints that were kept outside of the archive: an older copy put back whole is found by them alone.
    `resume` goes on with the newest run that was interrupted. `bytes_per_second` 0: as fast as it goes.
    """
    archive.door.permit(actor, Action.ARCHIVE_VERIFY)
    archive.door.integrate()
    report, kept = Report(), tuple(kept)
    run = resumable(archive) if resume else None
    if run is None:
        run = begin_run(actor, archive, everything=True)
    else:
        report.checked.update(run.checked)
        report.add(_found_since(archive, run.started_at))
        if kept:
            run_stage(archive, 0, report, kept)
    with archive.database.reader() as session:
        total = session.scalar(select(func.count()).select_from(Record)) or 0
    with progress(len(STAGES) + total) as bar:
        bar.update(run.stage + run.done)
        for number in range(run.stage, len(STAGES)):
            part = Report()
            found = run_stage(archive, number, part, kept)
            _merge(report, part)
            keep_part(actor, archive, run.id, number, part, found)
            bar.update(1)
        _records(actor, archive, run, report, Throttle(bytes_per_second), bar.update)
    finish_run(actor, archive, run.id, len(report.faults))
    return report


def verify_record(actor: Actor | None, archive: Archive, record_id: UUID | None) -> Report:
    """Check one record: its blobs, its seal, its leaf in the audit trail. Raises NotFound."""
    report = Report()
    archive.door.integrate()
    with archive.door.read(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        record = operation.session.get(Record, record_id, options=PARTS) if record_id else None
        if record is None:
            raise NotFound()
        evidence = EvidenceInspection(operation.session, archive)
        check_record(operation.session, archive, record, report, evidence)
        count_evidence(evidence, report)
    try:
        keep_records(actor, archive, None, {record.id: report.faults}, Report())
    except IntegrityFault as fault:  # a trail that takes no event: what was found is told all the same
        report.add([Fault("audit", archive.trail.origin, fault.message)])
    return report


def _records(
    actor: Actor | None,
    archive: Archive,
    run: VerificationRun,
    report: Report,
    throttle: Throttle,
    update: Callable[[int], None],
) -> None:
    """Read record after record by its id; what a chunk found is kept before the next begins."""
    after = run.last_record
    while True:
        part = Report()
        faults: dict[UUID, list[Fault]] = {}
        with archive.database.reader() as session:
            query = select(Record).order_by(Record.id).limit(CHUNK).options(*PARTS)
            records = list(session.scalars(query.where(Record.id > after) if after else query))
            if not records:
                return
            evidence = EvidenceInspection(session, archive)
            for record in records:
                began, known = time.monotonic(), len(part.faults)
                read = check_record(session, archive, record, part, evidence)
                faults[record.id] = part.faults[known:]
                throttle.rest(read, time.monotonic() - began)
            count_evidence(evidence, part)
        after = records[-1].id
        _merge(report, part)
        keep_records(actor, archive, run.id, faults, part)
        update(len(records))


def _merge(report: Report, part: Report) -> None:
    report.checked.update(part.checked)
    report.add(part.faults)
    report.notes += [note for note in part.notes if note not in report.notes]


def _found_since(archive: Archive, moment: datetime) -> list[Fault]:
    with archive.database.reader() as session:
        rows = session.scalars(select(Alert).where(Alert.cleared_at.is_(None), Alert.last_seen >= moment))
        return [Fault(row.kind, row.subject, row.detail) for row in rows]
