"""What people prove themselves with, beside the hash of the password in `people`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class GivenPassword(Base):
    """An administrator set the password of this person and may know it: the person is to choose another."""

    __tablename__ = "given_passwords"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    given_at: Mapped[datetime]


class UnconfirmedAccount(Base):
    """An administrator gave a way into this account (`cause`): it reaches what is published until somebody else, who
    administers nothing, has said that its person has it."""

    __tablename__ = "unconfirmed_accounts"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    cause: Mapped[str] = mapped_column(String(20))
    made_by: Mapped[str] = mapped_column(String(200))
    maker_name: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]


class OneTimeCode(Base):
    """An app that shows a person codes by time (RFC 6238). `sealed`: its secret, under a key of the key ring.

    `confirmed_at` None: begun, and no code has shown yet that the app has it. `last_step`: the newest 30 seconds whose
    code was taken; none of it or of before is taken again.
    """

    __tablename__ = "one_time_codes"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCode(Base):
    """A code on paper for the day on which the app is lost; `digest` is keyed, and each is taken once."""

    __tablename__ = "recovery_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A passkey (W3C Web Authentication, level 3). `proof`: keyed, over whose it is and which key it has, so that a row
    that was put in or changed around the system lets nobody in. `sign_count`: how often the authenticator says it
    signed; 0 throughout where it does not count."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class DirectoryLink(Base):
    """Whose entry of a directory a person is: no password is kept here, the directory is asked. `entry`: a keyed digest
    of what the entry keeps for life; `proof`: keyed, over person and entry, so that a row that was put in or given to
    somebody else around the system lets nobody in. `user`: the name that the entry has there now."""

    __tablename__ = "directory_links"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    entry: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))
    user: Mapped[str] = mapped_column(String(80), index=True)
    linked_at: Mapped[datetime]


class ApiToken(Base):
    """A secret that a program shows in the place of its person. `digest`: keyed, of the secret; `proof`: keyed, over
    all that the row says but when it was used, so that a row put in or changed around the system lets nobody in.
    `scopes`: `TokenScope` values with commas between; `office_id` None: whatever offices its person has."""

    __tablename__ = "api_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str] = mapped_column(String(60))
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None]


class OpenChallenge(Base):
    """A challenge that an authenticator has still to answer: a keyed digest of it and of what it is for."""

    __tablename__ = "open_challenges"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(index=True)
