"""Records, their components, folders, events, holds and the rule books in force. Shapes: REQUIREMENTS section 2.1."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Office
from edms.core.database import Base
from edms.records.narrow import COUNTED, Narrow
from edms.vault.model import StoredBlob


class RecordState(StrEnum):
    """`PENDING`: received, its bytes are safe, not yet evidence. `DECLARED`: immutable evidence.

    `QUARANTINED`: set aside until a person decides. `RETURNED`: given back to its sender; kept, and no record.
    `BATCH`: several documents in one scan; what is declared are the records made of its parts. `DESTROYED`: by the
    procedure of disposal; what is left is the residual. `HANDED_OVER`: its content is with the archival
    institution, and no longer here; what is left is the stub.
    """

    PENDING = "pending"
    DECLARED = "declared"
    QUARANTINED = "quarantined"
    RETURNED = "returned"
    BATCH = "batch"
    DESTROYED = "destroyed"
    HANDED_OVER = "handed_over"


class ComponentRole(StrEnum):
    """`LATER_COPY`: an access copy made after the declaration, which the sealed manifest therefore does not name.

    `REDACTED`: a copy in which areas are covered, one for each redaction; it has nothing of its source but pictures."""

    ORIGINAL = "original"
    ACCESS_COPY = "access_copy"
    TEXT = "text"
    SEAL = "seal"
    MANIFEST = "manifest"
    SIGNED = "signed"
    ATTACHMENT = "attachment"
    AUTHENTICATED = "authenticated"
    LATER_COPY = "later_copy"
    REDACTED = "redacted"


class RuleBookEdition(Base):
    """A rule book as applied: the whole content, so that old records keep what was decided for them (R3)."""

    __tablename__ = "rule_books"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[str] = mapped_column(Text, deferred=True)
    applied_at: Mapped[datetime]
    applied_by: Mapped[str] = mapped_column(String(200))
    superseded_at: Mapped[datetime | None]


class Folder(Base):
    """Records of one matter (berkas); closing it is a cut-off for `FILE_CLOSED` rules."""

    __tablename__ = "folders"
    __table_args__ = (UniqueConstraint("office_id", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"))
    code: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(300))
    class_code: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(20))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class Record(Base):
    """A document on its way to being, or being, evidence. Once declared its content and description stand still.

    `who_may`: the lowest rank of its office that may see it when restricted or above, as the security scheme (SKKAAD)
    says of its class; empty: as the law says (R22). `personal_data`: somebody said that it holds some, so that it is
    open to its own office alone, whatever its level.
    """

    __tablename__ = "records"
    __table_args__ = (
        Index("ix_records_office_state", "office_id", "state"),
        Index("ix_records_state_active_until", "state", "active_until"),
        # All that the counts of the retention reports ask for, so that they never touch the wide rows.
        Index(
            "ix_records_retention",
            "state",
            "due_on",
            "id",
            "fate",
            "office_id",
            "level",
            "terjaga",
            "vital",
            "legacy_unverified",
            "fixity_failed",
            "rule_book_id",
            "who_may",
            "personal_data",
            "folder_id",
            "active_until",
            "class_code",
            "rule_edition",
            "rule_code",
            "awaiting",
            "document_date",
        ),
        # What counting all lists at once asks for and no more: SQLCipher authenticates and decrypts what it reads.
        Index(Narrow.DUE, *map(text, COUNTED), sqlite_where=text("state = 'declared'")).ddl_if(dialect="sqlite"),
        Index(Narrow.CLASS, "class_code", "level", "state", "office_id", "who_may", "personal_data"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"))
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    duplicate_key: Mapped[str | None] = mapped_column(String(100), unique=True)

    file_name: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(500))
    class_code: Mapped[str | None] = mapped_column(String(40))
    class_edition: Mapped[str | None] = mapped_column(String(80))
    class_title: Mapped[str | None] = mapped_column(String(500))
    level: Mapped[str | None] = mapped_column(String(20))
    kip: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[str | None] = mapped_column(String(120))
    document_date: Mapped[date | None]
    sender: Mapped[str | None] = mapped_column(String(300))
    recipient: Mapped[str | None] = mapped_column(String(300))
    record_type: Mapped[str | None] = mapped_column(String(40))
    development: Mapped[str | None] = mapped_column(String(20))
    medium: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(5))
    page_count: Mapped[int | None]

    terjaga: Mapped[bool] = mapped_column(default=False)
    vital: Mapped[bool] = mapped_column(default=False)
    legacy_unverified: Mapped[bool] = mapped_column(default=False)
    fixity_failed: Mapped[bool] = mapped_column(default=False)

    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(String(200))
    declared_at: Mapped[datetime | None]
    declared_by: Mapped[str | None] = mapped_column(String(200))
    problem_code: Mapped[str | None] = mapped_column(String(40))
    problem_text: Mapped[str | None] = mapped_column(Text)

    rule_book_id: Mapped[UUID | None] = mapped_column(ForeignKey("rule_books.id"))
    rule_code: Mapped[str | None] = mapped_column(String(80), index=True)
    rule_edition: Mapped[str | None] = mapped_column(String(80))
    fate: Mapped[str | None] = mapped_column(String(30))
    active_until: Mapped[date | None]
    due_on: Mapped[date | None]
    awaiting: Mapped[str | None] = mapped_column(String(300))

    version: Mapped[int] = mapped_column(default=1)

    who_may: Mapped[str | None] = mapped_column(String(20))
    personal_data: Mapped[bool] = mapped_column(default=False, server_default=false())

    office: Mapped[Office] = relationship()
    folder: Mapped[Folder | None] = relationship()
    rule_book: Mapped[RuleBookEdition | None] = relationship()
    components: Mapped[list["Component"]] = relationship(
        back_populates="record", order_by="(Component.position, Component.id)", cascade="all, delete-orphan"
    )

    def component(self, role: ComponentRole, position: int = 0) -> "Component | None":
        """Return the component that plays `role` at `position`, or None."""
        return next((part for part in self.components if (part.role, part.position) == (role.value, position)), None)


class Component(Base):
    """One stored bitstream of a record. `facts` holds what was found out about it (format, signatures, resolution)."""

    __tablename__ = "components"
    __table_args__ = (
        UniqueConstraint("record_id", "role", "position"),
        Index("ix_components_record_id_blob_id", "record_id", "blob_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"))
    role: Mapped[str] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)
    blob_id: Mapped[UUID] = mapped_column(ForeignKey("blobs.id"), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    puid: Mapped[str | None] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    record: Mapped[Record] = relationship(back_populates="components")
    blob: Mapped[StoredBlob] = relationship()


class TriggerEvent(Base):
    """The event from which years count, of a record or of a whole folder: noted by one person, verified by another."""

    __tablename__ = "trigger_events"
    __table_args__ = (CheckConstraint("(record_id IS NULL) <> (folder_id IS NULL)", name="record_or_folder"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("records.id"), index=True)
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), index=True)
    type: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(200), default="")
    happened_on: Mapped[date]
    evidence: Mapped[str] = mapped_column(String(500))
    recorded_by: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime]
    verified_by: Mapped[str | None] = mapped_column(String(200))
    verified_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(String(500))
    list_id: Mapped[UUID | None] = mapped_column(index=True)
    """Those that were noted together share one."""
    evidence_record_id: Mapped[UUID | None]
    """The record that shows it, where it lies in this archive."""


class Hold(Base):
    """A named stop to any disposal (R47)."""

    __tablename__ = "holds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    mandate: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[datetime]
    released_by: Mapped[str | None] = mapped_column(String(200))
    released_at: Mapped[datetime | None]


class HoldLink(Base):
    """That a hold binds a record."""

    __tablename__ = "hold_links"

    hold_id: Mapped[UUID] = mapped_column(ForeignKey("holds.id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True, index=True)
