"""The public verification page behind the QR code of a signature (R62): no sign-in, no cookie.

It stands apart from the pages of the archive: a template of its own, nothing of the session, so that it can move to an
application of its own.
"""

import re
from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from edms.core.errors import NotFound
from edms.records.digitisation_public import compare_with_copy, public_copy
from edms.records.signatures_public import compare_with_signed, public_signature
from edms.web.identity import archive
from edms.web.limits import Pace
from edms.web.streams import digest_of

pages = Blueprint("verification", __name__)

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language"}
_pace = Pace()


@pages.get("/v/<token>")
def show(token: str) -> ResponseReturnValue:
    """What is known of one signature, as far as the record's class allows."""
    return _signature(token, "")


@pages.post("/v/<token>")
def compare(token: str) -> ResponseReturnValue:
    """Hold a file in hand against the signed one: its SHA-256, or the file, of which only that is made."""
    return _signature(token, _digest_given() or "none")


@pages.get("/v/a/<token>")
def copy(token: str) -> ResponseReturnValue:
    """What is known of an authenticated copy, as far as the record's class allows."""
    return _copy(token, "")


@pages.post("/v/a/<token>")
def compare_copy(token: str) -> ResponseReturnValue:
    """Hold a file in hand against the authenticated copy, as `compare` does."""
    return _copy(token, _digest_given() or "none")


def _digest_given() -> str:
    given = request.form.get("sha256", "").strip().lower()
    part = request.files.get("file")
    return given if _SHA256.fullmatch(given) else digest_of(part) if part is not None else ""


def _signature(token: str, digest: str) -> Response:
    def look() -> dict[str, object]:
        if digest in ("", "none"):
            return {"signature": public_signature(archive(), token), "outcome": digest}
        found = compare_with_signed(archive(), token, digest)
        return {"signature": found.signature, "outcome": found.outcome}

    return _answer(look)


def _copy(token: str, digest: str) -> Response:
    def look() -> dict[str, object]:
        if digest in ("", "none"):
            return {"copied": public_copy(archive(), token), "outcome": digest}
        found, outcome = compare_with_copy(archive(), token, digest)
        return {"copied": found, "outcome": outcome}

    return _answer(look, of_copy=True)


def _answer(look: Callable[[], dict[str, object]], *, of_copy: bool = False) -> Response:
    """Render the page. Too many questions, an unknown address and a page: each is the same for everybody."""
    if not _pace.allows(request.remote_addr or "", archive().settings.server.public_lookups_per_minute):
        return _page(429, outcome="slow", of_copy=of_copy)
    try:
        return _page(200, of_copy=of_copy, **look())
    except NotFound:
        return _page(404, outcome="unknown", of_copy=of_copy)


def _page(status: int, **told: object) -> Response:
    response = Response(
        render_template("verification.html", **{"signature": None, "copied": None, **told}), status, _HEADERS
    )
    response.content_type = "text/html; charset=utf-8"
    return response
