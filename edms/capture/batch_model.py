"""The tables of batches: scans that hold several documents, how they are cut, and what was made of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class Batch(Base):
    """What a record in state `batch` is besides. `plan` and `history` (the plans before it, oldest first) are as
    `edms.batches.plan` writes them; `version` counts their changes. `clearance` is that of whoever handed it in, then.
    """

    __tablename__ = "batches"

    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True)
    duplex: Mapped[str] = mapped_column(String(20))
    clearance: Mapped[str] = mapped_column(String(20))
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    history: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=0)
    confirmed_by: Mapped[str | None] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None]
    divided_at: Mapped[datetime | None]


class BatchPart(Base):
    """What became of one document of a batch, written in the transaction that makes its record."""

    __tablename__ = "batch_parts"

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.record_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    duplicate: Mapped[bool] = mapped_column(default=False)
