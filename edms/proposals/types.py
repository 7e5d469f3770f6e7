"""What can be proposed of a document, and why. A proposal is never a fact: a person takes it over or does not."""

from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    """What a proposal is about. The first seven are fields of a record; the others are shown and not stored there."""

    TITLE = "title"
    NUMBER = "number"
    DOCUMENT_DATE = "document_date"
    SENDER = "sender"
    RECIPIENT = "recipient"
    RECORD_TYPE = "record_type"
    LEVEL = "level"
    CLASS = "class_code"
    URGENCY = "urgency"
    ATTACHMENTS = "attachments"


class Source(StrEnum):
    """Where a proposal comes from."""

    LETTER = "letter"
    NUMBER = "number"
    MAIL = "mail"
    FILED = "filed"
    SEPARATOR = "separator"
    FOLDER = "folder"


@dataclass(frozen=True)
class Proposal:
    """One value for one field. `because` is a stable code that the pages put into words; `quote` is what was read.

    `page` counts from 1; None when the proposal does not come from a page. `precedence` orders the proposals for one
    field, 1 to 99, the highest first: the rules of reading stand in their order. `share`: how many of a hundred such
    proposals were right on held-out documents; None where that was not measured.
    """

    field: Field
    value: str
    source: Source
    because: str
    precedence: int
    quote: str = ""
    page: int | None = None
    share: int | None = None
