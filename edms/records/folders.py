"""Folders (berkas): records of one matter, opened, filed into, closed (R10)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.model import Folder, Record
from edms.records.retention import store_due_dates


def open_folder(
    actor: Actor | None, archive: Archive, office_id: UUID, code: str, title: str, class_code: str, level: Level
) -> UUID:
    """Open a folder of one matter; records filed in it inherit its class (R10)."""
    if not (code.strip() and title.strip()):
        raise Refused("a folder needs a code and a title")
    with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
        operation.decide(RecordFacts(office_id, level, Stage.PENDING))
        checked_class(operation.session, class_code, archive.clock.today())
        taken = select(Folder.id).where(Folder.office_id == office_id, Folder.code == code[:80])
        if operation.session.scalars(taken).first() is not None:
            raise Refused(f"the office has a folder {code[:80]!r} already")
        folder = Folder(
            id=new_id(archive.clock),
            office_id=office_id,
            code=code[:80],
            title=title[:300],
            class_code=class_code,
            level=level.value,
            opened_on=archive.clock.today(),
            closed_on=None,
        )
        operation.session.add(folder)
        operation.about("folder", folder.id, "folder.open")
        return folder.id


def folder_to_file_in(session: Session, folder_id: UUID, office_id: UUID, clearance: Level | None) -> Folder:
    """Return the folder that something is to be filed in. Raises Refused when it is unknown, elsewhere or closed.

    One above the `clearance` of whoever files is unknown: codes can be tried out, and its class is given on. None: what
    was decided before, by somebody else, is carried out.
    """
    folder = session.get(Folder, folder_id, with_for_update=True)
    if folder is None or folder.office_id != office_id or not is_known(folder, clearance):
        raise Refused("there is no such folder in this office")
    if folder.closed_on is not None:
        raise Refused("the folder is closed", "file in an open one, or open a new one")
    return folder


def is_known(folder: Folder, clearance: Level | None) -> bool:
    """Whether somebody of its office, of that clearance, is told that there is such a folder."""
    return clearance is None or clearance.permits(Level(folder.level))


def close_folder(actor: Actor | None, archive: Archive, folder_id: UUID) -> None:
    """Close a folder today: the cut-off from which `FILE_CLOSED` retention of its records counts."""
    with archive.door.write(actor, Action.FOLDER_MANAGE) as operation:
        folder = decided_folder(operation, folder_id)
        operation.about("folder", folder_id, "folder.close")
        if folder.closed_on is not None:
            raise Refused("the folder is closed already")
        folder.closed_on = archive.clock.today()
        store_due_dates(operation.session, archive, records_of(operation.session, folder_id))


def decided_folder(operation: Operation, folder_id: UUID, action: Action | None = None) -> Folder:
    """Return the folder, locked, after the access decision on it. NotFound for unknown and forbidden alike."""
    folder = operation.session.get(Folder, folder_id, with_for_update=True)
    operation.about("folder", folder_id)
    if folder is None:
        raise NotFound()
    operation.decide(RecordFacts(folder.office_id, Level(folder.level), Stage.PENDING), action)
    return folder


def records_of(session: Session, folder_id: UUID) -> list[UUID]:
    """Return the ids of all records in a folder."""
    return list(session.scalars(select(Record.id).where(Record.folder_id == folder_id)))
