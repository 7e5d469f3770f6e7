"""The evaluation that all engines share, with what sealed blocks make cheaper."""

from typing import Any, Final, cast

import numpy as np

from edms.search.analysis import EXACT
from edms.search.codec import Numbers
from edms.search.evaluation import Evaluation
from edms.search.postgresql.layout import FORMS
from edms.search.postgresql.reading import SegmentView as SealedView
from edms.search.postgresql.reading import fetch_terms, number_of, term_key

FETCHED_AT_ONCE: Final = 300
"""Forms near a word whose lists are asked for together; those after them, one by one, are hardly ever looked at."""


class SealedEvaluation(Evaluation):
    """One question being answered from sealed segments."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._where: dict[tuple[str, str], list[tuple[SealedView, str]]] = {}

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
