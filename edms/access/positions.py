"""Positions (jabatan): where somebody works, how high, and from when until when; and what that lets them reach.

Pure. Whoever acts for another in a position (acting official) reaches what that position reaches on those days, up to
the own clearance: a delegation passes on a place, never a clearance. Sources: R21, R22.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Rank(StrEnum):
    """How high a position stands in its office: its head, one level below, or staff (R22)."""

    HEAD = "head"
    BELOW_HEAD = "below_head"
    STAFF = "staff"

    @property
    def height(self) -> int:
        """0 for staff to 2 for the head."""
        return (Rank.STAFF, Rank.BELOW_HEAD, Rank.HEAD).index(self)


@dataclass(frozen=True)
class Term:
    """Days of a position or a delegation, both ends included; None: no beginning, or no end yet."""

    first: date | None = None
    last: date | None = None

    def holds(self, today: date) -> bool:
        """True when `today` is one of its days."""
        return (self.first is None or self.first <= today) and (self.last is None or today <= self.last)


@dataclass(frozen=True)
class Post:
    """A position as held on some day."""

    office_id: UUID
    rank: Rank


@dataclass(frozen=True)
class Reach:
    """The offices that somebody's posts reach: all of them, those reached as head, those reached as staff alone."""

    offices: frozenset[UUID] = frozenset()
    headed: frozenset[UUID] = frozenset()
    staff_in: frozenset[UUID] = frozenset()


def reach_of(posts: Iterable[Post], above: Mapping[UUID, UUID | None]) -> Reach:
    """Return what `posts` reach. `above`: the office above each office; a head reaches all that lie below as head.

    An office that is above itself, which only a database edited by hand could hold, is met once.
    """
    below: dict[UUID | None, list[UUID]] = {}
    for office, parent in above.items():
        below.setdefault(parent, []).append(office)
    highest: dict[UUID, Rank] = {}
    for post in posts:
        frontier = [post.office_id]
        met: set[UUID] = set()
        while frontier:
            office = frontier.pop()
            if office in met:
                continue
            met.add(office)
            if office not in highest or highest[office].height < post.rank.height:
                highest[office] = post.rank
            if post.rank is Rank.HEAD:
                frontier.extend(below.get(office, ()))
    ranked = {rank: frozenset(office for office, held in highest.items() if held is rank) for rank in Rank}
    return Reach(frozenset(highest), ranked[Rank.HEAD], ranked[Rank.STAFF])
