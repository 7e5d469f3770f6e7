"""Getting documents in: the upload page, the files themselves, and how far each has come."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.levels import Level
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement
from edms.capture.progress import progress_of
from edms.core.errors import LimitExceeded, Refused, StorageFault
from edms.core.ids import parse_id
from edms.records.file_plan import selectable_classes
from edms.records.people import office_by_code, office_choices
from edms.web.arguments import level_asked
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext
from edms.web.limits import form_limit
from edms.web.problems import by_token
from edms.web.statuses import status_of
from edms.web.words import error_text, problem_text, status_text, too_large_text

pages = Blueprint("capture", __name__)
log = logging.getLogger("edms.web")

MOST_ASKED = 200


@dataclass(frozen=True)
class Sent:
    """What became of one file of a form. `state`: processing, duplicate or failed, then with its `reason`."""

    name: str
    state: str
    record_id: UUID | None = None
    sha256: str = ""
    reason: str = ""


@pages.get("/capture")
def upload() -> ResponseReturnValue:
    return _page(())


def _page(sent: tuple[Sent, ...]) -> str:
    who = capturers_only()
    return render_template(
        "capture.html",
        offices=office_choices(archive(), who),
        own_office=who.office_id,
        classes=selectable_classes(archive()),
        levels=list(Level.up_to(who.clearance)),
        limits=archive().settings.capture,
        form_limit=form_limit(archive().settings),
        sent=sent,
    )


@pages.post("/capture/files")
def receive() -> ResponseReturnValue:
    """One file as the body of the request, or several as a form for browsers without scripts.

    Answers 202 when the file is durable, with its record and hash; 200 when the office had it already.
    """
    capturers_only()
    if request.mimetype == "multipart/form-data" and not by_token():
        return _receive_form()
    if request.mimetype != "application/octet-stream":
        abort(415)
    if (request.content_length or 0) > archive().settings.capture.max_file_bytes:
        raise LimitExceeded(*too_large_text(request))
    name = unquote(request.headers.get("X-File-Name", "")) or "unnamed"
    accepted = accept(actor(), archive(), IncomingFile(name, request.stream), placement_asked(request.args.get))  # type: ignore[arg-type]
    return _as_json(accepted), 200 if accepted.duplicate else 202


def _receive_form() -> ResponseReturnValue:
    """Take every file by itself, so that one that is refused does not keep the others out, and tell of each."""
    placement = placement_asked(request.form.get)
    sent: list[Sent] = []
    status = 200
    for part in request.files.getlist("files"):
        if not part.filename:
            continue
        if len(sent) >= archive().settings.capture.max_files_per_upload:
            sent.append(Sent(part.filename, "failed", reason=gettext("Too many files at once")))
            continue
        try:
            accepted = accept(actor(), archive(), IncomingFile(part.filename, part.stream), placement)  # type: ignore[arg-type]
        except Refused as refused:
            reasons = [error_text(text) for text in (refused.message, refused.mend) if text]
            sent.append(Sent(part.filename, "failed", reason="; ".join(reasons)))
        except StorageFault as fault:
            log.error("POST %s: %s", request.path, fault)
            status = status_of(fault)
            sent.append(Sent(part.filename, "failed", reason=" ".join(status_text(status))))
        else:
            state = "duplicate" if accepted.duplicate else "processing"
            sent.append(Sent(part.filename, state, accepted.record_id, accepted.sha256))
    if not sent:
        raise Refused(gettext("No file was chosen."), gettext("Go back and choose at least one."))
    return _page(tuple(sent)), status


def _as_json(accepted: Accepted) -> dict[str, object]:
    return {
        "record": str(accepted.record_id),
        "state": "duplicate" if accepted.duplicate else "processing",
        "sha256": accepted.sha256,
        "size": accepted.size,
        "address": url_for("record.show", record_id=accepted.record_id),
    }


def placement_asked(asked: Callable[[str], str | None]) -> Placement:
    """Return where a sender wants a document filed. `asked` gives the fields `office`, `class` and `level`."""
    who = capturers_only()
    office_id = office_by_code(archive(), code) if (code := asked("office")) else who.office_id
    if office_id is None:
        raise Refused(gettext("choose an office"))
    return Placement(office_id, (asked("class") or "").strip() or None, level_asked(asked("level")))


@pages.get("/capture/progress")
def progress() -> ResponseReturnValue:
    capturers_only()
    texts = request.args.get("records", "").split(",")[:MOST_ASKED]
    found = progress_of(actor(), archive(), [parsed for text in texts if (parsed := parse_id(text))])
    return {
        "records": [
            {
                "record": str(one.record_id),
                "state": one.state,
                "step": one.step,
                "title": one.title,
                "reason": problem_text(one.reason_code, one.reason),
            }
            for one in found
        ]
    }
