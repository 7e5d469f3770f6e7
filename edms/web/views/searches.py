"""Searches that one keeps under a name, what is new in them, and what one asked last."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.records.file_plan import class_titles
from edms.records.people import all_offices
from edms.records.questions import KeptQuestion
from edms.records.saved_searches import (
    change_saved_search,
    drop_saved_search,
    open_search,
    save_search,
    saved_searches,
)
from edms.records.search_history import forget_questions, questions_asked
from edms.web.identity import actor, archive
from edms.web.language import gettext
from edms.web.views.search import filters_of, sort_of

pages = Blueprint("searches", __name__)


@pages.get("/searches")
def listing() -> ResponseReturnValue:
    """What the reader keeps, and what was asked last."""
    return render_template(
        "searches.html",
        kept=saved_searches(actor(), archive()),
        asked=questions_asked(actor(), archive()),
        titles=class_titles(archive()),
        offices={one.code: one.name for one in all_offices(actor(), archive())},
        address=_address,
        most_watched=archive().settings.search.watched_records,
    )


@pages.post("/searches")
def keep() -> ResponseReturnValue:
    form = request.form
    question = KeptQuestion(" ".join(form.get("q", "").split()), filters_of(form), sort_of(form))
    save_search(actor(), archive(), form.get("name", ""), question, watched=_watched())
    flash(gettext("Kept. It stands under “My searches”."), "good")
    return redirect(_address(question))


@pages.post("/searches/<uuid:search_id>/<any('open','change','remove'):act>")
def go_on(search_id: UUID, act: str) -> ResponseReturnValue:
    if act == "open":
        return redirect(_address(open_search(actor(), archive(), search_id)))
    if act == "change":
        change_saved_search(actor(), archive(), search_id, request.form.get("name", ""), watched=_watched())
        flash(gettext("Changed."), "good")
    else:
        drop_saved_search(actor(), archive(), search_id)
        flash(gettext("Removed."), "good")
    return redirect(url_for("searches.listing"))


@pages.post("/searches/asked/forget")
def forget() -> ResponseReturnValue:
    """Forget the questions that are named; all of them when none is."""
    forget_questions(actor(), archive(), [key[:64] for key in request.form.getlist("key")])
    flash(gettext("Forgotten."), "good")
    return redirect(url_for("searches.listing"))


def _watched() -> bool:
    return request.form.get("watched") == "yes"


def _address(question: KeptQuestion) -> str:
    """The address of the search page that asks this question."""
    narrowed: dict[str, Any] = {
        "class_code": question.filters.class_prefix,
        "year": question.filters.year_from,
        "office": next(iter(sorted(question.filters.offices)), None),
        "level": next(iter(sorted(question.filters.levels)), None),
        "record_type": next(iter(sorted(question.filters.record_types)), None),
        "state": next(iter(sorted(question.filters.states)), None),
        "sort": question.sort if question.sort != "relevance" else None,
    }
    told = {name: value for name, value in narrowed.items() if value not in (None, "")}
    return url_for("search.results", q=question.text, **told)
