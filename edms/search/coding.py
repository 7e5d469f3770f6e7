"""What the codes of a field stand for over all segments of one state: for counting without a look at each value."""

from collections.abc import Callable, Sequence

import numpy as np

from edms.search.codec import Numbers


class Codes:
    """Every segment numbers the values of a field in its own order; here they have one number in all of them.

    Nothing in a state changes, so what was put together once is kept. Safe for threads: at worst two make the same.
    """

    def __init__(self, values: Callable[[str], Sequence[Sequence[str]]]) -> None:
        """Take what returns, for a field, the values of each segment in the order of its codes, each value once."""
        self._values = values
        self._kept: dict[str, tuple[list[str], list[Numbers]]] = {}

    def of(self, name: str) -> tuple[list[str], list[Numbers]]:
        """Return the values of a field, ascending, and for each segment the places of its own values among them."""
        found = self._kept.get(name)
        if found is None:
            segments = self._values(name)
            names = sorted({value for values in segments for value in values})
            places = {value: place for place, value in enumerate(names)}
            found = names, [np.array([places[value] for value in values], np.int64) for values in segments]
            self._kept[name] = found
        return found
