"""What people ask again and what they asked last: their own, sealed, and seen by nobody else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class SavedSearch(Base):
    """A question that a person keeps under a name; name and question lie in `sealed`.

    `watched`: its person wants to be told of what is new in it. `known`, sealed, are the ids of what it found when its
    person looked last, `fresh` of what it has found since; both None where it is not watched, or finds too much.
    """

    __tablename__ = "saved_searches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    watched: Mapped[bool]
    made_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    watched_at: Mapped[datetime | None] = mapped_column(index=True)
    known: Mapped[bytes | None] = mapped_column(LargeBinary)
    fresh: Mapped[bytes | None] = mapped_column(LargeBinary)


class AskedQuestion(Base):
    """A question that a person asked. `key` is a keyed digest of whose it is and of its words, which lie sealed."""

    __tablename__ = "asked_questions"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    asked_at: Mapped[datetime]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
