"""What is due for a transfer, a review or a hand-over today, and what stands in its way; asked again at each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.retention_facts import Judgeable, judgeables, options_of, select_facts
from edms.records.visible import up_to_level, visible_to
from edms.retention.decide import decide
from edms.retention.proceedings import ItemState, Kind
from edms.retention.types import Decision, Fate, Phase, ReasonCode

MOST_ITEMS = 10_000
MOST_SHOWN = 500
HANDED_OVER = "handed_over"
"""Why a record is in no other proceeding: an archival institution has it."""
# A review is itself what ends terjaga, vital and the conditional fate; a transfer moves whatever its fate.
_ALWAYS = frozenset({
    ReasonCode.HELD, ReasonCode.ON_LOAN, ReasonCode.FIXITY_FAILED, ReasonCode.SNAPSHOT_DRIFT, ReasonCode.OPEN_CASE,
    ReasonCode.LEGACY_UNVERIFIED, ReasonCode.NO_RULE, ReasonCode.AWAITING_EVENT, ReasonCode.IN_OTHER_BATCH,
})  # fmt: skip
_FATES = {Kind.REVIEW: (Fate.REVIEW, Fate.PERSONAL_FILE), Kind.HANDOVER: (Fate.PERMANENT,)}


@dataclass(frozen=True)
class DueRecord:
    """A record with what retention says of it; `obstacles` are codes, empty for one that can be taken in."""

    record: UUID
    title: str
    class_code: str
    document_date: date | None
    due_on: date | None
    obstacles: tuple[str, ...]
    snapshot: dict[str, Any]


def due_now(operation: Operation, archive: Archive, row: Proceeding, wanted: Sequence[UUID] = ()) -> list[DueRecord]:
    """Return what the actor may see of the office's records that is due for this proceeding, oldest first.

    With `wanted` exactly these, due or not. What is in a proceeding is not among it, nor what is above its level.
    """
    kind, today = Kind(row.kind), archive.clock.today()
    of_office = and_(
        Record.office_id == row.office_id,
        Record.state == RecordState.DECLARED.value,
        up_to_level(Level(row.level)),
        visible_to(operation.viewing),
    )
    query = select_facts().where(of_office)
    if wanted:
        query = query.where(Record.id.in_(wanted))
    else:
        query = query.where(_ripe(kind, today), Record.id.not_in(_taken(kind))).limit(MOST_SHOWN)
    found = [
        _due(archive, kind, one, today)
        for one in judgeables(operation.session, query.order_by(Record.due_on, Record.id), today, within=row.id)
    ]
    if not wanted:
        return [one for one in found if not one.obstacles]
    gone = handed_over(operation.session, wanted, row.id)
    return [replace(one, obstacles=(*one.obstacles, HANDED_OVER)) if one.record in gone else one for one in found]


def handed_over(session: Session, records: Sequence[UUID], apart_from: UUID) -> set[UUID]:
    """Return which of these an archival institution has from another hand-over: its fate here is over."""
    query = select(ProceedingItem.record_id).where(
        ProceedingItem.record_id.in_(records), ProceedingItem.state == ItemState.HANDED_OVER.value,
        ProceedingItem.proceeding_id != apart_from,
    )  # fmt: skip
    return set(session.scalars(query))


def obstacles(
    session: Session, archive: Archive, row: Proceeding, items: Sequence[ProceedingItem]
) -> list[tuple[ProceedingItem, tuple[str, ...]]]:
    """Return what stands in the way of each item at this moment."""
    kind, today = Kind(row.kind), archive.clock.today()
    wanted = select_facts().where(
        Record.id.in_([item.record_id for item in items]), Record.state == RecordState.DECLARED.value
    )
    found = {
        one.row.id: _due(archive, kind, one, today).obstacles
        for one in judgeables(session, wanted, today, within=row.id)
    }
    gone = handed_over(session, [item.record_id for item in items], row.id)
    return [
        (item, found.get(item.record_id, ("not_declared",)) + ((HANDED_OVER,) if item.record_id in gone else ()))
        for item in items
    ]


def _ripe(kind: Kind, today: date) -> ColumnElement[bool]:
    if kind is Kind.TRANSFER:
        return Record.active_until <= today
    return and_(Record.due_on <= today, Record.fate.in_([fate.value for fate in _FATES[kind]]))


def _taken(kind: Kind) -> Any:
    """Records in an open proceeding, and those for which this one has been done already."""
    done = {
        Kind.TRANSFER: [ItemState.MOVED, ItemState.HANDED_OVER],
        Kind.HANDOVER: [ItemState.HANDED_OVER],
        Kind.REVIEW: [ItemState.HANDED_OVER],
    }
    return select(ProceedingItem.record_id).where(
        or_(ProceedingItem.standing_key.is_not(None), ProceedingItem.state.in_([one.value for one in done[kind]]))
    )


def _due(archive: Archive, kind: Kind, one: Judgeable, today: date) -> DueRecord:
    decision = decide(one.facts, one.rule, one.holds, today, options_of(archive))
    codes = {reason.code for reason in decision.reasons}
    found = sorted(code.value for code in codes & _ALWAYS)
    if kind is Kind.TRANSFER:
        found += [] if decision.phase in (Phase.INACTIVE, Phase.DUE) else ["active_period_not_ended"]
    else:
        found += [] if decision.phase is Phase.DUE else ["period_not_elapsed"]
        found += [] if decision.fate in _FATES[kind] else ["other_fate"]
    return DueRecord(
        one.row.id, one.row.title, one.row.class_code or "", one.row.document_date, decision.due_on,
        tuple(dict.fromkeys(found)), _snapshot(one, decision, today),
    )  # fmt: skip


def _snapshot(one: Judgeable, decision: Decision, today: date) -> dict[str, Any]:
    rule = one.rule
    return {
        "as_of": today.isoformat(), "rule": rule.code if rule else None, "edition": rule.edition if rule else None,
        "fate": decision.fate.value if decision.fate else None, "fate_text": rule.fate_text if rule else "",
        "tier": decision.tier.value if decision.tier else None,
        "active_until": decision.active_until.isoformat() if decision.active_until else None,
        "due_on": decision.due_on.isoformat() if decision.due_on else None, "reasons": list(decision.reason_codes),
    }  # fmt: skip
