"""Resumable uploads: the tus protocol, version 1.0.0, with creation, creation-with-upload, checksum, expiration and
termination (https://tus.io/protocols/resumable-upload). What is ours beside it is written down in docs/uploads.md.
"""

import base64
import binascii
import re
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ClientDisconnected

from edms.capture.uploads import (
    FILE,
    PAGE,
    Announced,
    Checksum,
    ChecksumMismatch,
    OffsetConflict,
    Piece,
    UploadBusy,
    UploadState,
    append,
    begin_upload,
    remove_upload,
    send_whole,
    unfinished_uploads,
    upload_state,
)
from edms.core.errors import EdmsError, Refused
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext
from edms.web.problems import told
from edms.web.views.capture import placement_asked
from edms.web.words import error_text

pages = Blueprint("uploads", __name__, url_prefix="/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PIECE_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,18}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,100}")
_MOST_METADATA = 6000
_STATUS: dict[type[EdmsError], int] = {OffsetConflict: 409, UploadBusy: 423, ChecksumMismatch: 460}


@pages.before_request
def _require_version() -> ResponseReturnValue | None:
    if request.method not in ("GET", "OPTIONS") and request.headers.get("Tus-Resumable") != VERSION:
        return told(412, gettext("This server speaks tus 1.0.0."), headers={"Tus-Version": VERSION})
    capturers_only()
    return None


@pages.after_request
def _tell_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    return response


@pages.errorhandler(OffsetConflict)
@pages.errorhandler(UploadBusy)
@pages.errorhandler(ChecksumMismatch)
def _refused(error: EdmsError) -> ResponseReturnValue:
    return told(_STATUS[type(error)], error_text(error.message), error_text(error.mend))


@pages.route("/", methods=["OPTIONS"], provide_automatic_options=False)
@pages.route("/<uuid:upload_id>", methods=["OPTIONS"], provide_automatic_options=False)
def limits(upload_id: UUID | None = None) -> ResponseReturnValue:
    """Say what the server can and the largest file that it takes, before anything is sent."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(archive().settings.capture.max_file_bytes),
        "Tus-Checksum-Algorithm": "sha256,sha1",
    }
    return "", 204, headers


@pages.get("/", provide_automatic_options=False)
def unfinished() -> ResponseReturnValue:
    """The uploads that this person began and that are not records yet."""
    return {"uploads": [_as_json(one) for one in unfinished_uploads(actor(), archive())]}


@pages.post("/", provide_automatic_options=False)
def begin() -> ResponseReturnValue:
    """Begin an upload; with a body its first piece comes along."""
    if "Upload-Defer-Length" in request.headers or "Upload-Concat" in request.headers:
        raise Refused(gettext("The length of the whole file must be told in Upload-Length."))
    given = metadata(request.headers.get("Upload-Metadata", ""))
    sha256 = _digest_told(given.get("sha256"))
    announced = Announced(
        name=given.get("filename") or given.get("name") or "unnamed",
        length=_number("Upload-Length"),
        placement=placement_asked(given.get),
        path=given.get("relativePath", ""),
        sha256=sha256,
        token=given.get("token", "")[:64],
        purpose=PAGE if given.get("photograph") else FILE,
    )
    if request.content_length or request.headers.get("Transfer-Encoding"):
        state = _from_body(lambda piece: send_whole(actor(), archive(), announced, piece), 0)
    else:
        state = begin_upload(actor(), archive(), announced)
    return "", 201, {**_headers(state), "Location": url_for("uploads.state", upload_id=state.upload_id)}


@pages.get("/<uuid:upload_id>", provide_automatic_options=False)
def state(upload_id: UUID) -> ResponseReturnValue:
    """How far the upload has come: as headers for HEAD, as JSON besides."""
    found = upload_state(actor(), archive(), upload_id)
    return _as_json(found), 200, {**_headers(found), "Upload-Length": str(found.length)}


@pages.patch("/<uuid:upload_id>", provide_automatic_options=False)
def add(upload_id: UUID) -> ResponseReturnValue:
    """Add a piece. 204 says that all of it is durable and, when it was the last, that the record is."""
    offset = _number("Upload-Offset")
    state = _from_body(lambda piece: append(actor(), archive(), upload_id, piece), offset)
    return "", 204, _headers(state)


@pages.delete("/<uuid:upload_id>", provide_automatic_options=False)
def remove(upload_id: UUID) -> ResponseReturnValue:
    remove_upload(actor(), archive(), upload_id)
    return "", 204


def metadata(header: str) -> dict[str, str]:
    """Read `Upload-Metadata`: pairs of a key and a value in base64, parted by commas. Raises Refused."""
    wrong = Refused(gettext("Upload-Metadata cannot be read."))
    if len(header) > _MOST_METADATA:
        raise wrong
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, encoded = pair.partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise wrong
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise wrong from None
    return found


def _from_body(act: Callable[[Piece], UploadState], offset: int) -> UploadState:
    """Hand the body of the request over as a piece. A broken connection ends as ClientDisconnected."""
    if request.mimetype != PIECE_TYPE:
        raise _unsupported()
    header = request.headers.get("Upload-Checksum")
    body = cast(BinaryIO, _Body(request.stream))
    whole = _digest_told(request.headers.get("Edms-Sha256"))
    check = Checksum.parse(header) if header else None
    try:
        return act(Piece(offset, body, check, whole, request.content_length))
    except ConnectionError:
        raise ClientDisconnected() from None


class _Body:
    """The body of a request; that it broke off is an OSError, as for every other stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self._stream.read(size))
        except ClientDisconnected:
            raise ConnectionAbortedError("the connection broke off") from None


def _unsupported() -> Refused:
    return Unsupported(gettext("A piece is sent as application/offset+octet-stream."))


class Unsupported(Refused):
    """The body is not what a piece is sent as."""


@pages.errorhandler(Unsupported)
def _wrong_type(error: Unsupported) -> ResponseReturnValue:
    return told(415, error.message)


def _number(header: str) -> int:
    text = request.headers.get(header, "")
    if not _NUMBER.fullmatch(text):
        raise Refused(gettext("%(header)s must be a whole number.") % {"header": header})
    return int(text)


def _digest_told(text: str | None) -> str | None:
    if not text:
        return None
    if not _DIGEST.fullmatch(text):
        raise Refused(gettext("A SHA-256 is written as 64 hexadecimal digits."))
    return text


def _headers(state: UploadState) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(state.offset),
        "Upload-Expires": format_datetime(state.expires_at, usegmt=True),
    }
    if state.record_id is not None:
        headers |= {
            "Edms-Record": str(state.record_id),
            "Edms-Outcome": state.outcome,
            "Edms-Sha256": state.sha256,
        }
    return headers


def _as_json(state: UploadState) -> dict[str, object]:
    return {
        "upload": str(state.upload_id),
        "name": state.name,
        "path": state.path,
        "length": state.length,
        "offset": state.offset,
        "outcome": state.outcome,
        "record": str(state.record_id) if state.record_id else None,
        "sha256": state.sha256,
    }
