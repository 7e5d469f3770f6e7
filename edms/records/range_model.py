"""The table of page ranges: a long scan that is being recognised, or a long record that is being redacted, some pages
at a time."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class PageRange(Base):
    """Pages `first` to `last` (first is 1) of a record.

    Of a scan: of its original, with a job of its own whose subject it is; `text_id` names the text. Of a redaction, of
    which a record has one at a time under way: of the copy that is covered, without jobs; `text_id` names what is told
    of the pages. `pdf_id` and `text_id` name sealed results once they are durable. The rows go when the whole is made.
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
