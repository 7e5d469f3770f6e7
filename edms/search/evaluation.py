"""A parsed query against one snapshot, with numpy: which documents match, how well, and what they count up to.

Scores are BM25F (Robertson, Zaragoza and Taylor 2004): the frequencies of a word in the fields are weighted, normalised
by length and added before they saturate once. A word counts as its stem, and again, less, as the very form asked for.
Every statistic is taken over the documents that the searcher may see.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edms.search.analysis import EXACT, query_word
from edms.search.codec import Numbers, Postings
from edms.search.protocol import FACETS, Filters, Notice
from edms.search.query import AllOf, AnyOf, Node, Not, ParsedQuery, Phrase, Prefix, Range, Value, Word
from edms.search.snapshot import TEXT_FIELDS, SegmentView, Snapshot, Visible

FIELD_WEIGHTS: Final = {"title": 3.0, "subject": 3.0, "number": 4.0, "sender": 1.5, "recipient": 1.5, "text": 1.0}
K1: Final = 1.2
B: Final = {"title": 0.5, "subject": 0.5, "number": 0.0, "sender": 0.2, "recipient": 0.2, "text": 0.75}
EXACT_WEIGHT: Final = 0.4
SENTENCE_WORDS: Final = 6
"""From so many words on, text is taken as a sentence: any of its words will do, and likeness decides the order."""

Beginnings = dict[tuple[int, str], list[tuple[bytes, int, int, int]]]
"""Entries (term, documents, offset and length of its postings) by segment and field."""


@dataclass(slots=True)
class Match:
    """For each segment: which documents match, and their scores (zero where they do not)."""

    masks: list[Numbers]
    scores: list[Numbers]


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

    def __init__(self, snapshot: Snapshot, visible: Visible, max_prefix_terms: int) -> None:
        self._snapshot = snapshot
        self._visible = visible
        self._max_prefix_terms = max_prefix_terms
        self._notices: list[Notice] = []
        self._chosen: dict[Prefix, Beginnings] = {}

    @property
    def _views(self) -> list[SegmentView]:
        return self._snapshot.views

    def run(self, query: ParsedQuery, filters: Filters) -> Outcome:
        """Evaluate the query within what is visible and the filters."""
        base = [
            mask & self._filtered(view, filters) for view, mask in zip(self._views, self._visible.masks, strict=True)
        ]
        words = [node for node in query.root.nodes if isinstance(node, Word)]
        wanted = [node for node in words if node.field or not query_word(node.form).stop] or words
        others = [self._node(node) for node in query.root.nodes if not isinstance(node, Word)]
        found = [self._node(node) for node in dict.fromkeys(wanted)]
        for match in others:
            base = [mask & own for mask, own in zip(base, match.masks, strict=True)]
        scores = _sum([match.scores for match in [*others, *found]], self._views)
        masks = self._required(base, found, query.question or len(found) >= SENTENCE_WORDS)
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
            Value: self._value,
            Range: self._range,
            Not: self._not,
            AnyOf: self._any,
            AllOf: self._all,
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
                    average = self._visible.averages[name] or 1.0
                    norm = 1 - B[name] + B[name] * view.lengths(name) / average
                    total += FIELD_WEIGHTS[name] * counts / np.maximum(norm, 0.05)
            weighted.append(total)
        masks = [(total > 0) & seen for total, seen in zip(weighted, self._visible.masks, strict=True)]
        found = sum(int(np.count_nonzero(mask)) for mask in masks)
        idf = math.log(1 + (self._visible.count - found + 0.5) / (found + 0.5))
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
        wanted = node.value.casefold()

        def test(value: str) -> bool:
            own = value.casefold()
            return own == wanted or (node.field == "class_code" and own.startswith(wanted.rstrip(".") + "."))

        return self._unscored([code_mask(view, node.field, test) for view in self._views])

    def _range(self, node: Range) -> Match:
        name = "day" if node.field == "date" else "year"
        return self._unscored([number_mask(view, name, node.low, node.high) for view in self._views])

    def _filtered(self, view: SegmentView, filters: Filters) -> Numbers:
        mask = np.ones(view.count, bool)
        prefix = filters.class_prefix.rstrip(".")
        if prefix:
            mask &= code_mask(view, "class_code", lambda value: value == prefix or value.startswith(prefix + "."))
        chosen = (
            ("office", filters.offices),
            ("level", filters.levels),
            ("record_type", filters.record_types),
            ("state", filters.states),
        )
        for name, values in chosen:
            if values:
                mask &= code_mask(view, name, values.__contains__)
        if filters.year_from is not None or filters.year_to is not None:
            mask &= number_mask(view, "year", filters.year_from, filters.year_to)
        return mask

    # Combinations

    def _unscored(self, masks: list[Numbers]) -> Match:
        return Match(masks, [np.zeros(len(mask), np.float32) for mask in masks])

    def _not(self, node: Not) -> Match:
        return self._unscored([~mask for mask in self._node(node.node).masks])

    def _any(self, node: AnyOf) -> Match:
        matches = [self._node(inner) for inner in node.nodes]
        masks = [np.logical_or.reduce([m.masks[i] for m in matches]) for i in range(len(self._views))]
        return Match(masks, _sum([match.scores for match in matches], self._views))

    def _all(self, node: AllOf) -> Match:
        matches = [self._node(inner) for inner in node.nodes]
        masks = [np.logical_and.reduce([m.masks[i] for m in matches]) for i in range(len(self._views))]
        scores = _sum([match.scores for match in matches], self._views)
        return Match(masks, [np.where(mask, score, 0) for mask, score in zip(masks, scores, strict=True)])


def _sum(parts: list[list[Numbers]], views: list[SegmentView]) -> list[Numbers]:
    return [sum((part[i] for part in parts), start=np.zeros(view.count, np.float32)) for i, view in enumerate(views)]


def code_mask(view: SegmentView, name: str, test: Callable[[str], bool]) -> Numbers:
    """Return the documents whose value of a coded field passes `test`."""
    codes, values = view.codes(name)
    passes: Numbers = np.array([bool(value) and test(value) for value in values], bool)
    return passes[codes]


def number_mask(view: SegmentView, name: str, low: int | None, high: int | None) -> Numbers:
    """Return the documents whose number is given (not 0) and between the ends."""
    values = view.numbers(name)
    mask: Numbers = values != 0
    if low is not None:
        mask &= values >= low
    if high is not None:
        mask &= values <= high
    return mask


def phrase_frequencies(lists: list[Postings], seen: Numbers) -> Numbers | None:
    """Return how often each document has the words one after another; positions are read for shared documents only."""
    shared = lists[0].ids
    for found in sorted(lists[1:], key=lambda postings: len(postings.ids)):
        shared = np.intersect1d(shared, found.ids, assume_unique=True)
    shared = shared[seen[shared]]
    if not len(shared):
        return None
    keys: Numbers | None = None
    order = sorted(range(len(lists)), key=lambda i: len(lists[i].positions))
    for place in order:
        own = _keys(lists[place], shared, len(lists) - place)
        keys = own if keys is None else np.intersect1d(keys, own, assume_unique=True)
        if not len(keys):
            return None
    counts = np.zeros(len(seen), np.float32)
    assert keys is not None
    documents, times = np.unique(keys >> 33, return_counts=True)
    counts[documents] = times
    return counts


def _keys(postings: Postings, documents: Numbers, shift: int) -> Numbers:
    """Return (document, position + shift) packed in one number, for each place of the term in the documents."""
    index = np.searchsorted(postings.ids, documents)
    counts = postings.frequencies[index].astype(np.int64)
    starts = postings.ends[index] - counts
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    places = postings.positions[np.repeat(starts, counts) + steps].astype(np.int64)
    keys: Numbers = (np.repeat(documents, counts) << 33) | (places + shift)
    return keys


def facet_counts(snapshot: Snapshot, outcome: Outcome, wanted: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each field how many matching documents have each value; documents without one are not counted."""
    answer: dict[str, dict[str, int]] = {}
    for name in (name for name in wanted if name in FACETS):
        counts: dict[str, int] = {}
        for view, mask in zip(snapshot.views, outcome.masks, strict=True):
            if name == "year":
                values, times = np.unique(view.numbers("year")[mask], return_counts=True)
                pairs = [(str(value) if value else "", int(n)) for value, n in zip(values, times, strict=True)]
            else:
                codes, names = view.codes(name)
                pairs = [(names[i], int(n)) for i, n in enumerate(np.bincount(codes[mask], minlength=len(names)))]
            for value, number in pairs:
                if value and number:
                    counts[value] = counts.get(value, 0) + number
        answer[name] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return answer
