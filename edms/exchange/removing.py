"""Removing content here after a hand-over: ordered, then carried out record by record, each whole (R39, R45, R82, R88).

order_removal -> for every record: all asked again, rows and keys removed, the stub written -> bytes removed -> keys of
earlier epochs destroyed -> REMOVED -> its paper. Cut off anywhere, `carry_out_removal` goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.destruction_format import told_components
from edms.core.errors import EdmsError, Refused
from edms.core.handover_receipt import Receipt, ReceiptLine
from edms.core.progress import ShowProgress, no_progress
from edms.core.removal_format import KEPT as CONTENT_KEPT
from edms.core.removal_format import REMOVED
from edms.core.typed import line, why
from edms.exchange.removal_guards import not_as_sent, receipt_again, receipt_digest, standing_in_the_way
from edms.exchange.removal_papers import draw_up_removal
from edms.operation.door import NotPermitted, Operation
from edms.records.alerts_due import tell_of_removals
from edms.records.archive import Archive
from edms.records.facts import find
from edms.records.model import Record, RecordState
from edms.records.proceedings import (
    SUBJECT,
    decided_proceeding,
    done_by,
    may_take,
    require_state,
    require_time,
    standing,
    step,
)
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingStep
from edms.records.removals import KEPT, removable_from
from edms.records.removals_model import RemovedContent
from edms.records.shredding import (
    components_of,
    elsewhere,
    finish_removal,
    leave_description,
    remove_bytes,
    remove_content,
)
from edms.retention.proceedings import Act, ItemState, Kind, State
from edms.vault.model import OrderedDestruction


@dataclass(frozen=True)
class RemovalOrder:
    """The order to remove content: its number, and why it is no longer needed here."""

    number: str
    reason: str


def order_removal(actor: Actor | None, archive: Archive, proceeding_id: UUID, told: RemovalOrder) -> int:
    """Order that the content of what the institution accepted be removed here; returns of how many records.

    By the head of the office or of one above it, with no part in the hand-over, once the keeping time is over and the
    receipt fits again. What is held, lent, marked or worked on is not in it, and can be ordered another time. Who calls
    this has asked for proof of who the actor is. Raises NotFound, NotPermitted, Refused; IntegrityFault.
    """
    checked = _receipt(actor, archive, proceeding_id, Action.CUSTODY_ORDER_REMOVAL, State.CLOSED, State.REMOVED)
    with archive.door.write(actor, Action.CUSTODY_ORDER_REMOVAL) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.removal_ordered")
        if row.office_id not in operation.actor.headed:
            operation.refused = True
            operation.note(reasons=["not_its_head"])
            raise NotPermitted("the head of the office, or of one above it, orders this", "ask the head")
        may_take(operation, archive, row, Act.ORDER_REMOVAL)
        number, reason = line(told.number, 120), why(told.reason)
        if not number:
            raise Refused("the order needs its number")
        _require_kept(archive, row)
        _require_same(row, checked)
        accepted = [item for item in standing(row) if item.state == ItemState.HANDED_OVER.value]
        wanted = 0
        for item, found in standing_in_the_way(operation, archive, row, accepted):
            item.reason = _kept(found) if found else None
            item.standing_key = None if found else item.record_id.hex
            wanted += not found
            if found:
                operation.audit(CONTENT_KEPT, SUBJECT, row.id, record=str(item.record_id), item=str(item.id),
                                reasons=list(found))  # fmt: skip
        if not wanted:
            raise Refused("no content of it can be removed now", "see why with each record")
        note = {"number": number, "reason": reason, "records": wanted, "kept": len(accepted) - wanted,
                "receipt_sha256": checked.sha256,
                "keep_days": archive.settings.disposal.keep_after_handover_days}  # fmt: skip
        step(operation, archive, row, Act.ORDER_REMOVAL, note)
        tell_of_removals(operation, archive)
        operation.note(**note)
        return wanted


def carry_out_removal(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, most: int | None = None,
    progress: ShowProgress = no_progress,
) -> int:  # fmt: skip
    """Remove what was ordered to be, at most `most` records; returns how many are left. Again after a crash.

    When none is left the keys are destroyed, the hand-over is REMOVED, and its paper drawn up. Raises NotFound,
    NotPermitted, Refused; IntegrityFault where the receipt is damaged.
    """
    with archive.door.read(actor, Action.CUSTODY_REMOVE) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
        finished = row.state == State.REMOVED.value
    if finished:  # cut off between the end and its paper
        draw_up_removal(actor, archive, proceeding_id)
        return 0
    checked = _receipt(actor, archive, proceeding_id, Action.CUSTODY_REMOVE, State.REMOVING)
    with archive.door.read(actor, Action.CUSTODY_REMOVE) as operation:
        row = _under_way(operation, proceeding_id)
        waiting = [item.id for item in row.items if _waits(item)]
    now = waiting if most is None else waiting[:most]
    with progress(len(now)) as bar:
        for item_id in now:
            blobs = _remove(actor, archive, proceeding_id, item_id, checked)
            if blobs:
                remove_bytes(actor, archive, blobs)
            bar.update(1)
    if len(now) < len(waiting):
        return len(waiting) - len(now)
    _finish(actor, archive, proceeding_id, progress)
    draw_up_removal(actor, archive, proceeding_id)
    return 0


@dataclass(frozen=True)
class _Checked:
    """A receipt that was just found to fit, its SHA-256, and its line of each record."""

    receipt: Receipt
    sha256: str
    lines: dict[str, ReceiptLine]


def _receipt(actor: Actor | None, archive: Archive, proceeding_id: UUID, action: Action, *states: State) -> _Checked:
    """Check the receipt as a whole. One that does not fit any more changes nothing, and is an event."""
    with archive.door.read(actor, action) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
        require_state(row, *states)
        wrong: EdmsError | None = None
        try:
            receipt, digest = receipt_again(archive, row), receipt_digest(row)
        except EdmsError as fault:
            wrong = fault
    if wrong is not None:
        with archive.door.write(actor, action) as operation:
            decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
            operation.about(SUBJECT, proceeding_id, "handover.receipt_failed")
            operation.note(why=wrong.message.partition(":")[0])
        raise wrong
    return _Checked(receipt, digest, {one.record: one for one in receipt.records})


def _require_kept(archive: Archive, row: Proceeding) -> None:
    day = removable_from(archive, row)
    if day is None or archive.clock.today() < day:
        raise Refused(f"the content is kept here until {day}", "the keeping time is set in [disposal]")


def _require_same(row: Proceeding, checked: _Checked) -> None:
    if receipt_digest(row) != checked.sha256:
        raise Refused("the receipt is not the one that was taken", "run: edms verify --all")


def _waits(item: ProceedingItem) -> bool:
    return item.state == ItemState.HANDED_OVER.value and item.standing_key is not None


def _under_way(operation: Operation, proceeding_id: UUID, *, lock: bool = False) -> Proceeding:
    row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=lock)
    require_state(row, State.REMOVING)
    operation.apart(Duty.REMOVE_CONTENT, done_by(row, within=Act.REMOVE), "ask a colleague")
    return row


def _remove(actor: Actor | None, archive: Archive, proceeding_id: UUID, item_id: UUID, checked: _Checked) -> list[UUID]:
    """Remove one record's content, or keep it with the reason: one transaction. Returns the blobs whose bytes go."""
    with archive.door.write(actor, Action.CUSTODY_REMOVE) as operation:
        row = _under_way(operation, proceeding_id, lock=True)
        require_time(operation, archive, row)
        _require_kept(archive, row)
        _require_same(row, checked)
        item = operation.session.get_one(ProceedingItem, item_id, populate_existing=True)
        if not _waits(item):
            operation.unrecorded()
            return []
        record = find(operation.session, item.record_id, lock=True)
        assert record is not None, "records are never removed"
        operation.session.refresh(record)
        found = standing_in_the_way(operation, archive, row, [item])[0][1]
        changed = "" if found else not_as_sent(archive, item, record, checked.lines.get(str(record.id)))
        told = (*found, *([changed] if changed else []))
        if told:
            item.standing_key, item.reason = None, _kept(told)
            operation.about(SUBJECT, row.id, CONTENT_KEPT)
            operation.note(record=str(record.id), item=str(item.id), reasons=told)
            return []
        return _removed(operation, archive, row, item, record)


def _removed(
    operation: Operation, archive: Archive, row: Proceeding, item: ProceedingItem, record: Record
) -> list[UUID]:
    order, receipt = _order(row), _step(row, Act.RECEIVE)
    components = components_of(record)
    before = {"checked_at": operation.now.isoformat(), "holds": 0, "on_loan": False, "fixity": "verified",
              "components": len(components), "same_bytes_elsewhere": elsewhere(operation.session, record)}  # fmt: skip
    blobs = remove_content(operation, record, f"{row.id}:{order.note['number']}"[:200])
    title, redacted = _title_left(record)
    left = RemovedContent(
        record_id=record.id, proceeding_id=row.id, item_id=item.id, title=title, redacted=redacted,
        class_code=record.class_code, class_edition=record.class_edition, rule_code=record.rule_code,
        rule_edition=record.rule_edition, document_date=record.document_date, declared_at=record.declared_at,
        receiver=str(row.receiver["name"]), accession=str(receipt.note["reference"]), reference=item.reference or "",
        receipt_sha256=str(receipt.note["sha256"]), manifest_sha256=str(row.package["manifest_sha256"]),
        mets_sha256=str(item.sent["mets_sha256"]), components={"components": components}, before=before,
        bytes_removed=sum(one["size"] for one in components), removed_at=operation.now,
        removed_by=operation.actor.id, remover_name=operation.actor.name, method=archive.settings.disposal.method,
        order_number=str(order.note["number"]), order_position=order.position,
    )  # fmt: skip
    operation.session.add(left)
    leave_description(record, RecordState.HANDED_OVER, title, redacted=redacted)
    item.state, item.standing_key = ItemState.REMOVED.value, None
    operation.session.flush()
    operation.about("record", record.id, REMOVED)
    operation.note(handover=str(row.id), item=str(item.id), order=left.order_number, receiver=left.receiver,
                   reference=left.reference, receipt_sha256=left.receipt_sha256, mets_sha256=left.mets_sha256,
                   components=told_components(components))  # fmt: skip
    return blobs


def _kept(codes: Sequence[str]) -> str:
    return f"{KEPT}{', '.join(codes)}"[:500]


def _title_left(record: Record) -> tuple[str, bool]:
    """The title stays, seen as before by whoever may see the record; that of what holds personal data gives way to the
    title of its class, since a name is no longer needed here to find what lies elsewhere (R49)."""
    if record.personal_data:
        return (record.class_title or record.class_code or "–"), True
    return record.title, False


def _order(row: Proceeding) -> ProceedingStep:
    return _step(row, Act.ORDER_REMOVAL)


def _step(row: Proceeding, act: Act) -> ProceedingStep:
    return next(one for one in reversed(row.steps) if one.act == act.value)


def _finish(actor: Actor | None, archive: Archive, proceeding_id: UUID, progress: ShowProgress) -> None:
    """Remove bytes that a crash left, destroy the keys, and write down what was removed and what was kept."""
    with archive.door.read(actor, Action.CUSTODY_REMOVE) as operation:
        row = _under_way(operation, proceeding_id)
        query = (
            select(OrderedDestruction.blob_id, OrderedDestruction.bytes_removed_at)
            .join(RemovedContent, RemovedContent.record_id == OrderedDestruction.subject_id)
            .where(RemovedContent.proceeding_id == row.id, RemovedContent.order_position == _order(row).position)
        )
        orders = [(blob, removed) for blob, removed in operation.session.execute(query)]
    epoch = finish_removal(actor, archive, orders, progress)
    with archive.door.write(actor, Action.CUSTODY_REMOVE) as operation:
        row = _under_way(operation, proceeding_id, lock=True)
        operation.about(SUBJECT, row.id, "handover.content_removed")
        if any(_waits(item) for item in row.items):
            raise Refused("not everything is carried out yet", "carry on")
        note = _outcome(operation, archive, row, len(orders), epoch)
        step(operation, archive, row, Act.REMOVE, {**note, "kept_items": _kept_items(row)})
        operation.note(**note)


def _kept_items(row: Proceeding) -> list[dict[str, str]]:
    """What stays here for now, and why, as the paper says it."""
    return [
        {"record": str(item.record_id), "reference": item.reference or "", "reason": item.reason or ""}
        for item in row.items
        if item.state == ItemState.HANDED_OVER.value
    ]


def _outcome(
    operation: Operation, archive: Archive, row: Proceeding, components: int, epoch: int | None
) -> dict[str, Any]:
    order = _order(row)
    of_order = (RemovedContent.proceeding_id == row.id, RemovedContent.order_position == order.position)
    records, size = operation.session.execute(
        select(func.count(), func.coalesce(func.sum(RemovedContent.bytes_removed), 0)).where(*of_order)
    ).one()
    return {
        "number": order.note["number"], "order": order.position, "removed": records, "bytes": int(size),
        "kept": sum(item.state == ItemState.HANDED_OVER.value for item in row.items), "components": components,
        "keys_before_epoch": epoch, "receipt_sha256": order.note["receipt_sha256"],
        "method": archive.settings.disposal.method,
    }  # fmt: skip
