"""Lists of retention that come by mail: what is mailed to whom, a new one, and one that ends (R50)."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.people import office_choices
from edms.records.report_lists import LIST_NAMES, ListName
from edms.records.report_mailings import EVERY, NewMailing, add_mailing, end_mailing, list_mailings
from edms.records.sheets import Form
from edms.web.acts import refused
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive
from edms.web.language import current_language, gettext

pages = Blueprint("report_mailings", __name__)


@pages.get("/retention/mail")
def listing() -> ResponseReturnValue:
    """What is mailed, when next, to whom, and what became of the last one; the form to add one."""
    who, mail = actor(), archive().settings.mail
    found = list_mailings(who, archive())
    assert who is not None
    return render_template(
        "report_mailings.html",
        mailings=[_shown(one) for one in found],
        names=LIST_NAMES[current_language()],
        every={"weekly": gettext("every week"), "monthly": gettext("every month")},
        sends=bool(mail.host),
        forms=[form.value for form in Form] if mail.attachments else [],
        offices=office_choices(archive(), who),
        today=archive().clock.today(),
    )


@pages.post("/retention/mail")
def add() -> ResponseReturnValue:
    form, back = request.form, url_for("report_mailings.listing")
    every, language = form.get("every", ""), form.get("language", "")
    try:
        name = ListName(form.get("report", ""))
        if every not in EVERY:
            raise ValueError(every)
    except ValueError:
        raise Refused(gettext("choose a list, and how often it is sent")) from None
    try:
        new = NewMailing(
            form.get("title", "").strip(), name, _recipients(form.get("recipients", "")), every,
            form.get("office", "")[:40], form.get("form", ""), language, date_asked(form.get("first")),
        )  # fmt: skip
        add_mailing(actor(), archive(), new)
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, back)
    flash(gettext("It is mailed from now on."), "good")
    return redirect(back)


@pages.post("/retention/mail/<uuid:mailing_id>/end")
def end(mailing_id: UUID) -> ResponseReturnValue:
    end_mailing(actor(), archive(), mailing_id)
    flash(gettext("It is mailed no more."), "good")
    return redirect(url_for("report_mailings.listing"))


def _shown(mailing: dict[str, Any]) -> dict[str, Any]:
    """The same with its days as days."""
    sent = [{**to, "sent_day": _day(to["sent_for"])} for to in mailing["recipients"]]
    return {**mailing, "next_day": _day(mailing["next_on"]), "recipients": sent}


def _day(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None


def _recipients(text: str) -> tuple[tuple[str, str], ...]:
    """User name and address from each line, parted by a space or `=`. Raises Refused."""
    told = []
    for line in text.splitlines():
        if not line.strip():
            continue
        username, _, address = line.strip().replace("=", " ").partition(" ")
        if not address.strip():
            raise Refused(gettext("each line names a user and an address"))
        told.append((username, address.strip()))
    return tuple(told)
