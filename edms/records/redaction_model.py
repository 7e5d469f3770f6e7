"""Redactions: which areas of a record's pages are covered, for what, by whom, and the document that was made so."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.core.database import Base
from edms.records.model import Record


class Redaction(Base):
    """One redaction of a record. A record may have several; from `made_at` on its areas stand still.

    `areas`: `{"areas": [{"page", "left", "top", "right", "bottom", "origin"}]}`, shares of the page as it is seen.
    `sealed_terms`: the terms of a draft, sealed (they are content); gone when it is made or withdrawn.
    `workers`: `{"people": [id, …]}`, all who had a hand in it: none of them approves it. `base_sha256`: of the copy
    that the areas were marked on. `component_position`: where the redacted document stands among the components of the
    record. `recognised`: its text was read anew after it was covered.
    """

    __tablename__ = "redactions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(20))
    ground: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(String(500))
    areas: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed_terms: Mapped[bytes | None] = mapped_column(LargeBinary)
    workers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    base_sha256: Mapped[str] = mapped_column(String(64))
    component_position: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    pages: Mapped[int | None]
    recognised: Mapped[bool] = mapped_column(default=False)
    opened_by: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime]
    made_by: Mapped[str | None] = mapped_column(String(200))
    made_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None]
    withdraw_reason: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(default=1)

    record: Mapped[Record] = relationship()
