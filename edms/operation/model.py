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


class RowState(Base):
    """The newest state of a row that the trail was told: the how many-th it is, and its code (`edms.operation.states`).

    A row that is gone keeps its line here, so that it cannot come back unseen.
    """

    __tablename__ = "row_states"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(250), primary_key=True)
    version: Mapped[int]
    code: Mapped[str] = mapped_column(String(64))
    gone: Mapped[bool]
    first_at: Mapped[datetime]
