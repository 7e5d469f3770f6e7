"""The table of uploads: files on their way in, of which some part may be on the disk already."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class Upload(Base):
    """One file under way. How far it has come is said by the disk (edms/vault/staging.py), never by a column.

    `token` is the sender's own name for it, so that asking twice begins it once. `record_id` is set in the very
    transaction that makes the record; `outcome` then says captured or duplicate, `sha256` what was received.
    `purpose`: file, which becomes a record when it is whole; page, a photograph that waits for its document.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("actor_id", "token"),
        CheckConstraint("length >= 0", name="length_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[str] = mapped_column(String(100))
    token: Mapped[str] = mapped_column(String(64))
    office_id: Mapped[UUID]
    class_code: Mapped[str | None] = mapped_column(String(40))
    level: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(1000))
    purpose: Mapped[str] = mapped_column(String(10), default="file")
    length: Mapped[int] = mapped_column(BigInteger)
    claimed_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    record_id: Mapped[UUID | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    sha256: Mapped[str | None] = mapped_column(String(64))
