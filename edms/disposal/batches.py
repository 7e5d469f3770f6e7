"""Batches of disposal as rows: access to them, and the one way in which a step is taken.

Who may not see a batch gets the answer for one that does not exist. What each step does: destruction.py, execution.py.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.typed import line, why
from edms.disposal.course import FINAL, Move, Need, State, Step, move
from edms.disposal.people import require_capacity
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, DisposalStep
from edms.records.dossiers import close_dossier, file_papers
from edms.records.facts import find
from edms.records.model import ComponentRole, RecordState
from edms.records.visible import facts_for
from edms.retention.types import Tier

ACTIONS = {
    Duty.PROPOSE_DISPOSAL: Action.DISPOSAL_PREPARE,
    Duty.ASSESS_DISPOSAL: Action.DISPOSAL_ASSESS,
    Duty.APPROVE_DISPOSAL: Action.DISPOSAL_APPROVE,
    Duty.DECIDE_DISPOSAL: Action.DISPOSAL_DECIDE,
    Duty.EXECUTE_DISPOSAL: Action.DISPOSAL_EXECUTE,
}
"""What the policy is asked for each duty."""


@dataclass(frozen=True)
class Letter:
    """A letter or decree: what stands on it, and the declared record that it is kept as."""

    number: str
    dated: date
    record: UUID


def facts_of(batch: DisposalBatch) -> RecordFacts:
    """What the policy needs to know: its office, the level of what is in it; never open to other offices."""
    return RecordFacts(batch.office_id, Level(batch.level), Stage.PENDING)


def decided_batch(operation: Operation, batch_id: UUID, *, lock: bool = False) -> DisposalBatch:
    """Return the batch after the access decision on it. NotFound for unknown and forbidden alike."""
    batch = operation.session.get(DisposalBatch, batch_id, with_for_update=lock or None)
    operation.about("disposal", batch_id)
    if batch is None:
        raise NotFound()
    operation.decide(facts_of(batch))
    if lock:
        operation.session.refresh(batch)
    return batch


def begin_step(operation: Operation, archive: Archive, batch_id: UUID, step: Step) -> tuple[DisposalBatch, Move]:
    """Return the batch, locked, and the move that `step` is now, when the actor may take it. Raises NotFound;
    NotPermitted for another capacity or an earlier duty; Refused when it is not its turn, or the clock went back."""
    batch = decided_batch(operation, batch_id, lock=True)
    found = move_of(batch, step)
    operation.about("disposal", batch.id, f"disposal.{step.value}")
    require_capacity(operation, archive, batch, found)
    require_time(operation, archive, batch)
    return batch, found


def move_of(batch: DisposalBatch, step: Step) -> Move:
    return move(Tier(batch.tier), State(batch.state), step, done_of(batch))


def done_of(batch: DisposalBatch) -> list[Step]:
    return [Step(one.step) for one in batch.steps]


def require_time(operation: Operation, archive: Archive, batch: DisposalBatch) -> None:
    """Refuse a step before what has happened already: a clock that was set back dates nothing (R39).

    By the clock as it is now, since the operation may have waited for another writer, whose event is then the newer.
    """
    newest = archive.trail.newest_time(operation.session)
    last = max([batch.state_since, *(step.at for step in batch.steps), *([newest] if newest else [])])
    if archive.clock.now() < last:
        raise Refused("the clock stands before what happened already", "the administrator sets the clock right")


def take_step(
    operation: Operation, archive: Archive, batch: DisposalBatch, found: Move, letter: Letter | None = None,
    number: str = "", note: str = "",
) -> DisposalStep:  # fmt: skip
    """Write that the step was taken, and move the batch. The letter is looked up, and its digest kept with the step."""
    sha256 = letter_digest(operation, archive, batch, letter) if letter else None
    if Need.LETTER in found.needs and letter is None:
        raise Refused("this step needs its letter: number, date and the record that it is kept as")
    if Need.NUMBER in found.needs and not line(number or (letter.number if letter else ""), 120):
        raise Refused("this step needs a number")
    if Need.REASON in found.needs:
        note = why(note)
    row = DisposalStep(
        id=new_id(archive.clock), batch_id=batch.id, position=len(batch.steps) + 1, step=found.step.value,
        state=found.target.value, duty=found.duty.value, actor_id=operation.actor.id, actor_name=operation.actor.name,
        at=operation.now, number=line(letter.number if letter else number, 120) or None,
        dated=letter.dated if letter else None, record_id=letter.record if letter else None, file_sha256=sha256,
        note=note.strip()[:2000],
    )  # fmt: skip
    batch.steps.append(row)
    if found.target.value != batch.state:
        batch.state, batch.state_since = found.target.value, operation.now
    if found.target in (State.REJECTED, State.CANCELLED):
        let_go(batch, operation, note)
    if letter is not None:
        file_papers(operation, archive, batch)
    if found.target in FINAL:
        close_dossier(operation, archive, batch)
    operation.note(step=str(row.id), state=row.state, duty=row.duty, kind=batch.kind, tier=batch.tier,
                   **({"list_sha256": batch.list_sha256} if batch.list_sha256 else {}),
                   **_told(row))  # fmt: skip
    return row


def let_go(batch: DisposalBatch, operation: Operation, reason: str) -> None:
    """End a batch without what it was for; its records are free again."""
    batch.ended_at, batch.end_reason = operation.now, reason.strip()[:500]
    for item in batch.items:
        item.standing_key = None


def letter_digest(operation: Operation, archive: Archive, batch: DisposalBatch, letter: Letter) -> str:
    """Return the SHA-256 of the record that a letter is kept as. Raises Refused for one that is no evidence, that is
    dated in the future or before the letter of an earlier step, or that would be destroyed itself."""
    if not line(letter.number, 120):
        raise Refused("a letter has a number")
    record = find(operation.session, letter.record)
    if record is None or not decide(operation.actor, Action.RECORD_VIEW, facts_for(operation, record)).allowed:
        raise Refused("there is no record of this letter", "capture the letter first")
    original = record.component(ComponentRole.ORIGINAL)
    if record.state != RecordState.DECLARED.value or original is None:
        raise Refused("the letter is not declared yet", "wait until it is evidence")
    if any(item.record_id == record.id for item in batch.items):
        raise Refused("the letter is in the disposal itself")
    if letter.dated > archive.clock.today():
        raise Refused("this day has not come yet", "look at the date of the letter")
    earlier = [step.dated for step in batch.steps if step.dated is not None]
    if earlier and letter.dated < max(earlier):
        raise Refused("the letter is dated before the one of an earlier step", "look at the date of the letter")
    return original.blob.sha256


def standing(batch: DisposalBatch) -> list[DisposalItem]:
    """The items that are part of it, in order."""
    return [item for item in batch.items if item.standing_key is not None]


def _told(row: DisposalStep) -> dict[str, Any]:
    """What the event tells of a letter: its digest and record, never its words."""
    if row.record_id is None:
        return {"number": row.number} if row.number else {}
    assert row.dated is not None, "a letter is dated"
    return {"number": row.number, "dated": row.dated.isoformat(), "letter": str(row.record_id),
            "letter_sha256": row.file_sha256}  # fmt: skip
