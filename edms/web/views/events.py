"""Events from which retention counts: noted for many, verified by a second person, and what waits for one."""

from collections.abc import Sequence
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.core.ids import parse_id
from edms.records.events_many import (
    EventPreview,
    NotedMany,
    NotMatched,
    ToldEvent,
    awaiting_subjects,
    preview_events,
    read_list,
    record_events,
    verify_events,
)
from edms.records.events_shown import AGES, TriggerType, awaited_names, awaiting_report, trigger_names, waiting_events
from edms.records.people import office_choices
from edms.web.arguments import date_asked, page_asked
from edms.web.identity import actor, archive
from edms.web.language import current_language, ngettext
from edms.web.words import error_text

pages = Blueprint("events", __name__)
PAGE_SIZE = 100


@pages.get("/events")
def listing() -> ResponseReturnValue:
    """What waits for verification, and the form to note what happened."""
    return _page()


@pages.post("/events")
def note() -> ResponseReturnValue:
    """Note an event of the subjects that are typed, of those of a list, or of all that await it."""
    who, form = actor(), request.form
    kind, told, wrong = _asked()
    shown = form.get("evidence_record", "").strip()
    record = parse_id(shown) if shown else None
    if shown and record is None:
        raise Refused("the evidence is named by the id of its record")
    label = form.get("label", "")
    noted = record_events(who, archive(), kind, told, label, record) if told else NotedMany(None, 0, ())
    flash(
        ngettext(
            "%(num)s event was noted; it counts once somebody else has verified it.",
            "%(num)s events were noted; they count once somebody else has verified them.",
            noted.noted,
        )
        % {"num": noted.noted},
        "good" if noted.noted else "bad",
    )
    missed = sorted((*wrong, *noted.not_matched), key=lambda one: one.line)
    return _page(missed) if missed else redirect(url_for("events.listing"))


@pages.post("/events/preview")
def preview() -> ResponseReturnValue:
    """Say what the list would note, and note nothing: it stands in the form again, to be noted or mended."""
    kind, told, wrong = _asked()
    shown, missed = preview_events(actor(), archive(), kind, told, request.form.get("label", "")) if told else ((), ())
    return _page(sorted((*wrong, *missed), key=lambda one: one.line), shown)


def _asked() -> tuple[TriggerType, list[ToldEvent], list[NotMatched]]:
    """The kind of event and the lines that the form tells, and those that were not understood. Raises Refused."""
    form = request.form
    kind, day, evidence = _kind(form.get("type", "")), date_asked(form.get("on")), form.get("evidence", "")
    if form.get("of") != "awaiting":
        return kind, *read_list(_content(), day, evidence)
    if day is None:
        raise Refused("say on which day it happened")
    return kind, awaiting_subjects(actor(), archive(), kind, day, evidence, form.get("office", "")), []


def _content() -> bytes:
    """The list as a file, else what was typed."""
    file = request.files.get("list")
    content = file.read() if file else b""
    if file:
        file.seek(0)
    return content or request.form.get("subjects", "").encode()


@pages.post("/events/verify")
def verify() -> ResponseReturnValue:
    """Confirm those that are ticked."""
    ids = [one for one in map(parse_id, request.form.getlist("event")) if one is not None]
    done = verify_events(actor(), archive(), ids)
    text = ngettext("%(num)s event was verified.", "%(num)s events were verified.", done.verified)
    flash(text % {"num": done.verified}, "good" if done.verified else "bad")
    for why in dict.fromkeys(why for _id, why in done.refused):
        flash(error_text(why), "bad")
    return redirect(url_for("events.listing"))


@pages.get("/events/awaiting")
def awaiting() -> ResponseReturnValue:
    """Records that wait for an event, the longest waiting first."""
    who, page = actor(), page_asked(request)
    kind, office = request.args.get("type", "")[:40], request.args.get("office", "")[:40]
    found = awaiting_report(who, archive(), kind, office, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    assert who is not None
    return render_template(
        "awaiting.html",
        found=found,
        kind=kind,
        office=office,
        page=page,
        pages_in_all=-(-found.total // PAGE_SIZE),
        ages=AGES,
        names=awaited_names(current_language()),
        offices=office_choices(archive(), who),
        link=_link,
    )


def _page(missed: list[NotMatched] | None = None, preview: Sequence[EventPreview] | None = None) -> str:
    """The page; with a preview, the form holds what was told, the list as text, so that it can be noted as it is."""
    who = actor()
    given = request.form if preview is not None else {}
    waiting = waiting_events(who, archive())
    assert who is not None
    return render_template(
        "events.html",
        waiting=waiting,
        missed=missed or [],
        kinds=trigger_names(current_language()),
        offices=office_choices(archive(), who),
        preview=preview,
        given=given,
        subject=_content().decode("utf-8-sig", "replace") if given else request.args.get("subject", "")[:80],
        verifiable=[line for line in waiting if not line.own],
    )


def _kind(told: str) -> TriggerType:
    try:
        return TriggerType(told)
    except ValueError:
        raise Refused("there is no such kind of event") from None


def _link(**changes: object) -> str:
    arguments = {**request.args.to_dict(), **{name: str(value) for name, value in changes.items()}}
    return f"{url_for('events.awaiting')}?{urlencode(arguments)}"
