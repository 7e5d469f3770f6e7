"""What people say of retention beside the records: explanations, and lists that were delivered."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class RetentionExplanation(Base):
    """Why a record is still active though its active period has ended (R8). A later one ends an earlier."""

    __tablename__ = "retention_explanations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str] = mapped_column(String(200))
    said_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]


class ListDelivery(Base):
    """That an office delivered its Daftar Berkas to the records unit: of what was closed through a day (R7)."""

    __tablename__ = "list_deliveries"
    __table_args__ = (Index("ix_list_deliveries_office_through", "office_id", "through"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"))
    through: Mapped[date]
    folders: Mapped[int]
    delivered_by: Mapped[str] = mapped_column(String(200))
    delivered_at: Mapped[datetime]
