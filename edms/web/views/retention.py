"""The retention report: what is due, when and why; as a page, as CSV."""

from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.records.people import office_choices
from edms.records.report_files import report_csv as csv_parts
from edms.records.retention_report import ReportQuestion, open_report, outcome_names, retention_report
from edms.web.arguments import date_asked, page_asked
from edms.web.identity import actor, archive
from edms.web.language import current_language

pages = Blueprint("retention", __name__)

PAGE_SIZE = 100


@pages.get("/retention")
def report() -> ResponseReturnValue:
    who = actor()
    assert who is not None
    page = page_asked(request)
    question = ReportQuestion(
        as_of=date_asked(request.args.get("as_of")),
        office=request.args.get("office") or None,
        outcome=request.args.get("outcome") or None,
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
    )
    found = retention_report(who, archive(), question, current_language())
    return render_template(
        "retention.html",
        found=found,
        question=question,
        page=page,
        pages_in_all=-(-found.total // PAGE_SIZE),
        offices=office_choices(archive(), who),
        outcome_names=outcome_names(current_language()),
        retention_link=_link,
    )


@pages.get("/retention.csv")
def report_csv() -> ResponseReturnValue:
    question = ReportQuestion(
        as_of=date_asked(request.args.get("as_of")),
        office=request.args.get("office") or None,
        outcome=request.args.get("outcome") or None,
    )
    with open_report(actor(), archive(), question, current_language()) as found:
        text = "".join(csv_parts(found))
    headers = {"Content-Disposition": f"attachment; filename=retention-{found.as_of}.csv"}
    return Response(text, mimetype="text/csv", headers=headers)


def _link(**changes: object) -> str:
    """The address of this report with some arguments changed."""
    arguments = {**request.args.to_dict(), **{name: str(value) for name, value in changes.items()}}
    return f"{url_for('retention.report')}?{urlencode(arguments)}"
