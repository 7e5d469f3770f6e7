"""Holds: any number of named stops to disposal (R47)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.facts import facts_of
from edms.records.model import Hold, HoldLink, Record
from edms.records.reindexing import look_again_at_held
from edms.records.visible import decided_record, visible_to


def place_hold(
    actor: Actor | None, archive: Archive, record_ids: list[UUID], title: str, mandate: str, reason: str
) -> UUID:
    """Put a named hold on records; nothing of them can be disposed of until it is released (R47)."""
    if not (title.strip() and mandate.strip() and reason.strip()):
        raise Refused("a hold needs a title, a mandate and a reason")
    with archive.door.write(actor, Action.RECORD_HOLD) as operation:
        hold = Hold(
            id=new_id(archive.clock),
            title=title[:200],
            mandate=mandate[:300],
            reason=reason,
            placed_by=operation.actor.id,
            placed_at=operation.now,
        )
        operation.session.add(hold)
        operation.session.flush()
        for record_id in record_ids:
            decided_record(operation, record_id)
            operation.session.add(HoldLink(hold_id=hold.id, record_id=record_id))
            operation.audit("record.held", "record", record_id, hold=str(hold.id))
        look_again_at_held(operation, hold.id)
        operation.about("hold", hold.id, "hold.place")
        operation.note(records=len(record_ids))
        return hold.id


def release_hold(actor: Actor | None, archive: Archive, hold_id: UUID) -> None:
    """Release a hold; other holds on the same records stay. Not by the one who placed it (R88)."""
    with archive.door.write(actor, Action.RECORD_HOLD) as operation:
        hold = operation.session.get(Hold, hold_id, with_for_update=True)
        operation.about("hold", hold_id, "hold.release")
        if hold is None:
            raise NotFound()
        linked = operation.session.scalars(select(Record).join(HoldLink).where(HoldLink.hold_id == hold_id))
        for record in linked:
            operation.decide(facts_of(record))
            operation.audit("record.released", "record", record.id, hold=str(hold_id))
        operation.apart(Duty.RELEASE_HOLD, {Duty.PLACE_HOLD: [hold.placed_by]})
        if hold.released_at is not None:
            raise Refused("the hold is released already")
        hold.released_by, hold.released_at = operation.actor.id, operation.now
        look_again_at_held(operation, hold_id)


def list_holds(actor: Actor | None, archive: Archive) -> list[dict[str, Any]]:
    """Return the holds in force that bind at least one record the actor may see, with those records only."""
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope = operation.scope()
        operation.about("list", "holds", LISTED)
        operation.seldom()
        query = (
            select(Hold, Record.id)
            .join(HoldLink, HoldLink.hold_id == Hold.id)
            .join(Record, Record.id == HoldLink.record_id)
            .where(Hold.released_at.is_(None), visible_to(scope))
            .order_by(Hold.placed_at, Record.id)
        )
        found: dict[UUID, dict[str, Any]] = {}
        for hold, record_id in operation.session.execute(query):
            told = {"hold": str(hold.id), "title": hold.title, "mandate": hold.mandate, "records": []}
            found.setdefault(hold.id, told)["records"].append(str(record_id))
        return list(found.values())
