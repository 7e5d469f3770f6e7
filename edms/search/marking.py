"""Which words of a text a question asks for: the same reading as the engines', without an index. Pure.

For one record at a time: what is near a word is what is near it in this record's own text.
"""

from collections.abc import Iterable, Iterator

from edms.search.analysis import EXACT, query_word, tokens
from edms.search.nearness import Forms
from edms.search.nodes import AllOf, AnyOf, Either, Node, OneOf, Phrase, Prefix, Word, parts
from edms.search.passages import Wanted, marks
from edms.search.planning import planned
from edms.search.query import ParsedQuery

__all__ = ["Wanted", "marks", "wanted_in"]


class _OwnWords:
    """The vocabulary of one text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = {part.form for text in texts for token in tokens(text) for part in token.parts}
        self._stems = {stem for form in self._forms if form.isalpha() for stem in query_word(form).stems}
        self._near: Forms | None = None

    def has(self, word: Word) -> bool:
        return word.form in self._forms or not self._stems.isdisjoint(query_word(word.form).stems)

    def documents(self, form: str, field: str) -> int:
        return int(form in self._forms)

    def near(self, form: str, field: str) -> Iterable[tuple[int, str]]:
        if self._near is None:
            self._near = Forms(self._forms)
        return self._near.near(form)


def wanted_in(query: ParsedQuery, texts: Iterable[str]) -> Wanted:
    """Return the words to be marked in these texts of one record."""
    terms: set[bytes] = set()
    prefixes: list[str] = []
    for node in planned(query, _OwnWords(texts)).nodes():
        for one in _leaves(node):
            if isinstance(one, Prefix):
                prefixes.append(one.form)
            elif isinstance(one, Word):
                word = query_word(one.form)
                terms.update((word.exact, *word.stems))
            else:
                terms.update(EXACT + form.encode() for form in one.forms)
    return Wanted(frozenset(terms), tuple(prefixes))


def _leaves(node: Node) -> Iterator[Word | Phrase | OneOf | Prefix]:
    if isinstance(node, Word | Phrase | OneOf | Prefix):
        if node.field in ("", "text"):
            yield node
    elif isinstance(node, AllOf | AnyOf | Either):
        for inner in parts(node):
            yield from _leaves(inner)
