"""What came in by watched folder, mail or bulk import: each arrival once, and the state of each source.

An arrival is written in the transaction that makes its record, so that a process that dies between capturing a thing
and moving it away at its source finds on its return that it was captured already.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class Arrival(Base):
    """One thing that came in. `identity`: SHA-256 of what names it at its source (path, size and time of change;
    Message-ID; row of a manifest). `settled_at`: when the source was told, by moving or flagging the thing there."""

    __tablename__ = "arrivals"
    __table_args__ = (UniqueConstraint("source", "identity", "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(120))
    identity: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    duplicate: Mapped[bool]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    arrived_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class IntakeSource(Base):
    """A watched folder or a mailbox: who looks after it now, when it is looked at next, and how it was last time."""

    __tablename__ = "intake_sources"

    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    lease: Mapped[UUID | None]
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    leased_until: Mapped[datetime | None]
    next_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Text)


class Sighting(Base):
    """A file in a watched folder that has not been captured: how it looked, and since when it looks so."""

    __tablename__ = "sightings"

    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    path_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    looks: Mapped[str] = mapped_column(String(120))
    since: Mapped[datetime]


class Reconciliation(Base):
    """A signed report of what became of everything given: content (canonical JSON) and detached CAdES signature."""

    __tablename__ = "reconciliations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    given: Mapped[int]
    captured: Mapped[int]
    duplicate: Mapped[int]
    quarantined: Mapped[int]
    refused: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    signature: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
