"""What is asked again before content that was handed over is removed here: the receipt, and each record (R47, R48)."""

import base64
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from edms.core.canonical import sha256_hex
from edms.core.errors import Refused
from edms.core.handover_receipt import ACCEPTED, Receipt, ReceiptLine
from edms.exchange.gathering import REPRESENTATIONS
from edms.exchange.sending import fitting, newest
from edms.jobs.model import Job, JobState
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.digitisation_views import being_digitised
from edms.records.hold_binding import refresh_holds
from edms.records.model import Record
from edms.records.page_ranges import ranges_of
from edms.records.proceedings_due import obstacles
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.redaction_model import Redaction
from edms.records.redactions import Purpose
from edms.records.redactions import State as RedactionState
from edms.records.shredding import bytes_hold
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_states import RequestState
from edms.retention.proceedings import Act

# What was made to be published waits for its approval; what was made for a grant is done.
_UNFINISHED = or_(
    Redaction.state.in_([RedactionState.DRAFT.value, RedactionState.MAKING.value]),
    and_(Redaction.state == RedactionState.MADE.value, Redaction.purpose == Purpose.PUBLICATION.value),
)


def receipt_again(archive: Archive, row: Proceeding) -> Receipt:
    """Return the receipt of a hand-over, read from its record and checked as on the day on which it was taken.

    Raises Refused when it is not there, not the one that was taken, or does not fit what was sent; IntegrityFault when
    its bytes are damaged.
    """
    content, signature = taken_receipt(archive, row)
    return fitting(archive, row, content, signature)


def taken_receipt(archive: Archive, row: Proceeding) -> tuple[bytes, bytes]:
    """Return the receipt that was taken, read from its record, and its signature. Raises as `receipt_again`."""
    note = next((one.note for one in reversed(row.steps) if one.act == Act.RECEIVE.value), None)
    paper = next((one for one in row.papers if one.kind == "receipt"), None)
    if note is None or paper is None:
        raise Refused("the receipt of this hand-over is not here", "run: edms verify --all")
    content = newest(archive, paper.record)
    if {sha256_hex(content), paper.sha256} != {note["sha256"]}:
        raise Refused("the receipt is not the one that was taken", "run: edms verify --all")
    return content, base64.b64decode(note["signature"])


def receipt_digest(row: Proceeding) -> str:
    """Return the SHA-256 of the receipt that was taken, as its step says."""
    return next((str(one.note["sha256"]) for one in reversed(row.steps) if one.act == Act.RECEIVE.value), "")


def standing_in_the_way(
    operation: Operation, archive: Archive, row: Proceeding, items: Sequence[ProceedingItem]
) -> list[tuple[ProceedingItem, tuple[str, ...]]]:
    """Return these items, each with what is in the way of removing its content now, as stable codes: nothing, mostly.

    A search that is held may find a record only since the worker last looked, so that it is asked here once more
    (R47). Raises IndexBehind where the index cannot say yet.
    """
    ids = [item.record_id for item in items]
    refresh_holds(operation, archive, ids)
    told = obstacles(operation.session, archive, row, items)
    return [(item, tuple(dict.fromkeys((*found, *_kept_for(operation, item))))) for item, found in told]


def _kept_for(operation: Operation, item: ProceedingItem) -> list[str]:
    """What a hand-over does not ask and a removal does: marks, and work that is under way."""
    session, record = operation.session, operation.session.get_one(Record, item.record_id)
    found = [name for name in ("terjaga", "vital") if getattr(record, name)]
    asked = select(SignatureRequest.id).where(
        SignatureRequest.record_id == record.id, SignatureRequest.state == RequestState.OPEN.value
    )
    redacted = select(Redaction.id).where(Redaction.record_id == record.id, _UNFINISHED)
    for query, code in ((redacted, "redaction_under_way"), (asked, "signatures_under_way")):
        found += [code] if session.scalars(query.limit(1)).first() is not None else []
    found += ["digitisation_under_way"] if being_digitised(session, [record.id]) else []
    return found + (["work_under_way"] if _worked_on(session, record.id) else [])


def _worked_on(session: Session, record_id: UUID) -> bool:
    """Whether a worker has something to do with the record, such as a copy that is being made."""
    active = (JobState.READY.value, JobState.PARTS.value)
    query = select(Job.id).where(Job.subject_id == record_id, Job.state.in_(active))
    return session.scalars(query.limit(1)).first() is not None or bool(ranges_of(session, record_id))


def not_as_sent(archive: Archive, item: ProceedingItem, record: Record, line: ReceiptLine | None) -> str:
    """Return why this is not what the institution confirmed to have, as a stable code, or "": its line of the receipt
    against what was sent, what is stored against what was sent, and the bytes themselves, which are read."""
    if line is None or line.verdict != ACCEPTED:
        return "not_accepted"
    if line.mets_sha256 != item.sent.get("mets_sha256") or line.files != item.sent.get("files"):
        return "receipt_differs"
    sent = set(line.files.values())
    if any(part.role in REPRESENTATIONS and part.blob.sha256 not in sent for part in record.components):
        return "content_changed"
    return "" if bytes_hold(archive, record) else "fixity_failed"
