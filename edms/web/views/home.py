"""The first page: a search box, and what waits for this person."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.policy import Action, decide
from edms.capture.progress import inbox_size
from edms.reconcile.rolling import status
from edms.records.grants_views import waiting_for
from edms.records.searching import Question, search
from edms.web.identity import actor, archive

pages = Blueprint("home", __name__)


@pages.get("/")
def start() -> ResponseReturnValue:
    who = actor()
    assert who is not None
    waiting = quarantined = 0
    if who.has(Role.CLERK, Role.RECORDS_OFFICER):
        waiting = inbox_size(who, archive(), "pending")
        quarantined = inbox_size(who, archive(), "quarantined")
    recent = None
    if decide(who, Action.RECORD_SEARCH).allowed:
        recent = search(who, archive(), Question("", sort="newest", limit=8))
    asked = waiting_for(who, archive()) if decide(who, Action.ACCESS_ASK).allowed else 0
    verification = status(who, archive()) if decide(who, Action.ARCHIVE_VERIFY).allowed else None
    return render_template(
        "home.html", waiting=waiting, quarantined=quarantined, recent=recent, verification=verification, asked=asked
    )
