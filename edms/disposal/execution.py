"""Carrying a destruction out: item by item, each whole in one transaction, taken up again wherever it was cut off.

execute -> for every item: judged again, read and compared, its rows and keys removed, the residual written -> bytes
removed -> keys of earlier epochs destroyed -> EXECUTED. Sources: R39, R40, R48, R58; DESIGN invariants 8 to 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.people import actor_of
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty, clash
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.destruction_format import SIGNING, WITNESS_CAPACITIES, in_capacities, told_components
from edms.core.errors import Refused
from edms.core.progress import ShowProgress, no_progress
from edms.core.typed import line
from edms.disposal.batches import begin_step, decided_batch, move_of, require_time, standing, take_step
from edms.disposal.course import LEAST_WITNESSES, ItemState, State, Step
from edms.disposal.destruction import exclude_item, recheck
from edms.disposal.eligibility import drifted, judged
from edms.disposal.papers import draw_up
from edms.disposal.people import had, require_capacity, require_unit_of_witness
from edms.operation.door import NotPermitted, Operation
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, Residual
from edms.records.facts import find
from edms.records.hold_binding import refresh_holds
from edms.records.model import ComponentRole, Record, RecordState
from edms.records.retention_facts import RulesKept
from edms.records.shredding import (
    bytes_hold,
    components_of,
    elsewhere,
    finish_removal,
    leave_description,
    remove_bytes,
    remove_content,
)
from edms.records.signatures import able_signers
from edms.retention.types import Tier
from edms.vault.model import OrderedDestruction

UNIT_HEAD = "unit_head"


@dataclass(frozen=True)
class Execution:
    """How it is carried out: number and place of the berita acara, and who signs it, `(capacity, user)` each.

    Capacities: `records_head`, `unit_head`, and of witnesses `legal` and `supervision`, at least one each (R38).
    """

    number: str
    place: str
    signers: tuple[tuple[str, str], ...]
    method: str = ""


def execute(actor: Actor | None, archive: Archive, batch_id: UUID, told: Execution) -> None:
    """Begin: everything is judged again, the witnesses are named, and nothing can be given up from here on.

    Who calls this has asked for proof of who the actor is. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.write(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.EXECUTE)
        recheck(operation, archive, batch)
        if not standing(batch):
            raise Refused("nothing is left in this disposal", "take it back, or refuse it")
        batch.number, batch.place = line(told.number, 120), line(told.place, 100)
        if not batch.place:
            raise Refused("the berita acara needs its place")
        batch.method = line(told.method, 200) or archive.settings.disposal.method
        batch.signers = {"signers": _signers(operation, archive, batch, told.signers)}
        take_step(operation, archive, batch, found, number=batch.number)
        operation.note(records=len(standing(batch)), signers=in_capacities(batch.signers["signers"]))


def carry_out(
    actor: Actor | None, archive: Archive, batch_id: UUID, most: int | None = None,
    progress: ShowProgress = no_progress,
) -> int:  # fmt: skip
    """Destroy what is still to be destroyed, at most `most` records; returns how many are left. Again after a crash.

    When none is left the keys are destroyed and the batch is EXECUTED. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.read(actor, Action.DISPOSAL_EXECUTE) as operation:
        finished = decided_batch(operation, batch_id).state == State.EXECUTED.value
    if finished:  # cut off between the end and its papers
        draw_up(actor, archive, batch_id)
        return 0
    with archive.door.read(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch = _under_way(operation, archive, batch_id)
        waiting = [item.id for item in standing(batch) if item.state == ItemState.LISTED.value]
        rules = RulesKept(operation.session, archive.clock.today())
    now = waiting if most is None else waiting[:most]
    with progress(len(now)) as bar:
        for item_id in now:
            blobs = _destroy(actor, archive, batch_id, item_id, rules)
            if blobs:
                remove_bytes(actor, archive, blobs)
            bar.update(1)
    if len(now) < len(waiting):
        return len(waiting) - len(now)
    _finish(actor, archive, batch_id, progress)
    draw_up(actor, archive, batch_id)
    return 0


def _under_way(operation: Operation, archive: Archive, batch_id: UUID, *, lock: bool = False) -> DisposalBatch:
    batch = decided_batch(operation, batch_id, lock=lock)
    if batch.state != State.EXECUTING.value:
        raise Refused("the disposal is not being carried out", "see where the disposal stands")
    require_capacity(operation, archive, batch, move_of(batch, Step.FINISH))
    return batch


def _destroy(actor: Actor | None, archive: Archive, batch_id: UUID, item_id: UUID, rules: RulesKept) -> list[UUID]:
    """Destroy one record, or take it out with the reason: one transaction. Returns the blobs whose bytes are to go."""
    with archive.door.write(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch = _under_way(operation, archive, batch_id, lock=True)
        require_time(operation, archive, batch)
        item = operation.session.get_one(DisposalItem, item_id, populate_existing=True)
        if item.state != ItemState.LISTED.value:
            operation.unrecorded()
            return []
        record = find(operation.session, item.record_id, lock=True)
        assert record is not None, "records are never removed"
        operation.session.refresh(record)
        operation.about("disposal", batch.id, "disposal.record_judged")
        operation.note(record=str(record.id), item=str(item.id))
        why = _obstacle(operation, archive, batch, item, record, rules)
        if why:
            exclude_item(operation, batch, item, why)
            return []
        return _destroyed(operation, archive, batch, item, record)


def _obstacle(
    operation: Operation, archive: Archive, batch: DisposalBatch, item: DisposalItem, record: Record, rules: RulesKept
) -> str:
    """Return why this record is not destroyed now, as stable codes, or "": the law, then the bytes themselves.

    A search that is held may find it only since the worker last looked, so that it is asked here once more (R47);
    raises IndexBehind where the index cannot say yet.
    """
    refresh_holds(operation, archive, [record.id])
    now = judged(operation.session, archive, [record.id], batch.id, rules).get(record.id)
    if now is None or not now.eligible:
        return ",".join(now.obstacles) if now else "not_declared"
    if why := drifted(item.frozen, now, Tier(batch.tier)):
        return why
    if item.verdict != "destroy":
        return "not_assessed"
    frozen = {(one["role"], one["position"]): one["sha256"] for one in item.frozen["components"]}
    parts = {(part.role, part.position): part.blob.sha256 for part in record.components}
    if parts.get((ComponentRole.ORIGINAL.value, 0)) != frozen.get((ComponentRole.ORIGINAL.value, 0)):
        return "content_changed"
    if not bytes_hold(archive, record):
        return "fixity_failed"
    item.before = {
        "checked_at": operation.now.isoformat(), "eligible": True, "reasons": list(now.decision.reason_codes),
        "holds": 0, "on_loan": False, "fixity": "verified", "components": len(record.components),
        "same_bytes_elsewhere": elsewhere(operation.session, record),
    }  # fmt: skip
    return ""


def _destroyed(
    operation: Operation, archive: Archive, batch: DisposalBatch, item: DisposalItem, record: Record
) -> list[UUID]:
    components, frozen = components_of(record), item.frozen
    assert batch.number is not None, "it was told when it began"
    assert batch.method is not None, "it was told when it began"
    blobs = remove_content(operation, record, f"{batch.id}:{batch.number}"[:200])
    title, redacted = _title_left(record)
    operation.session.add(
        Residual(
            record_id=record.id, batch_id=batch.id, item_id=item.id, title=title, redacted=redacted,
            class_code=record.class_code, class_edition=record.class_edition, document_date=record.document_date,
            received_at=record.received_at, declared_at=record.declared_at, rule_code=record.rule_code,
            rule_edition=record.rule_edition, rule_clause=frozen["clause"][:500], due_on=record.due_on,
            components={"components": components}, bytes_destroyed=sum(one["size"] for one in components),
            destroyed_at=operation.now, destroyed_by=operation.actor.id, destroyer_name=operation.actor.name,
            method=batch.method, minutes_number=batch.number,
        )
    )  # fmt: skip
    leave_description(record, RecordState.DESTROYED, title, redacted=redacted)
    record.fate = record.awaiting = None
    item.state, item.done_at = ItemState.DONE.value, operation.now
    operation.session.flush()
    operation.about("record", record.id, "record.destroyed")
    operation.note(disposal=str(batch.id), item=str(item.id), minutes=batch.number, rule=frozen["rule"],
                   edition=frozen["edition"], line_sha256=item.frozen_sha256, method=batch.method,
                   components=told_components(components))  # fmt: skip
    return blobs


def _title_left(record: Record) -> tuple[str, bool]:
    """The title stays where everybody could know it; else that of the class takes its place (R58)."""
    if (record.level == Level.OPEN.value) and not record.personal_data:
        return record.title, False
    return (record.class_title or record.class_code or "–"), True


def _finish(actor: Actor | None, archive: Archive, batch_id: UUID, progress: ShowProgress) -> None:
    """Remove bytes that a crash left, destroy the keys, and write down what was done and what is left where."""
    with archive.door.read(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch = _under_way(operation, archive, batch_id)
        done = select(DisposalItem.record_id).where(
            DisposalItem.batch_id == batch.id, DisposalItem.state == ItemState.DONE.value
        )
        query = select(OrderedDestruction.blob_id, OrderedDestruction.bytes_removed_at).where(
            OrderedDestruction.subject_id.in_(done)
        )
        orders = [(blob, removed) for blob, removed in operation.session.execute(query)]
    epoch = finish_removal(actor, archive, orders, progress)
    with archive.door.write(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.FINISH)
        if any(item.state == ItemState.LISTED.value for item in standing(batch)):
            raise Refused("not everything is carried out yet", "carry on")
        batch.evidence = _evidence(operation, archive, batch, len(orders), epoch)
        batch.evidence_sha256 = sha256_hex(canonical_json(batch.evidence))
        take_step(operation, archive, batch, found)
        operation.note(evidence_sha256=batch.evidence_sha256, destroyed=batch.evidence["destroyed"],
                       excluded=batch.evidence["excluded"])  # fmt: skip


def _evidence(
    operation: Operation, archive: Archive, batch: DisposalBatch, blobs: int, epoch: int | None
) -> dict[str, Any]:
    done = [item for item in batch.items if item.state == ItemState.DONE.value]
    size = sum(operation.session.scalars(select(Residual.bytes_destroyed).where(Residual.batch_id == batch.id)).all())
    return {
        "method": batch.method, "finished_at": operation.now.isoformat(), "destroyed": len(done),
        "excluded": sum(item.state == ItemState.EXCLUDED.value for item in batch.items), "components": blobs,
        "bytes": size, "keys_before_epoch": epoch, "database": "sqlite" if archive.database.is_sqlite else "postgresql",
        "same_bytes_elsewhere": sum(item.before.get("same_bytes_elsewhere", 0) > 0 for item in done),
        "copies": ["backups_hold_sealed_bytes_without_key", "keys_in_backups_until_they_expire",
                   "copies_handed_out_are_with_their_holders"],
    }  # fmt: skip


def _signers(
    operation: Operation, archive: Archive, batch: DisposalBatch, told: Sequence[tuple[str, str]]
) -> list[dict[str, str]]:
    """Return who signs the berita acara: both heads, and at least two witnesses who had no other part (R38, R39)."""
    names = [user for _capacity, user in told]
    capacities = [capacity for capacity, _user in told]
    witnesses = [one for one in capacities if one in WITNESS_CAPACITIES]
    if len(set(names)) != len(names) or set(SIGNING) != set(capacities):
        raise Refused(
            "the berita acara is signed by the heads of both units and by witnesses of the legal unit and of "
            "supervision, each another person"
        )
    if len(witnesses) < LEAST_WITNESSES:
        raise Refused("a destruction has at least two witnesses")
    open_record = RecordFacts(batch.office_id, Level.OPEN, Stage.DECLARED)
    found = []
    parts = had(batch)
    parts.setdefault(Duty.EXECUTE_DISPOSAL, set()).add(operation.actor.id)
    for (capacity, user), (person, identity) in zip(
        told, able_signers(operation.session, archive, open_record, names), strict=True
    ):
        if capacity in WITNESS_CAPACITIES and clash(Duty.WITNESS_DISPOSAL, (str(person.id), user), parts):
            operation.refused = True
            operation.note(reasons=["witness_not_apart"])
            raise NotPermitted("a disposal is witnessed by somebody who had no other part in it", "name another one")
        if capacity in WITNESS_CAPACITIES:
            require_unit_of_witness(operation, archive, batch, capacity, person)
        headed = actor_of(operation.session, person, archive.clock.today()).headed
        if capacity == UNIT_HEAD and batch.office_id not in headed:
            raise Refused("the head of the unit is not the head of this office")
        found.append({"user": user, "person": str(person.id), "name": person.name, "position": identity.position,
                      "capacity": capacity})  # fmt: skip
    return found
