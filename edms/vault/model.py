"""The table of blobs, what is needed to find, open and check each one, and the tables of what becomes of their keys."""

from datetime import datetime
from enum import StrEnum
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
        Index("ix_blobs_key_id_epoch_id", "key_id", "epoch", "id"),
        # Under SQLCipher a row costs the page it lies on, decrypted: sizes of many are summed up over an index alone.
        Index("ix_blobs_id_size", "id", "size").ddl_if(dialect="sqlite"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    purpose: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
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


class EpochState(StrEnum):
    """What may be done under a key-encryption key: wrap; only unwrap; nothing, since nothing is left under it."""

    OPEN = "open"
    CLOSED = "closed"
    DESTROYED = "destroyed"


class KeyEpoch(Base):
    """One key-encryption key that rows were wrapped under. Inserting a row holds a shared lock on its epoch's, so that
    closing an epoch waits for every insertion under it and none comes after."""

    __tablename__ = "key_epochs"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]


class KeyRotation(Base):
    """One rotation, from `from_epoch` to `to_epoch` (unknown until the key is made); unfinished until `finished_at`."""

    __tablename__ = "key_rotations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64), index=True)
    from_epoch: Mapped[int]
    to_epoch: Mapped[int | None]
    destroy_old: Mapped[bool]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class OrderedDestruction(Base):
    """A decision to destroy one blob, and how far it was carried out: its row with the wrapped key, its bytes, and the
    key-encryption key of `epoch`, the last one that wrapped its key."""

    __tablename__ = "ordered_destructions"

    blob_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(index=True)
    decision: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[int | None]
    ordered_at: Mapped[datetime]
    row_removed_at: Mapped[datetime | None]
    bytes_removed_at: Mapped[datetime | None]
    shredded_at: Mapped[datetime | None]
