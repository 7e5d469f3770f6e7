"""Separator sheets to be printed: for one's own offices and levels only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action, RecordFacts, Stage
from edms.batches.sheet import Sheet
from edms.capture.separator_pdf import PrintedSheet, sheets_pdf
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.model import Folder

MOST_SHEETS = 500


@dataclass(frozen=True)
class AskedSheets:
    """`copies` of one sheet."""

    sheet: Sheet
    copies: int = 1


def print_separators(actor: Actor | None, archive: Archive, asked: Sequence[AskedSheets]) -> bytes:
    """Return a PDF with a page for every sheet. Raises NotFound for an office or a level that is not the actor's own;
    Refused for an unknown class, level or folder, and for more than 500 sheets.
    """
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        printed = []
        for one in asked:
            printed += [_printed(operation, archive, one.sheet)] * max(1, one.copies)
            if len(printed) > MOST_SHEETS:
                raise Refused(f"at most {MOST_SHEETS} sheets are printed at once")
        if not printed:
            operation.decide(RecordFacts(operation.actor.office_id, None, Stage.PENDING)
                             if operation.actor.office_id else None)  # fmt: skip
            raise Refused("no sheet was asked for")
        return sheets_pdf(printed, archive.settings.archive.name, operation.now)


def _printed(operation: Operation, archive: Archive, sheet: Sheet) -> PrintedSheet:
    """Check what a sheet says, and look up the words for people."""
    session = operation.session
    office = session.scalars(select(Office).where(Office.code == sheet.office)).one_or_none()
    level = Level(sheet.level) if sheet.level in list(Level) else None
    own = operation.actor.office_id
    place = office.id if office is not None else own
    operation.decide(RecordFacts(place, level, Stage.PENDING) if place else None)
    if sheet.level and level is None:
        raise Refused("there is no such level")
    if sheet.office and office is None:
        raise Refused("there is no such office")
    title = checked_class(session, sheet.class_code, archive.clock.today()).title if sheet.class_code else ""
    folder = _folder_title(session, place, sheet.folder) if sheet.folder else ""
    return PrintedSheet(sheet, office.name if office else "", title, folder)


def _folder_title(session: Session, office_id: object, code: str) -> str:
    found = session.scalars(select(Folder).where(Folder.office_id == office_id, Folder.code == code)).one_or_none()
    if found is None or found.closed_on is not None:
        raise Refused("there is no such open folder in this office")
    return found.title
