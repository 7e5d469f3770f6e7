"""The outbox: what must follow a committed change, written in the same transaction as the change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class OutboxEntry(Base):
    """One thing to follow up: `topic` says what ("index"), `subject_id` of which record, in order of `sequence`."""

    __tablename__ = "outbox"

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    topic: Mapped[str] = mapped_column(String(40), index=True)
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime]
