"""From a request to an answer on one commit: the same for every engine that the array evaluation reads."""

from edms.core.errors import LimitExceeded
from edms.core.settings import SearchSettings
from edms.search.answers import Highlighter
from edms.search.cursors import Cursors, Place
from edms.search.evaluation import Evaluation, Outcome
from edms.search.masks import facet_counts
from edms.search.ordering import Page, page
from edms.search.planning import Plan, planned
from edms.search.protocol import SearchAnswer, SearchHit, SearchRequest
from edms.search.questions import Questions
from edms.search.snapshot import Snapshot


def answer(
    snapshot: Snapshot, request: SearchRequest, settings: SearchSettings, questions: Questions, cursors: Cursors
) -> SearchAnswer:
    """Answer a question (see `SearchIndex.search`)."""
    require_window(request, settings)
    place = cursors.open(request)
    query = questions.read(request.text)
    visible = snapshot.visible(request.access, request.granted, request.withheld)
    evaluation = Evaluation(snapshot, visible, settings.max_prefix_terms, place.frozen if place else None)
    plan = planned(query, evaluation, place.frozen["decided"] if place else None)
    outcome = evaluation.run(plan, request.filters, ranked=request.sort == "relevance")
    shown = shown_page(snapshot, outcome, request, place)
    highlighter = Highlighter(plan, evaluation) if request.highlight else None
    return told(snapshot, request, cursors, evaluation, plan, outcome, shown, highlighter)


def require_window(request: SearchRequest, settings: SearchSettings) -> None:
    """Raise LimitExceeded for places that are listed by a cursor alone."""
    if not request.cursor and max(request.limit, 0) + max(request.offset, 0) > settings.max_results_window:
        raise LimitExceeded(
            f"results past the {settings.max_results_window}th cannot be listed", "narrow the question down"
        )


def shown_page(snapshot: Snapshot, outcome: Outcome, request: SearchRequest, place: Place | None) -> Page:
    """Return the places of the outcome that are asked for: by offset, or beside `place`."""
    limit, offset = max(request.limit, 0), max(request.offset, 0)
    if place is None:
        return page(snapshot, outcome, request.sort, offset=offset, limit=limit)
    return page(snapshot, outcome, request.sort, limit=limit, beside=place.key, back=place.back)


def told(
    snapshot: Snapshot,
    request: SearchRequest,
    cursors: Cursors,
    evaluation: Evaluation,
    plan: Plan,
    outcome: Outcome,
    shown: Page,
    highlighter: Highlighter | None,
) -> SearchAnswer:
    """Put the answer together of what was evaluated and is shown."""
    frozen = {**evaluation.frozen(), "decided": plan.decided}
    return SearchAnswer(
        outcome.total,
        tuple(_hit(snapshot, highlighter, request.pages, *one) for one in shown.hits),
        facet_counts(snapshot, outcome.masks, request.facets),
        tuple(dict.fromkeys([*plan.notices, *outcome.notices])),
        cursors.seal(request, Place(shown.after, frozen)) if shown.after else "",
        plan.suggestion,
        cursors.seal(request, Place(shown.before, frozen, back=True)) if shown.before else "",
        shown.start,
    )


def _hit(
    snapshot: Snapshot, highlighter: Highlighter | None, paged: bool, segment: int, document: int, score: float
) -> SearchHit:
    view = snapshot.views[segment]
    marked = highlighter.marked(view, document) if highlighter else {}
    pages = highlighter.pages(view, document) if highlighter and paged else ()
    return SearchHit(view.record_id(document), int(view.numbers("version")[document]), score, marked, pages)
