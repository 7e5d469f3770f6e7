"""Work that is still to be done, as rows: the database is the truth, a queue would only be the doorbell."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class JobState(StrEnum):
    """`WAITING` waits for a person (a class to be given), `PARTS` for jobs that do a part of it each; `FAILED` has used
    up its attempts."""

    READY = "ready"
    WAITING = "waiting"
    PARTS = "parts"
    DONE = "done"
    FAILED = "failed"


class Lane(StrEnum):
    """`QUICK`: over in seconds. `LONG`: takes minutes (recognition, batches), and nothing quick ever waits for it."""

    QUICK = "quick"
    LONG = "long"


class Job(Base):
    """One thing under way, at one step. Who holds the lease may work on it until `leased_until`.

    `office_id`: for whom it is done; offices take turns.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_claim", "state", "lane", "office_id", "not_before"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID] = mapped_column(unique=True)
    step: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default=JobState.READY.value)
    lane: Mapped[str] = mapped_column(String(10), default=Lane.QUICK.value)
    office_id: Mapped[UUID]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    lease: Mapped[UUID | None]
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
