"""What belongs to the file of a disposal, whatever its class says: the file is kept for good (R41)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from edms.records.disposal_model import DisposalBatch, DisposalPaper, DisposalStep
from edms.records.model import Record
from edms.records.proceedings_model import Proceeding, ProceedingPaper


def filed_in_dossiers() -> tuple[Select[Any], ...]:
    """Return queries of the records that belong to the file of a disposal: its papers, the letters that its steps rest
    on wherever they lie, and what lies in its folder."""
    return tuple(query for query, _record in _filed())


def filed_among(session: Session, record_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return which of these records belong to the file of a disposal."""
    asked = union_all(*(query.where(record.in_(record_ids)) for query, record in _filed()))
    return frozenset(session.scalars(asked))


def dossier_folders() -> CompoundSelect[Any]:
    """Return the query of the folders that are the file of a disposal."""
    return union_all(*(select(one.folder_id).where(one.folder_id.is_not(None)) for one in (DisposalBatch, Proceeding)))


def _filed() -> list[tuple[Select[Any], InstrumentedAttribute[Any]]]:
    found: list[tuple[Select[Any], InstrumentedAttribute[Any]]] = [
        (select(column).where(column.is_not(None)), column)
        for column in (DisposalPaper.record_id, ProceedingPaper.record_id, DisposalStep.record_id)
    ]
    for of_one in (DisposalBatch, Proceeding):
        inside = aliased(Record, name=f"filed_in_{of_one.__tablename__}")
        found.append((select(inside.id).join(of_one, of_one.folder_id == inside.folder_id), inside.id))
    return found
