"""What waits for a person: records without a class."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.capture.progress import inbox, next_to_classify, progress_of
from edms.core.errors import NotFound, Refused
from edms.core.ids import parse_id
from edms.records.file_plan import selectable_classes
from edms.records.operations import Changes, describe
from edms.records.undo import pending_of
from edms.web.arguments import date_asked, level_asked, page_asked
from edms.web.formats import number
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext, ngettext
from edms.web.words import error_text

pages = Blueprint("inbox", __name__)

PAGE_SIZE = 100


@pages.get("/inbox")
def waiting() -> ResponseReturnValue:
    levels = list(Level.up_to(capturers_only().clearance))
    return _list(
        "inbox.html",
        "pending",
        classes=selectable_classes(archive()),
        levels=levels,
        pending=pending_of(actor(), archive()),
    )


def _list(template: str, state: str, **more: object) -> str:
    """Render a page of what is in `state`."""
    page = page_asked(request)
    items, total = inbox(actor(), archive(), state, PAGE_SIZE, (page - 1) * PAGE_SIZE, thumbnails=True)
    return render_template(
        template,
        items=items,
        total=total,
        page=page,
        pages_in_all=-(-total // PAGE_SIZE),
        link=lambda page: url_for(str(request.endpoint), page=page),
        **more,
    )


@pages.post("/inbox/classify")
def classify() -> ResponseReturnValue:
    """Give one class and level to all chosen records; each is judged by itself, and those that fail are named."""
    capturers_only()
    chosen = [parsed for text in request.form.getlist("record")[:PAGE_SIZE] if (parsed := parse_id(text))]
    code = request.form.get("class", "").strip()
    changes = Changes(class_code=code or None, level=level_asked(request.form.get("level")))
    if not chosen or not code:
        flash(gettext("Choose at least one document and a class."), "bad")
        return redirect(url_for("inbox.waiting"))
    refused: list[str] = []
    for record_id in chosen:
        try:
            describe(actor(), archive(), record_id, changes)
        except (Refused, NotFound) as error:
            refused.append(error_text(error.message))
    done = len(chosen) - len(refused)
    if done:
        told = ngettext("%(num)s document is classified.", "%(num)s documents are classified.", done)
        flash(told % {"num": number(done)}, "good")
    if refused:
        told = ngettext(
            "%(num)s document could not be classified:", "%(num)s documents could not be classified:", len(refused)
        )
        flash(f"{told % {'num': number(len(refused))}} {'; '.join(sorted(set(refused)))}", "bad")
    if any(not one.described for one in progress_of(actor(), archive(), chosen)):
        flash(_needs_level(), "bad")
    return redirect(url_for("inbox.waiting"))


def _needs_level() -> str:
    return gettext("The class has no security level of its own. Choose a level, so that the record can be declared.")


@pages.post("/records/<uuid:record_id>/describe")
def describe_record(record_id: UUID) -> ResponseReturnValue:
    form = request.form
    describe(
        actor(),
        archive(),
        record_id,
        Changes(
            title=form.get("title") or None,
            class_code=form.get("class_code", "").strip() or None,
            level=level_asked(form.get("level")),
            kip=form.get("kip") or None,
            number=form.get("number") or None,
            document_date=date_asked(form.get("document_date")),
            sender=form.get("sender") or None,
            recipient=form.get("recipient") or None,
            record_type=form.get("record_type") or None,
            development=form.get("development") or None,
            medium=form.get("medium") or None,
        ),
    )
    queued = bool(form.get("queue"))
    if any(not one.described for one in progress_of(actor(), archive(), [record_id])):
        flash(_needs_level(), "bad")
        return redirect(url_for("record.show", record_id=record_id, queue=1 if queued else None))
    flash(gettext("Saved. The record is sealed and declared."), "good")
    if not queued:
        return redirect(url_for("record.show", record_id=record_id))
    return following(record_id)


@pages.get("/inbox/after/<uuid:record_id>")
def following(record_id: UUID) -> ResponseReturnValue:
    """On to the next document that waits for its class, or back to the list when there is none."""
    capturers_only()
    found = next_to_classify(actor(), archive(), record_id)
    return redirect(url_for("record.show", record_id=found, queue=1) if found else url_for("inbox.waiting"))
