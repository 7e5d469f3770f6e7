"""Batches: the list, handing one in, and the review of the cut. Every change is a form; scripts only press them."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.batches.cutting import Duplex
from edms.batches.edits import Act, Edit
from edms.batches.sheet import BadSheet, sheet_from
from edms.capture.batches import PlanChanged, begin_batch, confirm_batch, edit_batch, list_batches, show_batch
from edms.capture.batches import undo_batch as undo_edit
from edms.capture.incoming import IncomingFile, Placement
from edms.core.errors import Refused
from edms.records.file_plan import selectable_classes
from edms.web.arguments import level_asked
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext
from edms.web.words import error_text

pages = Blueprint("batches", __name__)


@pages.get("/batches")
def listing() -> ResponseReturnValue:
    who = capturers_only()
    return render_template(
        "batches.html", items=list_batches(actor(), archive()), levels=list(Level.up_to(who.clearance))
    )


@pages.post("/batches")
def begin() -> ResponseReturnValue:
    """One file of a form, for the office of whoever sends it."""
    who = capturers_only()
    sent = request.files.get("file")
    if sent is None or not sent.filename or who.office_id is None:
        abort(400)
    placement = Placement(who.office_id, None, level_asked(request.form.get("level")))
    duplex = Duplex.BACKS_REVERSED if request.form.get("backs") else Duplex.IN_ORDER
    taken = begin_batch(actor(), archive(), IncomingFile(sent.filename, sent.stream), placement, duplex)  # type: ignore[arg-type]
    if taken.duplicate:
        flash(gettext("The office has this file already."), "bad")
    return redirect(url_for("batches.listing"))


@pages.get("/batches/<uuid:batch_id>")
def review(batch_id: UUID) -> ResponseReturnValue:
    return _shown(batch_id)


def _shown(batch_id: UUID, *, conflict: bool = False) -> str:
    who = actor()
    batch = show_batch(who, archive(), batch_id)
    return render_template(
        "batch.html",
        batch=batch,
        acts=Act,
        conflict=conflict,
        classes=selectable_classes(archive()) if batch.state == "review" else (),
        levels=list(Level.up_to(who.clearance)) if who else [],
    )


@pages.post("/batches/<uuid:batch_id>/edit")
def edit(batch_id: UUID) -> ResponseReturnValue:
    """One change of the plan; back to the page that it was about."""
    form = request.form
    try:
        wanted = Edit(
            Act(form.get("act", "")),
            _whole("document"),
            _whole("page"),
            _whole("place"),
            _whole("turn", 90),
            sheet_from({name: form.get(name, "") for name in ("office", "class_code", "folder", "level", "title")}),
        )
    except (ValueError, BadSheet):
        abort(400)
    return _changed(batch_id, lambda: edit_batch(actor(), archive(), batch_id, _whole("version"), wanted))


@pages.post("/batches/<uuid:batch_id>/undo")
def undo(batch_id: UUID) -> ResponseReturnValue:
    return _changed(batch_id, lambda: undo_edit(actor(), archive(), batch_id, _whole("version")))


@pages.post("/batches/<uuid:batch_id>/confirm")
def confirm(batch_id: UUID) -> ResponseReturnValue:
    return _changed(batch_id, lambda: confirm_batch(actor(), archive(), batch_id, _whole("version")))


def _changed(batch_id: UUID, act: Callable[[], object]) -> ResponseReturnValue:
    """Do it and show the plan as it is then; 409 with the plan as it is now when somebody else was faster."""
    try:
        act()
    except PlanChanged:
        return make_response(_shown(batch_id, conflict=True), 409)
    except Refused as refused:
        flash(error_text(refused.message), "bad")
    page = _whole("page")
    return redirect(url_for("batches.review", batch_id=batch_id, _anchor=f"p{page}" if page else None))


def _whole(name: str, otherwise: int = 0) -> int:
    return request.form.get(name, otherwise, type=int)
