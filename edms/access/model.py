"""Offices, people, their sessions and their failed sign-ins."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.core.database import Base


class Office(Base):
    """An office of the city (perangkat daerah): owner of records; a tree."""

    __tablename__ = "offices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    created_at: Mapped[datetime]


class Person(Base):
    """Somebody who signs in. `roles` is a comma-separated list of `Role` values, `clearance` a `Level`.

    `office_id` and `is_head` are the standing position, without days; what has days, another rank, or is held for
    somebody else is a `Position` beside it. `last_day`: the last one of service; afterwards the person is let in no
    more (retirement), and the row stays for the audit trail. `held_by`: a service account, for a program, and the
    person who answers for it; it has API tokens and no other way in.
    """

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    roles: Mapped[str] = mapped_column(String(200))
    clearance: Mapped[str] = mapped_column(String(20))
    is_head: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_day: Mapped[date | None]
    held_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))

    office: Mapped[Office | None] = relationship()


class Position(Base):
    """A position (jabatan) that a person holds on its days, both included; with `acting_for` in another's place (Plt.,
    Plh.), by the decree that `mandate` names. It ends early on `last`, and is never removed."""

    __tablename__ = "positions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("offices.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    rank: Mapped[str] = mapped_column(String(20))
    first: Mapped[date | None]
    last: Mapped[date | None]
    acting_for: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    mandate: Mapped[str] = mapped_column(String(300))
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]

    office: Mapped[Office] = relationship()


class SignInSession(Base):
    """A signed-in browser. Of its token only a keyed digest (HMAC-SHA256) is kept: a copy of the table signs nobody in,
    and neither does a row that was put in or given to another person around the system.

    Of one that came by the sign-in provider `provider_subject` and `provider_session` are keyed digests of the account
    and the session there, by which the provider has it ended.
    """

    __tablename__ = "sign_in_sessions"

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    language: Mapped[str] = mapped_column(String(5), default="id")
    must_choose: Mapped[bool] = mapped_column(default=False)
    proved_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(60), default="")
    network: Mapped[str] = mapped_column(String(10), default="")
    provider_subject: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    provider_session: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)


class SignInFailure(Base):
    """A failed sign-in, for the rate limit. `key` is a digest of user name and address, so nothing is readable."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_key_at", "key", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
