"""Getting documents in: upload, live state of each file, classification, quarantine."""

from datetime import date
from urllib.parse import unquote
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.progress import inbox, progress_of
from edms.capture.quarantine import release as release_record
from edms.capture.quarantine import retry as retry_record
from edms.core.errors import NotFound, Refused
from edms.core.ids import parse_id
from edms.records.classification import KIP_CATEGORIES
from edms.records.file_plan import selectable_classes
from edms.records.operations import Changes, describe
from edms.records.people import office_by_code, office_choices
from edms.web.identity import actor, archive
from edms.web.language import gettext

pages = Blueprint("capture", __name__)


@pages.get("/capture")
def upload() -> ResponseReturnValue:
    who = actor()
    assert who is not None
    if not who.has(Role.CLERK, Role.RECORDS_OFFICER):
        raise NotFound()
    return render_template(
        "capture.html",
        offices=office_choices(archive(), who),
        classes=selectable_classes(archive()),
        levels=list(Level.up_to(who.clearance)),
        limits=archive().settings.capture,
    )


@pages.post("/capture/files")
def receive() -> ResponseReturnValue:
    """One file as the body of the request, or several as a form for browsers without scripts.

    Answers 202 when the file is durable, with its record and hash; 200 when the office had it already.
    """
    if request.mimetype == "multipart/form-data":
        return _receive_form()
    name = unquote(request.headers.get("X-File-Name", "")) or "unnamed"
    accepted = accept(actor(), archive(), IncomingFile(name, request.stream), _placement(request.args.get))  # type: ignore[arg-type]
    return _as_json(accepted), 200 if accepted.duplicate else 202


def _receive_form() -> ResponseReturnValue:
    placement = _placement(request.form.get)
    for part in request.files.getlist("files"):
        accept(actor(), archive(), IncomingFile(part.filename or "unnamed", part.stream), placement)  # type: ignore[arg-type]
    return redirect(url_for("capture.waiting"))


def _as_json(accepted: Accepted) -> dict[str, object]:
    return {
        "record": str(accepted.record_id),
        "state": "duplicate" if accepted.duplicate else "processing",
        "sha256": accepted.sha256,
        "size": accepted.size,
        "address": url_for("record.show", record_id=accepted.record_id),
    }


def _placement(asked) -> Placement:  # type: ignore[no-untyped-def]
    who = actor()
    assert who is not None
    office_id = office_by_code(archive(), asked("office")) if asked("office") else who.office_id
    if office_id is None:
        raise Refused(gettext("choose an office"))
    return Placement(office_id, asked("class") or None, _level(asked("level")))


def _level(text: str | None) -> Level | None:
    if not text:
        return None
    try:
        return Level(text)
    except ValueError:
        raise Refused(gettext("there is no such security level")) from None


@pages.get("/capture/progress")
def progress() -> ResponseReturnValue:
    asked = [parsed for text in request.args.get("records", "").split(",")[:500] if (parsed := parse_id(text))]
    found = progress_of(actor(), archive(), asked)
    return {
        "records": [
            {
                "record": str(one.record_id),
                "state": one.state,
                "step": one.step,
                "title": one.title,
                "reason": one.reason,
            }
            for one in found
        ]
    }


@pages.get("/inbox")
def waiting() -> ResponseReturnValue:
    return render_template("inbox.html", items=inbox(actor(), archive(), "pending"))


@pages.get("/quarantine")
def quarantine() -> ResponseReturnValue:
    return render_template("quarantine.html", items=inbox(actor(), archive(), "quarantined"))


@pages.post("/records/<uuid:record_id>/describe")
def describe_record(record_id: UUID) -> ResponseReturnValue:
    form = request.form
    describe(
        actor(),
        archive(),
        record_id,
        Changes(
            title=form.get("title") or None,
            class_code=form.get("class_code") or None,
            level=_level(form.get("level")),
            kip=form.get("kip") or None,
            number=form.get("number") or None,
            document_date=_date(form.get("document_date")),
            sender=form.get("sender") or None,
            recipient=form.get("recipient") or None,
            record_type=form.get("record_type") or None,
            development=form.get("development") or None,
            medium=form.get("medium") or None,
        ),
    )
    return redirect(url_for("record.show", record_id=record_id))


def _date(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(gettext("this is not a date")) from None


@pages.post("/records/<uuid:record_id>/retry")
def retry(record_id: UUID) -> ResponseReturnValue:
    retry_record(actor(), archive(), record_id)
    return redirect(url_for("record.show", record_id=record_id))


@pages.post("/records/<uuid:record_id>/release")
def release(record_id: UUID) -> ResponseReturnValue:
    release_record(actor(), archive(), record_id, request.form.get("reason", ""))
    return redirect(url_for("record.show", record_id=record_id))


__all__ = ["KIP_CATEGORIES", "pages"]
