"""Reviews of what is kept: proposed by one person, judged by another; legacy records without a date; vital records."""

import re
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.people import office_choices
from edms.records.reviews import Proposal, judge_review, propose_class_maximum, propose_review, withdraw_review
from edms.records.reviews_model import ReviewKind
from edms.records.reviews_shown import review_desk, vital_csv, vital_list, vital_pdf
from edms.records.undated import undated_queue
from edms.web.acts import refused
from edms.web.arguments import date_asked, page_asked
from edms.web.identity import actor, archive
from edms.web.language import gettext
from edms.web.words_judgements import kind_names

pages = Blueprint("judgements", __name__)
PAGE_SIZE = 100
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@pages.get("/judgements")
def listing() -> ResponseReturnValue:
    """What waits for its judge, and the forms to propose a review of a record or a limit of a class."""
    return render_template(
        "judgements.html",
        desk=review_desk(actor(), archive()),
        kinds=kind_names(),
        kind=request.args.get("kind", "")[:20],
        record=request.args.get("record", "")[:40],
        proposes=_proposes(),
    )


@pages.post("/judgements")
def propose() -> ResponseReturnValue:
    """Propose a review of one record; or, where a class is named, the longest time for the personal data in it."""
    form, who = request.form, actor()
    back = url_for("judgements.undated" if form.get("back") == "undated" else "judgements.listing")
    try:
        kind, months = ReviewKind(form.get("kind", "")), _months(form.get("months", ""))
    except ValueError:
        abort(400)
    reason, told = form.get("reason", ""), form.get("told", "")
    try:
        if form.get("class", "").strip() and kind is ReviewKind.MAXIMUM:
            propose_class_maximum(who, archive(), form["class"], reason, told, months)
        else:
            found = _ID.search(form.get("record", ""))
            if found is None:
                raise Refused(gettext("Name the record by its id or by the address of its page."))
            proposal = Proposal(kind, reason, told, date_asked(form.get("day")), months)
            propose_review(who, archive(), UUID(found.group()), proposal)
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, back)
    flash(gettext("Proposed. It takes effect once somebody else has accepted it."), "good")
    return redirect(back)


@pages.post("/judgements/<uuid:review_id>/<any('accept','refuse'):act>")
def judge(review_id: UUID, act: str) -> ResponseReturnValue:
    """Accept or refuse what somebody else proposed."""
    try:
        judge_review(actor(), archive(), review_id, request.form.get("judgement", ""), accept=act == "accept")
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, url_for("judgements.listing"))
    told = gettext("Accepted; due dates follow.") if act == "accept" else gettext("Refused; nothing changes.")
    flash(told, "good")
    return redirect(url_for("judgements.listing"))


@pages.post("/judgements/<uuid:review_id>/withdraw")
def withdraw(review_id: UUID) -> ResponseReturnValue:
    """Take one's own proposal back."""
    try:
        withdraw_review(actor(), archive(), review_id, request.form.get("reason", ""))
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, url_for("judgements.listing"))
    flash(gettext("Withdrawn; nothing changes."), "good")
    return redirect(url_for("judgements.listing"))


@pages.get("/judgements/undated")
def undated() -> ResponseReturnValue:
    """Legacy records whose date nobody has verified, each with the form to propose one."""
    who, page, office = actor(), page_asked(request), request.args.get("office", "")[:40]
    found = undated_queue(who, archive(), office, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    assert who is not None
    return render_template(
        "judgements_undated.html",
        found=found,
        office=office,
        offices=office_choices(archive(), who),
        page=page,
        pages_in_all=-(-found.total // PAGE_SIZE),
        today=archive().clock.today(),
        link=lambda page: url_for("judgements.undated", office=office or None, page=page),
    )


@pages.get("/judgements/vital")
def vital() -> ResponseReturnValue:
    """Daftar Arsip Vital, with the day of the next review of each."""
    lines = vital_list(actor(), archive())
    return render_template("judgements_vital.html", lines=lines, proposes=_proposes())


@pages.get("/judgements/vital.<any('csv','pdf'):form>")
def vital_file(form: str) -> ResponseReturnValue:
    """The list whole, as CSV or PDF."""
    lines = vital_list(actor(), archive())
    if form == "csv":
        told, kind = vital_csv(lines).encode(), "text/csv; charset=utf-8"
    else:
        told = vital_pdf(lines, archive().settings.archive.name, archive().clock.now())
        kind = "application/pdf"
    return Response(
        told, mimetype=kind, headers={"Content-Disposition": f"attachment; filename=daftar-arsip-vital.{form}"}
    )


def _proposes() -> bool:
    who = actor()
    return bool(who and who.has(Role.OFFICIAL, Role.RECORDS_OFFICER))


def _months(text: str) -> int | None:
    return int(text) if text.strip() else None
