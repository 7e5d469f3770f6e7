"""Separator sheets to be printed: for one's own offices and levels only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.batches.sheet import LONGEST, Sheet, unfit_fields
from edms.capture.separator_pdf import PrintedSheet, sheets_pdf
from edms.core.errors import NotFound, Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.filing import Problem
from edms.records.model import Folder

MOST_SHEETS = 500
MOST_FOLDERS = 500
_NO_OFFICE = UUID(int=0)
"""Stands for an office that is not there, so that the access rule judges it as it judges any other office."""


@dataclass(frozen=True)
class AskedSheets:
    """`copies` of one sheet, at least 1."""

    sheet: Sheet
    copies: int = 1


@dataclass(frozen=True)
class FolderChoice:
    """An open folder that sheets can be printed for."""

    office: str
    code: str
    title: str


class NotPrinted(Refused):
    """No sheet was printed; `problems` says why, field by field (`copies`, or a field of `Sheet`)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in problems), problems[0].mend)
        self.problems = tuple(problems)


def print_separators(actor: Actor | None, archive: Archive, asked: Sequence[AskedSheets]) -> bytes:
    """Return a PDF with a page for every sheet.

    Raises NotFound, naming the field, for an office or a level that is not the actor's own, whether there is such an
    office or not; NotPrinted for what is wrong with the other fields, and unless 1 to 500 sheets are asked for.
    """
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(RecordFacts(operation.actor.office_id or _NO_OFFICE, Level.OPEN, Stage.PENDING))
        # Before anything is looked up or laid out: a number that is asked for costs nothing yet.
        if not asked or min(one.copies for one in asked) < 1 or sum(one.copies for one in asked) > MOST_SHEETS:
            raise NotPrinted([Problem("copies", f"from 1 to {MOST_SHEETS} sheets are printed at once")])
        made = [(_printed(operation, archive, one.sheet), one.copies) for one in asked]
        pages = [printed for printed, copies in made for _copy in range(copies)]
        return sheets_pdf(pages, archive.settings.archive.name, operation.now)


def folder_choices(actor: Actor | None, archive: Archive) -> tuple[FolderChoice, ...]:
    """Return the open folders that the actor may print sheets for, by office and code, at most `MOST_FOLDERS`."""
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        who = operation.actor
        operation.decide(RecordFacts(who.office_id or _NO_OFFICE, Level.OPEN, Stage.PENDING))
        query = (
            select(Office.code, Folder.code, Folder.title)
            .join(Office, Office.id == Folder.office_id)
            .where(Folder.closed_on.is_(None), Folder.level.in_([level.value for level in Level.up_to(who.clearance)]))
            .order_by(Office.code, Folder.code)
            .limit(MOST_FOLDERS)
        )
        if not who.has(Role.RECORDS_OFFICER):
            query = query.where(Folder.office_id.in_(who.offices))
        return tuple(FolderChoice(*row) for row in operation.session.execute(query))


def _printed(operation: Operation, archive: Archive, sheet: Sheet) -> PrintedSheet:
    """Check what a sheet says, and look up the words for people."""
    session = operation.session
    office = session.scalars(select(Office).where(Office.code == sheet.office)).one_or_none() if sheet.office else None
    place = office.id if office else _NO_OFFICE if sheet.office else operation.actor.office_id
    level = Level(sheet.level) if sheet.level in list(Level) else None
    _decide(operation, place or _NO_OFFICE, sheet, level)
    problems = _text_problems(sheet)
    if sheet.level and level is None:
        problems.append(Problem("level", "there is no such level"))
    if sheet.office and office is None:
        problems.append(Problem("office", "there is no such office"))
    title = ""
    try:
        title = checked_class(session, sheet.class_code, archive.clock.today()).title if sheet.class_code else ""
    except Refused as refused:
        problems.append(Problem("class_code", refused.message, refused.mend))
    folder = _open_folder(session, operation.actor, place, sheet.folder) if sheet.folder else None
    if sheet.folder and folder is None:
        problems.append(Problem("folder", "there is no such open folder in this office"))
    if problems:
        raise NotPrinted(problems)
    return PrintedSheet(sheet, office.name if office else "", title, folder.title if folder else "")


def _text_problems(sheet: Sheet) -> list[Problem]:
    unfit = unfit_fields(sheet.as_dict())
    if not unfit and len(sheet.encode()) > LONGEST:
        return [Problem("title", "this is too long for the code on the sheet", "shorten it")]
    return [Problem(name, "this is too long, or is no text", "shorten it") for name in unfit]


def _decide(operation: Operation, place: UUID, sheet: Sheet, level: Level | None) -> None:
    """Decide on a sheet. One that names no level adds nothing to what the batch is given, which is decided then."""
    if not sheet.office and level is None:
        return
    try:
        operation.decide(RecordFacts(place, level or Level.OPEN, Stage.PENDING))
    except NotFound:
        own = level is None or operation.actor.clearance.permits(level)
        field = "office" if own else "level"
        raise NotFound(f"{field}: there is none such that you may print sheets for") from None


def _open_folder(session: Session, actor: Actor, office_id: UUID | None, code: str) -> Folder | None:
    """Return an open folder that the actor may file in: one above the clearance is none, and its title is not told."""
    query = select(Folder).where(Folder.office_id == office_id, Folder.code == code, Folder.closed_on.is_(None))
    found = session.scalars(query).one_or_none()
    if found is None:
        return None
    facts = RecordFacts(found.office_id, Level(found.level), Stage.PENDING)
    return found if decide(actor, Action.RECORD_CAPTURE, facts).allowed else None
