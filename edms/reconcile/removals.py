"""Content that was removed after a hand-over: rows, stored bytes and the trail, looked at from each side (R57, R82).

What is missing with its events is right. What is missing without them, or is told to be gone and is here, is a fault.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.audit.model import AuditLeaf
from edms.core.errors import IntegrityFault
from edms.reconcile.faults import Fault
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.removals_model import RemovedContent
from edms.retention.proceedings import Act, ItemState
from edms.vault.model import OrderedDestruction

KIND = "removal"
REMOVED = "record.content_removed"


def removal_faults(session: Session, archive: Archive) -> Iterator[Fault]:
    """Yield where rows, items and events of removed content do not tell one story; stored bytes: `stub_faults`."""
    rows = {row.record_id: row for row in session.scalars(select(RemovedContent))}
    stubs = set(session.scalars(select(Record.id).where(Record.state == RecordState.HANDED_OVER.value)))
    told = select(AuditLeaf.subject_id).where(AuditLeaf.action == REMOVED, AuditLeaf.subject_kind == "record")
    events = set(session.scalars(told))
    known = {str(one) for one in rows}
    for identity in sorted(events - known):
        yield Fault(KIND, identity, "the trail tells that its content was removed, and there is no row of it")
    for identity in sorted(known - events):
        if _tells(archive, session, identity):
            continue  # its event waits for its place
        yield Fault(KIND, identity, "a row says that its content was removed, and the trail does not")
    for record_id in sorted(stubs ^ rows.keys(), key=str):
        yield Fault(KIND, str(record_id), "its state and the row on its content do not agree")
    for row in rows.values():
        yield from _of_its_handover(session, row)
    done = select(ProceedingItem.record_id).where(ProceedingItem.state == ItemState.REMOVED.value)
    for record_id in sorted(set(session.scalars(done)) - rows.keys(), key=str):
        yield Fault(KIND, str(record_id), "a hand-over says that its content was removed, and there is no row of it")


def _tells(archive: Archive, session: Session, identity: str) -> bool:
    try:
        return bool(archive.trail.history(session, "record", identity, only={REMOVED}))
    except IntegrityFault:
        return True  # the check of the trail names the leaf


def _of_its_handover(session: Session, row: RemovedContent) -> Iterator[Fault]:
    """The row must agree with the hand-over that it names: its item, its receipt, and the order."""
    proceeding = session.get(Proceeding, row.proceeding_id)
    item = session.get(ProceedingItem, row.item_id)
    if proceeding is None or item is None or (item.record_id, item.proceeding_id) != (row.record_id, row.proceeding_id):
        yield Fault(KIND, str(row.record_id), "it names a hand-over that the record was not in")
        return
    steps = {one.position: one for one in proceeding.steps}
    receipt = next((one.note.get("sha256") for one in proceeding.steps if one.act == Act.RECEIVE.value), None)
    order = steps.get(row.order_position)
    if order is None or order.act != Act.ORDER_REMOVAL.value or order.note.get("number") != row.order_number:
        yield Fault(KIND, str(row.record_id), "its content was removed, and nobody ordered it")
    if item.state != ItemState.REMOVED.value or item.sent.get("mets_sha256") != row.mets_sha256:
        yield Fault(KIND, str(row.record_id), "it and the list of its hand-over do not agree")
    if receipt != row.receipt_sha256 or proceeding.package.get("manifest_sha256") != row.manifest_sha256:
        yield Fault(KIND, str(row.record_id), "it names another receipt or package than its hand-over")


def stub_faults(session: Session, archive: Archive, record: Record) -> Iterator[Fault]:
    """Yield what is wrong with a record whose content is said to be with an institution: every stored part of it must
    have gone by order, with its events, and nothing of it may be here."""
    identity = str(record.id)
    for part in record.components:
        yield Fault(KIND, identity, f"its content was handed over and removed, and its {part.role} is here")
    row = session.get(RemovedContent, record.id)
    try:
        events = archive.trail.history(session, "record", identity)
    except IntegrityFault:
        return  # the check of the trail names the leaf
    removed = [one["details"] for one in events if one["action"] == REMOVED]
    if not removed or row is None:
        yield Fault(KIND, identity, "its content is missing, and nothing tells that it was removed after a hand-over")
        return
    yield from _told_alike(identity, row, removed[-1])
    gone = _digests(events, "blob.destroyed")
    if gone != _digests(events, "blob.destruction_ordered") or gone != _removed_digests(row):
        yield Fault(KIND, identity, "what was removed of it is not what was ordered to go")
    for order in session.scalars(select(OrderedDestruction).where(OrderedDestruction.subject_id == record.id)):
        if archive.vault.holds(order.name):
            yield Fault(
                "blob", order.name, f"it was removed with the content of record {identity}, and its bytes are there"
            )


def _told_alike(identity: str, row: RemovedContent, told: dict[str, Any]) -> Iterator[Fault]:
    now = {"handover": str(row.proceeding_id), "item": str(row.item_id), "order": row.order_number,
           "receiver": row.receiver, "reference": row.reference, "receipt_sha256": row.receipt_sha256,
           "mets_sha256": row.mets_sha256}  # fmt: skip
    for name in sorted(now):
        if told.get(name) != now[name]:
            yield Fault(KIND, identity, f"its {name} is not what the trail was told")


def _digests(events: list[dict[str, Any]], action: str) -> list[str]:
    return sorted(str(one["details"].get("sha256")) for one in events if one["action"] == action)


def _removed_digests(row: RemovedContent) -> list[str]:
    return sorted(str(one["sha256"]) for one in row.components["components"])
