"""Digitisation: list, papers, marks and copies must tell one story, looked at from each of them."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.core.canonical import sha256_hex
from edms.reconcile.faults import Fault, Report
from edms.records.digitisation_list import FORMATS, list_bytes
from edms.records.digitisation_model import CopyMark, Digitisation, DigitisedItem
from edms.records.digitisation_views import standing
from edms.records.model import ComponentRole, Record

KIND = "digitisation"


def check_digitisations(session: Session, report: Report) -> None:
    """Check what was closed: its list against the hashes in its berita acara, and against its items and papers."""
    query = select(Digitisation).where(Digitisation.closed_at.is_not(None)).execution_options(yield_per=100)
    for row in session.scalars(query):
        report.checked["digitisations"] += 1
        report.add(_closed_faults(row))


def _closed_faults(row: Digitisation) -> Iterator[Fault]:
    told = {form: sha256_hex(list_bytes(row.listed, form)) for form in FORMATS}
    if told["json"] != row.list_sha256 or told["csv"] != row.csv_sha256:
        yield Fault(KIND, str(row.id), "its list is not the one whose hash its berita acara names")
    listed = [(scan["record"], scan["sha256"]) for scan in row.listed.get("scans", ())]
    if listed != [(str(item.record_id), item.sha256) for item in standing(row)]:
        yield Fault(KIND, str(row.id), "what is in it is not what its list names")
    for paper in row.papers:
        original = paper.record.component(ComponentRole.ORIGINAL)
        if original is not None and original.blob.sha256 != paper.sha256:
            yield Fault(KIND, str(row.id), f"its {paper.kind} is not the one that was drawn up")


def copy_faults(session: Session, record: Record) -> Iterator[Fault]:
    """Yield what is wrong with the authenticated copies of a record, and with the scan that they stand for."""
    items = session.scalars(select(DigitisedItem).where(DigitisedItem.record_id == record.id)).all()
    parts = {part.position: part for part in record.components if part.role == ComponentRole.AUTHENTICATED.value}
    original = record.component(ComponentRole.ORIGINAL)
    for item in items:
        mark = session.get(CopyMark, item.id)
        if mark is None:
            continue
        part = parts.pop(mark.component_position, None)
        if part is None and original is not None:
            yield Fault(KIND, str(record.id), "its authenticated copy is missing")
        elif part is not None and part.blob.sha256 != mark.sha256:
            yield Fault(KIND, str(record.id), "its authenticated copy is not the one that was made")
        if original is not None and original.blob.sha256 != item.sha256:
            yield Fault(KIND, str(record.id), "the scan is not the one that was measured")
    for position in parts:
        yield Fault(KIND, str(record.id), f"authenticated copy {position} has no mark that it belongs to")
