"""Verifying what stands beside the checkpoints: their timestamps, and the cosignatures of witnesses."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.audit.cosignature import cosigned_at
from edms.audit.model import AuditCheckpoint, AuditCosignature
from edms.core.errors import IntegrityFault
from edms.reconcile.faults import Fault, Report
from edms.records.archive import Archive
from edms.records.checkpoints import note_digest
from edms.signing.errors import SigningFault
from edms.signing.timestamp_token import problems, read_token


def check_checkpoints(session: Session, archive: Archive, report: Report) -> None:
    """Check every timestamp and cosignature that is kept. The checkpoints themselves are checked with the trail."""
    rows = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size).execution_options(yield_per=500))
    for row in rows:
        if row.timestamp is not None:
            report.checked["checkpoint timestamps"] += 1
            report.add(_timestamp_faults(archive, row, row.timestamp))
    known = {witness.key.name: witness.key for witness in archive.witnesses}
    pairs = select(AuditCosignature, AuditCheckpoint.note).join(
        AuditCheckpoint, AuditCheckpoint.size == AuditCosignature.size
    )
    strangers = set()
    for cosignature, note in session.execute(pairs):
        witness = known.get(cosignature.witness)
        if witness is None:
            strangers.add(cosignature.witness)
            continue
        report.checked["cosignatures"] += 1
        identity = f"{cosignature.size} {cosignature.witness}"
        try:
            if cosigned_at(note + cosignature.line, witness) is None:
                report.add([Fault("cosignature", identity, "the line is not by the witness that its row names")])
        except IntegrityFault as fault:
            report.add([Fault("cosignature", identity, fault.message)])
    for name in sorted(strangers):
        report.notes.append(f"cosignatures by {name} were not checked: it is not among [audit] witnesses")


def _timestamp_faults(archive: Archive, row: AuditCheckpoint, token: bytes) -> Iterator[Fault]:
    """A checkpoint's time is judged as of then: that its certificate has ended since makes it no fault."""
    try:
        told = read_token(token)
    except SigningFault as fault:
        yield Fault("timestamp", f"checkpoint {row.size}", fault.message)
        return
    found = problems(told, "sha256", note_digest(row.note), archive.trust.timestamps, told.time)
    if found:
        yield Fault("timestamp", f"checkpoint {row.size}", "; ".join(found))
