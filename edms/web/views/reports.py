"""Signed reconciliations of ingests and imports, for the records officer: the list, each report and its signature."""

from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.capture.reconciliations import COUNTS, list_reconciliations, read_reconciliation
from edms.web.arguments import page_asked
from edms.web.identity import actor, archive

pages = Blueprint("reports", __name__)

PAGE_SIZE = 50


@pages.get("/reports")
def index() -> ResponseReturnValue:
    page = page_asked(request)
    found, total = list_reconciliations(actor(), archive(), PAGE_SIZE, (page - 1) * PAGE_SIZE)
    return render_template(
        "reports.html",
        reports=found,
        total=total,
        counts=COUNTS,
        page=page,
        pages_in_all=-(-total // PAGE_SIZE),
        link=lambda number: url_for("reports.index", page=number),
    )


@pages.get("/reports/<uuid:report_id>.json")
def content(report_id: UUID) -> ResponseReturnValue:
    """The report, byte for byte as it was signed."""
    line, signed = read_reconciliation(actor(), archive(), report_id)
    return _download(signed.content, f"{line.kind}-{report_id}.json", "application/json")


@pages.get("/reports/<uuid:report_id>.json.p7s")
def signature(report_id: UUID) -> ResponseReturnValue:
    """Its detached CAdES signature."""
    line, signed = read_reconciliation(actor(), archive(), report_id)
    return _download(signed.signature, f"{line.kind}-{report_id}.json.p7s", "application/pkcs7-signature")


def _download(content: bytes, name: str, kind: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": f"attachment; filename={name}"})
