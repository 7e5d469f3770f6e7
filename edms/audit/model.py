"""The trail's rows. `body` is the truth; the other columns of a leaf repeat parts of it, for queries."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base

_POSITION = BigInteger().with_variant(Integer, "sqlite")


class AuditLeaf(Base):
    """One event at its place in the tree. `lane` and `number` are those under which it waited for that place.

    That no two leaves have the same is what makes an event integrate once, whatever else goes wrong.
    """

    __tablename__ = "audit_leaves"
    __table_args__ = (
        Index("ix_audit_leaves_subject", "subject_kind", "subject_id", "index"),
        Index(
            "ix_audit_leaves_lane_number",
            "lane",
            "number",
            unique=True,
            sqlite_where=text("lane IS NOT NULL"),
            postgresql_where=text("lane IS NOT NULL"),
        ),
    )

    index: Mapped[int] = mapped_column(_POSITION, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(80))
    actor_id: Mapped[str] = mapped_column(String(120))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(80))
    lane: Mapped[int | None]
    number: Mapped[int | None] = mapped_column(_POSITION)


class AuditLane(Base):
    """A line in which writers number their events without gaps; `number` is the last one given.

    A transaction has a lane to itself until it ends. There come to be as many lanes as transactions were ever appending
    at a time.
    """

    __tablename__ = "audit_lanes"

    lane: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(_POSITION)


class AuditWaiting(Base):
    """An event that is committed and has no place in the tree yet. `sequence` is the order in which places are given.

    `body` is the leaf without its index, `mac` binds it to lane and number under a key of the trail's.
    """

    __tablename__ = "audit_waiting"

    sequence: Mapped[int] = mapped_column(_POSITION, primary_key=True, autoincrement=True)
    lane: Mapped[int]
    number: Mapped[int] = mapped_column(_POSITION)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(80))


class AuditNode(Base):
    """The hash of a complete subtree: level 0 are the leaves."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(_POSITION, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditCheckpoint(Base):
    """A signed state of the trail. `made_at` says when the next one is due; `timestamp` is an RFC 3161 token (DER) over
    the SHA-256 of the note as we signed it."""

    __tablename__ = "audit_checkpoints"

    size: Mapped[int] = mapped_column(_POSITION, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime | None]
    timestamp: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditCosignature(Base):
    """The signature line by which a witness cosigned a checkpoint of ours."""

    __tablename__ = "audit_cosignatures"

    size: Mapped[int] = mapped_column(_POSITION, ForeignKey("audit_checkpoints.size"), primary_key=True)
    witness: Mapped[str] = mapped_column(String(200), primary_key=True)
    line: Mapped[str] = mapped_column(Text)


class WitnessedTrail(Base):
    """The trail of another archive that we witness: whose, its key, and the newest checkpoint that we cosigned."""

    __tablename__ = "witnessed_trails"

    origin: Mapped[str] = mapped_column(String(200), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    size: Mapped[int] = mapped_column(_POSITION, default=0)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    note: Mapped[str] = mapped_column(Text, default="")
    cosigned_at: Mapped[datetime | None]
