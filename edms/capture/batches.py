"""Batches as people deal with them: handed in, looked at, cut otherwise, confirmed. Nothing is declared before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.batches.cutting import Duplex
from edms.batches.edits import Edit, edited
from edms.batches.plan import BadPlan, Plan, plan_from
from edms.capture.accept import Accepted, accept
from edms.capture.batch_model import Batch
from edms.capture.batch_places import require_placements
from edms.capture.batch_steps import parts_of
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.states import Step
from edms.core.errors import NotFound, Refused
from edms.jobs.model import Job, Lane
from edms.jobs.queue import resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record, RecordState
from edms.records.visible import decided_record, visible_to

_MOST_UNDO = 100


class PlanChanged(Refused):
    """Somebody else has changed the plan since it was read."""


@dataclass(frozen=True)
class BatchView:
    """A batch as shown. `state`: reading, review, confirmed or divided; `parts`: the records made of it, in order."""

    record_id: UUID
    file_name: str
    title: str
    office: str
    class_code: str
    level: str
    pages: int
    sha256: str
    received_at: datetime
    received_by: str
    state: str
    version: int
    plan: Plan
    may_undo: bool
    parts: tuple[UUID, ...] = ()
    confirmed_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """`edms batch show --json`."""
        return {
            "batch": str(self.record_id), "file_name": self.file_name, "office": self.office, "state": self.state,
            "version": self.version, "pages": self.pages, "sha256": self.sha256, **self.plan.as_dict(),
            "parts": [str(part) for part in self.parts], "confirmed_by": self.confirmed_by,
        }  # fmt: skip


def begin_batch(
    actor: Actor | None, archive: Archive, incoming: IncomingFile, placement: Placement, duplex: Duplex
) -> Accepted:
    """Take in a scan that holds several documents, durable when this returns; raises as `accept` does.

    Bytes that the office has already are told as a duplicate, and are no second batch.
    """

    def settle(operation: Operation, accepted: Accepted) -> None:
        if not (accepted.duplicate or accepted.repeated):
            clearance = operation.actor.clearance.value
            operation.session.add(Batch(record_id=accepted.record_id, duplex=duplex.value, clearance=clearance))
            operation.note(batch=True)

    return accept(actor, archive, incoming, placement, settle)


def list_batches(actor: Actor | None, archive: Archive, limit: int = 100) -> list[BatchView]:
    """Return the batches that the actor may see, those that wait for a review first, then newest first."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        visible = visible_to(operation.scope())
        operation.about("list", "batches", LISTED)
        operation.seldom()
        query = (
            select(Record, Batch)
            .join(Batch, Batch.record_id == Record.id)
            .where(visible)
            .options(selectinload(Record.office), selectinload(Record.components))
            .order_by(Batch.confirmed_at.is_not(None), Record.received_at.desc(), Record.id.desc())
            .limit(limit)
        )
        return [_view(operation, record, batch) for record, batch in operation.session.execute(query)]


def show_batch(actor: Actor | None, archive: Archive, batch_id: UUID) -> BatchView:
    """Return a batch with its plan. Raises NotFound, also for what is no batch."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, batch_id)
        batch = operation.session.get(Batch, batch_id)
        operation.seldom()
        if batch is None:
            raise NotFound()
        return _view(operation, record, batch)


def edit_batch(actor: Actor | None, archive: Archive, batch_id: UUID, version: int, edit: Edit) -> int:
    """Change the plan of `version` by one edit; returns the new version.

    Raises NotFound; PlanChanged when the plan is another by now; Refused for an edit that does not fit, and once the
    batch is confirmed.
    """
    return _changed(actor, archive, batch_id, version, lambda plan, _batch: edited(plan, edit), edit.act.value)


def undo_batch(actor: Actor | None, archive: Archive, batch_id: UUID, version: int) -> int:
    """Go back by one edit; raises as `edit_batch` does, and Refused where there is nothing to take back."""

    def back(_plan: Plan, batch: Batch) -> Plan:
        if not batch.history["plans"]:
            raise Refused("there is nothing to take back")
        return plan_from(batch.history["plans"][-1])

    return _changed(actor, archive, batch_id, version, back, "undo")


def confirm_batch(actor: Actor | None, archive: Archive, batch_id: UUID, version: int) -> None:
    """Confirm the plan of `version`: its parts become records. Whoever confirms must be allowed to capture each.

    Raises NotFound, PlanChanged, and Refused with the document that cannot go where its sheet says. Confirming the same
    plan again changes nothing: whoever was cut off before the answer came may ask again.
    """
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        record, batch = _batch(operation, batch_id)
        if record.state == RecordState.BATCH.value and batch.confirmed_at is not None and batch.version == version:
            operation.unrecorded()
            return
        _require_review(record, batch, version)
        plan = plan_from(batch.plan)
        if not plan.documents:
            raise Refused("there is no document in the plan", "restore a page, or leave the batch as it is")
        require_placements(operation.session, archive, operation.actor, record, plan)
        batch.confirmed_by, batch.confirmed_at = operation.actor.name, operation.now
        job = operation.session.scalars(select(Job).where(Job.subject_id == batch_id).with_for_update()).one()
        resume(job, archive.clock, Step.DIVIDE.value, lane=Lane.LONG)
        operation.about("record", batch_id, "record.batch_confirmed")
        operation.note(version=version, documents=len(plan.documents), left_out=len(plan.left_out))


def _changed(
    actor: Actor | None,
    archive: Archive,
    batch_id: UUID,
    version: int,
    change: Callable[[Plan, Batch], Plan],
    name: str,
) -> int:
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        record, batch = _batch(operation, batch_id)
        _require_review(record, batch, version)
        earlier = list(batch.history["plans"])
        try:
            plan = change(plan_from(batch.plan), batch).check(record.page_count or 0)
        except BadPlan as bad:
            raise Refused(str(bad)) from None
        kept = earlier[:-1] if name == "undo" else [*earlier, batch.plan][-_MOST_UNDO:]
        batch.plan, batch.history = plan.as_dict(), {"plans": kept}
        batch.version += 1
        operation.about("record", batch_id, "record.batch_edited")
        operation.note(act=name, version=batch.version)
        return batch.version


def _batch(operation: Operation, batch_id: UUID) -> tuple[Record, Batch]:
    record = decided_record(operation, batch_id, lock=True)
    batch = operation.session.get(Batch, batch_id, with_for_update=True)
    if batch is None:
        raise NotFound()
    return record, batch


def _require_review(record: Record, batch: Batch, version: int) -> None:
    if record.state != RecordState.BATCH.value or batch.confirmed_at is not None:
        raise Refused("the batch is not waiting for a review")
    if batch.version != version:
        raise PlanChanged("somebody else has changed the plan meanwhile", "look at it again")


def _view(operation: Operation, record: Record, batch: Batch) -> BatchView:
    ready = record.state == RecordState.BATCH.value
    original = next(part for part in record.components if part.role == "original")
    return BatchView(
        record_id=record.id,
        file_name=record.file_name,
        title=record.title,
        office=record.office.name,
        class_code=record.class_code or "",
        level=record.level or "",
        pages=record.page_count or 0,
        sha256=original.blob.sha256,
        received_at=record.received_at,
        received_by=record.received_by,
        state=_state(record, batch, ready=ready),
        version=batch.version,
        plan=plan_from(batch.plan) if batch.plan else Plan(),
        may_undo=ready and batch.confirmed_at is None and bool(batch.history.get("plans")),
        parts=tuple(part.record_id for part in parts_of(operation.session, record.id)),
        confirmed_by=batch.confirmed_by or "",
    )


def _state(record: Record, batch: Batch, *, ready: bool) -> str:
    if batch.divided_at is not None:
        return "divided"
    if not ready:
        return record.state if record.state != RecordState.PENDING.value else "reading"
    return "confirmed" if batch.confirmed_at is not None else "review"
