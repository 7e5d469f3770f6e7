"""What the scanner said of a content, by its hash: one content is scanned once for all records that hold it."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from edms.core.database import Base


class ContentScan(Base):
    """The newest verdict on the content with this SHA-256; `engine` and `scanned_at` say by what and when."""

    __tablename__ = "content_scans"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(300))
    engine: Mapped[str] = mapped_column(String(200))
    scanned_at: Mapped[datetime]
    first_scanned_at: Mapped[datetime] = mapped_column(index=True)
