"""A record read page by page, with the words that were looked for marked on the picture."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import NotFound
from edms.records.describe import record_details
from edms.records.page_hits import WHOLE, page_hits
from edms.records.similar import similar_records
from edms.web.identity import actor, archive

pages = Blueprint("reading", __name__)


@pages.get("/records/<uuid:record_id>/read/<int:page>")
def show(record_id: UUID, page: int) -> ResponseReturnValue:
    if page < 1:
        raise NotFound()
    words = request.args.get("q", "").strip()
    return render_template(
        "reading.html", found=page_hits(actor(), archive(), record_id, page, words), words=words, whole=WHOLE
    )


@pages.get("/records/<uuid:record_id>/read")
def begin(record_id: UUID) -> ResponseReturnValue:
    """The first page on which the words stand; the first of all when there is none."""
    words = request.args.get("q", "").strip()
    found = page_hits(actor(), archive(), record_id, 1, words)
    page = 1 if not found.found or 1 in found.found else found.found[0]
    return redirect(url_for("reading.show", record_id=record_id, page=page, q=words or None))


@pages.get("/records/<uuid:record_id>/similar")
def similar(record_id: UUID) -> ResponseReturnValue:
    """Records like this one: a page, or the part of the record's page that a script asks for."""
    who = actor()
    found = similar_records(who, archive(), record_id)
    part = request.headers.get("X-Requested-With") == "fetch"
    record = None if part else record_details(who, archive(), record_id).record
    return render_template("similar_part.html" if part else "similar.html", found=found, record=record)
