"""The lists of retention: all with their counts, one page by page, one whole as a file, and charts."""

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.records.file_lists import FileList, open_file_list
from edms.records.forecast import outlook
from edms.records.people import office_choices
from edms.records.report_explanations import deliver_list, explain_still_active, offices_late
from edms.records.report_lists import BY_NAMES, LIST_NAMES, By, ListName
from edms.records.report_sheets import open_list_sheet
from edms.records.reports import PAGE, ListQuestion, list_counts, list_groups, list_page
from edms.records.retention_report import outcome_names
from edms.records.sheets import MEDIA_TYPES, Form, Sheet, sheet_parts
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive
from edms.web.language import current_language, gettext
from edms.web.retention_charts import outlook_charts

pages = Blueprint("retention_lists", __name__)

_LATEST_YEAR = 9999


@pages.get("/retention/lists")
def index() -> ResponseReturnValue:
    """Every list with the number of records on it, and the offices whose list of files is late."""
    who, office, day = actor(), _office(), date_asked(request.args.get("as_of"))
    counts = list_counts(who, archive(), day, office)
    assert who is not None
    return render_template(
        "retention_lists.html",
        counts=counts,
        names=LIST_NAMES[current_language()],
        as_of=day or archive().clock.today(),
        office=office,
        offices=office_choices(archive(), who),
        late=offices_late(who, archive(), day),
        today=archive().clock.today(),
    )


@pages.get("/retention/lists/<name>")
def listing(name: str) -> ResponseReturnValue:
    """One list: counted by office, class or year, and its rows page by page."""
    who, asked = actor(), _question(name)
    by, after = _by(), request.args.get("after", "")[:60]
    groups = list_groups(who, archive(), asked, by) if not after else ()
    found = list_page(who, archive(), asked, after, PAGE, current_language())
    assert who is not None
    return render_template(
        "retention_list.html",
        found=found,
        asked=asked,
        groups=groups,
        by=by,
        ways=BY_NAMES[current_language()],
        title=LIST_NAMES[current_language()][asked.name],
        names=LIST_NAMES[current_language()],
        outcome_names=outcome_names(current_language()),
        offices=office_choices(archive(), who),
        link=_link,
        narrowed=_narrowed,
        file=_file,
    )


@pages.get("/retention/lists/<name>/<any('csv','xlsx','pdf'):form>")
def download(name: str, form: str) -> ResponseReturnValue:
    """The whole list, read while it is sent."""
    with ExitStack() as stack:
        sheet, stem = stack.enter_context(open_list_sheet(actor(), archive(), _question(name), current_language()))
        return _sent(stack, sheet, stem, Form(form))


@pages.get("/retention/files/<any('files','contents'):name>/<any('csv','xlsx','pdf'):form>")
def files(name: str, form: str) -> ResponseReturnValue:
    """Daftar Berkas or Daftar Isi Berkas of an office, in the form of the law."""
    through = date_asked(request.args.get("through"))
    with ExitStack() as stack:
        sheet, stem = stack.enter_context(open_file_list(actor(), archive(), FileList(name), _office(), through))
        return _sent(stack, sheet, stem, Form(form))


@pages.get("/retention/outlook")
def ahead() -> ResponseReturnValue:
    """Charts: what becomes due, how old the backlog is, what there is, what destruction will free."""
    who, office = actor(), _office()
    found = outlook(who, archive(), None, office)
    assert who is not None
    return render_template(
        "retention_outlook.html",
        charts=outlook_charts(found, office),
        as_of=found.as_of,
        office=office,
        offices=office_choices(archive(), who),
    )


@pages.post("/retention/explain/<uuid:record_id>")
def explain(record_id: UUID) -> ResponseReturnValue:
    explain_still_active(actor(), archive(), record_id, request.form.get("text", ""))
    flash(gettext("The explanation is kept."), "good")
    return redirect(url_for("retention_lists.listing", name=ListName.TRANSFER.value))


@pages.post("/retention/delivered")
def delivered() -> ResponseReturnValue:
    """An office delivered its list of files closed through a day."""
    office, through = request.form.get("office", type=UUID), date_asked(request.form.get("through"))
    if office is None or through is None:
        raise Refused(gettext("choose the office and the day"))
    deliver_list(actor(), archive(), office, through)
    flash(gettext("Delivery noted."), "good")
    return redirect(url_for("retention_lists.index"))


def _sent(stack: ExitStack, sheet: Sheet, stem: str, form: Form) -> Response:
    """A file that is read while it is sent; what `stack` holds open is closed after it."""
    response = Response(sheet_parts(sheet, form), content_type=MEDIA_TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename={stem}.{form}"
    response.call_on_close(stack.pop_all().close)
    return response


def _question(name: str) -> ListQuestion:
    if name not in list(ListName):
        abort(404)
    year = request.args.get("year", type=int)
    return ListQuestion(
        ListName(name),
        date_asked(request.args.get("as_of")),
        _office(),
        request.args.get("class", "")[:40],
        year if year is not None and 1 <= year <= _LATEST_YEAR else None,
    )


def _office() -> str:
    return request.args.get("office", "")[:40]


def _by() -> By:
    asked = request.args.get("by", "")
    return By(asked) if asked in list(By) else By.OFFICE


def _link(**changes: object) -> str:
    """The address of this list with some arguments changed; a cursor is of one question alone."""
    kept = {name: text for name, text in request.args.to_dict().items() if name != "after" and text}
    return f"{request.path}?{urlencode({**kept, **{name: str(value) for name, value in changes.items()}})}"


def _narrowed(by: By, key: str) -> str:
    """The address of the list narrowed to one line of its count."""
    argument = {By.OFFICE: "office", By.CLASS: "class", By.YEAR: "year"}[by]
    following = {By.OFFICE: By.CLASS, By.CLASS: By.YEAR, By.YEAR: By.OFFICE}[by]
    return _link(**{argument: key, "by": following.value})


def _file(asked: ListQuestion, form: str) -> str:
    told: dict[str, Any] = {
        "as_of": asked.as_of.isoformat() if asked.as_of else None,
        "office": asked.office or None,
        "class": asked.class_code or None,
        "year": asked.year,
    }
    return url_for("retention_lists.download", name=asked.name.value, form=form, **told)
