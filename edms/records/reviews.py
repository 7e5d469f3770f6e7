"""Reviews of what is kept: marks, vital records, dates of old documents, personal data (R46, R49, R81).

Each is proposed by one person and judged by another; what is judged takes effect at once, and due dates follow. Until
then whoever proposed it may withdraw it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.typed import why
from edms.operation.door import NotPermitted, Operation
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.retention import store_due_dates
from edms.records.reviews_model import RetentionReview, ReviewKind
from edms.records.visible import decided_record

MOST_MONTHS = 1200
_MARKS = {ReviewKind.TERJAGA_RELEASE: "terjaga", ReviewKind.VITAL_RELEASE: "vital"}


@dataclass(frozen=True)
class Proposal:
    """What is proposed. `told`, `day` and `months` as `RetentionReview` says; what a kind does not need is left out."""

    kind: ReviewKind
    reason: str
    told: str = ""
    day: date | None = None
    months: int | None = None


def propose_review(actor: Actor | None, archive: Archive, record_id: UUID, proposal: Proposal) -> UUID:
    """Propose a review of a declared record. Raises NotFound, Refused for what makes no sense of this record."""
    with archive.door.write(actor, Action.RECORD_REVIEW) as operation:
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record_id, "review.proposed")
        if record.state != RecordState.DECLARED.value:
            raise Refused("only what is declared is reviewed")
        _require_sense(record, proposal, archive.clock.today())
        row = _row(operation, archive, proposal, record_id=record_id)
        operation.note(review=str(row.id), kind=proposal.kind.value)
        return row.id


def propose_class_maximum(
    actor: Actor | None, archive: Archive, class_code: str, reason: str, law: str, months: int | None = None
) -> UUID:
    """Propose the longest time for which personal data in records of a class may be kept; None: no longer a limit."""
    with archive.door.write(actor, Action.RETENTION_APPLY) as operation:
        operation.decide()
        code = class_code.strip()[:40]
        if not code:
            raise Refused("a class is needed")
        proposal = Proposal(ReviewKind.MAXIMUM, reason, law, months=months)
        _require_said(proposal)
        row = _row(operation, archive, proposal, class_code=code)
        operation.about("class", code, "review.proposed")
        operation.note(review=str(row.id), kind=row.kind, months=months)
        return row.id


def judge_review(
    actor: Actor | None, archive: Archive, review_id: UUID, judgement: str, *, accept: bool = False
) -> None:
    """Accept or refuse what somebody else proposed; due dates follow. Raises NotFound, Refused, NotPermitted."""
    with archive.door.write(actor, Action.RECORD_REVIEW) as operation:
        row, record = _decided(operation, review_id)
        operation.apart(Duty.JUDGE_REVIEW, {Duty.PROPOSE_REVIEW: [row.proposed_by]}, "ask a colleague")
        _require_waiting(row)
        if not judgement.strip():
            raise Refused("a judgement needs its reason")
        _end(operation, row, "review.accepted" if accept else "review.refused", judgement, accepted=accept)
        if accept and record is not None:
            _take_effect(operation, archive, record, row)


def withdraw_review(actor: Actor | None, archive: Archive, review_id: UUID, reason: str) -> None:
    """Take one's own proposal back while nobody has judged it: nothing changes, and the same can be proposed again.

    Raises NotFound; Refused for one that was judged or withdrawn; NotPermitted for somebody else's.
    """
    with archive.door.write(actor, Action.RECORD_REVIEW) as operation:
        row, _record = _decided(operation, review_id)
        if row.proposed_by != operation.actor.id:
            operation.refused = True
            operation.note(review=str(review_id), reasons=["not_the_proposer"])
            raise NotPermitted("a proposal is withdrawn by the one who made it", "judge it instead")
        _require_waiting(row)
        _end(operation, row, "review.withdrawn", why(reason), accepted=False)


def _decided(operation: Operation, review_id: UUID) -> tuple[RetentionReview, Record | None]:
    """Return a review, locked, with its record, or None where it is of a class, after the decision on what it is of."""
    row = operation.session.get(RetentionReview, review_id, with_for_update=True)
    operation.about("review", review_id)
    if row is None:
        raise NotFound()
    record = decided_record(operation, row.record_id, lock=True) if row.record_id else None
    if record is None:
        operation.decide(action=Action.RETENTION_APPLY)
    return row, record


def _require_waiting(row: RetentionReview) -> None:
    if row.accepted is None:
        return
    if row.judged_by == row.proposed_by:  # nobody judges what they proposed themselves
        raise Refused("it was withdrawn")
    raise Refused("it is judged already")


def _end(operation: Operation, row: RetentionReview, name: str, words: str, *, accepted: bool) -> None:
    row.accepted, row.judgement = accepted, words.strip()[:500]
    row.judged_by, row.judged_at = operation.actor.id, operation.now
    kind, subject = ("record", row.record_id) if row.record_id else ("class", row.class_code)
    operation.about(kind, subject or "", name)
    operation.note(review=str(row.id), kind=row.kind)


def _take_effect(operation: Operation, archive: Archive, record: Record, row: RetentionReview) -> None:
    kind = ReviewKind(row.kind)
    if kind in _MARKS:
        setattr(record, _MARKS[kind], False)
    elif kind is ReviewKind.VITAL_KEPT:
        record.vital = True
        row.day = row.day or operation.now.date() + timedelta(days=archive.settings.retention.vital_review_days)
    elif kind is ReviewKind.LEGACY_DATE:
        record.legacy_unverified = False
    store_due_dates(operation.session, archive, [record.id])


def _require_said(proposal: Proposal) -> None:
    if not proposal.reason.strip():
        raise Refused("a review needs its reason")
    if (
        proposal.kind in (ReviewKind.VITAL_KEPT, ReviewKind.LEGACY_DATE, ReviewKind.MAXIMUM)
        and not proposal.told.strip()
    ):
        raise Refused("say how it is protected, what shows the date, or which law sets the limit")
    if proposal.months is not None and not 1 <= proposal.months <= MOST_MONTHS:
        raise Refused(f"a limit has 1 to {MOST_MONTHS} months")


def _require_sense(record: Record, proposal: Proposal, today: date) -> None:
    _require_said(proposal)
    kind = proposal.kind
    if kind in _MARKS and not getattr(record, _MARKS[kind]):
        raise Refused("the record does not bear this mark")
    if kind is ReviewKind.LEGACY_DATE and not record.legacy_unverified:
        raise Refused("the date of this record is not in question")
    if kind is ReviewKind.LEGACY_DATE and (proposal.day is None or proposal.day > today):
        raise Refused("say the date of the document, a day that has come")
    if kind is ReviewKind.VITAL_KEPT and proposal.day is not None and proposal.day <= today:
        raise Refused("the next review lies ahead")
    if kind in (ReviewKind.MAXIMUM, ReviewKind.ERASURE) and not record.personal_data:
        raise Refused("the record is not said to hold personal data")


def _row(
    operation: Operation,
    archive: Archive,
    proposal: Proposal,
    record_id: UUID | None = None,
    class_code: str | None = None,
) -> RetentionReview:
    waiting = select(RetentionReview.id).where(
        RetentionReview.kind == proposal.kind.value, RetentionReview.accepted.is_(None),
        RetentionReview.record_id == record_id if record_id else RetentionReview.class_code == class_code,
    )  # fmt: skip
    if operation.session.scalars(waiting).first() is not None:
        raise Refused("the same waits for its judgement already")
    row = RetentionReview(
        id=new_id(archive.clock), record_id=record_id, class_code=class_code, kind=proposal.kind.value,
        reason=proposal.reason.strip()[:500], told=proposal.told.strip()[:500], day=proposal.day,
        months=proposal.months, proposed_by=operation.actor.id, proposed_at=operation.now,
    )  # fmt: skip
    operation.session.add(row)
    return row
