"""The search index on PostgreSQL: `edms.search.protocol.SearchIndex` for many machines (docs/adr/0081)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from edms.core.settings import SearchSettings
from edms.search import analysis
from edms.search.answering import require_window, shown_page, told
from edms.search.answers import Highlighter
from edms.search.cursors import Cursors, Place
from edms.search.errors import IndexDamaged
from edms.search.planning import Plan, planned
from edms.search.postgresql import checking
from edms.search.postgresql.evaluating import SealedEvaluation
from edms.search.postgresql.layout import BODY, PLACES
from edms.search.postgresql.reading import PieceCache, fetch_for, fetch_lists, term_key
from edms.search.postgresql.server import Server, Session, Vanished
from edms.search.postgresql.snapshot import EMPTY, Bound, State, States
from edms.search.postgresql.writing import Writer
from edms.search.protocol import Change, Fault, IndexDocument, SearchAnswer, SearchRequest
from edms.search.questions import Questions

_ATTEMPTS = 5


class PostgresqlIndex:
    """An index in a schema of its own of the database at `url`, under `key` (32 bytes).

    Safe for many threads; any number of processes on any number of machines may open it.
    """

    def __init__(
        self, url: str, key: bytes, settings: SearchSettings, schema: str = "search", pool_size: int = 8
    ) -> None:
        self._settings = settings
        self._key = key
        self._cursors = Cursors(key)
        self._questions = Questions(settings)
        self._server = Server(url, schema, pool_size)
        self._states = States(key, PieceCache(settings.page_cache_bytes))
        self._writer = Writer(self._server, key, settings)

    def close(self) -> None:
        """Give the connections back."""
        self._server.close()

    # Reading

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer a question (see the protocol)."""
        require_window(request, self._settings)
        place = self._cursors.open(request)
        for _attempt in range(_ATTEMPTS):
            try:
                with self._server.reading() as session:
                    return self._answer(session, self._states.newest(session), request, place)
            except Vanished:
                with self._server.reading() as session:
                    if not session.tables():
                        return self._answer(session, EMPTY, request, place)
        raise IndexDamaged("a table of the index is missing")

    def _answer(self, session: Session, state: State, request: SearchRequest, place: Place | None) -> SearchAnswer:
        visible = state.visible(session, request.access, request.granted, request.withheld)
        bound = self._states.bound(session, state, visible)
        snapshot = cast(Any, bound)
        query = self._questions.read(request.text)
        frozen = place.frozen if place else None
        evaluation = SealedEvaluation(snapshot, visible, self._settings.max_prefix_terms, frozen)
        ranked = request.sort == "relevance"
        fetch_for(Plan((query.root,)), bound.views, bound.pieces, nearness=False)
        plan = planned(query, evaluation, frozen["decided"] if frozen else None)
        fetch_for(plan, bound.views, bound.pieces, nearness=ranked)
        outcome = evaluation.run(plan, request.filters, ranked=ranked)
        shown = shown_page(snapshot, outcome, request, place)
        highlighter = Highlighter(plan, evaluation) if request.highlight else None
        _fetch_shown(bound, shown.hits, highlighter)
        return told(snapshot, request, self._cursors, evaluation, plan, outcome, shown, highlighter)

    def document_versions(self) -> Iterator[tuple[str, int]]:
        """Yield (record id, version) of every document."""
        yield from checking.document_versions(self._server)

    @property
    def needs_rebuild(self) -> bool:
        """Whether the index was made by an older analysis and finds less than it could."""
        try:
            with self._server.reading() as session:
                found = session.rows("SELECT analysis FROM {generation} WHERE state = 'serving'")
        except Vanished:
            return False
        return bool(found) and found[0][0] != analysis.VERSION

    # Writing

    def apply(self, changes: Sequence[Change]) -> None:
        """Take the changes in with one commit (see the protocol)."""
        if changes:
            with _nothing_vanishes():
                self._writer.apply(changes)

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a new generation while the old one serves, and switch (see the protocol)."""
        with _nothing_vanishes():
            return self._writer.rebuild(documents)

    def purge(self) -> None:
        """Rewrite every segment that still holds replaced or deleted documents (see the protocol)."""
        try:
            with _nothing_vanishes():
                self._writer.purge()
        except IndexDamaged:
            with self._server.reading() as session:
                if session.tables():
                    raise

    # Checking

    def verify(self, expected: Iterable[tuple[str, int]] | None = None) -> Iterator[Fault]:
        """Authenticate every row that serves, then compare with what is expected (see the protocol)."""
        yield from checking.verify(self._server, self._key, expected)


@contextmanager
def _nothing_vanishes() -> Iterator[None]:
    """Say that the index is damaged when a table goes away under the writer lock, which nobody else holds."""
    try:
        yield
    except Vanished:
        raise IndexDamaged("a table of the index is missing") from None


def _fetch_shown(bound: Bound, shown: Sequence[tuple[int, int, float]], highlighter: Highlighter | None) -> None:
    """Fetch the documents of the hits, and where in them the words stand."""
    bound.pieces.fetch((bound.views[segment].segment, BODY, document) for segment, document, _ in shown)
    if highlighter:
        views = [bound.views[number] for number in sorted({segment for segment, _, _ in shown})]
        terms = {term for name, own, _ in highlighter.groups if name in ("", "text") for term in own}
        fetch_lists([term_key("text", term) for term in terms], views, bound.pieces, (PLACES,))
