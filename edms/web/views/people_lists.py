"""A list of offices and people at the web: handed in, looked at, and carried out as it was looked at."""

import base64
import binascii
import zlib

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.records.people_lists import apply_list, review_list
from edms.web.identity import actor, archive, require_proof
from edms.web.language import ngettext
from edms.web.sentences import error_sentence
from edms.web.views.people import administrators_only

pages = Blueprint("people_lists", __name__)
pages.before_request(administrators_only)
MOST_BYTES = 900_000
"""Of a list, and of what the page carries of it: a small form has no more. Some 10,000 people; more at the console."""
_MOST_NAME = 200


@pages.get("/people/list")
def form() -> ResponseReturnValue:
    require_proof()
    return _page()


@pages.post("/people/list")
def look() -> ResponseReturnValue:
    """Say what a list would change. Nothing is changed, and nothing kept: the page carries the list."""
    file = request.files.get("file")
    complete = bool(request.form.get("complete"))
    try:
        content = file.stream.read(MOST_BYTES + 1) if file is not None else b""
        if not content:
            raise Refused("choose a file that has something in it")
        carried = base64.urlsafe_b64encode(zlib.compress(content, 9)).decode("ascii")
        if max(len(content), len(carried)) > MOST_BYTES:
            raise Refused("the list is too long for a page", "at the console: edms people sync")
        name = (file.filename or "")[-_MOST_NAME:] if file is not None else ""
        reviewed = review_list(actor(), archive(), content, name, complete=complete)
    except Refused as refused:
        return _page(error_sentence(refused)), 400
    return render_template("people_list.html", problem="", reviewed=reviewed, name=name, carried=carried)


@pages.post("/people/list/apply")
def carry_out() -> ResponseReturnValue:
    require_proof()
    given = request.form
    try:
        done = apply_list(
            actor(), archive(), _carried(given.get("carried", "")), given.get("name", "")[-_MOST_NAME:],
            given.get("seal", ""), complete=bool(given.get("complete")),
        )  # fmt: skip
    except Refused as refused:
        return _page(error_sentence(refused)), 400
    count = len(done.steps)
    flash(ngettext("The list is carried out: %(num)s step.", "The list is carried out: %(num)s steps.", count)
          % {"num": count}, "good")  # fmt: skip
    return redirect(url_for("people.listing"))


def _carried(told: str) -> bytes:
    """The list that the page carried. Raises Refused for what is none: no more than a list is ever unpacked."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(base64.b64decode(told, altchars=b"-_", validate=True), MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        content = b""
    if not content or not unpacking.eof:
        raise Refused(
            "this is not the list that was looked at, or it would change something else now",
            "hand it in and look at it anew",
        )
    return content


def _page(problem: str = "") -> str:
    return render_template("people_list.html", problem=problem, reviewed=None, name="", carried="")
