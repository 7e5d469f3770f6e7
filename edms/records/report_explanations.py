"""What people answer to a report: why a record is still active (R8), and that the list of files was delivered (R7)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Folder
from edms.records.report_model import ListDelivery, RetentionExplanation
from edms.records.visible import decided_record
from edms.retention.dates import add_period
from edms.retention.types import Period

MOST_LETTERS = 2000
LATE_MONTHS = 6
"""How long after the activity an office has for its list (R7)."""


@dataclass(frozen=True)
class LateOffice:
    """An office that has files of more than six months ago on no delivered list: how many, the oldest, its last one."""

    office: str
    name: str
    folders: int
    oldest: date
    delivered_through: date | None


def explain_still_active(actor: Actor | None, archive: Archive, record_id: UUID, text: str) -> None:
    """Say why a record is still with its office though its active period has ended (R8); empty: say so no longer.

    By people of its own office and records officers. Raises NotFound, and Refused for a record that is not past it.
    """
    text = " ".join(text.split())
    if len(text) > MOST_LETTERS:
        raise Refused(f"an explanation has at most {MOST_LETTERS} characters")
    with archive.door.write(actor, Action.RECORD_EVENT) as operation:
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record_id, "retention.explained")
        standing = operation.session.scalars(
            select(RetentionExplanation).where(
                RetentionExplanation.record_id == record_id, RetentionExplanation.ended_at.is_(None)
            )
        ).all()
        if text and (record.active_until is None or record.active_until > archive.clock.today()):
            raise Refused("the active period of the record has not ended")
        if not text and not standing:
            operation.unrecorded()
        for earlier in standing:
            earlier.ended_by, earlier.ended_at = operation.actor.id, operation.now
        if text:
            operation.session.add(
                RetentionExplanation(
                    id=new_id(archive.clock),
                    record_id=record_id,
                    text=text,
                    said_by=operation.actor.id,
                    said_at=operation.now,
                )
            )


def deliver_list(actor: Actor | None, archive: Archive, office_id: UUID, through: date) -> int:
    """Note that an office delivered its list of files closed through that day; returns how many those are (R7)."""
    with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
        operation.decide(RecordFacts(office_id, Level.OPEN, Stage.PENDING))
        office = operation.session.get(Office, office_id, with_for_update=True)
        operation.about("office", office_id, "list.delivered")
        if office is None:
            raise NotFound()
        if through > archive.clock.today():
            raise Refused("that day has not come")
        last = operation.session.scalar(
            select(func.max(ListDelivery.through)).where(ListDelivery.office_id == office_id)
        )
        if last is not None and through <= last:
            raise Refused("a list through that day was delivered already")
        counted = select(func.count()).select_from(Folder)
        folders = operation.session.scalar(counted.where(Folder.office_id == office_id, Folder.closed_on <= through))
        operation.session.add(
            ListDelivery(
                id=new_id(archive.clock),
                office_id=office_id,
                through=through,
                folders=folders or 0,
                delivered_by=operation.actor.id,
                delivered_at=operation.now,
            )
        )
        operation.note(through=through.isoformat(), folders=folders or 0)
        return folders or 0


def offices_late(actor: Actor | None, archive: Archive, as_of: date | None = None) -> tuple[LateOffice, ...]:
    """Return the offices whose list of files is late on that day (R7), the longest first; those the actor serves, and
    all for whoever reads the whole archive."""
    day = as_of or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope = operation.scope()
        operation.about("list", "offices_late", LISTED)
        operation.seldom()
        delivered = (
            select(ListDelivery.office_id, func.max(ListDelivery.through).label("through"))
            .group_by(ListDelivery.office_id)
            .subquery()
        )
        oldest = func.min(Folder.closed_on)
        query = (
            select(Office.code, Office.name, func.count(), oldest, delivered.c.through)
            .join(Folder, Folder.office_id == Office.id)
            .outerjoin(delivered, delivered.c.office_id == Office.id)
            .where(Folder.closed_on <= add_period(day, Period(months=-LATE_MONTHS)))
            .where((delivered.c.through.is_(None)) | (Folder.closed_on > delivered.c.through))
            .group_by(Office.code, Office.name, delivered.c.through)
            .order_by(oldest, Office.code)
        )
        if not scope.whole_archive:
            query = query.where(Office.id.in_(sorted(scope.offices)))
        if scope.only is not None:
            query = query.where(Office.id == scope.only)
        return tuple(LateOffice(*row) for row in operation.session.execute(query))
