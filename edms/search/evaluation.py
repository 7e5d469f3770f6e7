"""A parsed query against one snapshot, with numpy: which documents match, how well, and what they count up to.

Scores are BM25F (Robertson, Zaragoza and Taylor 2004): the frequencies of a word in the fields are weighted, normalised
by length and added before they saturate once. A word counts as its stem, and again, less, as the very form asked for.
Every statistic is taken over the documents that the searcher may see.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edms.search.analysis import EXACT, query_word
from edms.search.codec import Numbers, Postings
from edms.search.masks import filter_mask, range_mask, value_mask
from edms.search.nodes import AllOf, AnyOf, Either, Node, Not, OneOf, Phrase, Prefix, Range, Value, Word
from edms.search.planning import Plan
from edms.search.positions import phrase_frequencies
from edms.search.protocol import Filters, Notice
from edms.search.ranking import EXACT_WEIGHT, EXPANSION_WEIGHT, FIELD_WEIGHTS, K1, B
from edms.search.snapshot import TEXT_FIELDS, SegmentView, Snapshot, Visible

Beginnings = dict[tuple[int, str], list[tuple[bytes, int, int, int]]]
"""Entries (term, documents, offset and length of its postings) by segment and field."""


@dataclass(slots=True)
class Match:
    """For each segment: which documents match, and their scores (zero where they do not)."""

    masks: list[Numbers]
    scores: list[Numbers]


class Statistics:
    """How many documents there are, how long, and how many match: of the visible ones, or as they were at the first
    page. Counts are asked for in the same order each time, since the same plan is evaluated."""

    def __init__(self, visible: Visible, frozen: dict[str, Any] | None) -> None:
        kept = frozen or {"count": visible.count, "averages": visible.averages, "found": []}
        self.count: int = kept["count"]
        self.averages: dict[str, float] = kept["averages"]
        self._before: list[int] | None = kept["found"] if frozen else None
        self._found: list[int] = []

    def found(self, masks: list[Numbers]) -> int:
        """Return how many documents match, by which the weight of a word is known."""
        at = len(self._found)
        known = self._before is not None and at < len(self._before)
        self._found.append(self._before[at] if known else sum(int(np.count_nonzero(mask)) for mask in masks))  # type: ignore[index]
        return self._found[-1]

    def frozen(self) -> dict[str, Any]:
        return {"count": self.count, "averages": self.averages, "found": self._found}


@dataclass(slots=True)
class Outcome:
    """Matching visible documents of each segment, their scores, and what was done to the query."""

    masks: list[Numbers]
    scores: list[Numbers]
    notices: list[Notice] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(int(np.count_nonzero(mask)) for mask in self.masks)


class Evaluation:
    """One question being answered."""

    def __init__(
        self, snapshot: Snapshot, visible: Visible, max_prefix_terms: int, frozen: dict[str, Any] | None = None
    ) -> None:
        """Answer from `snapshot`; `frozen`: what the evaluation for the first page gave, for a page that follows it."""
        self._statistics = Statistics(visible, frozen)
        self._snapshot = snapshot
        self._visible = visible
        self._max_prefix_terms = max_prefix_terms
        self._notices: list[Notice] = []
        self._chosen: dict[Prefix, Beginnings] = {}

    def frozen(self) -> dict[str, Any]:
        """Return what the evaluation for the next page is to be given, so that it ranks as this one does."""
        return self._statistics.frozen()

    @property
    def _views(self) -> list[SegmentView]:
        return self._snapshot.views

    def run(self, plan: Plan, filters: Filters) -> Outcome:
        """Evaluate the plan within what is visible and the filters."""
        base = [mask & filter_mask(view, filters) for view, mask in zip(self._views, self._visible.masks, strict=True)]
        required = [self._node(node) for node in plan.required]
        words = [self._node(node) for node in plan.words]
        optional = [self._node(node) for node in plan.optional]
        for match in required:
            base = [mask & own for mask, own in zip(base, match.masks, strict=True)]
        scores = _sum([match.scores for match in [*required, *words, *optional]], self._views)
        masks = self._required(base, words, plan.sentence)
        return Outcome(
            masks, [np.where(mask, score, 0) for mask, score in zip(masks, scores, strict=True)], self._notices
        )

    def _required(self, base: list[Numbers], words: list[Match], sentence: bool) -> list[Numbers]:
        """Return the documents with every word; with any of them when it is a sentence, or when none has every one."""
        if not words:
            return base
        every = [mask & np.logical_and.reduce([m.masks[i] for m in words]) for i, mask in enumerate(base)]
        if len(words) == 1 or (not sentence and any(mask.any() for mask in every)):
            return every
        self._notices.append(Notice("any-word" if sentence else "not-all-words"))
        return [mask & np.logical_or.reduce([m.masks[i] for m in words]) for i, mask in enumerate(base)]

    def _node(self, node: Node) -> Match:
        handlers: dict[type, Callable[..., Match]] = {
            Word: self._word,
            Phrase: self._phrase,
            Prefix: self._prefix,
            OneOf: self._one_of,
            Value: self._value,
            Range: self._range,
            Not: self._not,
            AnyOf: self._any,
            AllOf: self._all,
            Either: self._either,
        }
        return handlers[type(node)](node)

    def _fields(self, name: str) -> Sequence[str]:
        return (name,) if name else TEXT_FIELDS

    # Text

    def _word(self, node: Word) -> Match:
        word = query_word(node.form)
        fields = self._fields(node.field)
        exact = self._concept(fields, lambda view, name: [view.postings(name, word.exact)])
        if not word.stems:
            return exact
        stemmed = self._concept(fields, lambda view, name: [view.postings(name, term) for term in word.stems])
        masks = [a | b for a, b in zip(exact.masks, stemmed.masks, strict=True)]
        scores = [a * EXACT_WEIGHT + b for a, b in zip(exact.scores, stemmed.scores, strict=True)]
        return Match(masks, scores)

    def _concept(self, fields: Sequence[str], read: Callable[[SegmentView, str], Sequence[Postings | None]]) -> Match:
        """Score the documents that have any of the posting lists, all of which stand for one thing."""

        def frequencies(view: SegmentView, name: str) -> Numbers | None:
            lists = [found for found in read(view, name) if found]
            if not lists:
                return None
            total = np.zeros(view.count, np.float32)
            for found in lists:
                total[found.ids] += found.frequencies
            return total

        return self._score(fields, frequencies)

    def _score(self, fields: Sequence[str], frequencies: Callable[[SegmentView, str], Numbers | None]) -> Match:
        weighted = []
        for view in self._views:
            total = np.zeros(view.count, np.float32)
            for name in fields:
                counts = frequencies(view, name)
                if counts is not None:
                    average = self._statistics.averages[name] or 1.0
                    norm = 1 - B[name] + B[name] * view.lengths(name) / average
                    total += FIELD_WEIGHTS[name] * counts / np.maximum(norm, 0.05)
            weighted.append(total)
        masks = [(total > 0) & seen for total, seen in zip(weighted, self._visible.masks, strict=True)]
        found = self._statistics.found(masks)
        idf = math.log(1 + max(self._statistics.count - found + 0.5, 0.5) / (found + 0.5))
        scores = [
            np.where(mask, idf * (K1 + 1) * total / (K1 + total), 0)
            for mask, total in zip(masks, weighted, strict=True)
        ]
        return Match(masks, scores)

    def _phrase(self, node: Phrase) -> Match:
        terms = [EXACT + form.encode() for form in node.forms]
        masks = {id(view): mask for view, mask in zip(self._views, self._visible.masks, strict=True)}

        def frequencies(view: SegmentView, name: str) -> Numbers | None:
            lists: list[Postings] = []
            for term in terms:
                found = view.postings(name, term)
                if found is None:
                    return None
                lists.append(found)
            return phrase_frequencies(lists, masks[id(view)])

        return self._score(self._fields(node.field), frequencies)

    def _one_of(self, node: OneOf) -> Match:
        terms = [EXACT + form.encode() for form in node.forms]
        return self._concept(self._fields(node.field), lambda view, name: [view.postings(name, term) for term in terms])

    def _prefix(self, node: Prefix) -> Match:
        chosen = self.prefix_terms(node)

        def frequencies(view: SegmentView, name: str) -> Numbers | None:
            entries = chosen.get((id(view), name))
            if not entries:
                return None
            total = np.zeros(view.count, np.float32)
            for _, _, offset, length in entries:
                found = view.postings_at(offset, length)
                total[found.ids] += found.frequencies
            return total

        return self._score(self._fields(node.field), frequencies)

    def prefix_terms(self, node: Prefix) -> Beginnings:
        """Return the entries of the terms that begin so, by segment and field, no more terms than are allowed."""
        if node in self._chosen:
            return self._chosen[node]
        entries = {
            (id(view), name): list(view.beginning_with(name, EXACT + node.form.encode()))
            for view in self._views
            for name in self._fields(node.field)
        }
        totals = self._visible_documents(entries)
        if len(totals) > self._max_prefix_terms:
            self._notices.append(Notice("prefix-cut", node.form))
            kept = set(sorted(totals, key=lambda term: (-totals[term], term))[: self._max_prefix_terms])
            entries = {place: [entry for entry in found if entry[0] in kept] for place, found in entries.items()}
        self._chosen[node] = entries
        return entries

    def _visible_documents(self, entries: Beginnings) -> dict[bytes, int]:
        """Return how many visible documents hold each term (in each field), if there are more terms than are allowed.

        Terms that only hidden documents hold do not count: neither the cut nor what it leaves tells of them. While the
        terms are few enough nobody needs to look at their postings, and none is returned.
        """
        if len({entry[0] for found in entries.values() for entry in found}) <= self._max_prefix_terms:
            return {}
        masks = {id(view): mask for view, mask in zip(self._views, self._visible.masks, strict=True)}
        views = {id(view): view for view in self._views}
        totals: dict[bytes, int] = {}
        for (view, _name), found in entries.items():
            for term, _count, offset, length in found:
                seen = int(np.count_nonzero(masks[view][views[view].postings_at(offset, length).ids]))
                if seen:
                    totals[term] = totals.get(term, 0) + seen
        return totals

    # Values

    def _value(self, node: Value) -> Match:
        return self._unscored([value_mask(view, node) for view in self._views])

    def _range(self, node: Range) -> Match:
        return self._unscored([range_mask(view, node) for view in self._views])

    # Combinations

    def _unscored(self, masks: list[Numbers]) -> Match:
        return Match(masks, [np.zeros(len(mask), np.float32) for mask in masks])

    def _not(self, node: Not) -> Match:
        return self._unscored([~mask for mask in self._node(node.node).masks])

    def _any(self, node: AnyOf) -> Match:
        matches = [self._node(inner) for inner in node.nodes]
        masks = [np.logical_or.reduce([m.masks[i] for m in matches]) for i in range(len(self._views))]
        return Match(masks, _sum([match.scores for match in matches], self._views))

    def _either(self, node: Either) -> Match:
        asked = self._node(node.asked)
        others = [self._node(other) for other in node.others]
        masks = [np.logical_or.reduce([m.masks[i] for m in (asked, *others)]) for i in range(len(self._views))]
        scores = [
            own + EXPANSION_WEIGHT * np.maximum.reduce([m.scores[i] for m in others])
            for i, own in enumerate(asked.scores)
        ]
        return Match(masks, scores)

    def _all(self, node: AllOf) -> Match:
        matches = [self._node(inner) for inner in node.nodes]
        masks = [np.logical_and.reduce([m.masks[i] for m in matches]) for i in range(len(self._views))]
        scores = _sum([match.scores for match in matches], self._views)
        return Match(masks, [np.where(mask, score, 0) for mask, score in zip(masks, scores, strict=True)])


def _sum(parts: list[list[Numbers]], views: list[SegmentView]) -> list[Numbers]:
    return [sum((part[i] for part in parts), start=np.zeros(view.count, np.float32)) for i, view in enumerate(views)]
