"""Redactions of a record: begun, marked by proposals, terms and areas, looked at, made, approved, handed out."""

from collections.abc import Callable, Iterable
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import EdmsError, NotFound, NotSignedIn, Refused
from edms.operation.door import NotPermitted
from edms.records.describe import record_title
from edms.records.redaction_make import (
    Proposal,
    find_terms,
    preview_page,
    produce_redaction,
    propose_areas,
    redacted_copy,
)
from edms.records.redactions import (
    Purpose,
    RedactionView,
    State,
    approve_redaction,
    open_redaction,
    require_redactable,
    save_areas,
    show_redaction,
    withdraw_redaction,
)
from edms.redaction.types import Area, Kind
from edms.web.identity import actor, archive
from edms.web.language import gettext, ngettext
from edms.web.views.files import attachment_of
from edms.web.words import error_text

pages = Blueprint("redactions", __name__)

WIDTH = 900
_HAND, _TERM = "hand", "term"
_PROPOSED = frozenset(kind.value for kind in Kind)


@pages.get("/records/<uuid:record_id>/redactions/new")
def new(record_id: UUID) -> ResponseReturnValue:
    return _opening(record_id, "")


@pages.post("/records/<uuid:record_id>/redactions")
def begin(record_id: UUID) -> ResponseReturnValue:
    form = request.form
    try:
        purpose = Purpose(form.get("purpose", ""))
    except ValueError:
        purpose = Purpose.PUBLICATION
    try:
        made = open_redaction(
            actor(), archive(), record_id, purpose, form.get("ground", ""), form.get("reason", "")
        )  # fmt: skip
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except Refused as refused:
        return _opening(record_id, _sentence(refused)), 400
    return redirect(url_for("redactions.show", redaction_id=made, proposals=1))


def _opening(record_id: UUID, problem: str) -> str:
    require_redactable(actor(), archive(), record_id)
    title = record_title(actor(), archive(), record_id)
    return render_template("redaction_new.html", record_id=record_id, title=title, problem=problem)


@pages.get("/redactions/<uuid:redaction_id>")
def show(redaction_id: UUID) -> ResponseReturnValue:
    return _page(redaction_id, "")


def _page(redaction_id: UUID, problem: str) -> str:
    view = show_redaction(actor(), archive(), redaction_id)
    count = view.pages or view.page_count
    number = max(1, min(request.args.get("page", 1, type=int), count))
    draft = view.state is State.DRAFT and view.may_redact
    proposals = _proposals(view) if draft and "proposals" in request.args else None
    return render_template(
        "redaction.html",
        view=view,
        draft=draft,
        number=number,
        count=count,
        proposals=proposals,
        ticked=_ticked(view, proposals or ()),
        numbered=[(index, area) for index, area in enumerate(view.areas) if area.page == number],
        covered="covered" in request.args if draft else view.state is State.MAKING or view.position is not None,
        at_once=archive().settings.redaction.pages_at_once,
        failure=_failure(view),
        problem=problem,
    )


def _failure(view: RedactionView) -> str:
    """Why workers could not make it, or why they pause; "" where they do neither. What is no sentence of ours is in
    the log of the machine."""
    told = view.work.told if view.work else ""
    if told.startswith("step ") or " in step " in told:
        return gettext("something went wrong on the machine; its log says what")
    return error_text(told)


def _proposals(view: RedactionView) -> tuple[Proposal, ...]:
    try:
        return propose_areas(actor(), archive(), view.id)
    except Refused as refused:
        flash(_sentence(refused), "bad")
        return ()


def _ticked(view: RedactionView, proposals: Iterable[Proposal]) -> frozenset[int]:
    """Which proposals stand ticked: those that were taken over, or before anything was, those that are proposed."""
    taken = set(view.areas)
    untouched = view.version == 1
    return frozenset(
        index
        for index, one in enumerate(proposals)
        if one.areas and (one.finding.proposed if untouched else taken.issuperset(one.areas))
    )


@pages.post("/redactions/<uuid:redaction_id>/proposals")
def take(redaction_id: UUID) -> ResponseReturnValue:
    """Take over the proposals that are ticked, in place of those that were."""

    def act(view: RedactionView) -> None:
        chosen = {int(value) for value in request.form.getlist("take") if value.isdecimal()}
        proposals = propose_areas(actor(), archive(), view.id)
        areas = [area for index, one in enumerate(proposals) if index in chosen for area in one.areas]
        _save(view, [*(one for one in view.areas if one.origin not in _PROPOSED), *areas], view.terms)
        count = len(areas)
        told = ngettext("%(num)s area is marked by proposals.", "%(num)s areas are marked by proposals.", count)
        flash(told % {"num": count}, "good")

    return _acted(redaction_id, act)


@pages.post("/redactions/<uuid:redaction_id>/terms")
def terms(redaction_id: UUID) -> ResponseReturnValue:
    """Cover the terms wherever they stand, in place of those that were."""

    def act(view: RedactionView) -> None:
        wanted = [line for line in request.form.get("terms", "").splitlines() if line.strip()]
        found = find_terms(actor(), archive(), view.id, wanted)
        _save(view, [*(one for one in view.areas if one.origin != _TERM), *found.areas], wanted)
        places = len(found.areas)
        told = ngettext("%(num)s place is marked by terms.", "%(num)s places are marked by terms.", places)
        flash(told % {"num": places}, "good")
        if found.missing:
            flash(gettext("Found nowhere: %(terms)s") % {"terms": ", ".join(found.missing)}, "bad")
        if found.within:
            words = {"words": ", ".join(found.within[:20])}
            flash(gettext("Not covered, because they are longer words: %(words)s") % words, "bad")

    return _acted(redaction_id, act)


@pages.post("/redactions/<uuid:redaction_id>/areas")
def areas(redaction_id: UUID) -> ResponseReturnValue:
    """Add an area, change one (`index` in the list as it was shown), or remove it."""

    def act(view: RedactionView) -> None:
        kept, index = list(view.areas), request.form.get("index", -1, type=int)
        if request.form.get("do") != "add":
            if not 0 <= index < len(kept):
                raise Refused("the redaction was changed meanwhile", "look at it again")
            kept.pop(index)
        if request.form.get("do") != "remove":
            kept.append(_area_asked(view))
        _save(view, kept, view.terms)

    return _acted(redaction_id, act)


def _area_asked(view: RedactionView) -> Area:
    form = request.form
    left, top, right, bottom = (
        round(form.get(name, -1.0, type=float) / 100, 6) for name in ("left", "top", "right", "bottom")
    )
    page = form.get("page", 0, type=int)
    try:
        area = Area(page, left, top, right, bottom, _HAND)
    except ValueError:
        area = None
    if area is None or page > view.page_count:
        raise Refused("the area is not on the page", "give left before right and top before bottom, from 0 to 100")
    return area


def _save(view: RedactionView, kept: list[Area], wanted: Iterable[str]) -> None:
    version = request.form.get("version", 0, type=int)
    save_areas(actor(), archive(), view.id, version, kept, tuple(wanted))


def _acted(redaction_id: UUID, act: Callable[[RedactionView], None]) -> ResponseReturnValue:
    """Do it on the draft as it is, and show the same page again; what is refused is said there."""
    view = show_redaction(actor(), archive(), redaction_id)
    try:
        act(view)
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except EdmsError as fault:
        return _page(redaction_id, _sentence(fault)), 400
    number = request.args.get("page", 1, type=int)
    return redirect(url_for("redactions.show", redaction_id=redaction_id, page=number))


@pages.post("/redactions/<uuid:redaction_id>/make")
def make(redaction_id: UUID) -> ResponseReturnValue:
    def act(view: RedactionView) -> None:
        if "seen" not in request.form:
            raise Refused("nobody has looked at the pages yet", "look at each page covered, then say so")
        if produce_redaction(actor(), archive(), view.id) is None:
            flash(gettext("It is handed over to be made; you need not wait here."), "good")
        else:
            flash(gettext("The redacted document is made and sealed."), "good")

    return _acted(redaction_id, act)


@pages.post("/redactions/<uuid:redaction_id>/approve")
def approve(redaction_id: UUID) -> ResponseReturnValue:
    def act(view: RedactionView) -> None:
        approve_redaction(actor(), archive(), view.id)
        flash(gettext("The redacted document is approved for publication."), "good")

    return _acted(redaction_id, act)


@pages.post("/redactions/<uuid:redaction_id>/withdraw")
def withdraw(redaction_id: UUID) -> ResponseReturnValue:
    def act(view: RedactionView) -> None:
        withdraw_redaction(actor(), archive(), view.id, request.form.get("reason", ""))
        flash(gettext("The redaction is withdrawn."), "good")

    return _acted(redaction_id, act)


@pages.get("/redactions/<uuid:redaction_id>/pages/<int:page>")
def picture(redaction_id: UUID, page: int) -> ResponseReturnValue:
    """A page as it will be, or of the document as it was made; `bare`: before anything is covered."""
    if page < 1:
        raise NotFound()
    covered = "bare" not in request.args
    found = preview_page(actor(), archive(), redaction_id, page, WIDTH, covered=covered)
    return Response(found, mimetype="image/webp")


@pages.get("/redactions/<uuid:redaction_id>/document")
def document(redaction_id: UUID) -> ResponseReturnValue:
    found = redacted_copy(actor(), archive(), redaction_id)
    response = attachment_of(found.stream, found.name, "application/octet-stream")
    response.headers["X-Content-SHA256"] = found.sha256
    response.content_length = found.size
    return response


def _sentence(fault: EdmsError) -> str:
    told = error_text(fault.message)
    return f"{told[:1].upper()}{told[1:]}." + (f" {error_text(fault.mend).capitalize()}." if fault.mend else "")
