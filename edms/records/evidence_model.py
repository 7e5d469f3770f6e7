"""The hash trees over the evidence of many records, their timestamps, and which of them cover a record.

How the rows become a record's evidence record: docs/formats/evidence-record.md, section 8.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class TreeKind(StrEnum):
    """What the leaves are: `DOCUMENTS`, a record's group of documents; `TIMESTAMPS`, a chain that is renewed."""

    DOCUMENTS = "documents"
    TIMESTAMPS = "timestamps"


class EvidenceTree(Base):
    """One tree and the timestamp over its root. Without a `token` it is under construction, and covers nothing.

    `under_way` is True then, and null ever after: the constraint lets one be made at a time. `touched_at`: when its
    maker last wrote. `ends_at`: when the certificate of its timestamp ends. Numbers ascend as the timestamps do.
    """

    __tablename__ = "evidence_trees"
    __table_args__ = (CheckConstraint("size >= 0", name="size_not_negative"),)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    algorithm: Mapped[str] = mapped_column(String(20))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    touched_at: Mapped[datetime]
    under_way: Mapped[bool | None] = mapped_column(unique=True)
    root: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    stamped_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    authority: Mapped[str | None] = mapped_column(String(300))
    development: Mapped[bool] = mapped_column(default=False)


class EvidenceTile(Base):
    """Up to 256 hashes of a tree, one behind the other (docs/formats/evidence-record.md, section 8)."""

    __tablename__ = "evidence_tiles"

    tree_id: Mapped[int] = mapped_column(ForeignKey("evidence_trees.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class EvidenceMember(Base):
    """That a tree covers a record, and where its leaf is. The first is its initial one, each further a new chain.

    It outlives the record, so that each tree has as many members as leaves and a missing one is noticed.
    """

    __tablename__ = "evidence_members"
    __table_args__ = (Index("ix_evidence_members_tree", "tree_id", "position"),)

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    tree_id: Mapped[int] = mapped_column(ForeignKey("evidence_trees.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


class EvidenceRenewal(Base):
    """That the chain which `chain_id` began is renewed by the timestamp of `tree_id`, and where its leaf is there."""

    __tablename__ = "evidence_renewals"

    chain_id: Mapped[int] = mapped_column(ForeignKey("evidence_trees.id", ondelete="CASCADE"), primary_key=True)
    tree_id: Mapped[int] = mapped_column(ForeignKey("evidence_trees.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
