"""The evaluation that all engines share, with what sealed blocks make cheaper."""

from itertools import islice
from typing import Any, Final, cast

import numpy as np

from edms.search.analysis import EXACT
from edms.search.answers import MAX_MARKED_TERMS
from edms.search.codec import Numbers
from edms.search.evaluation import Beginnings, Evaluation, Match
from edms.search.nodes import Prefix
from edms.search.postgresql.beginnings import Stretch, frequencies, keep_commonest, stretches_of
from edms.search.postgresql.layout import FORMS
from edms.search.postgresql.reading import SegmentView as SealedView
from edms.search.postgresql.reading import fetch_terms, number_of, term_key
from edms.search.protocol import Notice
from edms.search.snapshot import SegmentView

FETCHED_AT_ONCE: Final = 300
"""Forms near a word whose lists are asked for together; those after them, one by one, are hardly ever looked at."""


class SealedEvaluation(Evaluation):
    """One question being answered from sealed segments."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._where: dict[tuple[str, str], list[tuple[SealedView, str]]] = {}
        self._beginnings: dict[Prefix, dict[tuple[int, str], list[Stretch]]] = {}

    def near(self, form: str, field: str) -> list[tuple[int, str]]:
        """Return (edits, form) of the forms near `form`, of hidden documents among them, nearest first."""
        views = [cast(SealedView, view) for view in self._views]
        lacking = (
            (v.segment, FORMS, number_of(name))
            for v in views
            for name in self._named(field)
            if name not in v.segment.forms
        )
        if views:
            views[0].pieces.fetch(lacking)
        found: dict[tuple[int, str], list[tuple[SealedView, str]]] = {}
        for view in views:
            for name in self._named(field):
                for one in view.forms(name).near(form):
                    found.setdefault(one, []).append((view, name))
        nearest = sorted(found)
        for one in nearest[:FETCHED_AT_ONCE]:
            self._where[one[1], field] = found[one]
        places = [
            (view, term_key(name, EXACT + one[1].encode()))
            for one in nearest[:FETCHED_AT_ONCE]
            for view, name in found[one]
        ]
        if places:
            fetch_terms(places, places[0][0].pieces)
        return nearest

    def documents(self, form: str, field: str) -> int:
        """Return how many visible documents have this very form; where forms near one stand is known already."""
        views = [cast(SealedView, view) for view in self._views]
        places = self._where.get((form, field))
        if places is None:
            places = [(view, name) for view in views for name in self._named(field)]
            if places:
                fetch_terms(((v, term_key(name, EXACT + form.encode())) for v, name in places), views[0].pieces)
        masks: dict[int, Numbers] = {}
        for view, name in places:
            postings = view.postings(name, EXACT + form.encode())
            if postings:
                mask = masks.setdefault(id(view), np.zeros(view.count, bool))
                mask[postings.ids] = True
        seen = {id(view): mask for view, mask in zip(self._views, self._visible.masks, strict=True)}
        return sum(int(np.count_nonzero(mask & seen[view])) for view, mask in masks.items())

    def _prefix(self, node: Prefix) -> Match:
        found = self._stretches(node)

        def counted(view: SegmentView, name: str) -> Numbers | None:
            return frequencies(found[id(view), name], view.count) if (id(view), name) in found else None

        return self._score(self._fields(node.field), counted)

    def prefix_terms(self, node: Prefix) -> Beginnings:
        """Return some of the entries of the terms that begin so, for marking."""
        return {
            place: [
                (stretch.block.keys[at][1:], int(stretch.block.counts[at]), stretch.number, at)
                for stretch, at in islice(((s, at) for s in stretches for at in s.places()), MAX_MARKED_TERMS)
            ]
            for place, stretches in self._stretches(node).items()
        }

    def _stretches(self, node: Prefix) -> dict[tuple[int, str], list[Stretch]]:
        if node not in self._beginnings:
            found = {
                (id(view), name): stretches_of(cast(Any, view), name, EXACT + node.form.encode())
                for view in self._views
                for name in self._fields(node.field)
            }
            every = [stretch for stretches in found.values() for stretch in stretches]
            seen = {id(view): mask for view, mask in zip(self._views, self._visible.masks, strict=True)}
            if keep_commonest(every, [seen[id(stretch.view)] for stretch in every], self._max_prefix_terms):
                self._notices.append(Notice("prefix-cut", node.form))
            self._beginnings[node] = found
        return self._beginnings[node]
