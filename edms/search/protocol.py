"""What the rest of the system knows of a search index, whichever engine stands behind it (DESIGN section 3).

The words MUST and MAY are the contract; `tests/contract/test_search_index.py` runs it on every engine.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Final, Literal, Protocol, TypeAlias

FACETS: Final = ("office", "class_code", "level", "record_type", "year", "state", "language")
"""The fields that can be counted in an answer."""

FEATURES: Final = (
    "signature", "attachment", "text", "ocr", "copy", "number", "date", "sender", "recipient", "hold", "redaction",
)  # fmt: skip
"""What `ada:` and `has:` can ask a record for, in the order of their bits in an index: new ones come last. The names in
questions stand in `edms.search.query.FEATURE_NAMES`."""

MOST_PAGES: Final = 20
"""Pages told of one hit."""

Sort: TypeAlias = Literal["relevance", "newest", "oldest", "title"]
"""`title`: by `edms.search.analysis.title_key`. Equals in any order: newest first, then by a digest of the id."""


class Everything(Enum):
    """The type of `EVERYTHING`: an actor that may find every record. It is a value of its own so that an empty or
    forgotten set of tokens can never mean it (DESIGN invariant 4)."""

    EVERYTHING = "everything"


EVERYTHING: Final = Everything.EVERYTHING


class Tokens(Protocol):
    """A set of access tokens that can be asked and need not be listed. MUST be hashable, equal where it is the same."""

    def __contains__(self, token: object, /) -> bool: ...

    def __hash__(self) -> int: ...


Access: TypeAlias = Tokens | Everything


@dataclass(frozen=True, slots=True)
class IndexDocument:
    """One record as the index sees it.

    `access` is the one token of the record; a searcher finds it when it is among the searcher's tokens. `version`
    grows with every change of the record, so that a change that arrives late or twice is known as old.
    """

    record_id: str
    version: int
    access: str
    title: str = ""
    text: str = ""
    number: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    office: str = ""
    class_code: str = ""
    level: str = ""
    record_type: str = ""
    state: str = ""
    language: str = ""
    date: datetime.date | None = None
    year: int | None = None
    features: frozenset[str] = frozenset()
    """Names of `FEATURES` that the record has; `Value("features", name)` of a query asks for one."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """Put this document in place of any older version of the same record."""

    document: IndexDocument


@dataclass(frozen=True, slots=True)
class Delete:
    """Take the record out; `version` is that of the change, and older upserts that arrive later are ignored."""

    record_id: str
    version: int


Change: TypeAlias = Upsert | Delete


@dataclass(frozen=True, slots=True)
class Filters:
    """What an answer is narrowed to. Within a field any of the values; between fields all of them; years inclusive."""

    class_prefix: str = ""
    offices: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    record_types: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    year_from: int | None = None
    year_to: int | None = None

    def names(self) -> list[str]:
        """Return the names of the fields that narrow, without their values."""
        return [each.name for each in fields(self) if getattr(self, each.name) not in ("", None, frozenset())]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A question. An empty `text` asks for every visible record. `access` has no default on purpose.

    `granted`: ids of records that the searcher may find whatever their tokens; `withheld`: ids of those that the
    searcher may not find, whatever the index still says of them. Both are of this very moment, from the database.

    `cursor`: "" for the first page (then `offset` counts), else what an answer gave: the hits that follow it, or with
    its `previous` those before it, however deep; `offset` is 0 then, and the rest of the request is what it was (other
    `limit`, facets and highlights are taken). `reader` names who asks: a cursor serves the one reader it was made for.

    `pages`: with highlights also the pages on which the words stand (form feeds divide the text into pages).
    """

    text: str
    access: Access
    filters: Filters = Filters()
    limit: int = 20
    offset: int = 0
    sort: Sort = "relevance"
    facets: tuple[str, ...] = ()
    highlight: bool = True
    granted: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    cursor: str = ""
    reader: str = ""
    pages: bool = False


@dataclass(frozen=True, slots=True)
class Highlight:
    """A piece of a field's plain text, and the character ranges `[start, end)` in it that matched.

    `text` is text, not markup: whoever shows it escapes it and then marks the ranges. `before` and `after` say
    whether the field goes on there.
    """

    text: str
    ranges: tuple[tuple[int, int], ...] = ()
    before: bool = False
    after: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One record found; `score` is comparable within one answer only. `pages`: where most of the words stand together,
    from 1, ascending, the first `MOST_PAGES`; () for a text of one page and where it was not asked for."""

    record_id: str
    version: int
    score: float
    highlights: Mapping[str, Highlight] = field(default_factory=dict)
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the question that was not taken as typed: a stable `code` for translation and a `detail`."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """`total` and `facets` are exact and count what the searcher may see, nothing else.

    `cursor` is what to ask with for the hits after these, `previous` for those before, "" when there are none; `start`
    is how many stand before these. `suggestion` is the question with
    words that nothing visible holds replaced by the nearest that something visible holds, "" when there is no need.
    """

    total: int
    hits: tuple[SearchHit, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    cursor: str = ""
    suggestion: str = ""
    previous: str = ""
    start: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `kind` is `index-file`, `index-missing`, `index-extra` or `index-stale`."""

    kind: str
    id: str
    detail: str


class SearchIndex(Protocol):
    """A derived index of records (DESIGN invariant 6)."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in, all or none, durably.

        MUST be idempotent: a change whose version is not newer than what the index holds for the record is ignored,
        also after a deletion. MUST NOT lose an earlier commit when the process dies at any point. Raises IndexBusy,
        IndexDamaged, StorageFault.
        """

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer a question.

        MUST NOT raise for any text. MUST filter by access inside the query: total, facets, highlights, order, scores,
        suggestion and cursor depend on visible documents alone. MUST see a commit of any process within one second.
        MUST read the text with `edms.search.planning`, so that every engine finds the same documents, and rank with
        `edms.search.ranking`.

        Following cursors MUST list every matching document once, in the order of the first page, in every sort order
        and without limit, also while documents are added: one that was there when the first page was made is neither
        repeated nor left out. `previous` MUST lead the same way back. What a cursor holds MUST be unreadable and
        unalterable to whoever carries it (`edms.search.cursors`).

        Raises IndexDamaged, BadCursor for a cursor that is not of this question and reader, and LimitExceeded when
        `offset + limit` passes the results window without a cursor.
        """

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a new generation from `documents` while the old one serves, switch atomically, return the count.

        Changes applied meanwhile MUST be in the new generation. A failure MUST leave the old one serving.
        """

    def purge(self) -> None:
        """Rewrite what still holds words of replaced or deleted documents.

        On return no file in service MUST hold anything of them but record ids and versions. For use after a
        destruction; `apply` alone leaves deleted words, encrypted, until enough of them have gathered.
        """

    def verify(self, expected: Iterable[tuple[str, int]] | None = None) -> Iterator[Fault]:
        """Authenticate every stored byte, and compare with the expected (record id, version) pairs when given."""

    def document_versions(self) -> Iterator[tuple[str, int]]:
        """Yield (record id, version) of every document."""
