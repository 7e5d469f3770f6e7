"""Photographs of pages: where the page lies in each, how it will look, and the document made of them."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from edms.capture.photographs import (
    ChosenPage,
    PageParameters,
    look_at_photograph,
    preview_page,
    send_photographs,
    waiting_photographs,
)
from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext
from edms.web.views.capture import placement_asked

pages = Blueprint("photographs", __name__, url_prefix="/photographs")


@pages.get("/")
def waiting() -> ResponseReturnValue:
    """The person's photographs that have no document yet."""
    capturers_only()
    found = waiting_photographs(actor(), archive())
    told = [
        {"upload": str(one.upload_id), "name": one.name, "length": one.length, "offset": one.offset} for one in found
    ]
    return {"photographs": told}


@pages.get("/<uuid:upload_id>")
def look(upload_id: UUID) -> ResponseReturnValue:
    """Where the page lies: four corners in ten thousandths, clockwise from the top left."""
    capturers_only()
    found = look_at_photograph(actor(), archive(), upload_id)
    return {"width": found.width, "height": found.height, "corners": found.corners, "sure": found.sure}


@pages.get("/<uuid:upload_id>/picture")
def picture(upload_id: UUID) -> ResponseReturnValue:
    """The photograph itself, for browsers that cannot show its format, and for a page that was opened again."""
    capturers_only()
    return Response(look_at_photograph(actor(), archive(), upload_id).picture, mimetype="image/webp")


@pages.get("/<uuid:upload_id>/page")
def page(upload_id: UUID) -> ResponseReturnValue:
    """The page as it will be: `corners` as eight numbers parted by commas, `turn`, `contrast` (0 or 1)."""
    capturers_only()
    asked = request.args
    numbers = asked.get("corners", "").split(",")
    told: dict[str, Any] = {"turn": asked.get("turn", 0, type=int), "contrast": asked.get("contrast") != "0"}
    try:
        sides = [int(number) for number in numbers]
        told["corners"] = list(zip(sides[::2], sides[1::2], strict=True))
        parameters: PageParameters | None = PageParameters.of(told)
    except ValueError:
        parameters = None
    return Response(preview_page(actor(), archive(), upload_id, parameters), mimetype="image/jpeg")


@pages.post("/")
def send() -> ResponseReturnValue:
    """Make one document: `pages` in their order, each `upload`, `corners`, `turn`, `contrast`, `corners_by`."""
    capturers_only()
    told = request.get_json(silent=True)
    told = told if isinstance(told, dict) else {}
    chosen = _chosen(told)
    placement = placement_asked(lambda name: str(told.get(name) or "") or None)
    accepted = send_photographs(actor(), archive(), chosen, str(told.get("title") or ""), placement)
    answer = {
        "record": str(accepted.record_id),
        "outcome": "duplicate" if accepted.duplicate else "captured",
        "sha256": accepted.sha256,
        "address": url_for("record.show", record_id=accepted.record_id),
    }
    return answer, 200 if accepted.duplicate or accepted.repeated else 202


def _chosen(told: dict[str, Any]) -> list[ChosenPage]:
    wrong = Refused(gettext("The list of pages cannot be read."))
    if not isinstance(told.get("pages"), list):
        raise wrong
    try:
        ids = [parse_id(str(one["upload"])) for one in told["pages"]]
        parameters = [PageParameters.of(one) for one in told["pages"]]
    except (KeyError, TypeError, ValueError):
        raise wrong from None
    if None in ids:
        raise wrong
    return [ChosenPage(one, how) for one, how in zip(ids, parameters, strict=True) if one is not None]
