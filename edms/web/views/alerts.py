"""Faults that last: for the records officer and the auditor one by one, for the administrator as kinds and counts."""

from collections import Counter
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.policy import Action, decide
from edms.reconcile.rolling import status
from edms.records.alerts import acknowledge as acknowledge_alert
from edms.records.alerts import open_alerts
from edms.web.faults import fault_words
from edms.web.identity import actor, archive
from edms.web.language import gettext

pages = Blueprint("alerts", __name__)


@pages.get("/alerts")
def listing() -> ResponseReturnValue:
    who = actor()
    found = open_alerts(who, archive())
    return render_template(
        "alerts.html",
        alerts=found,
        by_kind=sorted(Counter(alert.kind for alert in found).items()),
        named=bool(who and decide(who, Action.ALERT_ACKNOWLEDGE).allowed),
        verification=status(who, archive()),
        words=fault_words,
    )


@pages.post("/alerts/<uuid:alert_id>/acknowledge")
def acknowledge(alert_id: UUID) -> ResponseReturnValue:
    acknowledge_alert(actor(), archive(), alert_id, request.form.get("note", ""))
    flash(gettext("Noted. The alert stays until the fault is mended."), "good")
    return redirect(url_for("alerts.listing"))
