"""Whose turn it is: offices that wait are served in proportion, however much one of them has handed in. Pure.

Start-time fair queueing (Goyal, Vin and Cheng, 1996) with equal weights: each office has a clock that runs by the work
done for it, and the one whose clock is behind comes next. An office that begins to wait is set to the time of the one
served last, so that it neither pays for others nor saves up while it has nothing to do.
"""

from collections.abc import Iterable
from uuid import UUID


class Turns:
    """Keeps the clocks of one worker in one lane. Not for several threads."""

    def __init__(self) -> None:
        self._clocks: dict[UUID, float] = {}
        self._waiting: set[UUID] = set()
        self._now = 0.0

    def order(self, waiting: Iterable[UUID]) -> list[UUID]:
        """Return the offices that wait, the one whose turn it is first."""
        offices = set(waiting)
        for office in offices - self._waiting:
            self._clocks[office] = max(self._clocks.get(office, 0.0), self._now)
        self._waiting = offices
        return sorted(offices, key=lambda office: (self._clocks[office], office))

    def charge(self, office: UUID, cost: float) -> None:
        """Note that `cost` (seconds of work, at least 0) was spent on an office that was waiting."""
        began = self._clocks.get(office, self._now)
        self._now = max(self._now, began)
        self._clocks[office] = began + max(0.0, cost)
