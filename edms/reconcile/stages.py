"""What is checked as a whole, part by part, and what is checked of one record."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from edms.access.policy import Action
from edms.audit.model import AuditLeaf
from edms.core.errors import EdmsError, IntegrityFault, NotFound
from edms.jobs.model import Job
from edms.operation.model import OutboxEntry
from edms.reconcile.checkpoints import check_checkpoints
from edms.reconcile.digitisation import check_digitisations, copy_faults
from edms.reconcile.evidence import EvidenceInspection
from edms.reconcile.faults import Fault, Report
from edms.reconcile.redactions import redaction_faults
from edms.reconcile.removals import removal_faults, stub_faults
from edms.reconcile.rows import RowInspection
from edms.reconcile.seals import seal_faults, undeclared_faults
from edms.reconcile.signatures import signature_faults
from edms.records.alerts_due import ACCOUNTS, accounts_without_holder
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.range_model import PageRange
from edms.records.searching import INDEX_TOPIC
from edms.vault.model import OrderedDestruction, StoredBlob

PARTS = [selectinload(Record.office), selectinload(Record.components).selectinload(Component.blob)]
Stage = Callable[[Session, Archive, Report, Iterable[str]], None]


def _audit_trail(session: Session, archive: Archive, report: Report, kept: Iterable[str]) -> None:
    report.add(archive.trail.faults(session, kept))
    report.checked["audit leaves"] += archive.trail.size(session)


def _checkpoints(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    check_checkpoints(session, archive, report)


def _rows(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    inspection = RowInspection(session, archive)
    report.add(inspection.faults())
    report.checked["rows told to the trail"] += inspection.checked


def _evidence_trees(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    report.add(EvidenceInspection(session, archive).tree_faults())


def _lost_records(session: Session, _archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    known = {str(one) for one in session.scalars(select(Record.id))}
    captured = select(AuditLeaf.subject_id).where(AuditLeaf.action == Action.RECORD_CAPTURE.value)
    captured = captured.where(AuditLeaf.subject_kind == "record")
    for identity in session.scalars(captured.execution_options(yield_per=1000)):
        if identity not in known:
            report.add([Fault("record", identity, "the audit trail received it, and there is no row of it")])


def _stray_blobs(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    """A row without a component is a fault; a blob without a row is garbage that waits for its grace period."""
    used = set(session.scalars(select(Component.blob_id)))
    for column in (PageRange.pdf_id, PageRange.text_id):
        used.update(session.scalars(select(column).where(column.is_not(None))))
    for blob in session.scalars(select(StoredBlob)):
        if blob.id not in used:
            report.add([Fault("blob", blob.name, "its row belongs to no record")])
    known = set(session.scalars(select(StoredBlob.name)))
    waiting = sum(1 for _name in archive.vault.orphans(known, older_than=archive.clock.now()))
    if waiting:
        report.notes.append(f"{waiting} blobs without a row wait to be collected (interrupted uploads)")


def _index(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    """Compare the index with the rows; records that still wait in the outbox are not expected to agree."""
    waiting = set(session.scalars(select(OutboxEntry.subject_id).where(OutboxEntry.topic == INDEX_TOPIC)))
    standing = select(Record.id, Record.version).where(Record.state != RecordState.DESTROYED.value)
    expected = [(str(found), version) for found, version in session.execute(standing)]
    report.checked["index documents"] += len(expected)
    excused = {str(found) for found in waiting}
    report.add(fault for fault in archive.index.verify(expected) if fault.id not in excused)
    if waiting:
        report.notes.append(f"{len(waiting)} records wait to be indexed")


def _jobs(session: Session, _archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    """Every record that is not declared has a job, so that nothing received is ever forgotten."""
    query = select(Record.id).outerjoin(Job, Job.subject_id == Record.id).where(Job.id.is_(None))
    report.add(Fault("record", str(found), "it has no job, so nobody works on it") for found in session.scalars(query))


def _digitisations(session: Session, _archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    check_digitisations(session, report)


def _service_accounts(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    """Programs whose holder has left stand still until somebody else answers for them."""
    found = accounts_without_holder(session, archive.clock.today())
    report.add(Fault(one.kind, one.id, one.detail) for one in found)


def _removals(session: Session, archive: Archive, report: Report, _kept: Iterable[str]) -> None:
    """What was removed after a hand-over: its rows, the hand-overs and the trail tell one story."""
    report.add(removal_faults(session, archive))


STAGES: tuple[tuple[str, Stage], ...] = (
    ("trail", _audit_trail),
    ("checkpoints", _checkpoints),
    ("rows", _rows),
    ("evidence", _evidence_trees),
    ("lost", _lost_records),
    ("blobs", _stray_blobs),
    ("index", _index),
    ("jobs", _jobs),
    ("digitisations", _digitisations),
    (ACCOUNTS, _service_accounts),
    ("removals", _removals),
)


def run_stage(archive: Archive, number: int, report: Report, kept: Iterable[str] = ()) -> list[Fault]:
    """Check one part as it is at one moment, and return what is wrong, which is in `report` too."""
    archive.door.integrate()
    before = len(report.faults)
    with archive.database.reader() as session:
        if not archive.database.is_sqlite:  # where each statement would see another state
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        STAGES[number][1](session, archive, report, kept)
    return report.faults[before:]


def check_record(
    session: Session, archive: Archive, record: Record, report: Report, evidence: EvidenceInspection
) -> int:
    """Read every stored byte of a record, check its seal and evidence; return the bytes read."""
    report.checked["records"] += 1
    read = 0
    for part in record.components:
        report.checked["blobs"] += 1
        report.checked["personal signatures"] += part.role == ComponentRole.SIGNED.value
        read += part.blob.size
        report.add(_blob_faults(archive, record, part))
    if record.state == RecordState.HANDED_OVER.value:
        report.checked["removed contents"] += 1
        report.add(stub_faults(session, archive, record))
        return read
    if record.component(ComponentRole.ORIGINAL) is None:
        report.add(_absent_original(session, archive, record))
        if _destroyed(session, archive, record):
            report.checked["destroyed records"] += 1
            return read
    if record.state == RecordState.DECLARED.value:
        report.checked["seals"] += 1
        report.add(seal_faults(session, archive, record))
        report.add(evidence.record_faults(record))
        report.add(signature_faults(session, archive, record))
        report.add(copy_faults(session, record))
        report.add(redaction_faults(session, record))
    else:
        report.add(undeclared_faults(session, archive, record))
    return read


def count_evidence(evidence: EvidenceInspection, report: Report) -> None:
    """Put what evidence records there are into the report."""
    if evidence.covered:
        report.checked["evidence records"] += evidence.covered
    if evidence.uncovered:
        report.notes.append(f"{evidence.uncovered} sealed records have no evidence record yet: edms evidence renew")
    if evidence.ended:
        report.notes.append(f"{evidence.ended} of them have a timestamp whose certificate ended before it was renewed")


def _blob_faults(archive: Archive, record: Record, part: Component) -> Iterator[Fault]:
    try:
        archive.vault.verify(part.blob.sealed())
    except NotFound:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id} is missing")
    except IntegrityFault as fault:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id}: {fault.message}")
    except EdmsError as fault:
        yield Fault("blob", part.blob.name, f"the {part.role} of record {record.id} cannot be read: {fault.message}")


def _destroyed(session: Session, archive: Archive, record: Record) -> bool:
    """Whether the trail tells that the content was destroyed by order, and nothing of it was meant to be left.

    Absence proves nothing, and the row of the order neither: both can be made in the database. Events cannot.
    """
    if record.components:
        return False
    try:
        events = archive.trail.history(session, "record", str(record.id))
    except IntegrityFault:
        return False
    ordered = {one["details"].get("blob") for one in events if one["action"] == "blob.destruction_ordered"}
    destroyed = {one["details"].get("blob") for one in events if one["action"] == "blob.destroyed"}
    return bool(destroyed) and destroyed == ordered


def _absent_original(session: Session, archive: Archive, record: Record) -> Iterator[Fault]:
    if not _destroyed(session, archive, record):
        yield Fault("record", str(record.id), "its original is missing")
        return
    orders = session.scalars(select(OrderedDestruction).where(OrderedDestruction.subject_id == record.id))
    for order in orders:
        if archive.vault.holds(order.name):
            yield Fault("blob", order.name, f"it was destroyed with record {record.id}, and its bytes are there")
