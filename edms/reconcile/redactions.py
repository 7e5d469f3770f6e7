"""Redactions: the documents that were made and the rows that tell of them, looked at from both."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.reconcile.faults import Fault
from edms.records.model import ComponentRole, Record
from edms.records.redaction_model import Redaction

KIND = "redaction"


def redaction_faults(session: Session, record: Record) -> Iterator[Fault]:
    """Yield what is wrong with the redacted documents of a record."""
    parts = {part.position: part for part in record.components if part.role == ComponentRole.REDACTED.value}
    there = record.component(ComponentRole.ORIGINAL) is not None
    digests = {part.blob.sha256 for part in record.components}
    for row in session.scalars(select(Redaction).where(Redaction.record_id == record.id)):
        if row.component_position is None:
            continue
        part = parts.pop(row.component_position, None)
        if part is None and there:
            yield Fault(KIND, str(row.id), "the redacted document is missing")
        elif part is not None and part.blob.sha256 != row.sha256:
            yield Fault(KIND, str(row.id), "the redacted document is not the one that was made")
        if there and row.base_sha256 not in digests:
            yield Fault(KIND, str(row.id), "the copy that it was made of is none of the record's")
    for position in parts:
        yield Fault(KIND, str(record.id), f"redacted document {position} belongs to no redaction")
