"""Who is known by which account at the organisation's sign-in provider, and what of it was used up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class ProviderBinding(Base):
    """The account `subject` at `issuer` is this person's. `proof`: keyed, over all three, so that a row that was put in
    or given to somebody else around the system lets nobody in. `bound_by`: who did it, or by which rule it came."""

    __tablename__ = "provider_bindings"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("issuer", "person_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))
    bound_by: Mapped[str] = mapped_column(String(200))
    bound_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SpentToken(Base):
    """A logout token that was taken: a keyed digest of its id, kept for as long as it could be sent again."""

    __tablename__ = "spent_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    spent_at: Mapped[datetime] = mapped_column(index=True)
