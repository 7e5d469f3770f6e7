"""Where a document of a batch goes: what its separator sheet says, within what people may do.

A sheet is paper that anybody can print, and a letter can carry its code. It is therefore a proposal: the rights of the
person who confirms count, and without a review it can only keep or raise the level that the batch was given.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.batches.plan import Plan
from edms.batches.sheet import Sheet
from edms.capture.batch_model import Batch
from edms.capture.incoming import Description, Placement
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.folders import folder_to_file_in
from edms.records.model import Folder, Record


def placement_of(
    session: Session, archive: Archive, batch: Record, sheet: Sheet, clearance: Level | None = None
) -> Placement:
    """Return where a document goes; what the sheet leaves open is as given for the batch, or as its folder has it.

    `clearance`: of whoever decides on it; a folder above it is unknown. Raises Refused: an unknown office, level, class
    or folder, a closed folder.
    """
    office_id = _office_of(session, batch, sheet)
    folder = None
    if sheet.folder:
        known = select(Folder.id).where(Folder.office_id == office_id, Folder.code == sheet.folder)
        folder_id = session.scalars(known).one_or_none()
        if folder_id is None:
            raise Refused("there is no such folder in this office")
        folder = folder_to_file_in(session, folder_id, office_id, clearance)
    told_class = sheet.class_code or (folder.class_code if folder else batch.class_code)
    if told_class:
        checked_class(session, told_class, archive.clock.today())
    level = sheet.level or (folder.level if folder else batch.level)
    if level and level not in list(Level):
        raise Refused("there is no such level")
    return Placement(
        office_id,
        told_class or None,
        Level(level) if level else None,
        folder.id if folder else None,
        Description(title=sheet.title or None),
    )


def _office_of(session: Session, batch: Record, sheet: Sheet) -> UUID:
    if not sheet.office:
        return batch.office_id
    found = session.scalars(select(Office.id).where(Office.code == sheet.office)).one_or_none()
    if found is None:
        raise Refused("there is no such office")
    return found


def require_placements(session: Session, archive: Archive, actor: Actor, batch: Record, plan: Plan) -> None:
    """Raise Refused, naming the document, unless the actor may capture every one of them where it goes.

    Whether an office has the folder that is named is told to nobody who may not file there at all.
    """
    for number, document in enumerate(plan.documents, 1):
        try:
            office = RecordFacts(_office_of(session, batch, document.sheet), Level.OPEN, Stage.PENDING)
            allowed = decide(actor, Action.RECORD_CAPTURE, office).allowed
            if allowed:
                placement = placement_of(session, archive, batch, document.sheet, actor.clearance)
                facts = RecordFacts(placement.office_id, placement.level, Stage.PENDING)
                allowed = decide(actor, Action.RECORD_CAPTURE, facts).allowed
        except Refused as refused:
            raise Refused(f"document {number}: {refused.message}", refused.mend) from None
        if not allowed:
            raise Refused(f"document {number}: you may not file there, or not at that level")


def may_go_unreviewed(session: Session, archive: Archive, record: Record, batch: Batch, plan: Plan) -> bool:
    """Whether the parts may be made without a person: by the setting, and within what the batch was given.

    Nothing leaves the office of the batch, and nothing falls below its level or goes above the clearance of whoever
    handed it in.
    """
    wanted = archive.settings.capture.batch_review
    if wanted == "always" or not plan.documents or (wanted == "when_unsure" and plan.doubts):
        return False
    given = Level(record.level) if record.level else UNCLASSIFIED_COUNTS_AS
    for document in plan.documents:
        try:
            placement = placement_of(session, archive, record, document.sheet, Level(batch.clearance))
        except Refused:
            return False
        level = placement.level or UNCLASSIFIED_COUNTS_AS
        if placement.office_id != record.office_id or not level.permits(given):
            return False
        if not Level(batch.clearance).permits(level):
            return False
    return True
