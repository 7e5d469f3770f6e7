"""Everything one may know of one record: description, components, verdicts on signatures, history."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.copies import copy_lines
from edms.records.disclosures import SHOWN
from edms.records.loans_shown import out_indicator
from edms.records.model import Component, Hold, HoldLink, Record, TriggerEvent
from edms.records.visible import decided_record, facts_with_grants
from edms.screening.model import ContentScan
from edms.screening.protocol import Outcome


def malware_in(session: Session, part: Component) -> str:
    """The name of the malware that the newest scan found in a component, "" for none."""
    scan = session.get(ContentScan, part.blob.sha256)
    return scan.detail if scan is not None and scan.outcome == Outcome.INFECTED.value else ""


MOST_DISCLOSURES = 200


@dataclass(frozen=True)
class RecordDetails:
    """A record as shown to one actor; `may` says which further acts that actor is allowed.

    `history` is what was done to the record. Who saw it stands in `disclosures`, and who was given which copy in
    `copies`, the newest ones in order, and only for those who may read the audit trail: they speak of people.
    """

    record: Record
    components: tuple[dict[str, Any], ...]
    history: tuple[dict[str, Any], ...]
    disclosures: tuple[dict[str, Any], ...]
    copies: tuple[dict[str, Any], ...]
    on_loan: dict[str, Any] | None
    holds: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    may: frozenset[Action]

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms record show`."""
        record = self.record
        return {
            "record": str(record.id),
            "state": record.state,
            "title": record.title,
            "office": record.office.code,
            "class": record.class_code,
            "class_title": record.class_title,
            "class_edition": record.class_edition,
            "level": record.level,
            "kip": record.kip,
            "number": record.number,
            "date": record.document_date,
            "sender": record.sender,
            "recipient": record.recipient,
            "type": record.record_type,
            "development": record.development,
            "medium": record.medium,
            "language": record.language,
            "pages": record.page_count,
            "file_name": record.file_name,
            "received_at": record.received_at.isoformat(),
            "received_by": record.received_by,
            "declared_at": record.declared_at.isoformat() if record.declared_at else None,
            "problem": record.problem_text,
            "rule": record.rule_code,
            "due_on": record.due_on,
            "components": list(self.components),
            "holds": list(self.holds),
            "events": list(self.events),
            "history": list(self.history),
            "disclosures": list(self.disclosures),
            "copies": list(self.copies),
            "on_loan": self.on_loan,
        }


def record_details(actor: Actor | None, archive: Archive, record_id: UUID) -> RecordDetails:
    """Return the record as the actor may see it; looking at a record leaves an event. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id)
        return _details(operation, archive, record)


def _who_saw(operation: Operation, archive: Archive, record: Record) -> tuple[dict[str, Any], ...]:
    if not decide(operation.actor, Action.AUDIT_READ).allowed:
        return ()
    seen = archive.trail.history(operation.session, "record", str(record.id), only=SHOWN, newest=MOST_DISCLOSURES)
    return tuple(seen)


def _copies(operation: Operation, record: Record) -> tuple[dict[str, Any], ...]:
    if not decide(operation.actor, Action.AUDIT_READ).allowed:
        return ()
    return tuple(one.as_dict() for one in copy_lines(operation.session, record.id, newest=MOST_DISCLOSURES))


def record_title(actor: Actor | None, archive: Archive, record_id: UUID) -> str:
    """Return the title of a record for a page about something else. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        return decided_record(operation, record_id).title


def _details(operation: Operation, archive: Archive, record: Record) -> RecordDetails:
    session = operation.session
    facts = facts_with_grants(operation, record)
    _ = record.office.code, record.folder
    holds = session.scalars(select(Hold).join(HoldLink).where(HoldLink.record_id == record.id).order_by(Hold.placed_at))
    folders = [record.folder_id] if record.folder_id else []
    events = session.scalars(
        select(TriggerEvent)
        .where(or_(TriggerEvent.record_id == record.id, TriggerEvent.folder_id.in_(folders)))
        .order_by(TriggerEvent.happened_on, TriggerEvent.id)
    )
    return RecordDetails(
        record=record,
        components=tuple(
            {
                "role": part.role,
                "position": part.position,
                "malware": malware_in(session, part),
                "name": part.name,
                "media_type": part.media_type,
                "puid": part.puid,
                "size": part.blob.size,
                "sha256": part.blob.sha256,
                "facts": part.facts,
            }
            for part in record.components
        ),
        history=tuple(archive.trail.history(session, "record", str(record.id), without=SHOWN)),
        disclosures=_who_saw(operation, archive, record),
        copies=_copies(operation, record),
        on_loan=out_indicator(operation, archive, record),
        holds=tuple(
            {
                "hold": str(hold.id),
                "title": hold.title,
                "mandate": hold.mandate,
                "released": hold.released_at is not None,
            }
            for hold in holds
        ),
        events=tuple(
            {
                "event": str(event.id),
                "type": event.type,
                "label": event.label,
                "date": event.happened_on,
                "verified": event.verified_at is not None,
                "voided": event.voided_at is not None,
            }
            for event in events
        ),
        may=frozenset(action for action in Action if decide(operation.actor, action, facts).allowed),
    )
