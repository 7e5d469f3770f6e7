"""The audit trail as files for auditors' own tools, and the door at which other archives have theirs cosigned."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from edms.records.publication import CHECKPOINT_FILE, trail_file
from edms.records.witnessing import MOST_REQUEST_BYTES, WitnessRefusal, cosign_checkpoint
from edms.web.guard import too_often
from edms.web.identity import actor, archive

pages = Blueprint("trail", __name__)


@pages.get("/audit/checkpoint")
def checkpoint() -> ResponseReturnValue:
    """The newest signed state, with its cosignatures (C2SP tlog-tiles)."""
    return Response(trail_file(actor(), archive(), CHECKPOINT_FILE), content_type="text/plain; charset=utf-8")


@pages.get("/audit/tile/<path:place>")
def tile(place: str) -> ResponseReturnValue:
    """A tile or an entry bundle (C2SP tlog-tiles)."""
    return Response(trail_file(actor(), archive(), f"tile/{place}"), content_type="application/octet-stream")


@pages.post("/witness/add-checkpoint")
def add_checkpoint() -> ResponseReturnValue:
    """Cosign the checkpoint of a trail that we witness. Whoever asks: what counts is the checkpoint's own signature."""
    if too_often("witness", archive().settings.server.public_lookups_per_minute):
        return Response("too many requests\n", 429, content_type="text/plain; charset=utf-8")
    try:
        line = cosign_checkpoint(archive(), request.stream.read(MOST_REQUEST_BYTES + 1))
    except WitnessRefusal as refusal:
        if refusal.latest is not None:
            return Response(f"{refusal.latest}\n", refusal.status, content_type="text/x.tlog.size")
        return Response(f"{refusal}\n", refusal.status, content_type="text/plain; charset=utf-8")
    return Response(line, content_type="text/plain; charset=utf-8")
