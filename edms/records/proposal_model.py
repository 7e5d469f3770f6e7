"""What is proposed for records that wait for a description, and what each office's filing has taught."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class RecordProposals(Base):
    """The proposals for one record until it is declared. `sealed`: they quote content, which no row may show."""

    __tablename__ = "record_proposals"

    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True)
    made_at: Mapped[datetime]
    sealed: Mapped[bytes]


class OfficeClassModel(Base):
    """What was learned from the records that an office filed up to `level`; shares are percentages on held-out ones.

    `filed`: how many there were to learn from, of which `documents` were learned and `measured` held out in turn.

    `sealed`: the model holds words of content. It is derived: deleting the row loses nothing but the time to learn.
    """

    __tablename__ = "class_models"

    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    level: Mapped[str] = mapped_column(String(20))
    trained_at: Mapped[datetime]
    filed: Mapped[int]
    documents: Mapped[int]
    classes: Mapped[int]
    measured: Mapped[int]
    first: Mapped[int]
    among_three: Mapped[int]
    baseline: Mapped[int]
    sealed: Mapped[bytes]
