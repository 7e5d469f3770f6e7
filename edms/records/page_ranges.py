"""Ranges of pages of a record that are being worked on, one after the other or each by a job of its own."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from edms.jobs.model import Job
from edms.records.range_model import PageRange
from edms.vault.model import StoredBlob


def ranges_of(session: Session, record_id: UUID) -> list[PageRange]:
    """Return the ranges of a record in the order of its pages."""
    return list(session.scalars(select(PageRange).where(PageRange.record_id == record_id).order_by(PageRange.first)))


def forget_ranges(session: Session, record_id: UUID) -> None:
    """Remove the ranges of a record with their jobs and results."""
    rows = ranges_of(session, record_id)
    blobs = [blob for row in rows for blob in (row.pdf_id, row.text_id) if blob]
    for row in rows:
        session.execute(delete(Job).where(Job.subject_id == row.id))
        session.delete(row)
    session.flush()
    for blob in blobs:
        session.delete(session.get_one(StoredBlob, blob))
