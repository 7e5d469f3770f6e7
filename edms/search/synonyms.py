"""Abbreviations and words that mean the same, from files that the records officer edits. Read anew when they change.

Every `*.txt` in the folder is read. A line holds forms that mean the same, with `=` between them:

    SK = surat keputusan
    perwal = perwali = peraturan wali kota      # what follows a # is not read

A line that cannot be read is left out and named by file and line (`problems`); the others serve.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edms.search.analysis import tokens
from edms.search.nodes import AllOf, Either, Node, Phrase, Word
from edms.search.protocol import Notice
from edms.search.query import ParsedQuery

LARGEST_FILE: Final = 1024 * 1024
MAX_LINES: Final = 5000
MAX_FORMS: Final = 8
MAX_WORDS: Final = 8
MAX_EXPANDED: Final = 8
"""Words of one question that are expanded."""

Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is not read: file name, line (from 1; 0 for the whole file), and why."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}" if self.line else f"{self.file}: {self.why}"


@dataclass(frozen=True, slots=True)
class Synonyms:
    """`others` gives for each form (folded words) the forms that mean the same, and how they are shown."""

    others: dict[Form, dict[Form, str]]
    problems: tuple[Problem, ...] = ()
    longest: int = 0

    def expanded(self, query: ParsedQuery) -> ParsedQuery:
        """Return the query in which plain words that have others are searched with those; notices say which."""
        nodes, notices = list(self._expanded(query.root.nodes)), []
        for node in nodes:
            if isinstance(node, Either) and isinstance(node.asked, Word | AllOf):
                forms = _form(node.asked.nodes if isinstance(node.asked, AllOf) else (node.asked,))
                notices.append(Notice("expanded", f"{' '.join(forms)}: {', '.join(self.others[forms].values())}"))
        return replace(query, root=AllOf(tuple(nodes)), notices=(*query.notices, *notices)) if notices else query

    def _expanded(self, nodes: Sequence[Node]) -> Iterator[Node]:
        at = taken = 0
        while at < len(nodes):
            length = self._known(nodes[at : at + self.longest]) if taken < MAX_EXPANDED else 0
            if not length:
                yield nodes[at]
                at += 1
                continue
            asked = [node for node in nodes[at : at + length] if isinstance(node, Word)]
            field = asked[0].field
            others = tuple(_node(form, field) for form in self.others[_form(asked)])
            yield Either(asked[0] if length == 1 else AllOf(tuple(asked)), others)
            at, taken = at + length, taken + 1

    def _known(self, nodes: Sequence[Node]) -> int:
        """Return how many of the nodes, from the first on, are a form that has others: the most that are."""
        words: list[Word] = []
        for node in nodes:
            if not isinstance(node, Word) or node.field != getattr(nodes[0], "field", None):
                break
            words.append(node)
        return next((n for n in range(len(words), 0, -1) if _form(words[:n]) in self.others), 0)


def _form(words: Sequence[Node]) -> Form:
    return tuple(word.form for word in words if isinstance(word, Word))


def _node(form: Form, field: str) -> Node:
    return Word(form[0], field) if len(form) == 1 else Phrase(form, field)


NONE: Final = Synonyms({})


def read(folder: Path) -> Synonyms:
    """Read all files of a folder; one that is absent holds none."""
    others: dict[Form, dict[Form, str]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.txt")):
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"the file is larger than {LARGEST_FILE} bytes")
            text = path.read_bytes().decode("utf-8-sig")
        except (OSError, ValueError) as error:
            told = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
            problems.append(Problem(path.name, 0, told))
            continue
        for number, line in enumerate(text.splitlines(), 1):
            try:
                forms = _line(line, number)
            except ValueError as error:
                problems.append(Problem(path.name, number, str(error)))
                continue
            for form in forms:
                others.setdefault(form, {}).update({other: told for other, told in forms.items() if other != form})
    return Synonyms(others, tuple(problems), max(map(len, others), default=0))


def _line(line: str, number: int) -> dict[Form, str]:
    """Return the forms of a line and how they are shown. Raises ValueError with what is wrong."""
    line = line.split("#", 1)[0].strip()
    if not line:
        return {}
    if number > MAX_LINES:
        raise ValueError(f"a file has at most {MAX_LINES} lines")
    forms: dict[Form, str] = {}
    for given in line.split("="):
        form = tuple(part.form for token in tokens(given) for part in token.parts)
        if not form:
            raise ValueError("there is no word on one side of a =")
        if len(form) > MAX_WORDS:
            raise ValueError(f"a form has at most {MAX_WORDS} words")
        forms[form] = " ".join(given.split())
    if len(forms) < 2:
        raise ValueError("a line holds two or more different forms with = between them")
    if len(forms) > MAX_FORMS:
        raise ValueError(f"a line holds at most {MAX_FORMS} forms")
    return forms


class SynonymFolder:
    """The synonyms of a folder, read anew when a file of it was changed. Safe for many threads."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._state: tuple[object, Synonyms] = (None, NONE)

    def current(self) -> Synonyms:
        """Return what the files say now."""
        if self._folder is None:
            return NONE
        try:
            found = [(path.name, path.stat()) for path in sorted(self._folder.glob("*.txt"))]
        except OSError:
            return self._state[1]  # a file went while we looked; the next question sees what is left
        mark = [(name, told.st_mtime_ns, told.st_size, told.st_ino) for name, told in found]
        with self._lock:
            if mark != self._state[0]:
                self._state = (mark, read(self._folder))
            return self._state[1]
