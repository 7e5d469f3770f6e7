"""Personal signatures: who may be asked, who was asked for what, and what was signed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edms.access.model import Person
from edms.core.database import Base
from edms.records.model import Record


class SigningIdentity(Base):
    """What a provider knows a person by, and the person's position as it stands in signatures.

    `identity`: the NIK at a certified service. `sealed_key`: the pilot's key under the person's own passphrase.
    `revoked_since`: from when the certificate is not to be trusted (RFC 5280, 5.3.2), which may be before it was told.
    """

    __tablename__ = "signing_identities"
    __table_args__ = (Index("ix_signing_identities_person_id_provider", "person_id", "provider"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    provider: Mapped[str] = mapped_column(String(20))
    position: Mapped[str] = mapped_column(String(200))
    identity: Mapped[str] = mapped_column(String(40), default="")
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    enrolled_by: Mapped[str] = mapped_column(String(200))
    enrolled_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_since: Mapped[datetime | None]
    revoke_reason: Mapped[str | None] = mapped_column(String(300))

    person: Mapped[Person] = relationship()

    @property
    def ready(self) -> bool:
        """Whether it can sign: a certified service holds the key itself, the pilot's must have been issued."""
        return self.revoked_at is None and (bool(self.identity) or self.sealed_key is not None)


class SignatureRequest(Base):
    """A record put before officials for their signatures, in order. `base_sha256`: the document as it was then."""

    __tablename__ = "signature_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("records.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    requested_by: Mapped[str] = mapped_column(String(200))
    requester_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    location: Mapped[str] = mapped_column(String(100))
    base_sha256: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None] = mapped_column(String(500))

    record: Mapped[Record] = relationship()
    signatures: Mapped[list["Signature"]] = relationship(back_populates="request", order_by="Signature.position")


class Signature(Base):
    """One official's place in a request: asked, then signed or declined. What was signed stands here for good.

    `page` to `height`: the visible field, in points as the page is seen. `rendering_sha256`: what the signer was shown
    (docs/signatures.md); `base_sha256` and `signed_sha256`: the document before and after; `component_position`: which
    `signed` component it is.
    """

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("request_id", "position"),
        Index("ix_signatures_person_id_state", "person_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("signature_requests.id"))
    position: Mapped[int]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    identity_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing_identities.id"))
    state: Mapped[str] = mapped_column(String(20))
    token: Mapped[str] = mapped_column(String(32), unique=True)
    page: Mapped[int]
    x: Mapped[int]
    y: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    asked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None] = mapped_column(String(500))
    provider: Mapped[str | None] = mapped_column(String(20))
    signer_name: Mapped[str | None] = mapped_column(String(200))
    signer_position: Mapped[str | None] = mapped_column(String(200))
    signer_office: Mapped[str | None] = mapped_column(String(200))
    signed_at: Mapped[datetime | None]
    stamped: Mapped[bool | None]
    field_name: Mapped[str | None] = mapped_column(String(80))
    certificate_sha256: Mapped[str | None] = mapped_column(String(64))
    rendering_sha256: Mapped[str | None] = mapped_column(String(64))
    renderer: Mapped[str | None] = mapped_column(String(120))
    dpi: Mapped[int | None]
    base_sha256: Mapped[str | None] = mapped_column(String(64))
    signed_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    component_position: Mapped[int | None]

    request: Mapped[SignatureRequest] = relationship(back_populates="signatures")
    person: Mapped[Person] = relationship()
    identity: Mapped[SigningIdentity | None] = relationship()
