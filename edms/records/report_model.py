"""What people say of retention beside the records: explanations, lists that were delivered, lists sent by mail."""

from datetime import date, datetime
from typing import Any
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


class ReportMailing(Base):
    """A report that is sent by mail: to people of the archive alone, to each what that person may see.

    `question` holds name, office and what it is counted by; `every` is `weekly` or `monthly`; `next_on` the day of the
    next one in the archive's own time zone.
    """

    __tablename__ = "report_mailings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[dict[str, Any]]
    every: Mapped[str] = mapped_column(String(10))
    form: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(5))
    next_on: Mapped[date] = mapped_column(index=True)
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]


class ReportRecipient(Base):
    """Who gets a report, where to, and what became of it the last time."""

    __tablename__ = "report_recipients"

    mailing_id: Mapped[UUID] = mapped_column(ForeignKey("report_mailings.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    address: Mapped[str] = mapped_column(String(254))
    sent_for: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(String(300))
    attempts: Mapped[int] = mapped_column(default=0)
