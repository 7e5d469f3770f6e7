"""Security levels of records and clearance of people: exactly four, in order (R18, R19)."""

from enum import StrEnum


class Level(StrEnum):
    """terbuka < terbatas < rahasia < sangat rahasia. Compare by `rank`, never by text."""

    OPEN = "open"
    RESTRICTED = "restricted"
    SECRET = "secret"  # noqa: S105 - a security level, not a password
    TOP_SECRET = "top_secret"  # noqa: S105 - as the one above

    @property
    def rank(self) -> int:
        """0 for open to 3 for top secret."""
        return _ORDER.index(self)

    def permits(self, other: "Level") -> bool:
        """True when somebody cleared to this level may see what bears `other`."""
        return self.rank >= other.rank

    @classmethod
    def up_to(cls, highest: "Level | None") -> tuple["Level", ...]:
        """All levels that `highest` permits, in order; none for None."""
        return () if highest is None else _ORDER[: highest.rank + 1]


_ORDER = (Level.OPEN, Level.RESTRICTED, Level.SECRET, Level.TOP_SECRET)

UNCLASSIFIED_COUNTS_AS = Level.RESTRICTED
"""A record without a level is treated as restricted, never as open (R26)."""
