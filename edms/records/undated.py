"""The queue of legacy records: those with a date that nobody has verified, which never become due (R33, R49)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record, RecordState
from edms.records.reviews_model import RetentionReview, ReviewKind
from edms.records.visible import facts_for, visible_to


@dataclass(frozen=True)
class UndatedLine:
    """One of them. `told`: the date that stands with it, unverified. `proposed`: a date waits for its judge. `may`:
    the reader may propose one."""

    record: UUID
    title: str
    number: str | None
    office: str
    class_code: str | None
    told: date | None
    proposed: bool
    may: bool


@dataclass(frozen=True)
class UndatedQueue:
    """A page of the queue, and how many there are in all (of those that the reader may see)."""

    lines: tuple[UndatedLine, ...]
    total: int


def undated_queue(
    actor: Actor | None, archive: Archive, office: str = "", limit: int = 100, offset: int = 0
) -> UndatedQueue:
    """Return the declared records whose date is in question, oldest in the archive first, of one office by its code
    or of all."""
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        session = operation.session
        operation.about("list", "undated", LISTED)
        wanted = [Record.state == RecordState.DECLARED.value, Record.legacy_unverified, visible_to(operation.scope())]
        if office:
            wanted.append(Office.code == office)
        proposed = (
            select(RetentionReview.id)
            .where(
                RetentionReview.record_id == Record.id,
                RetentionReview.kind == ReviewKind.LEGACY_DATE.value,
                RetentionReview.accepted.is_(None),
            )
            .exists()
        )
        of_office = Office.id == Record.office_id
        total = session.scalar(select(func.count()).select_from(Record).join(Office, of_office).where(*wanted)) or 0
        query = select(Record, Office.name, proposed).join(Office, of_office).where(*wanted)
        lines = tuple(
            UndatedLine(
                record.id, record.title, record.number, name, record.class_code, record.document_date, waits,
                decide(operation.actor, Action.RECORD_REVIEW, facts_for(operation, record)).allowed,
            )
            for record, name, waits in session.execute(query.order_by(Record.id).limit(limit).offset(offset))
        )  # fmt: skip
        operation.note(shown=len(lines))
        return UndatedQueue(lines, total)
