"""What a hold is on besides the records that were named: everything that is or comes there falls under it (R47)."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class ScopeKind(StrEnum):
    """`FOLDER`: the id of a folder. `CLASS`: a code and all below it. `QUERY`: a question, as `KeptQuestion` keeps it.

    `CASE`: nothing is selected by it; it says that the hold stands for a case that is still open, with its number.
    """

    FOLDER = "folder"
    CLASS = "class"
    QUERY = "query"
    CASE = "case"


class HoldScope(Base):
    """One scope of a hold. Which records it has met so far stands in `hold_links`, which is what everything reads."""

    __tablename__ = "hold_scopes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hold_id: Mapped[UUID] = mapped_column(ForeignKey("holds.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(Text)
