"""The procedure of destruction (pemusnahan) up to its decision (R34 to R37).

Each function is one step of `course.MOVES`. Carrying it out: execution.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from edms.access.actors import Actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty
from edms.core.destruction_format import in_capacities, list_digest
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.core.typed import line, why
from edms.disposal.batches import Letter, begin_step, decided_batch, move_of, require_time, standing, take_step
from edms.disposal.course import DESTRUCTION, EXCLUDABLE, ItemState, Move, Office, State, Step
from edms.disposal.eligibility import (
    described,
    drifted,
    due_ids,
    frozen_digest,
    frozen_of,
    judged,
)
from edms.disposal.papers import draw_up, require_papers
from edms.disposal.people import chosen_members, has_capacity, require_capacity
from edms.operation.door import NotPermitted, Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.disposal_model import DisposalBatch, DisposalItem, DisposalStep
from edms.records.dossiers import class_of_papers
from edms.records.visible import seen_among
from edms.retention.types import Tier

VERDICTS = ("destroy", "keep")


@dataclass(frozen=True)
class NewBatch:
    """What is said when a disposal is opened. `level`: the highest of what will be in it."""

    office_id: UUID
    tier: Tier
    title: str
    level: Level = Level.OPEN
    class_code: str = ""


@dataclass(frozen=True)
class Inspected:
    """What a member of the committee found when looking at one record: `destroy` or `keep`, and what was seen."""

    verdict: str
    note: str


def open_batch(actor: Actor | None, archive: Archive, told: NewBatch) -> UUID:
    """Open a disposal. Only a records officer of the office does. Raises NotFound, NotPermitted, Refused."""
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        operation.about("disposal", "", "disposal.open")
        operation.decide(RecordFacts(told.office_id, told.level, Stage.PENDING))
        title = line(told.title, 300)
        if len(title) < 3:
            raise Refused("a disposal has a title")
        class_code, today = told.class_code or archive.settings.disposal.class_code, archive.clock.today()
        if class_code:
            checked_class(operation.session, class_code, today)
        batch = DisposalBatch(
            id=new_id(archive.clock), kind=DESTRUCTION, tier=told.tier.value, office_id=told.office_id,
            level=told.level.value, class_code=class_code or class_of_papers(operation.session, DESTRUCTION, today),
            state=State.DRAFT.value, state_since=operation.now,
            title=title, opened_by=operation.actor.id, opener_name=operation.actor.name, opened_at=operation.now,
            committee={}, signers={}, evidence={},
        )  # fmt: skip
        if not has_capacity(operation.session, archive, operation.actor, batch, Office.RECORDS_UNIT):
            operation.refused = True
            raise NotPermitted("a records officer of this office does it")
        operation.session.add(batch)
        operation.session.flush()
        batch.steps.append(_opening(operation, archive, batch))
        operation.about("disposal", batch.id, "disposal.open")
        operation.note(kind=batch.kind, tier=batch.tier, office=str(batch.office_id))
        return batch.id


def _opening(operation: Operation, archive: Archive, batch: DisposalBatch) -> DisposalStep:
    return DisposalStep(
        id=new_id(archive.clock), batch_id=batch.id, position=1, step=Step.OPEN.value, state=batch.state,
        duty=Duty.PROPOSE_DISPOSAL.value, actor_id=operation.actor.id, actor_name=operation.actor.name,
        at=operation.now, note="",
    )  # fmt: skip


def set_committee(
    actor: Actor | None, archive: Archive, batch_id: UUID, members: Sequence[tuple[str, str]], decree: Letter
) -> None:
    """Name the committee (panitia penilai) by its decree: `(capacity, user)` each (R36)."""
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.COMMITTEE)
        batch.committee = {"members": chosen_members(operation.session, archive, batch, list(members))}
        take_step(operation, archive, batch, found, decree)
        operation.note(committee=in_capacities(batch.committee["members"]))


def select_due(actor: Actor | None, archive: Archive, batch_id: UUID, chosen: Sequence[UUID] | None = None) -> int:
    """Put in what is due for destruction in this tier, or of that what is `chosen`; returns how many records.

    Raises Refused for a chosen one that is not eligible, or belongs to the other tier.
    """
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.SELECT)
        session, most = operation.session, archive.settings.disposal.max_items
        due = due_ids(session, batch, archive.clock.today(), 10 * most if chosen is None else 100 * most)
        if chosen is not None:
            wanted = set(chosen)
            if not wanted <= set(due):
                raise Refused(
                    "a record of these is not due, is in another disposal, of another office or above the level"
                )
            due = [one for one in due if one in wanted]
        told = judged(session, archive, due, batch.id)
        fitting = [one for one in due if one in told and told[one].eligible
                   and told[one].decision.tier is Tier(batch.tier)]  # fmt: skip
        if chosen is not None and len(fitting) < len(due):
            raise Refused("a record of these is not eligible in this tier", "look at its explanation")
        if not fitting:
            raise Refused("nothing is due for destruction in this tier")
        if chosen is not None and len(fitting) > most:
            raise Refused(f"a disposal has at most {most} records")
        for number, record_id in enumerate(fitting[:most], 1):
            session.add(DisposalItem(
                id=new_id(archive.clock), batch_id=batch.id, position=number, record_id=record_id,
                standing_key=record_id.hex, state=ItemState.LISTED.value, frozen={}, before={},
            ))  # fmt: skip
        session.flush()
        session.refresh(batch, ["items"])
        take_step(operation, archive, batch, found)
        operation.note(records=len(batch.items))
        return len(batch.items)


def propose(actor: Actor | None, archive: Archive, batch_id: UUID, number: str) -> str:
    """Freeze the list (daftar arsip usul musnah) under its number; returns its digest. What is not eligible any more
    is taken out with the reason. Nothing is put in from then on."""
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.PROPOSE)
        items = standing(batch)
        told = judged(operation.session, archive, [item.record_id for item in items], batch.id)
        for item in items:
            now = told.get(item.record_id)
            if now is None or not now.eligible:
                exclude_item(operation, batch, item, ",".join(now.obstacles) if now else "not_declared")
            elif now.decision.tier is not Tier(batch.tier):
                exclude_item(operation, batch, item, "other_tier")
        items = _require_some(batch)
        by_record = {item.record_id: item for item in items}
        for number_in_list, record in enumerate(described(operation.session, list(by_record)), 1):
            item = by_record[record.id]
            level = Level(record.level) if record.level else UNCLASSIFIED_COUNTS_AS
            if record.office_id != batch.office_id or not Level(batch.level).permits(level):
                raise Refused("a record of these is of another office or above the level", "take it out first")
            item.frozen = frozen_of(record, number_in_list, told[record.id])
            item.frozen_sha256 = frozen_digest(item.frozen)
        batch.list_sha256 = list_digest([item.frozen_sha256 or "" for item in items])
        batch.frozen_at = operation.now
        take_step(operation, archive, batch, found, number=number)
        operation.note(records=len(items))
        digest = batch.list_sha256
    draw_up(actor, archive, batch_id)
    return digest


def exclude(actor: Actor | None, archive: Archive, item_id: UUID, reason: str) -> None:
    """Take one record out, with a reason; it stays on the list as taken out. Until it is carried out."""
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        item = operation.session.get(DisposalItem, item_id)
        batch = decided_batch(operation, item.batch_id if item else item_id, lock=True)
        assert item is not None, "its batch was found by it"
        operation.session.refresh(item)
        operation.about("disposal", batch.id, "disposal.exclude")
        if State(batch.state) not in EXCLUDABLE or item.standing_key is None:
            raise Refused("nothing is taken out of this disposal now")
        require_capacity(operation, archive, batch,
                         Move(Step.EXCLUDE, State(batch.state), State(batch.state), Office.RECORDS_UNIT,
                              Duty.PROPOSE_DISPOSAL))  # fmt: skip
        require_time(operation, archive, batch)
        exclude_item(operation, batch, item, why(reason))


def exclude_item(operation: Operation, batch: DisposalBatch, item: DisposalItem, reason: str) -> None:
    """Take an item out in the transaction of a step; the event names it, the reason stands in the row."""
    item.state, item.standing_key = ItemState.EXCLUDED.value, None
    item.excluded_reason, item.excluded_in = reason[:500], batch.state
    item.excluded_by, item.excluded_at = operation.actor.name, operation.now
    operation.audit("disposal.item_excluded", "record", item.record_id, disposal=str(batch.id), item=str(item.id),
                    state=batch.state)  # fmt: skip


def assess_items(actor: Actor | None, archive: Archive, batch_id: UUID, found: Mapping[UUID, Inspected]) -> int:
    """Write down what a member of the committee found; `keep` takes the record out. Returns how many wait still.

    A member judges what that member may see (R22): what another has to look at is as if it were not in it. Raises
    NotFound, NotPermitted, Refused.
    """
    with archive.door.write(actor, Action.DISPOSAL_ASSESS) as operation:
        batch = decided_batch(operation, batch_id, lock=True)
        operation.about("disposal", batch.id, "disposal.items_assessed")
        require_capacity(operation, archive, batch, move_of(batch, Step.ASSESS))
        require_time(operation, archive, batch)
        of_batch = DisposalItem.batch_id == batch.id
        seen = seen_among(operation.session, operation.viewing, DisposalItem.record_id, of_batch)
        items = {item.id: item for item in standing(batch) if item.record_id in seen}
        for item_id, told in found.items():
            if item_id not in items:
                raise Refused("it is no longer part of the disposal", "reload the page")
            if told.verdict not in VERDICTS or not 3 <= len(told.note.strip()) <= 1000:
                raise Refused("say of each record what was seen, and whether it is destroyed or kept")
            item = items[item_id]
            item.verdict, item.note = told.verdict, told.note.strip()
            item.assessed_by, item.assessor_name = operation.actor.id, operation.actor.name
            item.assessed_at = operation.now
            if told.verdict == "keep":
                exclude_item(operation, batch, item, told.note)
        operation.note(items=len(found), kept=sum(one.verdict == "keep" for one in found.values()))
        return sum(item.verdict is None for item in standing(batch))


def conclude(actor: Actor | None, archive: Archive, batch_id: UUID, opinion: str) -> None:
    """Give the committee's written opinion, when every record was looked at (pertimbangan tertulis)."""
    with archive.door.write(actor, Action.DISPOSAL_ASSESS) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.ASSESS)
        require_papers(batch)
        if any(item.verdict is None for item in _require_some(batch)):
            raise Refused("not every record was looked at yet")
        if not 10 <= len(opinion.strip()) <= 2000:
            raise Refused("the opinion is given in a few sentences")
        take_step(operation, archive, batch, found, note=opinion)


def request_approval(actor: Actor | None, archive: Archive, batch_id: UUID, number: str) -> None:
    """Ask for the approval, under the number of the letter that asks: of the regional head or of Kepala ANRI (R35)."""
    with archive.door.write(actor, Action.DISPOSAL_PREPARE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.REQUEST)
        _require_some(batch)
        take_step(operation, archive, batch, found, number=number)
    draw_up(actor, archive, batch_id)


def approve(actor: Actor | None, archive: Archive, batch_id: UUID, letter: Letter) -> int:
    """Enter the written approval. Every record is judged again, and taken out when it is not eligible any more;
    returns how many stay. Who calls this has asked for proof of who the actor is."""
    with archive.door.write(actor, Action.DISPOSAL_APPROVE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.APPROVE)
        _require_frozen(batch)
        require_papers(batch)
        _require_after(archive, batch, letter)
        recheck(operation, archive, batch)
        items = _require_some(batch)
        take_step(operation, archive, batch, found, letter)
        operation.note(records=len(items))
        return len(items)


def decide_destruction(actor: Actor | None, archive: Archive, batch_id: UUID, decree: Letter) -> None:
    """Decide that what the list names is destroyed (penetapan), by the decree of who decides in this tier."""
    with archive.door.write(actor, Action.DISPOSAL_DECIDE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.DECIDE)
        _require_frozen(batch)
        _require_some(batch)
        take_step(operation, archive, batch, found, decree)


def reject(actor: Actor | None, archive: Archive, batch_id: UUID, reason: str) -> None:
    """Refuse it, as the committee, the approver or the decider; everything in it is free again."""
    _end(actor, archive, batch_id, Step.REJECT, reason)


def cancel(actor: Actor | None, archive: Archive, batch_id: UUID, reason: str) -> None:
    """Take it back, as the one who prepares it, before it is carried out."""
    _end(actor, archive, batch_id, Step.CANCEL, reason)


def _end(actor: Actor | None, archive: Archive, batch_id: UUID, step: Step, reason: str) -> None:
    action = Action.DISPOSAL_ASSESS if step is Step.REJECT else Action.DISPOSAL_PREPARE
    with archive.door.write(actor, action) as operation:
        batch, found = begin_step(operation, archive, batch_id, step)
        take_step(operation, archive, batch, found, note=reason)


def recheck(operation: Operation, archive: Archive, batch: DisposalBatch) -> None:
    """Judge every record again, and take out what is not eligible or not as it was when the list was frozen."""
    items = standing(batch)
    told = judged(operation.session, archive, [item.record_id for item in items], batch.id)
    for item in items:
        now = told.get(item.record_id)
        if now is None or not now.eligible:
            exclude_item(operation, batch, item, ",".join(now.obstacles) if now else "not_declared")
        elif why := drifted(item.frozen, now, Tier(batch.tier)):
            exclude_item(operation, batch, item, why)


def _require_frozen(batch: DisposalBatch) -> None:
    """What is approved and decided is the list that was assessed: line by line as it was frozen."""
    frozen = [item for item in batch.items if item.frozen_sha256]
    if any(frozen_digest(item.frozen) != item.frozen_sha256 for item in frozen) or batch.list_sha256 != list_digest(
        [item.frozen_sha256 or "" for item in frozen]
    ):
        raise Refused("the list is not the one that was proposed", "run: edms verify --all")


def _require_after(archive: Archive, batch: DisposalBatch, letter: Letter) -> None:
    asked = next(step.at for step in reversed(batch.steps) if step.step == Step.PROPOSE.value)
    if letter.dated < _day(archive, asked):
        raise Refused("the approval is dated before the list was proposed", "look at the date of the letter")


def _day(archive: Archive, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(archive.settings.archive.time_zone)).date()


def _require_some(batch: DisposalBatch) -> list[DisposalItem]:
    items = standing(batch)
    if not items:
        raise Refused("nothing is left in this disposal", "take it back, or refuse it")
    return items
