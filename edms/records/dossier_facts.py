"""What belongs to the file of a disposal, whatever its class says: the file is kept for good (R41)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from edms.records.disposal_model import DisposalBatch, DisposalPaper, DisposalStep
from edms.records.model import Record
from edms.records.proceedings_model import Proceeding, ProceedingPaper

_FEW = 200
_NAMED: tuple[InstrumentedAttribute[Any], ...] = (
    DisposalPaper.record_id, ProceedingPaper.record_id, DisposalStep.record_id,
)  # fmt: skip
"""Papers, and the letters that steps rest on, wherever they lie."""


def filed_in_dossiers() -> tuple[Select[Any], ...]:
    """Return queries of the records that belong to the file of a disposal: its papers, the letters that its steps rest
    on wherever they lie, and what lies in its folder."""
    record = aliased(Record, name="filed_in_dossiers")
    # Not joined: SQLite would go through all records then, and not from the few folders to what lies in them.
    inside = select(record.id).where(record.folder_id.in_(dossier_folders()))
    return *(select(column).where(column.is_not(None)) for column in _NAMED), inside


def dossier_folders() -> CompoundSelect[Any]:
    """Return the query of the folders that are the file of a disposal."""
    return union_all(*(select(one.folder_id).where(one.folder_id.is_not(None)) for one in (DisposalBatch, Proceeding)))


def is_filed(session: Session, record: Record) -> bool:
    """Whether this record belongs to the file of a disposal."""
    return bool(FiledRecords(session).among({record.id: record.folder_id}))


class FiledRecords:
    """Which records belong to the file of a disposal, asked part by part.

    Of a few it is looked up; before many it is read whole, once, for a city has a thousand times as many records as
    papers of disposals.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._all: tuple[frozenset[UUID], frozenset[UUID]] | None = None

    def among(self, records: Mapping[UUID, UUID | None]) -> frozenset[UUID]:
        """Return which of these, each with its folder, belong to the file of one."""
        if self._all is None and len(records) > _FEW:
            self._all = self._named(None), self._folders(None)
        named, folders = self._all or (
            self._named(list(records)), self._folders([one for one in set(records.values()) if one is not None]),
        )  # fmt: skip
        return frozenset(one for one, folder in records.items() if one in named or folder in folders)

    def _named(self, among: Sequence[UUID] | None) -> frozenset[UUID]:
        asked = [select(one).where(one.is_not(None) if among is None else one.in_(among)) for one in _NAMED]
        return frozenset(self._session.scalars(union_all(*asked)))

    def _folders(self, among: Sequence[UUID] | None) -> frozenset[UUID]:
        if among is not None and not among:
            return frozenset()
        found = dossier_folders().subquery()
        column = found.c.folder_id
        query = select(column) if among is None else select(column).where(column.in_(among))
        return frozenset(self._session.scalars(query))
