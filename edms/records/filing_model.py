"""What fast filing keeps for a while: the description before the last one, and how each clerk has filed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class EarlierDescription(Base):
    """How a record was described before it was confirmed, sealed; gone when it is taken back or declared.

    `until`: the sealing step takes the record up then, unless the confirmation is taken back before.
    """

    __tablename__ = "earlier_descriptions"

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    confirmed_by: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class FilingHabit(Base):
    """What one clerk gave last to documents of one sender or one source, or how often one class. `key` is a keyed
    digest of whose it is and for what; the words lie sealed."""

    __tablename__ = "filing_habits"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    actor_id: Mapped[str] = mapped_column(String(100), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    times: Mapped[int]
    used_at: Mapped[datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
