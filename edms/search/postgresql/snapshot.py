"""The state of the index in the memory of one process, brought up to date before every question."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edms.search.codec import Numbers
from edms.search.coding import Codes
from edms.search.errors import IndexDamaged
from edms.search.postgresql.reading import PieceCache, Pieces, Segment, SegmentView, load_segments
from edms.search.postgresql.server import Session
from edms.search.protocol import Access, Everything
from edms.search.snapshot import ACCESS_VIEWS, TEXT_FIELDS, Visible

_Place = tuple[int, int] | None
_Seen = tuple[Access, frozenset[str], frozenset[str]]
_PLACES_KEPT: Final = 100_000
COUNTED_ALWAYS: Final = 20_000
COUNT_SECONDS: Final = 60.0


class State:
    """Segments and which of their documents live, at one change of one generation. Nothing in it changes but caches."""

    def __init__(self, generation: int, change: int, segments: list[Segment], alive: dict[int, Numbers]) -> None:
        self.generation, self.change = generation, change
        self.segments, self.alive = segments, alive
        self.coded = Codes(lambda name: [segment.values[name] for segment in segments])
        self._order = {segment.number: at for at, segment in enumerate(segments)}
        self._lock = threading.Lock()
        self._visible: OrderedDict[_Seen, Visible] = OrderedDict()
        self._places: dict[str, _Place] = {}

    def visible(self, session: Session, access: Access, granted: frozenset[str], withheld: frozenset[str]) -> Visible:
        """Return what is seen by tokens and by what is `granted`, without what is `withheld`; kept for the next time.

        Ids that this state does not hold are passed over.
        """
        key = (access, granted, withheld)
        with self._lock:
            found = self._visible.get(key)
            if found:
                self._visible.move_to_end(key)
                return found
        self._look_up(session, granted | withheld)
        made = self._make_visible(*key)
        with self._lock:
            self._visible[key] = made
            while len(self._visible) > ACCESS_VIEWS:
                self._visible.popitem(last=False)
        return made

    def _look_up(self, session: Session, records: Iterable[str]) -> None:
        """Learn where records stand that were not asked for before."""
        unknown = [record for record in records if record not in self._places]
        if not unknown:
            return
        query = "SELECT record, segment, number FROM {document} WHERE record = ANY(%s) AND segment IS NOT NULL"
        found: dict[str, _Place] = {row[0]: (row[1], row[2]) for row in session.rows(query, [unknown], self.generation)}
        with self._lock:
            if len(self._places) > _PLACES_KEPT:
                self._places = {}
            self._places = {**self._places, **dict.fromkeys(unknown), **found}

    def _make_visible(self, access: Access, granted: frozenset[str], withheld: frozenset[str]) -> Visible:
        masks = []
        for segment in self.segments:
            if isinstance(access, Everything):
                masks.append(self.alive[segment.number].copy())
                continue
            values = segment.values["access"]
            seen: Numbers = np.array([bool(value) and value in access for value in values], bool)
            masks.append(seen[segment.columns["access"]] & self.alive[segment.number])
        for records, shown in ((granted, True), (withheld, False)):
            for place in filter(None, map(self._places.get, records)):
                at = self._order.get(place[0])
                if at is not None:
                    masks[at][place[1]] = shown and self.alive[place[0]][place[1]]
        count = sum(int(np.count_nonzero(mask)) for mask in masks)
        averages = {
            field: sum(float(s.lengths(field) @ m) for s, m in zip(self.segments, masks, strict=True)) / max(count, 1)
            for field in TEXT_FIELDS
        }
        days = (int(s.columns["day"].max(initial=0, where=m)) for s, m in zip(self.segments, masks, strict=True))
        return Visible(tuple(masks), count, averages, max(days, default=0))


@dataclass(frozen=True, slots=True)
class Bound:
    """A state with its pieces within reach, for one question: what `edms.search.evaluation` takes for a snapshot."""

    views: list[SegmentView]
    pieces: Pieces
    visible: Visible
    coded: Codes


EMPTY: Final = State(0, 0, [], {})


class States:
    """Keeps the newest state. Safe for threads."""

    def __init__(self, index_key: bytes, cache: PieceCache) -> None:
        self._key, self._cache = index_key, cache
        self._lock = threading.Lock()
        self._state = EMPTY
        self._counted = -COUNT_SECONDS

    def newest(self, session: Session) -> State:
        """Return the state that the session sees; what is known of an older one is used again."""
        serving = session.rows("SELECT number, change FROM {generation} WHERE state = 'serving'")
        if not serving:
            if any(name.startswith("segment_") for name in session.tables()):
                raise IndexDamaged("which generation of the index serves is not known any more")
            return EMPTY
        generation, change = serving[0]
        with self._lock:
            state = self._state
        if (state.generation, state.change) == (generation, change):
            return state
        state = self._loaded(session, state if state.generation == generation else EMPTY, generation, change)
        with self._lock:
            # A session that began earlier must not take the place of what a later one has seen.
            if (self._state.generation, self._state.change) <= (generation, change):
                self._state = state
        return state

    def _loaded(self, session: Session, before: State, generation: int, change: int) -> State:
        rows = session.rows("SELECT number FROM {segment} ORDER BY number", (), generation)
        numbers = [number for (number,) in rows]
        known = {segment.number: segment for segment in before.segments}
        fresh = load_segments(session, generation, [n for n in numbers if n not in known], self._key)
        known.update((segment.number, segment) for segment in fresh)
        dead = session.rows(
            "SELECT segment, number FROM {dead} WHERE change > %s OR segment = ANY(%s)",
            [before.change if before.generation else -1, [segment.number for segment in fresh]],
            generation,
        )
        gone: dict[int, list[int]] = {}
        for segment, number in dead:
            gone.setdefault(segment, []).append(number)
        alive: dict[int, Numbers] = {}
        for number in numbers:
            mask: Any = before.alive.get(number)
            if mask is None or number in gone:
                mask = np.ones(known[number].count, bool) if mask is None else mask.copy()
                mask[gone.get(number, [])] = False
            alive[number] = mask
        self._count(session, generation, sum(int(np.count_nonzero(mask)) for mask in alive.values()))
        return State(generation, change, [known[number] for number in numbers], alive)

    def _count(self, session: Session, generation: int, living: int) -> None:
        """Raise IndexDamaged when rows went away that nobody would miss: each living document has one of its own.

        What a row says is authenticated when it is read; that it is there at all is counted with every change of the
        index, of a large one no more often than every `COUNT_SECONDS`.
        """
        now = time.monotonic()
        if living > COUNTED_ALWAYS and now - self._counted < COUNT_SECONDS:
            return
        query = "SELECT count(*) FROM {document} WHERE segment IS NOT NULL"
        if session.rows(query, (), generation)[0][0] != living:
            raise IndexDamaged("rows of the index are missing")
        self._counted = now

    def bound(self, session: Session, state: State, visible: Visible) -> Bound:
        """Return the state for one question."""
        pieces = Pieces(session, state.generation, self._cache)
        return Bound([SegmentView(segment, pieces) for segment in state.segments], pieces, visible, state.coded)
