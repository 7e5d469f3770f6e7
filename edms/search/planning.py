"""From a parsed question to what an engine evaluates: the same for every engine, given what the searcher may see.

An engine answers `Vocabulary` over the visible documents, asks `planned`, and evaluates the plan:

    every = every node of `required` and every node of `words`
    found = any word instead of every one, when there are several words and `sentence`, or `every` matches fewer than
            `least`
    score = the sum over `required`, `words` and `optional`                         (`edms.search.ranking`)

with the notice `any-word` in the first of these cases and `not-all-words` in the second. With no words, `required`
decides alone; with nothing at all, every visible document is found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from edms.search.analysis import is_stop_word
from edms.search.nodes import AllOf, AnyOf, Code, Node, Not, Phrase, Word
from edms.search.protocol import Notice
from edms.search.query import ParsedQuery

SENTENCE_WORDS: Final = 6
"""From so many words on, text is taken as a sentence: any of its words will do, and likeness decides the order."""


class Vocabulary(Protocol):
    """What planning asks of the words in the documents that the searcher may see."""

    def has(self, word: Word) -> bool:
        """Return whether a visible document matches the word."""

    def documents(self, form: str, field: str) -> int:
        """Return how many visible documents have this very form in the field, or in any text field when it is ""."""

    def near(self, form: str, field: str) -> Iterable[str]:
        """Return the very forms nearest to `form` in the dictionary, nearest first (`edms.search.nearness`).

        MAY contain forms that only hidden documents hold: planning takes those out by `documents`.
        """


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated; see the module for how."""

    required: tuple[Node, ...] = ()
    words: tuple[Node, ...] = ()
    optional: tuple[Node, ...] = ()
    sentence: bool = False
    least: int = 1
    notices: tuple[Notice, ...] = ()
    suggestion: str = ""

    def parts(self) -> tuple[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]]:
        return self.required, self.words, self.optional

    def nodes(self) -> tuple[Node, ...]:
        return (*self.required, *self.words, *self.optional)


FEW: Final = 10
"""When fewer documents than a page holds have every word, plain words are asked with any of them."""


def planned(query: ParsedQuery, vocabulary: Vocabulary | None) -> Plan:
    """Return the plan for `query`."""
    required: list[Node] = []
    words: list[Node] = []
    for node in query.root.nodes:
        (words if isinstance(node, Word | Code) else required).append(_ready(node))
    wanted = [node for node in words if not _stops(node)] or words
    wanted = list(dict.fromkeys(wanted))
    sentence = query.question or len(wanted) >= SENTENCE_WORDS
    plain = len(wanted) < len(words)  # words that only join others: somebody wrote as people speak
    return Plan(tuple(required), tuple(wanted), (), sentence, FEW if plain else 1, query.notices)


def _ready(node: Node) -> Node:
    """Return the node without kinds that no engine meets."""
    if isinstance(node, Code):
        return Phrase(node.forms, node.field)
    if isinstance(node, Not):
        return Not(_ready(node.node))
    if isinstance(node, AnyOf | AllOf):
        return type(node)(tuple(map(_ready, node.nodes)))
    return node


def _stops(node: Node) -> bool:
    return isinstance(node, Word) and not node.field and is_stop_word(node.form)
