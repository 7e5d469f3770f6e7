"""Loans of the paper original (R24): who has it, from whom, until when, and how it came back."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class LoanState(StrEnum):
    """`ASKED` waits for a clerk; `OUT` until it is `RETURNED`. What was asked can be `DECLINED` or `WITHDRAWN`."""

    ASKED = "asked"
    OUT = "out"
    RETURNED = "returned"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Loan(Base):
    """One loan. The borrower is a person of the archive (`borrower_id`) or somebody named with an office.

    `is_out` is true while the paper is away and NULL before and after, so that the database lets it be away once.
    `permission`: under which an outsider has a record above "open". `place`: where the paper stands, and the slip now.
    `remark`: its condition on return, or why it was declined. `extended`: how often.
    """

    __tablename__ = "loans"
    __table_args__ = (UniqueConstraint("record_id", "is_out"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)
    is_out: Mapped[bool | None]
    borrower_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    borrower: Mapped[str] = mapped_column(String(200))
    borrower_office: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(500))
    permission: Mapped[str] = mapped_column(String(200), default="")
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200), default="")
    extended: Mapped[int] = mapped_column(default=0)
    lent_by: Mapped[str | None] = mapped_column(String(200))
    lent_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]
    remark: Mapped[str | None] = mapped_column(String(500))
