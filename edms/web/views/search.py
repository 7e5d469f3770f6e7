"""The search page: a box, facets to narrow, hits with marked passages."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from edms.records.completing import Completion, complete
from edms.records.file_plan import class_titles
from edms.records.questions import KeptQuestion, sort_named
from edms.records.search_export import export_search
from edms.records.searching import Filters, Question, Sort, search
from edms.records.sheets import Form
from edms.web.arguments import page_asked
from edms.web.formats import number
from edms.web.identity import actor, archive
from edms.web.language import current_language
from edms.web.problems import as_json
from edms.web.streams import streamed
from edms.web.words import level_name, value_name
from edms.web.words_search import completion_kind, search_help

pages = Blueprint("search", __name__)

PAGE_SIZE, MOST_AT_ONCE = 20, 100
FACETS = ("class_code", "year", "office", "level", "record_type")


@pages.get("/search")
def results() -> ResponseReturnValue:
    question = Question(
        text=request.args.get("q", "").strip(),
        filters=filters_of(request.args),
        limit=PAGE_SIZE,
        sort=sort_of(request.args),
        facets=FACETS,
        thumbnails=True,
        cursor=request.args.get("at", ""),
        lenient=True,
    )
    found = search(actor(), archive(), question)
    chosen = {name: request.args[name] for name in FACETS if request.args.get(name)}
    return render_template(
        "search.html",
        question=question,
        found=found,
        chosen=chosen,
        titles=class_titles(archive()),
        help=search_help(),
        link=_link,
        export_link=_export_link,
    )


@pages.get("/search.json")
def found() -> ResponseReturnValue:
    """The hits, for programs: the JSON of `edms search --json`. `cursor` leads on, of an answer's `cursor` or
    `previous`; `page` counts where there is none."""
    limit = min(max(1, request.args.get("limit", PAGE_SIZE, type=int)), MOST_AT_ONCE)
    cursor = request.args.get("cursor", "")
    page = 1 if cursor else page_asked(request, max(1, archive().settings.search.max_results_window // limit))
    question = Question(
        text=request.args.get("q", "").strip(),
        filters=filters_of(request.args),
        limit=limit,
        offset=(page - 1) * limit,
        sort=sort_of(request.args),
        facets=FACETS if "facets" in request.args else (),
        cursor=cursor,
    )
    return as_json(search(actor(), archive(), question).as_dict())


@pages.get("/search/complete.json")
def completions() -> ResponseReturnValue:
    """What the word at the end of the search box may become."""
    found = complete(actor(), archive(), request.args.get("q", ""), current_language())
    return as_json({"items": [{"text": one.text, "value": one.value, **_told(one)} for one in found]})


@pages.get("/search/list.<any('csv','xlsx','pdf'):form>")
def export(form: str) -> ResponseReturnValue:
    """Everything that this search finds, as a file."""
    question = KeptQuestion(request.args.get("q", "").strip(), filters_of(request.args), sort_of(request.args))
    found = export_search(actor(), archive(), question, Form(form), current_language())
    return streamed(found.parts, found.name, found.media_type)


def sort_of(asked: "MultiDict[str, str]") -> Sort:
    """Return the order that an address or a form names, the best first for another word."""
    return sort_named(asked.get("sort", ""))


def filters_of(asked: "MultiDict[str, str]") -> Filters:
    """Return what the fields of an address or a form narrow a search to."""
    year = asked.get("year", type=int)
    return Filters(
        class_prefix=asked.get("class_code", "")[:40],
        offices=_one(asked.get("office")),
        levels=_one(asked.get("level")),
        record_types=_one(asked.get("record_type")),
        states=_one(asked.get("state")),
        year_from=year,
        year_to=year,
    )


def _export_link(form: str) -> str:
    """The address of the file of this whole list."""
    arguments = {name: value for name, value in request.args.items() if name not in ("page", "at") and value}
    return url_for("search.export", form=form, **arguments)  # type: ignore[arg-type]


def _told(one: Completion) -> dict[str, Any]:
    """What a completion is, in words."""
    words = value_name(one.value) if one.kind in ("record_type", "state", "language") else one.label
    label = level_name(one.value) if one.kind == "level" else words
    return {"kind": completion_kind(one.kind), "label": label, "count": number(one.count) if one.count else ""}


def _one(value: str | None) -> frozenset[str]:
    return frozenset({value[:80]}) if value else frozenset()


def _link(**changes: Any) -> str:
    """The address of this search with some arguments changed; None takes one away, and the list starts anew."""
    arguments: dict[str, Any] = {name: value for name, value in request.args.items() if name not in ("page", "at")}
    arguments.update(changes)
    return url_for("search.results", **{name: value for name, value in arguments.items() if value not in (None, "")})
