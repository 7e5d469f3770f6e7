"""A plan against one snapshot, with numpy: which documents match, and how well by `edms.search.ranking`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np

from edms.search.analysis import EXACT, query_word
from edms.search.beginnings import Stretch, frequencies, keep_commonest, kept_names
from edms.search.codec import Numbers, Postings
from edms.search.masks import filter_mask, range_mask, value_mask
from edms.search.nodes import AllOf, AnyOf, Either, Node, Not, OneOf, Phrase, Prefix, Range, Value, Word
from edms.search.planning import Plan
from edms.search.positions import nearest, phrase_frequencies, places
from edms.search.protocol import Filters, Notice
from edms.search.ranking import (
    EXACT_WEIGHT,
    EXPANSION_WEIGHT,
    FIELD_WEIGHTS,
    PROXIMITY_CANDIDATES,
    PROXIMITY_WEIGHT,
    UNDATED,
    B,
    norm,
    rarity,
    recencies,
)
from edms.search.snapshot import TEXT_FIELDS, SegmentView, Snapshot, Visible
from edms.search.sums import least_of, scored, seen_in, summed, united

SCORED_FIELDS: Final = (*TEXT_FIELDS, "lead")
MARKED_TERMS: Final = 64

Beginnings = dict[tuple[int, str], list[Stretch]]
"""The terms that begin alike, by segment and field."""


@dataclass(slots=True)
class Match:
    """For each segment: which documents match, and their scores (zero where they do not)."""

    masks: list[Numbers]
    scores: list[Numbers]


class Statistics:
    """How many documents there are, how long, how new, and how many match: of the visible ones, or as they were at the
    first page. Numbers are asked for in the same order each time, since the same plan is evaluated."""

    def __init__(self, visible: Visible, frozen: dict[str, Any] | None) -> None:
        kept = frozen or {"count": visible.count, "averages": visible.averages, "newest": visible.newest}
        self.count: int = kept["count"]
        self.averages: dict[str, float] = kept["averages"]
        self.newest: int = kept["newest"]
        self._before: list[float] = kept.get("told", [])
        self._told: list[float] = []

    def told(self, reckon: Callable[[], float]) -> float:
        """Return a number that the ranking hangs on: as it was at the first page, else as `reckon` has it now."""
        at = len(self._told)
        self._told.append(self._before[at] if at < len(self._before) else reckon())
        return self._told[at]

    def rarity(self, masks: list[Numbers]) -> float:
        """Return the weight of what these documents have in common."""
        return self.told(lambda: rarity(self.count, sum(int(np.count_nonzero(mask)) for mask in masks)))

    def frozen(self) -> dict[str, Any]:
        return {"count": self.count, "averages": self.averages, "newest": self.newest, "told": self._told}


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
        self._known: dict[Node, Match] = {}
        self._read: dict[tuple[str, str, bytes], Postings | None] = {}
        self._weights: dict[tuple[str, str], Any] = {}

    def frozen(self) -> dict[str, Any]:
        """Return what the evaluation for the next page is to be given, so that it ranks as this one does."""
        return self._statistics.frozen()

    @property
    def _views(self) -> list[SegmentView]:
        return self._snapshot.views

    def run(self, plan: Plan, filters: Filters, *, ranked: bool = True) -> Outcome:
        """Evaluate the plan within what is visible and the filters; `ranked`: whether the order hangs on the scores."""
        base = [mask & filter_mask(view, filters) for view, mask in zip(self._views, self._visible.masks, strict=True)]
        required, words, optional = ([self._node(node) for node in some] for some in plan.parts())
        for match in required:
            base = [mask & own for mask, own in zip(base, match.masks, strict=True)]
        masks = self._required(base, words, plan)
        total = summed([match.scores for match in [*required, *words, *optional]], self._views)
        scores = [np.where(mask, score, 0) for mask, score in zip(masks, total, strict=True)]
        if ranked:
            self._bring_near(plan.words, scores)
            self._prefer_new(scores)
        return Outcome(masks, scores, self._notices)

    def _bring_near(self, nodes: Sequence[Node], scores: list[Numbers]) -> None:
        """Add to the scores of the best documents what words that stand near each other are worth."""
        words = [node.asked if isinstance(node, Either) else node for node in nodes]
        asked = [query_word(word.form) for word in words if isinstance(word, Word) and word.field in ("", "text")]
        if len(asked) < 2:
            return
        least = self._statistics.told(lambda: least_of(scores, PROXIMITY_CANDIDATES))
        lists = [
            [[self._postings(view, "text", term) for term in word.stems or (word.exact,)] for view in self._views]
            for word in asked
        ]
        rarities = [self._statistics.told(partial(self._rarity_of, some)) for some in lists]
        for number, (view, score) in enumerate(zip(self._views, scores, strict=True)):
            best = np.flatnonzero((score >= least) & (score > 0))
            if not len(best):
                continue
            found = [united([places(p, best) for p in some[number] if p]) for some in lists]
            for pair, (here, there) in enumerate(pairwise(found)):
                weight = PROXIMITY_WEIGHT * min(rarities[pair : pair + 2])
                score += weight * nearest(here, there, view.count)

    def _rarity_of(self, lists: list[list[Postings | None]]) -> float:
        found = (
            seen_in([one.ids for one in some if one], seen)
            for some, seen in zip(lists, self._visible.masks, strict=True)
        )
        return rarity(self._statistics.count, sum(found))

    def _prefer_new(self, scores: list[Numbers]) -> None:
        for view, score in zip(self._views, scores, strict=True):
            found = np.flatnonzero(score)
            days = view.numbers("day")[found]
            older = np.where(days == 0, UNDATED, np.maximum(self._statistics.newest - days, 0))
            score[found] *= recencies(int(older.max(initial=0)))[older]

    def _required(self, base: list[Numbers], words: list[Match], plan: Plan) -> list[Numbers]:
        """Return the documents with every word, or with any of them (`edms.search.planning`)."""
        if not words:
            return base
        every = [mask & np.logical_and.reduce([m.masks[i] for m in words]) for i, mask in enumerate(base)]
        found = self._statistics.told(lambda: sum(int(np.count_nonzero(mask)) for mask in every))
        if len(words) == 1 or (not plan.sentence and found >= plan.least):
            return every
        self._notices.append(Notice("any-word" if plan.sentence else "not-all-words"))
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
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = handlers[type(node)](node)
        return found

    # What planning asks

    def has(self, word: Word) -> bool:
        """Return whether a visible document matches the word."""
        return any(mask.any() for mask in self._node(word).masks)

    def documents(self, form: str, field: str) -> int:
        """Return how many visible documents have this very form."""
        total = 0
        for view, seen in zip(self._views, self._visible.masks, strict=True):
            lists = [view.postings(name, EXACT + form.encode()) for name in self._named(field)]
            total += seen_in([postings.ids for postings in lists if postings], seen)
        return total

    def near(self, form: str, field: str) -> list[tuple[int, str]]:
        """Return (edits, form) of the forms near `form`, of hidden documents among them, nearest first."""
        return sorted(
            {one for view in self._views for name in self._named(field) for one in view.forms(name).near(form)}
        )

    def _named(self, field: str) -> Sequence[str]:
        return (field,) if field else TEXT_FIELDS

    # Nodes

    def _fields(self, name: str) -> Sequence[str]:
        return ("text", "lead") if name == "text" else (name,) if name else SCORED_FIELDS

    # Text

    def _word(self, node: Word) -> Match:
        word = query_word(node.form)
        fields = self._fields(node.field)
        exact = self._concept(fields, lambda view, name: [self._postings(view, name, word.exact)])
        if not word.stems:
            return exact
        stemmed = self._concept(fields, lambda view, name: [self._postings(view, name, term) for term in word.stems])
        masks = [a | b for a, b in zip(exact.masks, stemmed.masks, strict=True)]
        scores = [a * EXACT_WEIGHT + b for a, b in zip(exact.scores, stemmed.scores, strict=True)]
        return Match(masks, scores)

    def _postings(self, view: SegmentView, name: str, term: bytes) -> Postings | None:
        """Return a posting list; what was read for the score is at hand for nearness."""
        key = (view.name, name, term)
        if key not in self._read:
            self._read[key] = view.postings(name, term)
        return self._read[key]

    def _concept(self, fields: Sequence[str], read: Callable[[SegmentView, str], Sequence[Postings | None]]) -> Match:
        """Score the documents that have any of the posting lists, all of which stand for one thing."""

        weighted = []
        for view in self._views:
            total = np.zeros(view.count, np.float32)
            for name in fields:
                for found in filter(None, read(view, name)):
                    spread = found.spread(view.count)
                    if spread is None:
                        total[found.ids] += found.frequencies * self._factors(view, name, found.ids)
                    else:
                        total += spread * self._every_factor(view, name)
            weighted.append(total)
        return self._rated(weighted)

    def _factors(self, view: SegmentView, name: str, documents: Any = slice(None)) -> Any:
        """Return what one occurrence in a field counts in these documents: the weight over the norm of the length."""
        weight, average = np.float32(FIELD_WEIGHTS[name]), self._statistics.averages.get(name, 0.0)
        if not B[name]:
            return weight / norm(name, np.float32(0), average)
        codes, lengths = view.length_codes(name)
        codes = codes[documents]
        if len(codes) < len(lengths):
            return weight / norm(name, lengths[codes], average)
        return (weight / norm(name, lengths, average))[codes]

    def _every_factor(self, view: SegmentView, name: str) -> Any:
        """Return the factors of all documents of a segment; kept for the other words of the question."""
        key = (view.name, name)
        if key not in self._weights:
            self._weights[key] = self._factors(view, name)
        return self._weights[key]

    def _score(self, fields: Sequence[str], frequencies: Callable[[SegmentView, str], Numbers | None]) -> Match:
        weighted = []
        for view in self._views:
            total = np.zeros(view.count, np.float32)
            for name in fields:
                counts = frequencies(view, name)
                if counts is not None:
                    total += self._every_factor(view, name) * counts
            weighted.append(total)
        return self._rated(weighted)

    def _rated(self, weighted: list[Numbers]) -> Match:
        """Return the visible documents with any weight, and what their weights count."""
        masks = [(total > 0) & seen for total, seen in zip(weighted, self._visible.masks, strict=True)]
        weight = self._statistics.rarity(masks)
        return Match(masks, [scored(mask, total, weight) for mask, total in zip(masks, weighted, strict=True)])

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
        chosen = self._beginnings(node)

        def counted(view: SegmentView, name: str) -> Numbers | None:
            return frequencies(chosen.get((id(view), name), []), view.count)

        return self._score(self._fields(node.field), counted)

    def prefix_terms(self, node: Prefix) -> set[bytes]:
        """Return terms that begin so, the first ones of each segment, for marking."""
        stretches = (one for some in self._beginnings(node).values() for one in some)
        return {name for one in stretches for name in kept_names(one, MARKED_TERMS)}

    def _beginnings(self, node: Prefix) -> Beginnings:
        """Return what begins so, of it no more terms than are allowed."""
        if node in self._chosen:
            return self._chosen[node]
        start = EXACT + node.form.encode()
        names = [name for name in self._fields(node.field) if name != "lead"]
        found = {(id(view), name): view.beginning(name, start) for view in self._views for name in names}
        seen = {id(view): mask for view, mask in zip(self._views, self._visible.masks, strict=True)}
        every = [(stretch, seen[place[0]]) for place, some in found.items() for stretch in some]
        if keep_commonest([one for one, _ in every], [mask for _, mask in every], self._max_prefix_terms):
            self._notices.append(Notice("prefix-cut", node.form))
        self._chosen[node] = found
        return found

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
        return Match(masks, summed([match.scores for match in matches], self._views))

    def _either(self, node: Either) -> Match:
        """What means the same counts less, and is not taken for rarer than what was asked for."""
        asked = self._node(node.asked)
        masks, scores = asked.masks, asked.scores
        weight = self._statistics.rarity(asked.masks)
        for inner in node.others:
            other = self._node(inner)
            factor = EXPANSION_WEIGHT * min(1.0, weight / max(self._statistics.rarity(other.masks), 1e-9))
            scores = [own + factor * more for own, more in zip(scores, other.scores, strict=True)]
            masks = [own | more for own, more in zip(masks, other.masks, strict=True)]
        return Match(masks, scores)

    def _all(self, node: AllOf) -> Match:
        matches = [self._node(inner) for inner in node.nodes]
        masks = [np.logical_and.reduce([m.masks[i] for m in matches]) for i in range(len(self._views))]
        scores = summed([match.scores for match in matches], self._views)
        return Match(masks, [np.where(mask, score, 0) for mask, score in zip(masks, scores, strict=True)])
