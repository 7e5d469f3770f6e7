"""Transfers to inactive custody (pemindahan), reviews (penilaian kembali), hand-overs (penyerahan): what is in each,
every step with who took it, and what was drawn up. Course: edms/retention/proceedings.py."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Office
from edms.core.database import Base
from edms.records.model import Folder, Record


class Proceeding(Base):
    """One proceeding of an office. `to_office_id`: the unit kearsipan that takes custody, of a transfer.

    `listed`: what it was about as it was frozen, `list_sha256` of its canonical JSON. `signers`: who signs its papers,
    in order, as those of a digitisation. `receiver`: `{"name", "keys"}` of a hand-over, the keys as PEM, written down
    at the approval. `package`: `{"name", "manifest_sha256", "at"}` of what was packed last. `folder_id`: the file of it
    (`edms.records.dossiers`), from its first paper on.
    """

    __tablename__ = "proceedings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    to_office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    level: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    class_code: Mapped[str | None] = mapped_column(String(40))
    number: Mapped[str | None] = mapped_column(String(120))
    opened_by: Mapped[str] = mapped_column(String(200))
    opener_name: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime]
    since: Mapped[datetime]
    listed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    list_sha256: Mapped[str | None] = mapped_column(String(64))
    signers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    receiver: Mapped[dict[str, Any]] = mapped_column(default=dict)
    package: Mapped[dict[str, Any]] = mapped_column(default=dict)
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), unique=True)

    office: Mapped[Office] = relationship(foreign_keys=[office_id])
    to_office: Mapped[Office | None] = relationship(foreign_keys=[to_office_id])
    folder: Mapped[Folder | None] = relationship()
    items: Mapped[list["ProceedingItem"]] = relationship(
        back_populates="proceeding", order_by="ProceedingItem.position"
    )
    steps: Mapped[list["ProceedingStep"]] = relationship(order_by="ProceedingStep.position")
    papers: Mapped[list["ProceedingPaper"]] = relationship(order_by="ProceedingPaper.kind")


class ProceedingItem(Base):
    """One record in it. `standing_key` is its record while the proceeding is open, so that it is in one alone.

    `snapshot`: what retention said of it when it was taken in. `decision`: what a review decides of it. `sent`: the
    hashes of its package, `{"mets_sha256", "files"}`; `reference`: its place in the archive that took it.
    """

    __tablename__ = "proceeding_items"
    __table_args__ = (UniqueConstraint("proceeding_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proceeding_id: Mapped[UUID] = mapped_column(ForeignKey("proceedings.id"))
    position: Mapped[int]
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    standing_key: Mapped[str | None] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(500))
    snapshot: Mapped[dict[str, Any]] = mapped_column(default=dict)
    decision: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reference: Mapped[str | None] = mapped_column(String(300))

    proceeding: Mapped[Proceeding] = relationship(back_populates="items")
    record: Mapped[Record] = relationship()


class ProceedingStep(Base):
    """An act on a proceeding, by whom and when; `note` is what was told with it (committee, letters, opinions)."""

    __tablename__ = "proceeding_steps"

    proceeding_id: Mapped[UUID] = mapped_column(ForeignKey("proceedings.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    note: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ProceedingPaper(Base):
    """What was drawn up or came in, as a record of its own."""

    __tablename__ = "proceeding_papers"

    proceeding_id: Mapped[UUID] = mapped_column(ForeignKey("proceedings.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    drawn_at: Mapped[datetime]

    record: Mapped[Record] = relationship()
