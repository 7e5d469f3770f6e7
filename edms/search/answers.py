"""From matching documents to the hits of a page: order, and the words marked in them."""

from collections.abc import Iterator

import numpy as np

from edms.search import passages
from edms.search.analysis import EXACT, query_word
from edms.search.codec import Numbers, Postings
from edms.search.evaluation import MARKED_TERMS, Evaluation
from edms.search.nodes import AllOf, AnyOf, Either, Node, OneOf, Phrase, Prefix, Word, parts
from edms.search.planning import Plan
from edms.search.protocol import Highlight
from edms.search.snapshot import TEXT_FIELDS, SegmentView


class Highlighter:
    """Marks the words of one question in its hits; what all hits share is looked up once."""

    def __init__(self, plan: Plan, evaluation: Evaluation) -> None:
        each = [list(_groups(node, evaluation)) for node in plan.nodes()]
        self.groups = [group for groups in each for group in groups]
        self._concepts = [
            [terms for name, terms, _ in part if name in ("", "text")]
            for node, groups in zip(plan.nodes(), each, strict=True)
            # The words of a phrase belong on one page; what means the same need not.
            for part in ([[one] for one in groups] if isinstance(node, Phrase) else [groups])
        ]
        self._wanted = {name: _wanted(self.groups, name) for name in TEXT_FIELDS}
        self._postings: dict[tuple[str, bytes], Postings | None] = {}

    def marked(self, view: SegmentView, document: int) -> dict[str, Highlight]:
        """Return the marked fields of one hit, and a snippet of its text."""
        marked: dict[str, Highlight] = {}
        for name, value in view.shown(document).items():
            if found := passages.whole_field(value, self._wanted[name]):
                marked[name] = found
        packed = view.passages(document)
        if packed:
            places = [self._places(view, document, terms) for name, terms, _ in self.groups if name in ("", "text")]
            marked["text"] = passages.snippet(packed, passages.densest(places), self._wanted["text"])
            if not marked["text"].text.strip():
                del marked["text"]
        return marked

    def pages(self, view: SegmentView, document: int) -> tuple[int, ...]:
        """Return the pages of one hit on which the most of the words stand."""
        packed = view.passages(document)
        if not packed:
            return ()
        concepts = [[self._places(view, document, terms) for terms in some] for some in self._concepts if some]
        return passages.pages(packed, [np.concatenate(places) for places in concepts])

    def _places(self, view: SegmentView, document: int, terms: tuple[bytes, ...]) -> Numbers:
        lists = [self._read(view, term) for term in terms]
        places = [found.positions_in(document) for found in lists if found]
        if len(places) == 1:
            return places[0]
        return np.array(sorted({at for some in places for at in some.tolist()}), np.int64)

    def _read(self, view: SegmentView, term: bytes) -> Postings | None:
        key = (view.name, term)
        if key not in self._postings:
            self._postings[key] = view.postings("text", term)
        return self._postings[key]


def _groups(node: Node, evaluation: Evaluation) -> Iterator[tuple[str, tuple[bytes, ...], str]]:
    """Yield (field, terms, beginning) for each thing that was looked for in text."""
    if isinstance(node, Word):
        word = query_word(node.form)
        yield node.field, (word.exact, *word.stems), ""
    elif isinstance(node, Phrase):
        for form in node.forms:
            yield node.field, (EXACT + form.encode(),), ""
    elif isinstance(node, Prefix):
        yield node.field, tuple(sorted(evaluation.prefix_terms(node))[:MARKED_TERMS]), node.form
    elif isinstance(node, OneOf):
        yield node.field, tuple(EXACT + form.encode() for form in node.forms), ""
    elif isinstance(node, AllOf | AnyOf | Either):
        for inner in parts(node):
            yield from _groups(inner, evaluation)


def _wanted(groups: list[tuple[str, tuple[bytes, ...], str]], name: str) -> passages.Wanted:
    own = [group for group in groups if group[0] in ("", name)]
    terms = frozenset(term for _, terms, prefix in own if not prefix for term in terms)
    return passages.Wanted(terms, tuple(prefix for _, _, prefix in own if prefix))
