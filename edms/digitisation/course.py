"""How a digitisation goes from state to state, and what is looked at in its check. Pure: what is not here is refused.

open --handed over--> checking --nothing rejected--> checked --closed--> closed
checking, checked --something rejected, all looked at--> open
open, checking, checked, closed (until all have signed) --cancelled, with reason--> cancelled
"""

import math
from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    CHECKING = "checking"
    CHECKED = "checked"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ItemState(StrEnum):
    """`REPLACED`: scanned again, another item has taken its place. `REMOVED`: taken out before the check."""

    ADDED = "added"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REPLACED = "replaced"
    REMOVED = "removed"


STANDING = frozenset((ItemState.ADDED, ItemState.ACCEPTED, ItemState.REJECTED))
"""States of what is part of the digitisation."""

REASONS = ("skewed", "cut_off", "unreadable", "missing_page", "wrong_order", "upside_down", "colours", "dirt", "other")
"""Why the checker sends a scan back."""


def sample_size(count: int, percent: int, least: int, *, all_of_them: bool) -> int:
    """Return how many of `count` documents the checker has to look at.

    `all_of_them`: one was rejected before, and then the rest is not taken on trust.
    """
    if all_of_them:
        return count
    return min(count, max(least, math.ceil(count * percent / 100)))


def after_check(states: Iterable[tuple[ItemState, bool]]) -> State:
    """Return where the check stands. `states`: state of each standing item, and whether it is to be looked at."""
    told = list(states)
    if any(state is ItemState.ADDED and sampled for state, sampled in told):
        return State.CHECKING
    return State.OPEN if any(state is ItemState.REJECTED for state, _sampled in told) else State.CHECKED
