"""What is judged of a record beside its rule: proposed by one person, judged by another (R46, R49, R81)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class ReviewKind(StrEnum):
    """`TERJAGA_RELEASE`, `VITAL_RELEASE`: the mark no longer keeps it from disposal. `VITAL_KEPT`: it is vital, until
    its next review. `LEGACY_DATE`: the date of an old document, with what shows it. `MAXIMUM`: the longest time for
    which the personal data in it may be kept, of one record or of a class. `ERASURE`: somebody asks to destroy data on
    them."""

    TERJAGA_RELEASE = "terjaga_release"
    VITAL_RELEASE = "vital_release"
    VITAL_KEPT = "vital_kept"
    LEGACY_DATE = "legacy_date"
    MAXIMUM = "maximum"
    ERASURE = "erasure"


class RetentionReview(Base):
    """One matter. `accepted` None: it waits for its judge. `day`: of LEGACY_DATE the date, of VITAL_KEPT the next look.

    `months`: of MAXIMUM, None when what was set before ends. `told`: of VITAL_KEPT how it is protected, of MAXIMUM the
    law, else what shows it. Of several judged ones of a kind the last judged counts. One that was withdrawn is not
    accepted, and `judged_by` is who proposed it, which nobody else's judgement can be.
    """

    __tablename__ = "retention_reviews"
    __table_args__ = (CheckConstraint("(record_id IS NULL) <> (class_code IS NULL)", name="record_or_class"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("records.id"), index=True)
    class_code: Mapped[str | None] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    told: Mapped[str] = mapped_column(String(500))
    day: Mapped[date | None] = mapped_column(index=True)
    months: Mapped[int | None]
    proposed_by: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime]
    judged_by: Mapped[str | None] = mapped_column(String(200))
    judged_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]
    judgement: Mapped[str | None] = mapped_column(String(500))
