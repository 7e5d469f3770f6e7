"""Verifying the archive: database, blobs, index, signatures and audit trail must tell the same story.

Nothing is mended here; every fault is named by kind, id and what is wrong, so that a person can act.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.errors import EdmsError, IntegrityFault, NotFound
from edms.jobs.model import Job
from edms.operation.model import OutboxEntry
from edms.reconcile.checkpoints import check_checkpoints
from edms.reconcile.evidence import EvidenceInspection
from edms.reconcile.faults import Fault, Report
from edms.reconcile.rows import RowInspection
from edms.reconcile.seals import seal_faults, undeclared_faults
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.searching import INDEX_TOPIC
from edms.vault.model import StoredBlob

CHUNK = 100


def verify_all(actor: Actor | None, archive: Archive, kept: Iterable[str] = ()) -> Report:
    """Check everything and leave an event with the outcome. Reads every stored byte.

    `kept` are checkpoints that were kept outside of the archive: an older copy put back whole is found by them alone.
    """
    with archive.door.write(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.about("archive", "", "archive.verify_started")
    report = Report()
    with archive.database.reader() as session:
        _audit_trail(session, archive, report, kept)
        check_checkpoints(session, archive, report)
        _rows(session, archive, report)
        _records(session, archive, report)
        _stray_blobs(session, archive, report)
        _index(session, archive, report)
        _jobs(session, report)
    with archive.door.write(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.about("archive", "", "archive.verified")
        operation.note(ok=report.ok, faults=len(report.faults))
    return report


def verify_record(actor: Actor | None, archive: Archive, record_id: UUID | None) -> Report:
    """Check one record: its blobs, its seal, its leaf in the audit trail. Raises NotFound."""
    report = Report()
    with archive.door.read(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        record = operation.session.get(Record, record_id, options=_PARTS) if record_id else None
        if record is None:
            raise NotFound()
        evidence = EvidenceInspection(operation.session, archive)
        _one_record(operation.session, archive, record, report, evidence)
        _count_evidence(evidence, report)
    return report


_PARTS = [selectinload(Record.office), selectinload(Record.components).selectinload(Component.blob)]


def _audit_trail(session: Session, archive: Archive, report: Report, kept: Iterable[str]) -> None:
    report.add(archive.trail.faults(session, kept))
    report.checked["audit leaves"] += archive.trail.size(session)


def _rows(session: Session, archive: Archive, report: Report) -> None:
    inspection = RowInspection(session, archive)
    report.add(inspection.faults())
    report.checked["rows told to the trail"] += inspection.checked


def _records(session: Session, archive: Archive, report: Report) -> None:
    evidence = EvidenceInspection(session, archive)
    report.add(evidence.tree_faults())
    ids = list(session.scalars(select(Record.id).order_by(Record.id)))
    for start in range(0, len(ids), CHUNK):
        for record in session.scalars(select(Record).where(Record.id.in_(ids[start : start + CHUNK])).options(*_PARTS)):
            _one_record(session, archive, record, report, evidence)
        session.expunge_all()
    _count_evidence(evidence, report)
    known = {str(one) for one in ids}
    captured = select(AuditLeaf.subject_id).where(AuditLeaf.action == Action.RECORD_CAPTURE.value)
    captured = captured.where(AuditLeaf.subject_kind == "record")
    for identity in session.scalars(captured.execution_options(yield_per=1000)):
        if identity not in known:
            report.add([Fault("record", identity, "the audit trail received it, and there is no row of it")])


def _count_evidence(evidence: EvidenceInspection, report: Report) -> None:
    if evidence.covered:
        report.checked["evidence records"] += evidence.covered
    if evidence.uncovered:
        report.notes.append(f"{evidence.uncovered} sealed records have no evidence record yet: edms evidence renew")
    if evidence.ended:
        report.notes.append(f"{evidence.ended} of them have a timestamp whose certificate ended before it was renewed")


def _one_record(
    session: Session, archive: Archive, record: Record, report: Report, evidence: EvidenceInspection
) -> None:
    report.checked["records"] += 1
    for part in record.components:
        report.checked["blobs"] += 1
        report.add(_blob_faults(archive, record, part))
    if record.component(ComponentRole.ORIGINAL) is None:
        report.add([Fault("record", str(record.id), "its original is missing")])
    if record.state == RecordState.DECLARED.value:
        report.checked["seals"] += 1
        report.add(seal_faults(session, archive, record))
        report.add(evidence.record_faults(record))
    else:
        report.add(undeclared_faults(session, archive, record))


def _blob_faults(archive: Archive, record: Record, part: Component) -> Iterator[Fault]:
    try:
        archive.vault.verify(part.blob.sealed())
    except NotFound:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id} is missing")
    except IntegrityFault as fault:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id}: {fault.message}")
    except EdmsError as fault:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id} cannot be read: {fault.message}")


def _stray_blobs(session: Session, archive: Archive, report: Report) -> None:
    """A row without a component is a fault; a blob without a row is garbage that waits for its grace period."""
    used = set(session.scalars(select(Component.blob_id)))
    for blob in session.scalars(select(StoredBlob)):
        if blob.id not in used:
            report.add([Fault("blob", blob.name, "its row belongs to no record")])
    known = set(session.scalars(select(StoredBlob.name)))
    waiting = sum(1 for _name in archive.vault.orphans(known, older_than=archive.clock.now()))
    if waiting:
        report.notes.append(f"{waiting} blobs without a row wait to be collected (interrupted uploads)")


def _index(session: Session, archive: Archive, report: Report) -> None:
    """Compare the index with the rows; records that still wait in the outbox are not expected to agree."""
    waiting = set(session.scalars(select(OutboxEntry.subject_id).where(OutboxEntry.topic == INDEX_TOPIC)))
    expected = [(str(found), version) for found, version in session.execute(select(Record.id, Record.version))]
    report.checked["index documents"] += len(expected)
    excused = {str(found) for found in waiting}
    report.add(fault for fault in archive.index.verify(expected) if fault.id not in excused)
    if waiting:
        report.notes.append(f"{len(waiting)} records wait to be indexed")


def _jobs(session: Session, report: Report) -> None:
    """Every record that is not declared has a job, so that nothing received is ever forgotten."""
    query = select(Record.id).outerjoin(Job, Job.subject_id == Record.id).where(Job.id.is_(None))
    report.add(Fault("record", str(found), "it has no job, so nobody works on it") for found in session.scalars(query))
