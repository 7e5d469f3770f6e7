"""Fast filing: what a clerk needs to file one document, and what is wrong with a description, field by field."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.proposals.types import Field
from edms.records.archive import Archive
from edms.records.classification import check_kip, checked_class
from edms.records.contents import has_pictures
from edms.records.habits import Habit, favourites, remember, usual
from edms.records.model import Record, RecordState
from edms.records.operations import Changes, apply_changes, describable
from edms.records.proposals import Shown, shown_proposals
from edms.records.undo import locked_job, undoable_until
from edms.records.visible import decided_record, visible_to


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: `message` and how to `mend` it. A warning holds until the person saves again."""

    field: str
    message: str
    mend: str = ""
    warning: bool = False


class NotFiled(Refused):
    """The description was not taken over; `problems` says why, field by field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(one.message for one in problems), "correct the marked fields")
        self.problems = problems


@dataclass(frozen=True)
class Sheet:
    """One document on the clerk's desk."""

    record: Record
    pictured: bool
    proposals: dict[Field, list[Shown]]
    habit: Habit | None
    favourites: list[str]
    source: str
    until: datetime | None
    waits: bool


def sheet_of(actor: Actor | None, archive: Archive, record_id: UUID, source: str = "") -> Sheet:
    """Return what is shown of a record that is to be described; leaves an event. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_CLASSIFY) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, Action.RECORD_VIEW.value)
        operation.seldom()
        session, who = operation.session, operation.actor
        _ = record.office.code
        proposals = shown_proposals(archive, operation, record)
        senders = [record.sender] if record.sender else [one.proposal.value for one in proposals.get(Field.SENDER, [])]
        until = undoable_until(session, [record_id]).get(record_id)
        return Sheet(
            record=record,
            pictured=any(has_pictures(part.role, part.media_type) for part in record.components),
            proposals=proposals,
            habit=usual(archive, session, who, senders, source),
            favourites=favourites(archive, session, who),
            source=source,
            until=until,
            waits=record.state == RecordState.PENDING.value and until is None,
        )


def file_record(
    actor: Actor | None,
    archive: Archive,
    record_id: UUID,
    changes: Changes,
    *,
    seen_version: int | None = None,
    despite_warnings: bool = False,
    source: str = "",
) -> None:
    """Describe a record completely, so that it goes on to its seal after the time for taking it back.

    Raises NotFiled with all problems at once, Changed, Refused or NotFound; then nothing was changed.
    """
    with archive.door.write(actor, Action.RECORD_CLASSIFY) as operation:
        job = locked_job(operation.session, record_id)
        record = describable(operation, archive, record_id, seen_version)
        problems = problems_with(operation, archive, record, changes)
        if any(not one.warning for one in problems) or (problems and not despite_warnings):
            raise NotFiled(problems)
        apply_changes(operation, archive, record, job, changes)
        remember(operation, archive, record, source)


def problems_of(actor: Actor | None, archive: Archive, record_id: UUID, changes: Changes) -> list[Problem]:
    """Return what would be wrong with these changes to a record, and change nothing. Raises NotFound, Refused."""
    with archive.door.read(actor, Action.RECORD_CLASSIFY) as operation:
        record = decided_record(operation, record_id)
        return problems_with(operation, archive, record, changes)


def problems_with(operation: Operation, archive: Archive, record: Record, changes: Changes) -> list[Problem]:
    """Return what is wrong with these changes to a record on which `operation` has decided."""
    session, today = operation.session, archive.clock.today()
    found: list[Problem] = []
    level = changes.level or (Level(record.level) if record.level else None)
    code, default = changes.class_code or record.class_code, None
    if not code:
        found.append(Problem("class_code", "a class is needed", "choose a code from the file plan"))
    else:
        try:
            default = checked_class(session, code, today).default_level
        except Refused as error:
            found.append(Problem("class_code", error.message, error.mend))
    found += _level_problems(operation, level, default, known=bool(found))
    try:
        kip = None if "kip" in changes.cleared else changes.kip or record.kip
        check_kip(level or (Level(default) if default else None), kip)
    except Refused as error:
        found.append(Problem("kip", error.message, error.mend))
    found += _date_problems(changes.document_date, today)
    return found + _number_problems(operation, session, record, changes, today)


def _level_problems(operation: Operation, level: Level | None, default: str | None, *, known: bool) -> list[Problem]:
    wanted = level or (Level(default) if default else None)
    if wanted is None:
        return [] if known else [Problem("level", "the class has no security level of its own", "choose a level")]
    if not operation.actor.clearance.permits(wanted):
        return [Problem("level", "this level is above your clearance", "give the document to somebody who may see it")]
    return []


def _date_problems(day: date | None, today: date) -> list[Problem]:
    if day is None or day <= today:
        return []
    return [Problem("document_date", "this day has not come yet", "look at the date on the document")]


def _number_problems(
    operation: Operation, session: Session, record: Record, changes: Changes, today: date
) -> list[Problem]:
    """Warn of another record of the office with this number in this year: only of one that the actor may see."""
    number = None if "number" in changes.cleared else changes.number or record.number
    if not number:
        return []
    year = (changes.document_date or record.document_date or today).year
    query = (
        select(Record.title)
        .where(
            Record.office_id == record.office_id,
            Record.number == number,
            Record.id != record.id,
            Record.document_date.between(date(year, 1, 1), date(year, 12, 31)),
            visible_to(operation.viewing),
        )
        .limit(1)
    )
    title = session.scalar(query)
    if title is None:
        return []
    return [
        Problem(
            "number", f"another document of this year bears this number: {title}", "save again if it is right", True
        )
    ]
