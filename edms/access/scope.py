"""What the access rule speaks of: the facts of a record, grants, and the set of records that somebody may view.

Pure. `Scope.covers` is the rule for one record; `filters` makes SQL and search tokens of the same scope.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.access.positions import Rank

PUBLIC_KIP = frozenset({"berkala", "serta_merta", "setiap_saat"})
"""Categories of public information (UU 14/2008 art. 9 to 11). Excluded, or without one: not public (R63, R66)."""
DEFAULT_WHO_MAY = Rank.BELOW_HEAD
"""Who of the own office may see what is restricted or above where no scheme says otherwise (R22)."""


class Stage(StrEnum):
    """How far a record has come, as far as access is concerned."""

    DECLARED = "declared"
    PENDING = "pending"
    QUARANTINED = "quarantined"
    RETURNED = "returned"
    BATCH = "batch"
    DESTROYED = "destroyed"
    HANDED_OVER = "handed_over"

    @property
    def is_evidence(self) -> bool:
        """True of what was declared and is seen as such: here, or as a stub of what an archival institution has."""
        return self in (Stage.DECLARED, Stage.HANDED_OVER)


class GrantMode(StrEnum):
    """What a grant lets its holder do: look, take away, or work with the record as those of its office do (R22)."""

    VIEW = "view"
    DOWNLOAD = "download"
    MANAGE = "manage"

    @property
    def strength(self) -> int:
        return (GrantMode.VIEW, GrantMode.DOWNLOAD, GrantMode.MANAGE).index(self)


@dataclass(frozen=True)
class Granted:
    """A grant that stands now, of the actor in question, on the record in question."""

    id: UUID
    mode: GrantMode
    emergency: bool = False


@dataclass(frozen=True)
class RecordFacts:
    """What the policy needs to know of a record. `level` None means not yet classified (R26).

    `who_may`: the lowest rank of the own office that may see it when it is restricted or above, as the security scheme
    (SKKAAD) says of its class. `grants` are those of the actor who asks. `held` and `terjaga` bind destruction alone.
    """

    office_id: UUID
    level: Level | None
    stage: Stage
    who_may: Rank = DEFAULT_WHO_MAY
    personal_data: bool = False
    kip: str | None = None
    terjaga: bool = False
    held: bool = False
    grants: tuple[Granted, ...] = ()

    @property
    def effective_level(self) -> Level:
        return self.level or UNCLASSIFIED_COUNTS_AS


@dataclass(frozen=True)
class Scope:
    """What an actor may view, as a set.

    - Of `offices` what is at most `office_level`, at any stage; above open for those whose rank there reaches it, which
      binds a `custodian`, who files and keeps for the office, no further.
    - Of every other office declared records up to `everywhere_level` without personal data; with `whole_archive` all.
    - With `published` what is open, declared, of a public category and without personal data.
    - What is granted to `grantee` at the time `at`, up to `grant_level`: a grant lifts no clearance.

    With `only`, of all that what is of that office: an API token that is bound to it reaches no further.

    None means none.
    """

    offices: frozenset[UUID] = frozenset()
    office_level: Level | None = None
    everywhere_level: Level | None = None
    whole_archive: bool = False
    headed: frozenset[UUID] = frozenset()
    staff_in: frozenset[UUID] = frozenset()
    custodian: bool = False
    published: bool = False
    grantee: UUID | None = None
    grant_level: Level | None = None
    at: datetime | None = None
    only: UUID | None = None

    def covers(self, facts: RecordFacts) -> str | None:
        """Return the reason why a record with `facts` is in the set, or None when it is not."""
        level = facts.effective_level
        if self._elsewhere(facts):
            return None
        if self._in_own_office(facts, level):
            return "own_office"
        if self.everywhere_level and self.everywhere_level.permits(level):
            if self.whole_archive:
                return "whole_archive"
            if facts.stage.is_evidence and not facts.personal_data:
                return "open_to_officials"
        if self.published and is_public(facts):
            return "published"
        grant = self.grant_for(facts)
        return f"granted:{grant.id}" if grant else None

    def grant_for(self, facts: RecordFacts) -> Granted | None:
        """Return the strongest grant of the grantee that counts for a record with `facts`, or None."""
        if self.grantee is None or not self.grant_level or not self.grant_level.permits(facts.effective_level):
            return None
        if self._elsewhere(facts):
            return None
        return max(facts.grants, key=lambda one: (one.mode.strength, not one.emergency), default=None)

    def without_grants(self) -> "Scope":
        """The set without what is granted: it depends on the person's positions, roles and clearance alone."""
        return replace(self, grantee=None, grant_level=None, at=None)

    def _elsewhere(self, facts: RecordFacts) -> bool:
        return self.only is not None and facts.office_id != self.only

    def _in_own_office(self, facts: RecordFacts, level: Level) -> bool:
        if facts.office_id not in self.offices or not self.office_level or not self.office_level.permits(level):
            return False
        if level is Level.OPEN or self.custodian:
            return True
        if facts.who_may is Rank.HEAD:
            return facts.office_id in self.headed
        return facts.who_may is Rank.STAFF or facts.office_id not in self.staff_in


NOTHING = Scope()


def is_public(facts: RecordFacts) -> bool:
    """True of what anybody may see: open, declared, of a public category, without personal data (R21, R66)."""
    plain = facts.stage.is_evidence and not facts.personal_data
    return plain and facts.effective_level is Level.OPEN and facts.kip in PUBLIC_KIP
