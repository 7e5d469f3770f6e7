"""What the finder of personal data tells, and what a redaction covers."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is. `OFFICER` is the number of a civil servant (NIP), which stands under every office letter."""

    NIK = "nik"
    FAMILY_CARD = "family_card"
    TAX_NUMBER = "tax_number"
    OFFICER = "officer"
    PHONE = "phone"
    MAIL = "mail"
    ACCOUNT = "account"
    PASSPORT = "passport"
    PLATE = "plate"
    ADDRESS = "address"
    BIRTH = "birth"
    NAME = "name"


@dataclass(frozen=True)
class Finding:
    """A piece of text that may be personal data.

    `start`, `end`: characters of the text, end excluded. `confidence`: 0 to 1, by rule and not measured for each.
    `reason`: a stable code of the rule. `proposed`: to be covered unless a person says no; the others are only told.
    """

    kind: Kind
    start: int
    end: int
    confidence: float
    reason: str
    proposed: bool = True


@dataclass(frozen=True)
class Area:
    """A rectangle of a page (first is 1), as the page is seen: shares of its width and height from the upper left.

    `origin`: `hand`, `term`, or the `Kind` of the finding that it covers.
    """

    page: int
    left: float
    top: float
    right: float
    bottom: float
    origin: str = "hand"

    def __post_init__(self) -> None:
        if not (self.page >= 1 and 0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError("an area lies on a page and has a size")

    def as_dict(self) -> dict[str, int | float | str]:
        return {name: getattr(self, name) for name in ("page", "left", "top", "right", "bottom", "origin")}
