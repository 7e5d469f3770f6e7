"""From a parsed question to what an engine evaluates: the same for every engine, given what the searcher may see.

An engine answers `Vocabulary` over the visible documents, asks `planned`, and evaluates the plan:

    every = every node of `required` and every node of `words`
    found = any word instead of every one, when there are several words and `sentence`, or `every` matches fewer than
            `least`
    score = the sum over `required`, `words` and `optional`                         (`edms.search.ranking`)

with the notice `any-word` in the first of these cases and `not-all-words` in the second. With no words, `required`
decides alone; with nothing at all, every visible document is found. Nodes are `Word`, `Phrase`, `Prefix`, `OneOf`,
`Value`, `Range`, `Not`, `AnyOf`, `AllOf` and `Either`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from edms.search.analysis import is_stop_word, tokens
from edms.search.nearness import confusions, farthest
from edms.search.nodes import AllOf, AnyOf, Code, Either, Fuzzy, Node, Not, OneOf, Phrase, Title, Word
from edms.search.protocol import Notice
from edms.search.query import ParsedQuery

SENTENCE_WORDS: Final = 6
"""From so many words on, text is taken as a sentence: any of its words will do, and likeness decides the order."""
FEW: Final = 10
"""When fewer documents than half a page holds have every word, plain words are asked with any of them."""
MAX_NEAR_FORMS: Final = 16
"""Forms that one nearly-word stands for."""
MAX_SEEN: Final = 64
"""Visible forms among which they are chosen. Hidden ones are passed over, however many: they crowd nothing out."""


class Vocabulary(Protocol):
    """What planning asks of the words in the documents that the searcher may see."""

    def has(self, word: Word) -> bool:
        """Return whether a visible document matches the word."""

    def documents(self, form: str, field: str) -> int:
        """Return how many visible documents have this very form in the field, or in any text field when it is ""."""

    def near(self, form: str, field: str) -> Iterable[tuple[int, str]]:
        """Return (edits, form) of the forms near `form` in the dictionary, nearest first (`edms.search.nearness`).

        MAY contain forms that only hidden documents hold: planning takes those out by `documents`.
        """


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated; see the module for how. `decided`: what each word was taken for that nothing visible holds,
    for the pages that follow."""

    required: tuple[Node, ...] = ()
    words: tuple[Node, ...] = ()
    optional: tuple[Node, ...] = ()
    sentence: bool = False
    least: int = 1
    notices: tuple[Notice, ...] = ()
    suggestion: str = ""
    decided: Mapping[str, list[str]] = field(default_factory=dict)

    def parts(self) -> tuple[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]]:
        return self.required, self.words, self.optional

    def nodes(self) -> tuple[Node, ...]:
        return (*self.required, *self.words, *self.optional)


def planned(query: ParsedQuery, vocabulary: Vocabulary, decided: Mapping[str, list[str]] | None = None) -> Plan:
    """Return the plan for `query`; `decided` is of the plan for the first page, for a page that follows it."""
    return _Planner(query, vocabulary, decided).run()


class _Planner:
    def __init__(self, query: ParsedQuery, vocabulary: Vocabulary, decided: Mapping[str, list[str]] | None) -> None:
        self.query = query
        self.vocabulary = vocabulary
        self.before = decided
        self.decided: dict[str, list[str]] = {}
        self.instead: dict[str, str] = {}
        self.notices = list(query.notices)
        self.sentence = False

    def run(self) -> Plan:
        nodes = self.query.root.nodes
        words = [node for node in nodes if isinstance(node, Word | Code | Either | Fuzzy)]
        titles = [node for node in nodes if isinstance(node, Title)]
        wanted: list[Node] = [node for node in words if not _stops(node)] or list(words)
        if not wanted:
            wanted, titles = list(titles), []
        self.sentence = self.query.question or len(wanted) >= SENTENCE_WORDS
        taken = [node for node in nodes if node not in words and not isinstance(node, Title)]
        return Plan(
            tuple(self.ready(node) for node in taken),
            tuple(dict.fromkeys(self.word(node) for node in wanted)),
            tuple(dict.fromkeys(self.ready(node) for node in titles)),
            self.sentence,
            # Words that only join others: somebody wrote as people speak.
            FEW if len(wanted) < len(words) else 1,
            tuple(dict.fromkeys(self.notices)),
            self.suggestion(),
            self.decided,
        )

    def word(self, node: Node) -> Node:
        """Return a word as it is, or what is near it when nothing visible holds it."""
        if isinstance(node, Word) and farthest(node.form) and not self.vocabulary.has(node):
            return self.nearly(Fuzzy(node.form, node.field), asked=False)
        return self.ready(node)

    def ready(self, node: Node) -> Node:
        """Return the node without kinds that no engine meets."""
        if isinstance(node, Code | Title):
            return Phrase(node.forms, node.field) if len(node.forms) > 1 else Word(node.forms[0], node.field)
        if isinstance(node, Fuzzy):
            return self.nearly(node, asked=True)
        if isinstance(node, Not):
            return Not(self.ready(node.node))
        if isinstance(node, AnyOf | AllOf):
            return type(node)(tuple(map(self.ready, node.nodes)))
        if isinstance(node, Either):
            asked = self.ready(node.asked)
            if self.sentence and isinstance(asked, AllOf):
                asked = AnyOf(asked.nodes)
            return Either(asked, tuple(map(self.ready, node.others)))
        return node

    def nearly(self, node: Fuzzy, *, asked: bool) -> Node:
        """Return the forms that a nearly-word stands for; the word itself when there are none."""
        key = f"{node.field}:{node.form}"
        forms = self.before.get(key, []) if self.before is not None else self.near(node, asked=asked)
        self.decided[key] = forms
        if forms:
            self.notices.append(Notice("near", f"{node.form}: {', '.join(forms[:5])}"))
            if not asked:
                self.instead[node.form] = forms[0]
        if asked:
            return OneOf((node.form, *forms), node.field)
        return OneOf(tuple(forms), node.field) if forms else Word(node.form, node.field)

    def near(self, node: Fuzzy, *, asked: bool) -> list[str]:
        """Return the visible forms nearest to the word: misread ones first, then by edits, then by documents."""
        likely: dict[str, float] = dict.fromkeys(confusions(node.form), 0.5)
        if asked or node.form.isalpha():  # `anggaran7` is not taken for `anggaran8`
            for edits, form in self.vocabulary.near(node.form, node.field):
                likely.setdefault(form, edits)
        seen: list[tuple[float, int, str]] = []
        for form in sorted(likely, key=lambda one: (likely[one], one)):
            if documents := self.vocabulary.documents(form, node.field):
                seen.append((likely[form], -documents, form))
                if len(seen) == MAX_SEEN:
                    break
        return [form for _edits, _documents, form in sorted(seen)[:MAX_NEAR_FORMS]]

    def suggestion(self) -> str:
        """Return what was typed with the words replaced for which others were taken."""
        text, pieces, at = self.query.text, [], 0
        for token in tokens(text) if self.instead else ():
            for part in token.parts:
                if part.form in self.instead:
                    pieces += [text[at : part.start], self.instead[part.form]]
                    at = part.end
        return re.sub(r"\s+", " ", "".join([*pieces, text[at:]])).strip() if pieces else ""


def _stops(node: Node) -> bool:
    return isinstance(node, Word) and not node.field and is_stop_word(node.form)
