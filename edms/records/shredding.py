"""Destroying content so that older copies of the database open nothing of it (docs/formats/vault.md, section 9).

What may be destroyed is decided elsewhere, by the procedure of disposal: `order_destruction` is called inside the
transaction of that decision, and `shred` carries out orders, never anything else. Each step can be cut off by
kill -9 and is taken up by calling `shred` again; a survivor's key is never the one that goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import EdmsError, NotFound, Refused
from edms.core.progress import ShowProgress, no_progress
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.class_learning import forget_model
from edms.records.facts import facts_of
from edms.records.keys import rotate
from edms.records.loans_model import Loan
from edms.records.model import Component, ComponentRole, Hold, HoldLink, Record, RecordState
from edms.records.proposals import forget_proposals
from edms.records.redaction_work import detach_pieces
from edms.records.redactions import forget_terms
from edms.records.searching import INDEX_TOPIC
from edms.vault.model import OrderedDestruction, StoredBlob

_PART = 500


@dataclass(frozen=True)
class ShreddingReport:
    """What was destroyed: how many blobs, and the epoch before which no key exists any more."""

    blobs: int
    epoch: int


def order_destruction(operation: Operation, record: Record, decision: str) -> list[UUID]:
    """Order that every stored bitstream of a record be destroyed, in the transaction that decides so.

    `decision` names the act of disposal. Raises Refused when a hold binds the record or its paper is on loan, NotFound
    like every decision on a record. Ordering again changes nothing.
    """
    operation.decide(facts_of(record), Action.RECORD_DESTROY)
    _refuse_held(operation.session, {record.id})
    blobs = [*(part.blob for part in record.components), *detach_pieces(operation.session, record.id)]
    for blob in blobs:
        if operation.session.get(OrderedDestruction, blob.id) is not None:
            continue
        operation.session.add(
            OrderedDestruction(
                blob_id=blob.id,
                subject_id=record.id,
                decision=decision,
                name=blob.name,
                purpose=blob.purpose,
                size=blob.size,
                sha256=blob.sha256,
                ordered_at=operation.now,
            )
        )
        operation.audit(
            "blob.destruction_ordered", "record", record.id, blob=str(blob.id), sha256=blob.sha256, decision=decision
        )
    return [blob.id for blob in blobs]


def bytes_hold(archive: Archive, record: Record) -> bool:
    """Read every stored part of a record to its last byte. What does not hold is marked on the record."""
    try:
        for part in record.components:
            archive.vault.verify(part.blob.sealed())
    except EdmsError:
        record.fixity_failed = True
        return False
    return True


def remove_content(operation: Operation, record: Record, decision: str) -> list[UUID]:
    """Order that all of a record goes, and remove its rows and keys, in one transaction; returns every blob of it that
    was ever ordered to go, whose bytes go next. Raises as `order_destruction`."""
    order_destruction(operation, record, decision)
    operation.session.flush()
    orders = orders_of(operation.session, record.id)
    remove_rows(operation, orders)
    operation.session.flush()
    operation.session.expire(record, ["components"])
    return [order.blob_id for order in orders]


def leave_description(record: Record, state: RecordState, title: str, *, redacted: bool) -> None:
    """Leave of a record whose content went what finds it. Sender, recipient and file name are of the document."""
    record.state, record.title = state.value, title
    record.file_name, record.sender, record.recipient = "", None, None
    record.problem_code = record.problem_text = record.duplicate_key = None
    if redacted:
        record.number = None


def finish_removal(
    actor: Actor | None,
    archive: Archive,
    orders: Sequence[tuple[UUID, datetime | None]],
    progress: ShowProgress = no_progress,
) -> int | None:
    """Remove the bytes that a crash left, and destroy the keys of all. `orders`: each blob, and when its bytes went.

    Returns the epoch before which no key exists any more, None where nothing was ordered.
    """
    archive.door.permit(actor, Action.KEYS_SHRED)
    left = [blob for blob, removed in orders if removed is None]
    for start in range(0, len(left), _PART):
        remove_bytes(actor, archive, left[start : start + _PART])
    return forget_keys(actor, archive, [blob for blob, _removed in orders], progress).epoch if orders else None


def shred(
    actor: Actor | None, archive: Archive, blob_ids: Sequence[UUID], progress: ShowProgress = no_progress
) -> ShreddingReport:
    """Destroy blobs that were ordered to be: rows and wrapped keys, bytes, and the key that could open old copies.

    Raises Refused when one was not ordered or a hold binds its record; then nothing is destroyed.
    """
    archive.door.permit(actor, Action.KEYS_SHRED)
    _remove_rows(actor, archive, blob_ids)
    remove_bytes(actor, archive, blob_ids)
    return forget_keys(actor, archive, blob_ids, progress)


def forget_keys(
    actor: Actor | None, archive: Archive, blob_ids: Sequence[UUID], progress: ShowProgress = no_progress
) -> ShreddingReport:
    """Destroy the keys that could open older copies of blobs whose rows and bytes are gone: the last step.

    Raises Refused when one was not ordered. As many blobs as there are; they are looked up in parts.
    """
    archive.door.permit(actor, Action.KEYS_SHRED)
    newest = _last_epoch(archive, blob_ids)
    report = rotate(actor, archive, destroy_old=True, progress=progress, action=Action.KEYS_SHRED)
    if report.to_epoch <= newest:  # it finished an interrupted rotation, which the keys of these blobs had passed
        report = rotate(actor, archive, destroy_old=True, progress=progress, action=Action.KEYS_SHRED)
    for part in _parts(blob_ids):
        with archive.door.write(actor, Action.RECORD_DESTROY) as operation:
            _decide(operation, _orders(operation.session, part))
            _mark(operation.session, part, "shredded_at", operation.now)
            operation.about("key", archive.keys.keys.key_id, "blobs.shredded")
            operation.note(blobs=len(part), before=report.to_epoch)
    return ShreddingReport(len(set(blob_ids)), report.to_epoch)


def _last_epoch(archive: Archive, blob_ids: Sequence[UUID]) -> int:
    """Return the last epoch that wrapped a key of any of these."""
    with archive.database.reader() as session:
        return max(order.epoch or 0 for part in _parts(blob_ids) for order in _orders(session, part))


def _parts(blob_ids: Sequence[UUID]) -> list[list[UUID]]:
    unique = sorted(set(blob_ids))
    return [unique[start : start + _PART] for start in range(0, len(unique), _PART)] or [[]]


def _remove_rows(actor: Actor | None, archive: Archive, blob_ids: Sequence[UUID]) -> None:
    """Remove components and blob rows, each with its event."""
    with archive.door.write(actor, Action.RECORD_DESTROY) as operation:
        orders = _orders(operation.session, blob_ids)
        _decide(operation, orders)
        remove_rows(operation, orders)
        operation.about("archive", "", "blobs.destroying")
        operation.note(blobs=len(orders))


def remove_rows(operation: Operation, orders: Sequence[OrderedDestruction]) -> None:
    """Remove components and blob rows with their wrapped keys, and what was derived, in a transaction under way.

    From its commit on nothing of these is read any more. Raises Refused when a hold binds a record of them.
    """
    session = operation.session
    _refuse_held(session, {order.subject_id for order in orders})
    for order in orders:
        if order.row_removed_at is not None:
            continue
        blob = session.get_one(StoredBlob, order.blob_id, with_for_update=True)
        order.epoch, order.row_removed_at = blob.epoch, operation.now
        for part in session.scalars(select(Component).where(Component.blob_id == blob.id)).all():
            session.delete(part)
        session.flush()
        session.delete(blob)
        operation.audit(
            "blob.destroyed",
            "record",
            order.subject_id,
            blob=str(order.blob_id),
            sha256=order.sha256,
            decision=order.decision,
        )
    for record_id in {order.subject_id for order in orders}:
        forget_proposals(session, record_id)
        forget_terms(session, record_id)
        # What was learned from the office holds words of what is destroyed: it learns anew from the others.
        forget_model(session, session.get_one(Record, record_id).office_id)
        session.get_one(Record, record_id, with_for_update=True).version += 1
        operation.outbox(INDEX_TOPIC, record_id)


def orders_of(session: Session, record_id: UUID) -> list[OrderedDestruction]:
    """Return what was ordered to be destroyed of a record, held against others."""
    query = select(OrderedDestruction).where(OrderedDestruction.subject_id == record_id)
    return list(session.scalars(query.order_by(OrderedDestruction.blob_id).with_for_update()))


def components_of(record: Record) -> list[dict[str, Any]]:
    """Everything that is stored of a record: what is destroyed, by its digest."""
    return [
        {"role": part.role, "position": part.position, "media_type": part.media_type, "size": part.blob.size,
         "sha256": part.blob.sha256}
        for part in record.components
    ]  # fmt: skip


def elsewhere(session: Session, record: Record) -> int:
    """Return in how many other records the very bytes of the original are: told, since they are not destroyed."""
    original = record.component(ComponentRole.ORIGINAL)
    if original is None:
        return 0
    query = (
        select(Component.record_id)
        .join(StoredBlob, StoredBlob.id == Component.blob_id)
        .where(StoredBlob.sha256 == original.blob.sha256, Component.record_id != record.id)
        .distinct()
    )
    return len(session.scalars(query).all())


def remove_bytes(actor: Actor | None, archive: Archive, blob_ids: Sequence[UUID]) -> None:
    """Remove the sealed bytes of blobs whose rows are gone. Done again it changes nothing. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_DESTROY) as operation:
        query = select(OrderedDestruction).where(OrderedDestruction.blob_id.in_(set(blob_ids)))
        orders = list(operation.session.scalars(query))
        if not orders:
            operation.about("archive", "")
            raise NotFound()
        _decide(operation, orders)
        names = [order.name for order in orders if order.bytes_removed_at is None]
    for name in names:
        archive.vault.delete_named(name)
    with archive.door.write(actor, Action.RECORD_DESTROY) as operation:
        _decide(operation, _orders(operation.session, blob_ids))
        _mark(operation.session, blob_ids, "bytes_removed_at", operation.now)
        operation.about("archive", "", "blobs.bytes_removed")
        operation.note(blobs=len(names))


def _orders(session: Session, blob_ids: Sequence[UUID]) -> list[OrderedDestruction]:
    """Return the orders, held against others; raises Refused when a blob has none."""
    query = select(OrderedDestruction).where(OrderedDestruction.blob_id.in_(set(blob_ids)))
    orders = list(session.scalars(query.order_by(OrderedDestruction.blob_id).with_for_update()))
    missing = len(set(blob_ids)) - len(orders)
    if missing or not orders:
        raise Refused(f"{missing} of these were not ordered to be destroyed", "the procedure of disposal decides it")
    return orders


def _decide(operation: Operation, orders: Sequence[OrderedDestruction]) -> None:
    for record_id in sorted({order.subject_id for order in orders}):
        record = operation.session.get(Record, record_id)
        if record is None:
            raise NotFound()
        operation.decide(facts_of(record))


def _refuse_held(session: Session, record_ids: set[UUID]) -> None:
    query = select(func.count()).select_from(HoldLink).join(Hold, Hold.id == HoldLink.hold_id)
    if session.scalar(query.where(HoldLink.record_id.in_(record_ids), Hold.released_at.is_(None))):
        raise Refused("a hold binds a record of these", "nothing is destroyed until it is released")
    lent = select(func.count()).select_from(Loan).where(Loan.record_id.in_(record_ids), Loan.is_out.is_(True))
    if session.scalar(lent):
        raise Refused("the paper of a record of these is on loan", "nothing is destroyed until it is back")


def _mark(session: Session, blob_ids: Sequence[UUID], column: str, now: datetime) -> None:
    where = OrderedDestruction.blob_id.in_(set(blob_ids)) & getattr(OrderedDestruction, column).is_(None)
    for order in session.scalars(select(OrderedDestruction).where(where)):
        setattr(order, column, now)
