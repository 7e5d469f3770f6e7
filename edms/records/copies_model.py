"""Copies of records above "open" that were handed out, each with a number: a leaked paper leads to who had it (R20)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class CopyKind(StrEnum):
    """`VIEW`: pages looked at. `DOWNLOAD`: a marked file. `AS_STORED`: a file without a mark, bit for bit."""

    VIEW = "view"
    DOWNLOAD = "download"
    AS_STORED = "as_stored"


class IssuedCopy(Base):
    """One copy. Numbers count per record from 1 without a gap; a row is never changed.

    `what`: pages, evidence, or the role of the component that was handed out. `level`: the record's at that time.
    """

    __tablename__ = "issued_copies"
    __table_args__ = (Index("ix_issued_copies_person", "record_id", "person_id", "issued_at"),)

    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[str] = mapped_column(String(100))
    person: Mapped[str] = mapped_column(String(200))
    issued_at: Mapped[datetime]
