"""Faults that somebody must look at, and when each record was last read as a whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class Alert(Base):
    """A fault that lasts: found first, seen last, looked at by somebody (`note`), and over when it was mended.

    `scope`: what must be checked again to know that it is over: a part of the verification, or one record.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "ix_alerts_open",
            "scope",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(300))
    detail: Mapped[str] = mapped_column(Text)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(500))
    cleared_at: Mapped[datetime | None] = mapped_column(index=True)


class FixityCheck(Base):
    """When every stored byte of a record was last read and compared; null: not yet."""

    __tablename__ = "fixity_checks"

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime | None] = mapped_column(index=True)
    faults: Mapped[int] = mapped_column(default=0)


class VerificationRun(Base):
    """One verification, of `everything` or a daily share, and how far it has come: `stage` of the parts that are
    checked as a whole, then records behind `last_record`. Unfinished until `finished_at`."""

    __tablename__ = "verification_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    everything: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    stage: Mapped[int] = mapped_column(default=0)
    last_record: Mapped[UUID | None]
    wanted: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    checked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    faults: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
