"""Alerts: a fault is told once, stays until it is mended, and somebody says that they looked at it (R57)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action, decide
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id, parse_id
from edms.operation.door import Operation
from edms.records.alerts_model import Alert
from edms.records.archive import Archive
from edms.records.model import Component, Record
from edms.records.visible import seen_of

VERIFIER = system_actor("verification")
log = logging.getLogger("edms.alerts")
CHANGED = "changed rows"
RETENTION_LATE, VITAL_LATE, LOAN_LATE = "retention-overdue", "vital-review", "loan-overdue"
REMOVAL_DUE = "removal-due"
OVERDUE = (RETENTION_LATE, VITAL_LATE, LOAN_LATE, REMOVAL_DUE)
"""Kinds of what is late and not wrong: nothing of it is damaged, and those who keep records see to it."""
EMERGENCY, ACCOUNT_OPENED = "emergency", "account-opened"
ACTS = (EMERGENCY, ACCOUNT_OPENED)
"""Kinds of what somebody did that another is to look at: nothing is damaged and nothing is late."""
_OF_ACCOUNTS = ("account",)
"""Kinds that an administrator can mend alone, and is told whole."""
_MOST_DETAIL, _MOST_SHOWN = 2000, 500


class AnyFault(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def detail(self) -> str: ...


@dataclass(frozen=True)
class AlertLine:
    """An alert as shown. An administrator is told `subject` and `detail` as "": that there is one, not on what, but
    for accounts.

    `record`: the record that it concerns, where the reader may view that record.
    """

    id: UUID
    kind: str
    subject: str
    detail: str
    first_seen: datetime
    last_seen: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    record: UUID | None = None

    def as_dict(self) -> dict[str, object]:
        times = {name: getattr(self, name) for name in ("first_seen", "last_seen", "acknowledged_at")}
        told = {name: value.isoformat() if value else None for name, value in times.items()}
        return {"alert": str(self.id), "kind": self.kind, "id": self.subject, "detail": self.detail, **told,
                "acknowledged_by": self.acknowledged_by, "note": self.note}  # fmt: skip


def record_scope(record_id: UUID | str) -> str:
    """The scope of faults that are looked for when one record is read."""
    return f"record {record_id}"


def settle(operation: Operation, scope: str, faults: Iterable[AnyFault], *, whole: bool = True) -> None:
    """Raise alerts for faults of a scope that are new, and clear those that are over; both are events, once.

    `whole` False: not everything of the scope was looked at, so nothing is known to be over.
    """
    session = operation.session
    found: dict[tuple[str, str], list[str]] = {}
    for fault in faults:
        found.setdefault((fault.kind[:40], fault.id[:300]), []).append(fault.detail)
    standing = select(Alert).where(Alert.scope == scope, Alert.cleared_at.is_(None)).order_by(Alert.id)
    for alert in session.scalars(standing.with_for_update()):
        details = found.pop((alert.kind, alert.subject), None)
        if details is not None:
            alert.last_seen = operation.now
            alert.detail = "; ".join(dict.fromkeys(details))[:_MOST_DETAIL]
        elif whole:
            alert.cleared_at = operation.now
            operation.audit("alert.cleared", "alert", alert.id, fault=alert.kind, of=alert.subject[:100])
    for (kind, subject), details in found.items():
        alert = Alert(
            id=new_id(operation.clock), scope=scope, kind=kind, subject=subject,
            detail="; ".join(dict.fromkeys(details))[:_MOST_DETAIL], first_seen=operation.now, last_seen=operation.now,
        )  # fmt: skip
        session.add(alert)
        operation.audit("alert.raised", "alert", alert.id, fault=kind, of=subject[:100])
        log.error("FAULT %s %s", kind, subject)


def mark_fixity(operation: Operation, record_id: UUID, *, failed: bool) -> None:
    """Keep with a record that its content is damaged, or no longer is: disposal waits for that."""
    row = operation.session.get(Record, record_id, with_for_update=True)
    if row is not None and row.fixity_failed != failed:
        row.fixity_failed = failed


@dataclass(frozen=True)
class ReadFault:
    """A fault that was met on reading."""

    id: str
    detail: str
    kind: str = "blob"


def report_read_fault(archive: Archive, blob_id: UUID, detail: str) -> None:
    """Raise the alert for content that somebody was to be shown and that is not what was stored; never silent."""
    with archive.door.write(VERIFIER, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        part = operation.session.scalars(select(Component).where(Component.blob_id == blob_id)).one_or_none()
        if part is None:
            operation.unrecorded()
            return
        settle(operation, record_scope(part.record_id), [ReadFault(part.blob.name, detail)], whole=False)
        mark_fixity(operation, part.record_id, failed=True)
        operation.about("record", part.record_id, "record.read_fault")
        operation.note(role=part.role)


def report_altered(operation: Operation, altered: Sequence[AnyFault]) -> None:
    """Raise alerts for rows that an operation changes and that were changed around the system before.

    The operation goes on, so that whoever gave themselves rights in the database can be deactivated. From then on the
    row agrees with the trail: no verification finds this again, so the alert stays until somebody acknowledges it.
    """
    settle(operation, CHANGED, altered, whole=False)


def open_alerts(actor: Actor | None, archive: Archive) -> list[AlertLine]:
    """Return the alerts that last, the unseen first. Who may not read the trail learns kinds and times only, and
    whoever manages people which accounts."""
    with archive.door.read(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        named = _may_know(operation.actor)
        manages = decide(operation.actor, Action.PEOPLE_MANAGE).allowed
        query = select(Alert).where(Alert.cleared_at.is_(None))
        query = query.order_by(Alert.acknowledged_at.is_not(None), Alert.first_seen.desc(), Alert.id).limit(_MOST_SHOWN)
        rows = operation.session.scalars(query).all()
        records = _viewable(operation, rows) if named else {}
        return [
            AlertLine(row.id, row.kind, row.subject if told else "", row.detail if told else "", row.first_seen,
                      row.last_seen, row.acknowledged_at, row.acknowledged_by, row.note if told else None,
                      records.get(row.id))
            for row in rows
            for told in [named or (manages and row.kind in _OF_ACCOUNTS)]
        ]  # fmt: skip


@dataclass(frozen=True)
class Unseen:
    """How much there is that nobody has looked at: faults, what is late, and what somebody did."""

    faults: int = 0
    late: int = 0
    acts: int = 0


def count_alerts(actor: Actor | None, archive: Archive) -> Unseen:
    """Return how much there is that nobody has looked at; to those who cannot say that they did, faults alone."""
    with archive.door.read(actor, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        found = _unseen(operation.session)
        return found if decide(operation.actor, Action.ALERT_ACKNOWLEDGE).allowed else Unseen(found.faults)


def unseen(session: Session) -> int:
    """Return how many faults last that nobody has acknowledged."""
    return _unseen(session).faults


def _unseen(session: Session) -> Unseen:
    """By one look, for every page asks."""
    is_late, is_act = Alert.kind.in_(OVERDUE), Alert.kind.in_(ACTS)
    counts = select(
        func.count().filter(~is_late, ~is_act), func.count().filter(is_late), func.count().filter(is_act)
    ).select_from(Alert)
    return Unseen(*session.execute(counts.where(Alert.cleared_at.is_(None), Alert.acknowledged_at.is_(None))).one())


def lasting(session: Session, scope: str) -> set[tuple[str, str]]:
    """Return kind and subject of the alerts of a scope that last."""
    query = select(Alert.kind, Alert.subject).where(Alert.scope == scope, Alert.cleared_at.is_(None))
    return {(kind, subject) for kind, subject in session.execute(query)}


def acknowledge(actor: Actor | None, archive: Archive, alert_id: UUID, note: str) -> None:
    """Say that somebody looked at an alert and what they found. It stays until the fault is mended."""
    with archive.door.write(actor, Action.ALERT_ACKNOWLEDGE) as operation:
        operation.decide()
        operation.about("alert", alert_id, "alert.acknowledged")
        if not note.strip():
            raise Refused("say what you found or did")
        alert = operation.session.get(Alert, alert_id, with_for_update=True)
        if alert is None or alert.cleared_at is not None:
            raise NotFound()
        alert.acknowledged_at, alert.acknowledged_by = operation.now, operation.actor.name
        alert.note = note.strip()[:500]
        if alert.scope == CHANGED:
            alert.cleared_at = operation.now
            operation.audit("alert.cleared", "alert", alert.id, fault=alert.kind, of=alert.subject[:100])


def _viewable(operation: Operation, alerts: Sequence[Alert]) -> dict[UUID, UUID]:
    """Return, by alert, the record that it concerns: of those alone that the actor may view."""
    concerned = {}
    for alert in alerts:
        found = parse_id(alert.scope.removeprefix(record_scope(""))) or parse_id(alert.subject.removeprefix("records "))
        if found is not None:
            concerned[alert.id] = found
    seen = seen_of(operation.session, operation.viewing, set(concerned.values()))
    return {alert: record for alert, record in concerned.items() if record in seen}


def _may_know(actor: Actor) -> bool:
    return decide(actor, Action.AUDIT_READ).allowed or decide(actor, Action.RECORD_PROCESS).allowed
