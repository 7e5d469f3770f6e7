"""The certificate of content that was removed after a hand-over: by it an outsider sees that the institution had it
first, and that it was ordered and removed by people with no other part (docs/formats/removal.md)."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.destruction_format import original_digest, originals_of
from edms.core.errors import NotFound, Refused
from edms.core.removal_format import DUTIES, EVENTS, FORMAT, KEPT, REMOVED, SUBJECT, VERSION
from edms.exchange.removal_guards import taken_receipt
from edms.exchange.sending import fitting
from edms.records.archive import Archive
from edms.records.oversight import looking
from edms.records.proceedings import decided_proceeding
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.removals_model import RemovedContent
from edms.records.trail_proofs import leaves_proven, received_at
from edms.retention.proceedings import Act, ItemState, Kind, State

GIVEN = "handover.certificate_given"
Told = dict[str, Any]


def removal_certificate(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> bytes:
    """Return the certificate of a hand-over whose content was removed here, as canonical JSON.

    To whoever may see the hand-over, auditors among them. It names no title that not everybody may know. Raises
    NotFound; Refused while no removal is carried out, or when the receipt does not fit any more; IntegrityFault where
    its bytes are damaged.
    """
    with archive.door.write(actor, looking(actor, Action.CUSTODY_VIEW)) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
        operation.about(SUBJECT, row.id, GIVEN)
        if row.state != State.REMOVED.value:
            raise Refused("there is a certificate once the removal of content is carried out")
        session = operation.session
        archive.trail.integrate(session)
        steps, rounds = _steps(session, archive, row)
        records = list(_records(session, archive, row, rounds))
        told: Told = {
            "format": FORMAT, "version": VERSION, "archive": archive.settings.archive.name,
            "organisation": archive.settings.archive.organisation, "handover": _whole(row),
            "receipt": _receipt(archive, row), "steps": steps, "records": records,
        }  # fmt: skip
        indexes = [one["leaf"] for one in (*steps, *(kept for record in records for kept in record["kept"]))]
        indexes += [record[name] for record in records for name in ("received_leaf", "removed_leaf") if name in record]
        told |= leaves_proven(session, archive, indexes)
        operation.note(records=len(records), receipt_sha256=told["receipt"]["sha256"])
        return canonical_json(told)


def _whole(row: Proceeding) -> Told:
    return {
        "id": str(row.id), "office": row.office.name, "number": row.number or "",
        "list_sha256": row.list_sha256 or "", "receiver": str(row.receiver["name"]),
        "manifest_sha256": str(row.package["manifest_sha256"]),
    }  # fmt: skip


def _receipt(archive: Archive, row: Proceeding) -> Told:
    content, signature = taken_receipt(archive, row)
    receipt = fitting(archive, row, content, signature)
    return {
        "receiver": receipt.receiver, "reference": receipt.reference, "sha256": sha256_hex(content),
        "content": base64.b64encode(content).decode(), "signature": base64.b64encode(signature).decode(),
        "keys": str(row.receiver["keys"]),
    }  # fmt: skip


@dataclass(frozen=True)
class _Round:
    """One order with what came of it. `position`: of the order among the steps; `after`, `until`: places in the trail
    of the step before it and of its end. `kept`: the events of what it left here, by record."""

    position: int
    after: int
    until: int
    kept: dict[str, Told]


def _steps(session: Session, archive: Archive, row: Proceeding) -> tuple[list[Told], list[_Round]]:
    """Each step with the place of its event, and the orders. A step without an event was not taken at the door."""
    events = archive.trail.history(session, SUBJECT, str(row.id), only=[*EVENTS.values(), KEPT])
    done = [event for event in events if event["outcome"] == "done"]
    taken = [event for event in done if event["action"] != KEPT]
    people = [("open", row.opened_by, ""), *((one.act, one.by, str(one.note.get("number", ""))) for one in row.steps)]
    if [event["action"] for event in taken] != [EVENTS.get(act) for act, *_rest in people]:
        raise NotFound("the audit trail does not know a step of this hand-over", "run: edms verify --all")
    steps = [
        {"act": act, "duty": DUTIES[act], "person": by, "name": event["actor"], "at": event["at"],
         "number": number if act in (Act.DECIDE.value, Act.ORDER_REMOVAL.value) else "", "leaf": event["index"]}
        for (act, by, number), event in zip(people, taken, strict=True)
    ]  # fmt: skip
    rounds = []
    for position, one in enumerate(steps):
        if one["act"] == Act.ORDER_REMOVAL.value:
            after, until = steps[position - 1]["leaf"], steps[position + 1]["leaf"]
            kept = {event["details"]["record"]: event for event in done
                    if event["action"] == KEPT and after < event["index"] < until}  # fmt: skip
            rounds.append(_Round(position, after, until, kept))
    return steps, rounds


def _records(session: Session, archive: Archive, row: Proceeding, rounds: Sequence[_Round]) -> Iterator[Told]:
    """What the institution accepted, record by record: removed by which order, or kept here and why."""
    gone = {one.record_id: one for one in session.scalars(
        select(RemovedContent).where(RemovedContent.proceeding_id == row.id))}  # fmt: skip
    for item in row.items:
        if item.state == ItemState.REMOVED.value:
            yield _removed(session, archive, item, gone[item.record_id], rounds)
        elif item.state == ItemState.HANDED_OVER.value:
            yield {"record": str(item.record_id), "state": "kept", "reference": item.reference or "",
                   "kept": _kept(item, rounds)}  # fmt: skip


def _kept(item: ProceedingItem, rounds: Sequence[_Round]) -> list[Told]:
    found = []
    for one in rounds:
        event = one.kept.get(str(item.record_id))
        if event is None:
            raise NotFound("the audit trail does not know a record of this hand-over", "run: edms verify --all")
        found.append({"order": one.position, "reasons": event["details"]["reasons"], "leaf": event["index"]})
    return found


def _removed(
    session: Session, archive: Archive, item: ProceedingItem, left: RemovedContent, rounds: Sequence[_Round]
) -> Told:
    components = left.components["components"]
    original = original_digest(originals_of(components))
    events = archive.trail.history(session, "record", str(item.record_id))
    received = received_at(events, original)
    removed = next((event for event in events if event["action"] == REMOVED), None)
    if received is None or removed is None:
        raise NotFound("the audit trail does not know a record of this hand-over", "run: edms verify --all")
    title, redacted = _title(item, left)
    return {
        "record": str(item.record_id), "state": "removed", "reference": left.reference,
        "kept": _kept(item, [one for one in rounds if one.position < left.order_position]),
        "order": left.order_position, "title": title, "redacted": redacted, "class": left.class_code or "",
        "document_date": left.document_date.isoformat() if left.document_date else None, "components": components,
        "removed_at": removed["at"], "by": removed["actor"], "method": left.method,
        "received_leaf": received, "removed_leaf": removed["index"],
    }  # fmt: skip


def _title(item: ProceedingItem, left: RemovedContent) -> tuple[str, bool]:
    """The title where everybody may know it, else that of the class. The stub keeps more: it is read at the door."""
    record = item.record
    if record.level == Level.OPEN.value and not record.personal_data and not left.redacted:
        return left.title, False
    return (record.class_title or left.class_code or "–"), True
