"""The file (berkas) of a disposal: one folder of the archive with all its letters and papers, kept for good (R41).

It comes to be in the transaction that puts its first letter or paper in, under the lock of the procedure's row: so
there is none without anything in it, and never a second one. It is closed when the procedure is over; what is drawn up
about it later goes in all the same.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.access.policy import Action, decide
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.disposal_model import DisposalBatch, DisposalPaper, DisposalStep
from edms.records.folders import records_of
from edms.records.hold_binding import bind_new
from edms.records.model import Folder, Record, RecordState
from edms.records.proceedings_list import local_day
from edms.records.proceedings_model import Proceeding, ProceedingPaper
from edms.records.reindexing import INDEX_TOPIC
from edms.records.retention import store_due_dates
from edms.records.visible import seen_of
from edms.retention.proceedings import Kind, State, is_over

Procedure = DisposalBatch | Proceeding
_CLASSES = {
    "PEMUSNAHAN": ("000.5.6.2", "Pemusnahan Arsip"), "transfer": ("000.5.6.1", "Pemindahan Arsip Inaktif"),
    "handover": ("000.5.6.3", "Penyerahan Arsip Statis"), "review": ("000.5.6", "Penilaian Kembali Arsip"),
}  # fmt: skip
"""Code of the local list and name, by kind."""
_TOP = "000.5.6"


@dataclass(frozen=True)
class Dossier:
    """The folder of a procedure. `records`: how many the reader may see in it. `elsewhere`: id and title of the letters
    and papers that the reader may see and that lie in another folder, or with another office, and stay there.
    `unseen`: those that the reader may not see; of these `waiting` are no evidence yet."""

    id: UUID | None
    code: str
    title: str
    closed_on: date | None
    records: int
    elsewhere: tuple[tuple[UUID, str], ...]
    unseen: frozenset[UUID]
    waiting: frozenset[UUID]

    def as_dict(self) -> dict[str, Any] | None:
        """What the commands that show a procedure tell of it; None before its first letter or paper."""
        if self.id is None:
            return None
        return {"folder": str(self.id), "code": self.code, "title": self.title, "records": self.records,
                "closed_on": self.closed_on.isoformat() if self.closed_on else None,
                "elsewhere": [str(one) for one, _title in self.elsewhere]}  # fmt: skip


def class_of_papers(session: Session, kind: str, today: date) -> str | None:
    """Return the class that the papers of this kind are filed under: that of the local list, or the one above it, as
    far as the edition in force lets something be filed there; else None, and whoever files them says."""
    wanted = _CLASSES[kind][0]
    for code in dict.fromkeys((wanted, _TOP)):
        with suppress(Refused):
            return checked_class(session, code, today).code
    return None


def file_papers(operation: Operation, archive: Archive, row: Procedure) -> list[UUID]:
    """Put the letters and papers of a locked procedure that lie in no folder into its own; returns those. A part of
    the transaction that adds one.

    What lies in another folder stays: it belongs to that matter too, and its retention counts from that. So does what
    another office keeps. Neither is destroyed while the disposal names it (`dossier_facts`).
    """
    session = operation.session
    session.flush()
    return [one for one in _loose(session, row) if _file(operation, archive, row, one)]


def may_file_more(operation: Operation, row: Procedure) -> bool:
    """Whether letters or papers of a procedure lie in no folder, as those from before there were such files, and the
    actor may file in its office."""
    facts = RecordFacts(row.office_id, Level(row.level), Stage.PENDING)
    return bool(_loose(operation.session, row)) and decide(operation.actor, Action.FOLDER_MANAGE, facts).allowed


def close_dossier(operation: Operation, archive: Archive, row: Procedure) -> None:
    """Close the folder of a locked procedure that is over: the cut-off of what is in it."""
    folder = operation.session.get(Folder, row.folder_id, with_for_update=True) if row.folder_id else None
    if folder is None or folder.closed_on is not None:
        return
    folder.closed_on = archive.clock.today()
    store_due_dates(operation.session, archive, records_of(operation.session, folder.id))
    operation.audit("folder.close", "folder", folder.id, procedure=str(row.id))


def dossier_of(operation: Operation, row: Procedure) -> Dossier:
    """Return the folder of a procedure as somebody is shown it who is shown the procedure: both are of one office and
    one level, and its words are those of the procedure. Of what is in it the rules of each record say who sees it."""
    session, folder = operation.session, row.folder
    named = frozenset(_named(session, row))
    inside = frozenset(records_of(session, folder.id)) if folder else frozenset()
    seen = seen_of(session, operation.viewing, named | inside)
    unseen = named - seen
    declared = select(Record.id).where(Record.id.in_(unseen), Record.state == RecordState.DECLARED.value)
    waiting = unseen - frozenset(session.scalars(declared)) if unseen else unseen
    if folder is None:
        return Dossier(None, "", "", None, 0, (), unseen, waiting)
    apart = select(Record.id, Record.title).where(Record.id.in_((named & seen) - inside)).order_by(Record.id)
    elsewhere = tuple((one, title) for one, title in session.execute(apart))
    return Dossier(
        folder.id, folder.code, folder.title, folder.closed_on, len(inside & seen), elsewhere, unseen, waiting
    )


def _named(session: Session, row: Procedure) -> Iterable[UUID]:
    """Its papers, and the letters that its steps rest on, in the order of their ids."""
    if isinstance(row, Proceeding):
        query = select(ProceedingPaper.record_id).where(ProceedingPaper.proceeding_id == row.id)
        return sorted(session.scalars(query))
    papers = select(DisposalPaper.record_id).where(DisposalPaper.batch_id == row.id)
    letters = select(DisposalStep.record_id).where(DisposalStep.batch_id == row.id)
    found = [*session.scalars(papers), *session.scalars(letters.where(DisposalStep.record_id.is_not(None)))]
    return sorted({one for one in found if one is not None})


def _loose(session: Session, row: Procedure) -> list[UUID]:
    query = select(Record.id).where(
        Record.id.in_(list(_named(session, row))), Record.office_id == row.office_id, Record.folder_id.is_(None)
    )
    return list(session.scalars(query.order_by(Record.id)))


def _file(operation: Operation, archive: Archive, row: Procedure, record_id: UUID) -> bool:
    session = operation.session
    record = session.get_one(Record, record_id, with_for_update=True)
    if record.folder_id is not None:  # somebody filed it meanwhile
        return False
    folder = _folder(operation, archive, row)
    record.folder_id, record.folder = folder.id, folder
    record.version += 1
    session.flush()
    bind_new(operation, record)
    if record.state == RecordState.DECLARED.value:
        store_due_dates(session, archive, [record.id])
        operation.outbox(INDEX_TOPIC, record.id)
    operation.audit("record.filed", "record", record.id, folder=str(folder.id), procedure=str(row.id))
    return True


def _folder(operation: Operation, archive: Archive, row: Procedure) -> Folder:
    """The folder of the procedure, opened with its first record. Its title follows: the number comes late."""
    session, (wanted, name) = operation.session, _CLASSES[row.kind]
    title = f"{name} Nomor {row.number}: {row.title}" if row.number else f"{name}: {row.title}"
    if row.folder_id is not None:
        folder = session.get_one(Folder, row.folder_id, with_for_update=True)
        folder.title = title[:300]
        return folder
    class_code = row.class_code or wanted
    folder = Folder(
        id=new_id(archive.clock), office_id=row.office_id, title=title[:300], class_code=class_code, level=row.level,
        # Of the procedure's own id: the same one for it whenever it is made, and nobody else's.
        code=f"{class_code}/{local_day(archive, row.opened_at).year}/{row.id.hex[-8:]}",
        opened_on=archive.clock.today(), closed_on=archive.clock.today() if _is_over(row) else None,
    )  # fmt: skip
    session.add(folder)
    session.flush()
    row.folder_id, row.folder = folder.id, folder
    operation.audit("folder.open", "folder", folder.id, procedure=str(row.id))
    return folder


def _is_over(row: Procedure) -> bool:
    if isinstance(row, DisposalBatch):
        return row.ended_at is not None
    return is_over(Kind(row.kind), State(row.state))
