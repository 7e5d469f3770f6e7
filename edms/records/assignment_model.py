"""Which rule speaks of a record, by whom and why, where it is another one than it was declared under (section 2.1)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class AssignmentSource(StrEnum):
    """`INHERITED`: from its class, at declaration. `OVERRIDE`: a records officer gave it another rule of the book in
    force. `REVIEW`: what a review decided (R75)."""

    INHERITED = "INHERITED"
    OVERRIDE = "OVERRIDE"
    REVIEW = "REVIEW"


class RetentionAssignment(Base):
    """One rule given to one record; never edited, only superseded by the next.

    `stands` is true while it holds and NULL afterwards, so that the database lets one hold at a time. A record without
    any is under the rule of its declaration, which its own row names; the first assignment writes that one down too, as
    `INHERITED`. `snapshot`: `{"rule": …}`, the rule as it was (None: there was none). `counts_from`: the day on which a
    review let the years begin anew; the snapshot is then the review's own rule, else it is the one of the book.
    """

    __tablename__ = "retention_assignments"
    __table_args__ = (UniqueConstraint("record_id", "stands"), UniqueConstraint("record_id", "position"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    position: Mapped[int]
    stands: Mapped[bool | None]
    source: Mapped[str] = mapped_column(String(20))
    rule_book_id: Mapped[UUID | None] = mapped_column(ForeignKey("rule_books.id"))
    rule_edition: Mapped[str | None] = mapped_column(String(80))
    rule_code: Mapped[str | None] = mapped_column(String(80))
    snapshot: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts_from: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(500))
    actor: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
