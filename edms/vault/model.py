"""The table of blobs: what is needed to find, open and check each one."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base
from edms.vault.sealed import SealedBlob


class StoredBlob(Base):
    """One sealed blob. `size` and `sha256` are those of the plaintext; `wrapped_key` opens nothing without the KEK."""

    __tablename__ = "blobs"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size_not_negative"),
        Index("ix_blobs_key_id_epoch", "key_id", "epoch"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    purpose: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[int]
    created_at: Mapped[datetime]

    @classmethod
    def of(cls, sealed: SealedBlob, now: datetime) -> Self:
        """Return the row for a blob that the vault has made durable."""
        return cls(
            id=sealed.blob_id,
            name=sealed.name,
            purpose=sealed.purpose,
            size=sealed.size,
            sha256=sealed.sha256,
            wrapped_key=sealed.wrapped_key,
            key_id=sealed.key_id,
            epoch=sealed.epoch,
            created_at=now,
        )

    @property
    def blob_id(self) -> UUID:
        return self.id

    def sealed(self) -> SealedBlob:
        """Return what the vault needs to open it, free of the session."""
        return SealedBlob(
            blob_id=self.id,
            name=self.name,
            purpose=self.purpose,
            size=self.size,
            sha256=self.sha256,
            wrapped_key=self.wrapped_key,
            key_id=self.key_id,
            epoch=self.epoch,
        )
