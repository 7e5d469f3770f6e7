"""The table of page ranges: a long scan that is being recognised, some pages at a time, on however many cores."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class PageRange(Base):
    """Pages `first` to `last` (first is 1) of a record's original, with a job of its own whose subject it is.

    `pdf_id` and `text_id` name the sealed results once they are durable. The rows go when the access copy is made.
    """

    __tablename__ = "page_ranges"
    __table_args__ = (
        UniqueConstraint("record_id", "first"),
        CheckConstraint("first >= 1 AND last >= first", name="in_order"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"))
    first: Mapped[int]
    last: Mapped[int]
    pdf_id: Mapped[UUID | None] = mapped_column(ForeignKey("blobs.id"))
    text_id: Mapped[UUID | None] = mapped_column(ForeignKey("blobs.id"))
