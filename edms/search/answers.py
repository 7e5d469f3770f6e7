"""From matching documents to the hits of a page: order, and the words marked in them."""

from collections.abc import Iterator

import numpy as np

from edms.search import passages
from edms.search.analysis import EXACT, query_word
from edms.search.codec import Numbers, Postings
from edms.search.evaluation import Evaluation, Outcome
from edms.search.protocol import Highlight, Sort
from edms.search.query import AllOf, AnyOf, Node, Phrase, Prefix, Word
from edms.search.snapshot import TEXT_FIELDS, SegmentView, Snapshot

MAX_MARKED_TERMS = 64


def ranked(
    snapshot: Snapshot, outcome: Outcome, sort: Sort, offset: int, limit: int
) -> Iterator[tuple[int, int, float]]:
    """Yield (segment, document, score) of the hits from `offset`; equals are ordered by date, then by record."""
    last = offset + limit
    if not last:
        return
    documents = [np.flatnonzero(mask) for mask in outcome.masks]
    segments = np.repeat(np.arange(len(documents)), [len(part) for part in documents])
    where = _joined(documents)
    scores = _joined([score[part] for score, part in zip(outcome.scores, documents, strict=True)])
    days = _column(snapshot, documents, "day")
    first = -scores if sort == "relevance" else -days if sort == "newest" else np.where(days == 0, 2**31, days)
    if last < len(first):
        cut = np.partition(first, last - 1)[last - 1]
        kept = np.flatnonzero(first <= cut)
    else:
        kept = np.arange(len(first))
    ties = _column(snapshot, documents, "tie")
    order = kept[np.lexsort((ties[kept], -days[kept], first[kept]))]
    for index in order[offset:last]:
        yield int(segments[index]), int(where[index]), float(scores[index])


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0)


def _column(snapshot: Snapshot, documents: list[Numbers], name: str) -> Numbers:
    columns = [view.numbers(name)[part] for view, part in zip(snapshot.views, documents, strict=True)]
    return _joined(columns).astype(np.int64)


class Highlighter:
    """Marks the words of one question in its hits; what all hits share is looked up once."""

    def __init__(self, root: AllOf, evaluation: Evaluation) -> None:
        self._groups = list(_groups(root, evaluation))
        self._wanted = {name: _wanted(self._groups, name) for name in TEXT_FIELDS}
        self._postings: dict[tuple[str, bytes], Postings | None] = {}

    def marked(self, view: SegmentView, document: int) -> dict[str, Highlight]:
        """Return the marked fields of one hit, and a snippet of its text."""
        marked: dict[str, Highlight] = {}
        for name, value in view.shown(document).items():
            if found := passages.whole_field(value, self._wanted[name]):
                marked[name] = found
        packed = view.passages(document)
        if packed:
            places = [self._places(view, document, terms) for name, terms, _ in self._groups if name in ("", "text")]
            marked["text"] = passages.snippet(packed, passages.densest(places), self._wanted["text"])
            if not marked["text"].text.strip():
                del marked["text"]
        return marked

    def _places(self, view: SegmentView, document: int, terms: tuple[bytes, ...]) -> Numbers:
        lists = [self._read(view, term) for term in terms]
        places = [found.positions_in(document) for found in lists if found]
        return np.unique(np.concatenate(places)) if places else np.zeros(0, np.int64)

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
        found = {entry[0] for entries in evaluation.prefix_terms(node).values() for entry in entries[:MAX_MARKED_TERMS]}
        yield node.field, tuple(sorted(found)[:MAX_MARKED_TERMS]), node.form
    elif isinstance(node, AllOf | AnyOf):
        for inner in node.nodes:
            yield from _groups(inner, evaluation)


def _wanted(groups: list[tuple[str, tuple[bytes, ...], str]], name: str) -> passages.Wanted:
    own = [group for group in groups if group[0] in ("", name)]
    terms = frozenset(term for _, terms, prefix in own if not prefix for term in terms)
    return passages.Wanted(terms, tuple(prefix for _, _, prefix in own if prefix))
