"""Digitisation (alih media): scanners, what was scanned with them, by whom, checked by whom, and what was drawn up."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Office
from edms.core.database import Base
from edms.records.model import Record


class Scanner(Base):
    """A scanner of an office with its settings. Never changed, for what was scanned names it; retired instead."""

    __tablename__ = "scanners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    make: Mapped[str] = mapped_column(String(80))
    model: Mapped[str] = mapped_column(String(80))
    serial: Mapped[str] = mapped_column(String(80))
    optical_dpi: Mapped[int]
    settings: Mapped[str] = mapped_column(String(500))
    calibrated_on: Mapped[date | None]
    added_by: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Digitisation(Base):
    """One batch of alih media. From `closed_at` on the row stands still, but for a cancellation before all have signed.

    `signers`: who signs the berita acara, in order: `{"user", "person", "name", "position", "capacity"}` each.
    `listed`: the list as it was drawn up (`edms.digitisation.listing`), `list_sha256` the SHA-256 of its canonical
    JSON, `csv_sha256` of its CSV. `widened`: something was rejected, so the next check looks at all.
    """

    __tablename__ = "digitisations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    level: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    place: Mapped[str] = mapped_column(String(100))
    begun_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(300))
    condition: Mapped[str] = mapped_column(String(300))
    medium: Mapped[str] = mapped_column(String(100))
    process_note: Mapped[str] = mapped_column(String(1000))
    class_code: Mapped[str | None] = mapped_column(String(40))
    widened: Mapped[bool] = mapped_column(default=False)
    opened_by: Mapped[str] = mapped_column(String(200))
    opener_name: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime]
    number: Mapped[str | None] = mapped_column(String(120))
    signers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    closed_by: Mapped[str | None] = mapped_column(String(200))
    closed_at: Mapped[datetime | None]
    listed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    list_sha256: Mapped[str | None] = mapped_column(String(64))
    csv_sha256: Mapped[str | None] = mapped_column(String(64))
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(500))

    office: Mapped[Office] = relationship()
    items: Mapped[list["DigitisedItem"]] = relationship(
        back_populates="digitisation", order_by="DigitisedItem.position"
    )
    papers: Mapped[list["DigitisationPaper"]] = relationship(order_by="DigitisationPaper.kind")


class DigitisedItem(Base):
    """One record of a digitisation. `standing_key` is its record while the item stands, so that none is there twice.

    `page_papers`: the paper of pages that have another; `counted`: pages on paper, as a person counted them; `pages`:
    what was measured of each (`edms.digitisation.judge.ScannedPage`); `sha256`: of the original that was measured.
    """

    __tablename__ = "digitisation_items"
    __table_args__ = (UniqueConstraint("digitisation_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digitisation_id: Mapped[UUID] = mapped_column(ForeignKey("digitisations.id"))
    position: Mapped[int]
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    standing_key: Mapped[str | None] = mapped_column(String(32), unique=True)
    scanner_id: Mapped[UUID] = mapped_column(ForeignKey("scanners.id"))
    kind: Mapped[str] = mapped_column(String(10))
    paper: Mapped[str] = mapped_column(String(20))
    page_papers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counted: Mapped[int]
    pages: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20))
    added_by: Mapped[str] = mapped_column(String(200))
    adder_name: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime]
    sampled: Mapped[bool] = mapped_column(default=False)
    checked_by: Mapped[str | None] = mapped_column(String(200))
    checker_name: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[datetime | None]
    reasons: Mapped[dict[str, Any]] = mapped_column(default=dict)
    check_note: Mapped[str | None] = mapped_column(String(500))
    replaced_by: Mapped[UUID | None]

    digitisation: Mapped[Digitisation] = relationship(back_populates="items")
    record: Mapped[Record] = relationship()
    scanner: Mapped[Scanner] = relationship()
    mark: Mapped["CopyMark | None"] = relationship(back_populates="item")


class DigitisationPaper(Base):
    """What was drawn up at closing, as a record of its own: `list` or `minutes` (the berita acara)."""

    __tablename__ = "digitisation_papers"

    digitisation_id: Mapped[UUID] = mapped_column(ForeignKey("digitisations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    drawn_at: Mapped[datetime]

    record: Mapped[Record] = relationship()


class CopyMark(Base):
    """The mark of authentication: `token` is the address in its QR code; `base_sha256` the copy without it, `sha256`
    the authenticated copy, a component of the record at `component_position`."""

    __tablename__ = "digitisation_marks"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("digitisation_items.id"), primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    component_position: Mapped[int]
    base_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    marked_at: Mapped[datetime]

    item: Mapped[DigitisedItem] = relationship(back_populates="mark")
