"""Access by permission: sets of records, requests for access, and grants (R22)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Office, Person
from edms.core.database import Base


class RecordSet(Base):
    """A fixed list of records that somebody put together, so that access is granted to all of them at once."""

    __tablename__ = "record_sets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]


class RecordSetItem(Base):
    """That a record belongs to a set."""

    __tablename__ = "record_set_items"

    set_id: Mapped[UUID] = mapped_column(ForeignKey("record_sets.id"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), primary_key=True, index=True)


class RequestState(StrEnum):
    """What became of a request for access."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AccessRequest(Base):
    """Somebody asks an office to see what they may not. `wanted` is in their own words: whether such a record exists is
    for the office to find, and nothing of it goes back with the request."""

    __tablename__ = "access_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    wanted: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(String(10))
    purpose: Mapped[str] = mapped_column(Text)
    until: Mapped[date]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), index=True)
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)

    person: Mapped[Person] = relationship()
    office: Mapped[Office] = relationship()


class AccessGrant(Base):
    """That a person may see a record, all records of a folder, or those of a set, until a moment, for a purpose.

    `emergency`: taken by the person (break-glass), not given; somebody of the office reviews it afterwards.
    """

    __tablename__ = "access_grants"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN record_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN folder_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN set_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_subject",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("records.id"), index=True)
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), index=True)
    set_id: Mapped[UUID | None] = mapped_column(ForeignKey("record_sets.id"), index=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_requests.id"), index=True)
    mode: Mapped[str] = mapped_column(String(10))
    purpose: Mapped[str] = mapped_column(Text)
    granted_by: Mapped[str] = mapped_column(String(200))
    granted_at: Mapped[datetime]
    until: Mapped[datetime]
    emergency: Mapped[bool] = mapped_column(default=False)
    revoked_by: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None]
    revoke_reason: Mapped[str | None] = mapped_column(Text)
    reviewed_by: Mapped[str | None] = mapped_column(String(200))
    reviewed_at: Mapped[datetime | None]
    review: Mapped[str | None] = mapped_column(Text)

    person: Mapped[Person] = relationship()
    office: Mapped[Office] = relationship()
