"""Disposal (penyusutan): batches, what is in them, every step that was taken, papers, and what is left of a record."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Office
from edms.core.database import Base
from edms.records.model import Folder, Record


class DisposalBatch(Base):
    """One disposal. `kind`, `state`: words of `edms.disposal.course`; `tier`: `LT10` or `GE10`.

    `level`: the highest of what is in it; `class_code`: of its papers. `committee`: `{"members": [{"user", "person",
    "name", "capacity"}]}`. `list_sha256`: of the list as it was frozen (docs/formats/disposal.md). `signers`: who signs
    the berita acara, as `committee`, with `position`. `evidence`: what was found at the end: counts, epochs, backups.
    `folder_id`: the file of it (`edms.records.dossiers`), from its first letter or paper on.
    """

    __tablename__ = "disposal_batches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    tier: Mapped[str] = mapped_column(String(4))
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    level: Mapped[str] = mapped_column(String(20))
    class_code: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), index=True)
    state_since: Mapped[datetime]
    title: Mapped[str] = mapped_column(String(300))
    opened_by: Mapped[str] = mapped_column(String(200))
    opener_name: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime]
    committee: Mapped[dict[str, Any]] = mapped_column(default=dict)
    list_sha256: Mapped[str | None] = mapped_column(String(64))
    frozen_at: Mapped[datetime | None]
    number: Mapped[str | None] = mapped_column(String(120))
    place: Mapped[str | None] = mapped_column(String(100))
    method: Mapped[str | None] = mapped_column(String(200))
    signers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(500))
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), unique=True)

    office: Mapped[Office] = relationship()
    folder: Mapped[Folder | None] = relationship()
    items: Mapped[list["DisposalItem"]] = relationship(back_populates="batch", order_by="DisposalItem.position")
    steps: Mapped[list["DisposalStep"]] = relationship(back_populates="batch", order_by="DisposalStep.position")
    papers: Mapped[list["DisposalPaper"]] = relationship(order_by="DisposalPaper.kind")


class DisposalItem(Base):
    """One record of a batch. `standing_key` is its record while it is in it, so that none is in two at once.

    `frozen`: what was decided about it when the list was frozen: description, rule, dates, hashes, reasons;
    `frozen_sha256` of its canonical JSON. `verdict`, `note`: what the committee found when it looked. `before`: what
    was found in the moment before it was carried out; `excluded_in`: the state of the batch when it was taken out.
    """

    __tablename__ = "disposal_items"
    __table_args__ = (UniqueConstraint("batch_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("disposal_batches.id"))
    position: Mapped[int]
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    standing_key: Mapped[str | None] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    frozen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    frozen_sha256: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(1000))
    assessed_by: Mapped[str | None] = mapped_column(String(200))
    assessor_name: Mapped[str | None] = mapped_column(String(200))
    assessed_at: Mapped[datetime | None]
    excluded_reason: Mapped[str | None] = mapped_column(String(500))
    excluded_in: Mapped[str | None] = mapped_column(String(20))
    excluded_by: Mapped[str | None] = mapped_column(String(200))
    excluded_at: Mapped[datetime | None]
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    done_at: Mapped[datetime | None]

    batch: Mapped[DisposalBatch] = relationship(back_populates="items")
    record: Mapped[Record] = relationship()


class DisposalStep(Base):
    """That a step was taken, by whom, in which duty, on what document. Rows are added and never changed.

    `record_id`: of the letter or decree; `number`, `dated`: what stands on it; `file_sha256`: of its original.
    """

    __tablename__ = "disposal_steps"
    __table_args__ = (UniqueConstraint("batch_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("disposal_batches.id"))
    position: Mapped[int]
    step: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    duty: Mapped[str] = mapped_column(String(30))
    actor_id: Mapped[str] = mapped_column(String(200))
    actor_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    number: Mapped[str | None] = mapped_column(String(120))
    dated: Mapped[date | None]
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("records.id"), index=True)
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")

    batch: Mapped[DisposalBatch] = relationship(back_populates="steps")


class DisposalPaper(Base):
    """A paper of a batch that was drawn up, as a record of its own. `kind`: `edms.disposal.papers`."""

    __tablename__ = "disposal_papers"

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("disposal_batches.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    drawn_at: Mapped[datetime]

    record: Mapped[Record] = relationship()


class Residual(Base):
    """What is left of a destroyed record (R58): enough to say that it was, what it was, and by what right it is gone.

    `title`: the record's own where it was open and held no personal data, else that of its class (`redacted`).
    `components`: role, position, media type, size and SHA-256 of everything that was destroyed.
    """

    __tablename__ = "residuals"

    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("disposal_batches.id"), index=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("disposal_items.id"), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    redacted: Mapped[bool]
    class_code: Mapped[str | None] = mapped_column(String(40))
    class_edition: Mapped[str | None] = mapped_column(String(80))
    document_date: Mapped[date | None]
    received_at: Mapped[datetime]
    declared_at: Mapped[datetime | None]
    rule_code: Mapped[str | None] = mapped_column(String(80))
    rule_edition: Mapped[str | None] = mapped_column(String(80))
    rule_clause: Mapped[str] = mapped_column(String(500), default="")
    due_on: Mapped[date | None]
    components: Mapped[dict[str, Any]] = mapped_column(default=dict)
    bytes_destroyed: Mapped[int] = mapped_column(BigInteger)
    destroyed_at: Mapped[datetime]
    destroyed_by: Mapped[str] = mapped_column(String(200))
    destroyer_name: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(200))
    minutes_number: Mapped[str] = mapped_column(String(120))
