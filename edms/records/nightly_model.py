"""How far the nightly evaluation of retention has come."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class RetentionEvaluation(Base):
    """One evaluation that has ended: what became due up to `day`, and how many records were looked at."""

    __tablename__ = "retention_evaluations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    ended_at: Mapped[datetime]
    looked_at: Mapped[int]
    to_transfer: Mapped[int]
    due: Mapped[int]
    overdue: Mapped[int]
