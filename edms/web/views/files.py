"""The bytes of a record: page pictures, downloads, the evidence bundle. All pass the record's own door."""

import hashlib
import os
import re
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wsgi import wrap_file

from edms.core.errors import NotFound
from edms.records.contents import THUMBNAIL_WIDTH, Hazard, download, page_image, thumbnail
from edms.records.evidence import write_evidence
from edms.records.model import ComponentRole
from edms.web.identity import actor, archive
from edms.web.language import gettext
from edms.web.problems import by_token, problem

pages = Blueprint("files", __name__)

CHUNK_BYTES = 256 * 1024
WIDTHS = (THUMBNAIL_WIDTH, 900, 1400)


@pages.get("/records/<uuid:record_id>/pages/<int:page>")
def picture(record_id: UUID, page: int) -> ResponseReturnValue:
    width = request.args.get("width", 900, type=int)
    if width not in WIDTHS or page < 1:
        raise NotFound()
    return _picture(page_image(actor(), archive(), record_id, page, width))


@pages.get("/records/<uuid:record_id>/thumbnail")
def small_picture(record_id: UUID) -> ResponseReturnValue:
    """The first page, for lists."""
    return _picture(thumbnail(actor(), archive(), record_id))


def _picture(content: bytes) -> ResponseReturnValue:
    """A picture with its tag. Whoever has it already is told so behind the record's door, like everybody else."""
    response = Response(content, mimetype="image/webp" if content[8:12] == b"WEBP" else "image/png")
    response.set_etag(hashlib.sha256(content).hexdigest())
    return response.make_conditional(request)


@pages.get("/records/<uuid:record_id>/files/<role>")
def component(record_id: UUID, role: str) -> ResponseReturnValue:
    try:
        wanted = ComponentRole(role)
    except ValueError:
        raise NotFound() from None
    return _component(record_id, wanted, 0)


@pages.get("/records/<uuid:record_id>/originals/<int:position>")
def original(record_id: UUID, position: int) -> ResponseReturnValue:
    """One of several originals: a photograph."""
    return _component(record_id, ComponentRole.ORIGINAL, position)


@pages.get("/records/<uuid:record_id>/attachments/<int:position>")
def attachment(record_id: UUID, position: int) -> ResponseReturnValue:
    return _component(record_id, ComponentRole.ATTACHMENT, position)


@pages.get("/records/<uuid:record_id>/signed/<int:position>")
def signed(record_id: UUID, position: int) -> ResponseReturnValue:
    """A document with personal signatures; the first has one, each later one more."""
    return _component(record_id, ComponentRole.SIGNED, position)


@pages.get("/records/<uuid:record_id>/authenticated/<int:position>")
def authenticated(record_id: UUID, position: int) -> ResponseReturnValue:
    """A copy with the mark of authentication."""
    return _component(record_id, ComponentRole.AUTHENTICATED, position)


def _component(record_id: UUID, role: ComponentRole, position: int) -> ResponseReturnValue:
    try:
        found = download(actor(), archive(), record_id, role, position, warned="warned" in request.args)
    except Hazard as hazard:
        if by_token():
            return problem(409, gettext("This file may do harm. Ask for it with ?warned=1 to have it all the same."))
        return render_template("hazard.html", hazard=hazard, record_id=record_id), 409
    response = attachment_of(found.stream, found.name, "application/octet-stream")
    response.headers["X-Content-SHA256"] = found.sha256
    response.content_length = found.size
    if found.marked:  # made for this request alone: another one is another copy, of which no part fits this one
        response.headers["Accept-Ranges"] = "none"
        return response
    response.set_etag(found.sha256)
    # A part of a file is asked for by a viewer, or to go on after a broken connection; only that part is decrypted.
    response.make_conditional(request, accept_ranges=True, complete_length=found.size)
    return response


def attachment_of(stream: BinaryIO, name: str, media_type: str) -> Response:
    """A file to be saved, never shown: what was received must not run in the archive's origin.

    The name is given twice, plain for old programs and in full (RFC 6266); quotes and line breaks are in neither.
    """
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    response = Response(wrap_file(request.environ, stream, CHUNK_BYTES), mimetype=media_type, direct_passthrough=True)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


@pages.get("/records/<uuid:record_id>/evidence")
def evidence(record_id: UUID) -> ResponseReturnValue:
    # Written whole before the first byte goes out, so that a fault is an error page and not half a zip; kept in
    # memory outside the heap, since plaintext never touches the disk.
    bundle = os.fdopen(os.memfd_create("evidence", os.MFD_CLOEXEC), "w+b")
    try:
        write_evidence(actor(), archive(), record_id, bundle)
    except BaseException:
        bundle.close()
        raise
    size = bundle.tell()
    bundle.seek(0)
    response = attachment_of(bundle, f"{record_id}.evidence.zip", "application/zip")
    response.content_length = size
    return response
