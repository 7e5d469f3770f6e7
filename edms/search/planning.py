"""From a parsed question to what an engine evaluates: the same for every engine, given what the searcher may see.

An engine answers `Vocabulary` over the visible documents, asks `planned`, and evaluates the plan:

    every = every node of `required` and every node of `words`
    found = any word instead of every one, when `sentence`, or when `every` matches nothing and there are several words
    score = the sum over `required`, `words` and `optional`                         (`edms.search.ranking`)

with the notice `any-word` in the first of these cases and `not-all-words` in the second. With no words, `required`
decides alone; with nothing at all, every visible document is found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from edms.search.analysis import is_stop_word
from edms.search.nodes import Node, Word
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
    notices: tuple[Notice, ...] = ()
    suggestion: str = ""

    def nodes(self) -> tuple[Node, ...]:
        return (*self.required, *self.words, *self.optional)


def planned(query: ParsedQuery, vocabulary: Vocabulary | None) -> Plan:
    """Return the plan for `query`."""
    words = [node for node in query.root.nodes if isinstance(node, Word)]
    wanted = [node for node in words if node.field or not is_stop_word(node.form)] or words
    required = tuple(node for node in query.root.nodes if not isinstance(node, Word))
    wanted = list(dict.fromkeys(wanted))
    return Plan(required, tuple(wanted), (), query.question or len(wanted) >= SENTENCE_WORDS, query.notices)
