"""Loans of paper originals: the list by office, what is done with a loan from the record page, the slip to print."""

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.records.loans import (
    Lending,
    ask_for_paper,
    decline_loan,
    extend_loan,
    lend,
    return_loan,
    withdraw_loan,
)
from edms.records.loans_shown import loan_slip, loans_listed
from edms.records.people import office_choices
from edms.web.identity import actor, archive
from edms.web.language import gettext

pages = Blueprint("loans", __name__)


@pages.get("/loans")
def listing() -> ResponseReturnValue:
    """What is out or asked for: overdue first, then by office."""
    who = actor()
    office = request.args.get("office", "")[:40]
    found = loans_listed(who, archive(), office)
    assert who is not None
    return render_template("loans.html", loans=found, office=office, offices=office_choices(archive(), who))


@pages.post("/records/<uuid:record_id>/loans/<any('ask','out'):act>")
def begin(record_id: UUID, act: str) -> ResponseReturnValue:
    form = request.form
    if act == "ask":
        ask_for_paper(actor(), archive(), record_id, form.get("purpose", ""), _day())
        flash(gettext("Asked for. A clerk of the record's office hands it out."), "good")
        return _back(record_id)
    told = {name: form.get(name, "") for name in ("place", "purpose", "username", "name", "office", "permission")}
    asked = form.get("asked", type=UUID)
    loan = lend(actor(), archive(), record_id, Lending(_day(), **told, asked=asked))
    flash(gettext("Handed out. Print the slip and put it where the paper stood."), "good")
    return redirect(url_for("record.show", record_id=record_id, lent=loan) + "#paper")


@pages.post("/loans/<uuid:loan_id>/<any('extend','return','decline','withdraw'):act>")
def go_on(loan_id: UUID, act: str) -> ResponseReturnValue:
    told = request.form.get("told", "")
    if act == "extend":
        extend_loan(actor(), archive(), loan_id, _day(), told)
        flash(gettext("Extended."), "good")
    elif act == "return":
        return_loan(actor(), archive(), loan_id, told)
        flash(gettext("Taken back. Take the slip out and put the paper in its place."), "good")
    elif act == "decline":
        decline_loan(actor(), archive(), loan_id, told)
        flash(gettext("Declined."), "good")
    else:
        withdraw_loan(actor(), archive(), loan_id)
        flash(gettext("Withdrawn."), "good")
    record_id = request.form.get("record", type=UUID)
    return _back(record_id) if record_id else redirect(url_for("loans.listing"))


@pages.get("/loans/<uuid:loan_id>/slip.pdf")
def slip(loan_id: UUID) -> ResponseReturnValue:
    disposition = {"Content-Disposition": "attachment; filename=tanda-keluar.pdf"}
    return Response(loan_slip(actor(), archive(), loan_id), mimetype="application/pdf", headers=disposition)


def _back(record_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("record.show", record_id=record_id) + "#paper")


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("due_on", ""))
    except ValueError:
        abort(400)
