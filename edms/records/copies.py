"""Numbered copies (R20): who is given which copy of a record above "open", and whose a copy was that turned up."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.copies_model import CopyKind, IssuedCopy
from edms.records.copy_marks import Mark, list_mark, numbered_mark
from edms.records.disclosures import COPY_ISSUED
from edms.records.facts import facts_of
from edms.records.model import Record
from edms.records.visible import decided_record

PAGES, EVIDENCE = "pages", "evidence"
TRACED = "copies.traced"


@dataclass(frozen=True)
class CopyLine:
    """One copy that was handed out, as told to those who read the audit trail."""

    number: int
    kind: str
    what: str
    level: str
    person: str
    at: Any

    def as_dict(self) -> dict[str, Any]:
        """One line of the stable JSON of `edms copies trace`."""
        return {
            "number": self.number,
            "kind": self.kind,
            "what": self.what,
            "level": self.level,
            "person": self.person,
            "at": self.at.isoformat(),
        }


def marked_level(record: Record) -> Level | None:
    """Return the level that copies of a record bear, None for one whose copies bear no mark."""
    level = facts_of(record).effective_level
    return None if level is Level.OPEN else level


def mark_for_list(operation: Operation, archive: Archive, record: Record) -> Mark | None:
    """Return the mark of the small picture on a list; the list's own event says to whom it was shown (ADR 0061)."""
    level = marked_level(record)
    if level is None:
        return None
    return list_mark(level, _told(operation.actor), operation.now, archive.settings.archive.time_zone)


def copy_in_hand(
    operation: Operation, archive: Archive, record: Record, kind: CopyKind, what: str, level: Level
) -> IssuedCopy | None:
    """Return the copy marked with `level` that the actor was given a short time ago and that this is a part of.

    It stands for `[audit] disclosure_minutes`, whichever pages are looked at, or parts of a file asked for. A marked
    file is made for each download, so each is a copy of its own.
    """
    if kind is CopyKind.DOWNLOAD:
        return None
    window = timedelta(minutes=archive.settings.audit.disclosure_minutes)
    query = select(IssuedCopy).where(
        IssuedCopy.record_id == record.id,
        IssuedCopy.person_id == operation.actor.id,
        IssuedCopy.person == _told(operation.actor),
        IssuedCopy.kind == kind.value,
        IssuedCopy.what == what,
        IssuedCopy.level == level.value,
        # What was issued "later" than now was so under a clock that went wrong: it says nothing of the present.
        IssuedCopy.issued_at > operation.now - window,
        IssuedCopy.issued_at <= operation.now,
    )
    return operation.session.scalars(query.order_by(IssuedCopy.number.desc()).limit(1)).first()


def issue_copy(
    actor: Actor | None, archive: Archive, record_id: UUID, kind: CopyKind, what: str, action: Action, level: Level
) -> IssuedCopy:
    """Give a copy its number, durably, before anything of it is handed out. Raises NotFound.

    Of two requests for pages at once by one person the second gets the copy of the first. `level`: the one that was
    read with what is handed out. A record that was opened to all since then is still handed out with that mark.
    """
    with archive.door.write(actor, action) as operation:
        record = decided_record(operation, record_id, lock=True)
        level = marked_level(record) or level
        copy = copy_in_hand(operation, archive, record, kind, what, level)
        if copy is not None:
            operation.unrecorded()
        else:
            copy = add_copy(operation, record, kind, what, level)
            operation.about("record", record_id, COPY_ISSUED)
            operation.note(**copy_details(copy))
        operation.session.flush()
        operation.session.expunge(copy)
        return copy


def add_copy(operation: Operation, record: Record, kind: CopyKind, what: str, level: Level) -> IssuedCopy:
    """Put the next copy into the operation. `record`: locked, so that no number is given twice or left out."""
    last = operation.session.scalar(select(func.max(IssuedCopy.number)).where(IssuedCopy.record_id == record.id))
    copy = IssuedCopy(
        record_id=record.id,
        number=(last or 0) + 1,
        kind=kind.value,
        what=what,
        level=level.value,
        person_id=operation.actor.id,
        person=_told(operation.actor),
        issued_at=operation.now,
    )
    operation.session.add(copy)
    return copy


def copy_details(copy: IssuedCopy) -> dict[str, Any]:
    """Return what the event of a copy says."""
    return {"copy": copy.number, "way": copy.kind, "what": copy.what, "level": copy.level}


def mark_of(archive: Archive, copy: IssuedCopy) -> Mark:
    """Return the mark that a copy bears: the same whenever it is asked for."""
    zone = archive.settings.archive.time_zone
    return numbered_mark(Level(copy.level), copy.person, copy.issued_at, zone, copy.number)


def trace_copies(actor: Actor | None, archive: Archive, record_id: UUID, number: int | None = None) -> list[CopyLine]:
    """Return who had copy `number` of a record, or every copy of it, the newest last. For those who read the trail;
    asking is an event. Raises NotFound when there is no such copy."""
    with archive.door.disclose(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        operation.about("record", record_id, TRACED)
        operation.note(copy=number or 0)
        found = copy_lines(operation.session, record_id, number)
        if number is not None and not found:
            raise NotFound("no such copy was handed out", "look at the number and the record once more")
    return found


def copy_lines(
    session: Session, record_id: UUID, number: int | None = None, newest: int | None = None
) -> list[CopyLine]:
    """Read the copies of a record, the newest last; the caller has decided that they may be told."""
    query = select(IssuedCopy).where(IssuedCopy.record_id == record_id).order_by(IssuedCopy.number.desc())
    if number is not None:
        query = query.where(IssuedCopy.number == number)
    rows = list(session.scalars(query.limit(newest) if newest else query))
    return [CopyLine(one.number, one.kind, one.what, one.level, one.person, one.issued_at) for one in reversed(rows)]


def _told(actor: Actor) -> str:
    return actor.name if not actor.via else f"{actor.name} via {actor.via}"
