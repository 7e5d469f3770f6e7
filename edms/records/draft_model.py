"""Rule books that are not in force: drafts, what was reviewed of them, and the documents that editions come from."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.core.database import Base


class RuleDraft(Base):
    """A whole rule book under review, by its hash: handed in by one person, put into force by another."""

    __tablename__ = "rule_drafts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[str] = mapped_column(Text, deferred=True)
    note: Mapped[str] = mapped_column(String(300), default="")
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(200))


class RuleReview(Base):
    """That somebody was shown what a draft would change. `against_sha256`: the book in force then, empty before the
    first; a review against another one counts no more. `impact`: the counts, as the JSON of `edms retention impact`."""

    __tablename__ = "rule_reviews"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("rule_drafts.id"), index=True)
    against_sha256: Mapped[str] = mapped_column(String(64))
    as_of: Mapped[date]
    impact: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reviewed_by: Mapped[str] = mapped_column(String(200))
    reviewed_at: Mapped[datetime]

    draft: Mapped[RuleDraft] = relationship()


class RuleSource(Base):
    """The published document that an edition was re-keyed from (R4): a record of this archive, whose original has the
    hash that the edition names, where it names one."""

    __tablename__ = "rule_sources"
    __table_args__ = (UniqueConstraint("edition", "record_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(String(80))
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    named_by: Mapped[str] = mapped_column(String(200))
    named_at: Mapped[datetime]
