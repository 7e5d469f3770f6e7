"""What is left here of a record whose content was removed after a hand-over: the stub (R45, R58, R82)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class RemovedContent(Base):
    """That the content of a record is no longer here, who has it under which reference, and what it was.

    `accession`: the number of the receipt; `reference`: the record's place there. `receipt_sha256`, `manifest_sha256`,
    `mets_sha256`: of the receipt, of the package and of the record's part of it. `components`: role, position, media
    type, size and SHA-256 of everything that was removed. `before`: what was found in the moment before.
    `order_position`: of the step by which it was ordered. `redacted`: the title of its class stands for its own.
    """

    __tablename__ = "removed_contents"

    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True)
    proceeding_id: Mapped[UUID] = mapped_column(ForeignKey("proceedings.id"), index=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("proceeding_items.id"), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    redacted: Mapped[bool]
    class_code: Mapped[str | None] = mapped_column(String(40))
    class_edition: Mapped[str | None] = mapped_column(String(80))
    rule_code: Mapped[str | None] = mapped_column(String(80))
    rule_edition: Mapped[str | None] = mapped_column(String(80))
    document_date: Mapped[date | None]
    declared_at: Mapped[datetime | None]
    receiver: Mapped[str] = mapped_column(String(200))
    accession: Mapped[str] = mapped_column(String(300))
    reference: Mapped[str] = mapped_column(String(300))
    receipt_sha256: Mapped[str] = mapped_column(String(64))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    mets_sha256: Mapped[str] = mapped_column(String(64))
    components: Mapped[dict[str, Any]] = mapped_column(default=dict)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    bytes_removed: Mapped[int] = mapped_column(BigInteger)
    removed_at: Mapped[datetime]
    removed_by: Mapped[str] = mapped_column(String(200))
    remover_name: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(200))
    order_number: Mapped[str] = mapped_column(String(120))
    order_position: Mapped[int]
