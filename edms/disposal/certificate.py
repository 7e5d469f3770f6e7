"""The certificate of destruction: by it an outsider sees that it went by the law (docs/formats/destruction.md)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import canonical_json
from edms.core.destruction_format import FORMAT, STEPS, VERSION, original_digest, originals_of
from edms.core.errors import NotFound, Refused
from edms.disposal.batches import decided_batch
from edms.disposal.course import DESTRUCTION, ItemState, State
from edms.disposal.people import members
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, Residual
from edms.records.oversight import looking
from edms.records.trail_proofs import leaves_proven, received_at

GIVEN = "disposal.certificate_given"
_SHOWN_STATES = (State.EXECUTED.value, State.CLOSED.value)


def certificate(actor: Actor | None, archive: Archive, batch_id: UUID) -> bytes:
    """Return the certificate of a destruction that was carried out, as canonical JSON.

    It names no title that not everybody may know. Raises NotFound, Refused before it was carried out.
    """
    with archive.door.write(actor, looking(actor, Action.DISPOSAL_VIEW)) as operation:
        batch = decided_batch(operation, batch_id)
        operation.about("disposal", batch.id, GIVEN)
        if batch.kind != DESTRUCTION or batch.state not in _SHOWN_STATES:
            raise Refused("there is no certificate before it was carried out")
        session = operation.session
        archive.trail.integrate(session)
        items = [_item(session, archive, item) for item in batch.items if item.frozen_sha256]
        steps = list(_steps(session, archive, batch))
        told: dict[str, Any] = {
            "format": FORMAT, "version": VERSION, "archive": archive.settings.archive.name,
            "organisation": archive.settings.archive.organisation, "disposal": _whole(batch),
            "steps": steps, "items": [one for one, _leaves in items],
        }  # fmt: skip
        indexes = {one["leaf"] for one in steps} | {index for _one, leaves in items for index in leaves}
        told |= leaves_proven(session, archive, indexes)
        operation.note(records=len(items))
        return canonical_json(told)


def _whole(batch: DisposalBatch) -> dict[str, Any]:
    return {
        "id": str(batch.id), "kind": batch.kind, "tier": batch.tier, "state": batch.state, "office": batch.office.name,
        "number": batch.number or "", "place": batch.place or "", "method": batch.method or "",
        "list_sha256": batch.list_sha256 or "", "evidence": batch.evidence,
        "evidence_sha256": batch.evidence_sha256 or "",
        "committee": [{"name": one["name"], "person": one["person"], "capacity": one["capacity"]}
                      for one in members(batch)],
        "signers": [{"name": one["name"], "person": one["person"], "position": one["position"],
                     "capacity": one["capacity"]} for one in batch.signers.get("signers", ())],
        "papers": {paper.kind: {"record": str(paper.record_id), "sha256": paper.sha256} for paper in batch.papers},
    }  # fmt: skip


def _steps(session: Session, archive: Archive, batch: DisposalBatch) -> Iterator[dict[str, Any]]:
    """Each step with the place of its event. A step without one was not taken through the door."""
    events = archive.trail.history(session, "disposal", str(batch.id))
    for row in batch.steps:
        if row.step not in STEPS:
            continue
        told = next((one for one in events if one["action"] == f"disposal.{row.step}"
                     and (row.step == "open" or one["details"].get("step") == str(row.id))), None)  # fmt: skip
        if told is None:
            raise NotFound("the audit trail does not know a step of this disposal", "run: edms verify --all")
        yield {
            "id": str(row.id), "step": row.step, "state": row.state, "duty": row.duty, "person": row.actor_id,
            "name": told["actor"], "at": told["at"], "number": row.number or "",
            "dated": row.dated.isoformat() if row.dated else None,
            "letter": str(row.record_id) if row.record_id else None, "letter_sha256": row.file_sha256,
            "leaf": told["index"],
        }  # fmt: skip


def _item(session: Session, archive: Archive, item: DisposalItem) -> tuple[dict[str, Any], list[int]]:
    told: dict[str, Any] = {
        "number": item.frozen["number"], "record": str(item.record_id), "state": item.state,
        "line_sha256": item.frozen_sha256,
    }  # fmt: skip
    if item.state != ItemState.DONE.value:
        return told | {"reason": item.excluded_reason or "", "excluded_in": item.excluded_in or ""}, []
    left = session.scalars(select(Residual).where(Residual.item_id == item.id)).one()
    components = left.components["components"]
    original = original_digest(originals_of(components))
    captured, gone = _told(session, archive, item, original)
    return told | {
        "title": left.title, "redacted": left.redacted, "class": left.class_code or "",
        "document_date": left.document_date.isoformat() if left.document_date else None,
        "rule": left.rule_code or "", "edition": left.rule_edition or "", "clause": left.rule_clause,
        "due_on": left.due_on.isoformat() if left.due_on else None, "components": components,
        "destroyed_at": gone["at"], "by": gone["actor"], "method": gone["details"].get("method", ""),
        "captured_leaf": captured, "destroyed_leaf": gone["index"],
    }, [captured, gone["index"]]  # fmt: skip


def _told(session: Session, archive: Archive, item: DisposalItem, original: str) -> tuple[int, dict[str, Any]]:
    """Return where the trail says that this record came in with these bytes, and what it says of its destruction."""
    events = archive.trail.history(session, "record", str(item.record_id))
    captured, destroyed = received_at(events, original), None
    for event in events:
        if event["action"] == "record.destroyed" and event["details"].get("item") == str(item.id):
            destroyed = event
    if captured is None or destroyed is None:
        raise NotFound("the audit trail does not know a record of this disposal", "run: edms verify --all")
    return captured, destroyed
