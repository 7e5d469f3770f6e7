"""What lies in quarantine, as shown to those who have to decide about it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import selectinload

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.capture.results import original_of
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.facts import facts_of
from edms.records.model import Component, Record, RecordState
from edms.records.visible import visible_to


@dataclass(frozen=True)
class Held:
    """One file that is set aside or was returned: what it is, who gave it, why it lies here, what the actor may do."""

    record: UUID
    title: str
    file_name: str
    office: str
    state: str
    code: str
    reason: str
    received_by: str
    received_at: datetime
    size: int
    media_type: str
    flags: tuple[str, ...]
    decision: str
    may: frozenset[Action]

    def as_dict(self) -> dict[str, Any]:
        """One line of `edms quarantine list --json`."""
        told = {name: value for name, value in asdict(self).items() if name != "may"}
        return {**told, "record": str(self.record), "received_at": self.received_at.isoformat()}


def held_files(
    actor: Actor | None, archive: Archive, returned: bool, limit: int = 100, offset: int = 0
) -> tuple[list[Held], int]:
    """Return a window of what the actor may see in quarantine (or `returned` from it), newest first, and how many."""
    state = RecordState.RETURNED if returned else RecordState.QUARANTINED
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("list", state.value, LISTED)
        operation.seldom()
        visible = visible_to(scope)
        wanted = and_(Record.state == state.value, visible)
        query = (
            select(Record)
            .where(wanted)
            .options(selectinload(Record.office), selectinload(Record.components).selectinload(Component.blob))
            .order_by(Record.received_at.desc(), Record.id.desc())
        )
        rows = operation.session.scalars(query.limit(limit).offset(offset))
        found = [_held(operation.actor, record) for record in rows]
        return found, operation.session.scalar(select(func.count()).select_from(Record).where(wanted)) or 0


def _held(actor: Actor, record: Record) -> Held:
    original = original_of(record)
    told = original.facts.get("returned") or original.facts.get("released") or {}
    acts = (Action.RECORD_RETRY, Action.RECORD_RELEASE, Action.RECORD_RETURN)
    may = {act for act in acts if decide(actor, act, facts_of(record)).allowed}
    if record.received_by == actor.name:
        may.discard(Action.RECORD_RELEASE)
    return Held(
        record=record.id,
        title=record.title,
        file_name=record.file_name,
        office=record.office.name,
        state=record.state,
        code=record.problem_code or "",
        reason=record.problem_text or "",
        received_by=record.received_by,
        received_at=record.received_at,
        size=original.blob.size,
        media_type=original.media_type,
        flags=tuple(original.facts.get("flags", ())),
        decision=f"{told['by']}: {told['reason']}" if told else "",
        may=frozenset(may),
    )
