"""What is set aside, and the acts that lead out of quarantine: try again, release, return."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.policy import Action
from edms.capture.held import held_files
from edms.capture.quarantine import give_back
from edms.capture.quarantine import release as release_record
from edms.capture.quarantine import retry as retry_record
from edms.web.arguments import page_asked
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext

pages = Blueprint("quarantine", __name__)

PAGE_SIZE = 100


@pages.get("/quarantine")
def listing() -> ResponseReturnValue:
    capturers_only()
    page, returned = page_asked(request), "returned" in request.args
    items, total = held_files(actor(), archive(), returned, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    return render_template(
        "quarantine.html",
        items=items,
        total=total,
        returned=returned,
        acts=Action,
        page=page,
        pages_in_all=-(-total // PAGE_SIZE),
        link=lambda page: url_for("quarantine.listing", page=page, returned=1 if returned else None),
    )


@pages.post("/records/<uuid:record_id>/retry")
def retry(record_id: UUID) -> ResponseReturnValue:
    retry_record(actor(), archive(), record_id)
    flash(gettext("The file is being read again."), "good")
    return redirect(url_for("record.show", record_id=record_id))


@pages.post("/records/<uuid:record_id>/release")
def release(record_id: UUID) -> ResponseReturnValue:
    release_record(actor(), archive(), record_id, request.form.get("reason", ""))
    flash(gettext("Released. It is checked once more and then kept as it is."), "good")
    return redirect(url_for("record.show", record_id=record_id))


@pages.post("/records/<uuid:record_id>/return")
def give_back_record(record_id: UUID) -> ResponseReturnValue:
    give_back(actor(), archive(), record_id, request.form.get("reason", ""))
    flash(gettext("Returned. The file stays sealed here; it can be handed in again."), "good")
    return redirect(url_for("record.show", record_id=record_id))
