"""What people prove themselves with, beside the hash of the password in `people`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class GivenPassword(Base):
    """An administrator set the password of this person and may know it: the person is to choose another."""

    __tablename__ = "given_passwords"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    given_at: Mapped[datetime]
