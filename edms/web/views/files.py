"""The bytes of a record: page pictures, downloads, the evidence bundle. All pass the record's own door."""

import io
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from edms.core.errors import NotFound
from edms.records.contents import download, page_image
from edms.records.evidence import bundle_bytes
from edms.records.model import ComponentRole
from edms.web.identity import actor, archive

pages = Blueprint("files", __name__)

CHUNK_BYTES = 256 * 1024
WIDTHS = (160, 900, 1400)


@pages.get("/records/<uuid:record_id>/pages/<int:page>")
def picture(record_id: UUID, page: int) -> ResponseReturnValue:
    width = request.args.get("width", 900, type=int)
    if width not in WIDTHS or page < 1:
        raise NotFound()
    content = page_image(actor(), archive(), record_id, page, width)
    kind = "image/webp" if content[8:12] == b"WEBP" else "image/png"
    return Response(content, mimetype=kind, headers={"Cache-Control": "private, max-age=300"})


@pages.get("/records/<uuid:record_id>/files/<role>")
def component(record_id: UUID, role: str) -> ResponseReturnValue:
    try:
        wanted = ComponentRole(role)
    except ValueError:
        raise NotFound() from None
    found = download(actor(), archive(), record_id, wanted)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "Content-Length": str(found.size),
        "X-Content-SHA256": found.sha256,
        # Never run what was received: even a browser that shows it gets a sandbox without scripts.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(_chunks(found.stream), mimetype="application/octet-stream", headers=headers)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield bytes(chunk)


@pages.get("/records/<uuid:record_id>/evidence")
def evidence(record_id: UUID) -> ResponseReturnValue:
    content = bundle_bytes(actor(), archive(), record_id)
    headers = {"Content-Disposition": f"attachment; filename={record_id}.evidence.zip"}
    return Response(_chunks(io.BytesIO(content)), mimetype="application/zip", headers=headers)
