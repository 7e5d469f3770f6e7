"""The check of what was scanned, by somebody who scanned none of it: a random sample, and all of it once one is bad."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.digitisation.course import REASONS, ItemState, State, after_check, sample_size
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.digitisation_model import Digitisation, DigitisedItem
from edms.records.digitisation_views import scanned_by, standing
from edms.records.digitisations import decided_digitisation
from edms.records.visible import seen_among

_CHANCE = secrets.SystemRandom()
_MOST_NOTE = 500


@dataclass(frozen=True)
class Finding:
    """What the checker says of one document: accepted, or the reasons why not (codes of `course.REASONS`)."""

    accepted: bool
    reasons: tuple[str, ...] = ()
    note: str = ""


def hand_over(actor: Actor | None, archive: Archive, digitisation_id: UUID) -> int:
    """Hand an open digitisation over to its check; returns how many documents are to be looked at.

    Which, is drawn now, so that nobody knew while scanning. Raises NotFound, Refused.
    """
    with archive.door.write(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id, lock=True)
        operation.session.refresh(row, ["items"])
        operation.about("digitisation", row.id, "digitisation.handed_over")
        items = standing(row)
        if row.state != State.OPEN.value:
            raise Refused("the digitisation is not open for scanning", "what is checked or closed stands as it is")
        if not items:
            raise Refused("there is nothing in the digitisation yet", "add the scans first")
        if any(item.state == ItemState.REJECTED.value for item in items):
            raise Refused("what the checker sent back is to be scanned again first")
        told = archive.settings.digitisation
        unseen = [item for item in items if item.state == ItemState.ADDED.value]
        size = sample_size(len(unseen), told.sample_percent, told.least_sample, all_of_them=row.widened)
        drawn = _CHANCE.sample(unseen, size)
        for item in unseen:
            item.sampled = item in drawn
        row.state = after_check((ItemState(item.state), item.sampled) for item in items).value
        operation.note(documents=len(items), sample=[str(item.id) for item in drawn])
        return size


def check_item(actor: Actor | None, archive: Archive, item_id: UUID, finding: Finding) -> State:
    """Accept a document, or send it back with reasons; returns where the digitisation is then.

    Raises NotFound, for one that the actor may not see too; Refused for one's own work, outside of a check, or a
    rejection without a reason.
    """
    with archive.door.write(actor, Action.DIGITISATION_CHECK) as operation:
        item, row = _in_check(operation, item_id)
        reasons, note = tuple(dict.fromkeys(finding.reasons)), finding.note.strip()[:_MOST_NOTE]
        if finding.accepted and reasons:
            raise Refused("what is accepted has no reasons against it")
        if not finding.accepted and (
            not reasons or set(reasons) - set(REASONS) or (reasons == ("other",) and not note)
        ):
            raise Refused("say what is wrong with it", "choose a reason; with something else, say what in the note")
        item.state = (ItemState.ACCEPTED if finding.accepted else ItemState.REJECTED).value
        item.checked_by, item.checker_name, item.checked_at = operation.actor.id, operation.actor.name, operation.now
        item.reasons, item.check_note = {"reasons": list(reasons)}, note or None
        if not finding.accepted:
            row.widened = True
        reached = after_check((ItemState(one.state), one.sampled) for one in standing(row))
        row.state = reached.value
        operation.about(
            "digitisation", row.id, "digitisation.accepted" if finding.accepted else "digitisation.rejected"
        )
        operation.note(item=str(item.id), record=str(item.record_id), reasons=list(reasons), state=reached.value)
        return reached


def _in_check(operation: Operation, item_id: UUID) -> tuple[DigitisedItem, Digitisation]:
    item = operation.session.get(DigitisedItem, item_id)
    operation.about("digitisation_item", item_id)
    if item is None:
        raise NotFound()
    row = decided_digitisation(operation, item.digitisation_id, lock=True)
    of_item = DigitisedItem.id == item_id
    if not seen_among(operation.session, operation.viewing, DigitisedItem.record_id, of_item):
        operation.about("digitisation_item", item_id)
        raise NotFound()
    operation.session.refresh(row, ["items"])
    operation.session.refresh(item)
    operation.apart(Duty.CHECK_SCAN, scanned_by(row), "ask somebody else of the office")
    if row.state not in (State.CHECKING.value, State.CHECKED.value):
        raise Refused("the digitisation is not in its check")
    if item not in standing(row):
        raise Refused("it is no longer part of the digitisation")
    return item, row
