"""Alih media: scanners, digitisations, their check by keyboard, closing. Every change is a form."""

import io
from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Actor, Role
from edms.access.levels import Level
from edms.capture.digitisation_close import close_digitisation, draw_up
from edms.capture.digitisation_drafts import draft_digitisation_paper
from edms.core.errors import NotFound, Refused
from edms.digitisation.course import REASONS
from edms.digitisation.standard import PAPERS, Kind
from edms.records.digitisation_check import Finding, check_item, hand_over
from edms.records.digitisation_items import NewItem, WrongScan, add_item, candidates, remove_item, rescan_item
from edms.records.digitisation_list import list_file
from edms.records.digitisation_signing import ask_for_signatures, minutes_signers
from edms.records.digitisation_views import DigitisationView
from edms.records.digitisations import (
    NewDigitisation,
    NewScanner,
    add_scanner,
    cancel_digitisation,
    list_digitisations,
    office_scanners,
    open_digitisation,
    retire_scanner,
    show_digitisation,
)
from edms.records.file_plan import selectable_classes
from edms.records.office_draft import DOCX_TYPE
from edms.web.acts import done, refused
from edms.web.arguments import date_asked
from edms.web.formats import number
from edms.web.identity import actor, archive, capturers_only
from edms.web.language import gettext, ngettext
from edms.web.views.files import attachment_of
from edms.web.words import error_text

pages = Blueprint("digitisations", __name__)

MOST_CHOSEN = 200
MOST_TOLD = 5


@pages.get("/digitisations")
def listing() -> ResponseReturnValue:
    who = actor()
    found = list_digitisations(who, archive())
    works = who is not None and who.office_id is not None and who.has(Role.CLERK, Role.RECORDS_OFFICER)
    return render_template(
        "digitisations.html", items=found, works=works, levels=list(Level.up_to(who.clearance)) if who else [],
        classes=selectable_classes(archive()) if works else (),
    )  # fmt: skip


@pages.post("/digitisations")
def begin() -> ResponseReturnValue:
    who, form = _worker(), request.form
    try:
        level = Level(form.get("level", ""))
    except ValueError:
        abort(400)
    told = NewDigitisation(
        _office(who), level, form.get("title", ""), form.get("place", ""), form.get("source", ""),
        form.get("condition", ""), form.get("medium", ""), form.get("process_note", ""), form.get("class_code") or None,
    )  # fmt: skip
    try:
        made = open_digitisation(who, archive(), told)
    except Refused as why:
        return refused(why, url_for("digitisations.listing"))
    return redirect(url_for("digitisations.show", digitisation_id=made))


@pages.get("/digitisations/scanners")
def scanners() -> ResponseReturnValue:
    who = _worker()
    return render_template("scanners.html", scanners=office_scanners(who, archive(), _office(who), retired=True))


@pages.post("/digitisations/scanners")
def new_scanner() -> ResponseReturnValue:
    who, form = _worker(), request.form
    try:
        add_scanner(who, archive(), NewScanner(
            _office(who), form.get("name", ""), form.get("make", ""), form.get("model", ""), form.get("serial", ""),
            form.get("optical_dpi", 0, type=int), form.get("settings", ""), date_asked(form.get("calibrated_on")),
        ))  # fmt: skip
    except Refused as why:
        return refused(why, url_for("digitisations.scanners"))
    return redirect(url_for("digitisations.scanners"))


@pages.post("/digitisations/scanners/<uuid:scanner_id>/retire")
def retire(scanner_id: UUID) -> ResponseReturnValue:
    return done(lambda: retire_scanner(actor(), archive(), scanner_id), url_for("digitisations.scanners"))


@pages.get("/digitisations/<uuid:digitisation_id>")
def show(digitisation_id: UUID) -> ResponseReturnValue:
    who = actor()
    found = show_digitisation(who, archive(), digitisation_id)
    scanning = found.may_work and found.stage == "scanning"
    closing = found.may_work and found.stage == "checked"
    return render_template(
        "digitisation.html", one=found, kinds=list(Kind), papers=PAPERS,
        candidates=candidates(who, archive(), digitisation_id) if scanning else (),
        scanners=office_scanners(who, archive(), found.office_id) if scanning else (),
        signers=_signers(found) if closing else (), rejected=[item for item in found.items if item.state == "rejected"],
    )  # fmt: skip


@pages.post("/digitisations/<uuid:digitisation_id>/items")
def add(digitisation_id: UUID) -> ResponseReturnValue:
    """Measure and add all chosen scans; each is judged by itself, and those that fail are named with the reason."""
    _worker()
    form, back = request.form, url_for("digitisations.show", digitisation_id=digitisation_id)
    try:
        chosen = [_new_item(UUID(record)) for record in form.getlist("record")[:MOST_CHOSEN]]
        instead = UUID(form["instead_of"]) if form.get("instead_of") else None
    except ValueError:
        abort(400)
    if not chosen:
        flash(gettext("Choose at least one scan."), "bad")
        return redirect(back)
    if instead is not None and len(chosen) > 1:
        flash(gettext("One scan takes the place of another; choose one."), "bad")
        return redirect(back)
    if instead is not None:
        return done(lambda: rescan_item(actor(), archive(), instead, chosen[0]), back)
    return _added(digitisation_id, chosen, back)


def _new_item(record_id: UUID) -> NewItem:
    form = request.form
    return NewItem(
        record_id, UUID(form.get("scanner", "")), Kind(form.get("kind", "")), form.get("paper", ""),
        form.get(f"counted-{record_id}", 0, type=int), form.get("page_papers", ""), form.get("note", ""),
    )  # fmt: skip


def _added(digitisation_id: UUID, chosen: list[NewItem], back: str) -> ResponseReturnValue:
    """Add them one by one. A message travels in a cookie, so the first few that fail are told with their reason."""
    titles = {one.record: one.title for one in candidates(actor(), archive(), digitisation_id)}
    refusals: list[tuple[NewItem, Refused | NotFound]] = []
    for told in chosen:
        try:
            add_item(actor(), archive(), digitisation_id, told)
        except (Refused, NotFound) as why:
            refusals.append((told, why))
    if len(chosen) == 1 and refusals and isinstance(only := refusals[0][1], Refused):
        return refused(only, back)
    for failed, fault in refusals[:MOST_TOLD]:
        reason = error_text(fault.sentences[0] if isinstance(fault, WrongScan) else fault.message)
        title = titles.get(failed.record_id, "–")[:80]
        flash(gettext("Not added: %(title)s: %(reason)s") % {"title": title, "reason": reason[:300]}, "bad")
    if (more := len(refusals) - MOST_TOLD) > 0:
        told_more = ngettext("%(num)s more scan was not added.", "%(num)s more scans were not added.", more)
        flash(told_more % {"num": number(more)}, "bad")
    done = len(chosen) - len(refusals)
    if done:
        flash(ngettext("%(num)s scan is added.", "%(num)s scans are added.", done) % {"num": number(done)}, "good")
    return redirect(back)


@pages.post("/digitisations/<uuid:digitisation_id>/<any('hand-over','close','draw-up','ask','cancel'):act>")
def advance(digitisation_id: UUID, act: str) -> ResponseReturnValue:
    form, who, where = request.form, actor(), archive()
    signers = [name for name in (*form.getlist("witness"), form.get("head", "")) if name]
    acts: dict[str, Callable[[], object]] = {
        "hand-over": lambda: hand_over(who, where, digitisation_id),
        "close": lambda: close_digitisation(who, where, digitisation_id, form.get("number", ""), signers),
        "draw-up": lambda: draw_up(who, where, digitisation_id),
        "ask": lambda: ask_for_signatures(who, where, digitisation_id),
        "cancel": lambda: cancel_digitisation(who, where, digitisation_id, form.get("reason", "")),
    }
    return done(acts[act], url_for("digitisations.show", digitisation_id=digitisation_id))


@pages.post("/digitisations/<uuid:digitisation_id>/items/<uuid:item_id>/remove")
def remove(digitisation_id: UUID, item_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    back = url_for("digitisations.show", digitisation_id=digitisation_id)
    return done(lambda: remove_item(actor(), archive(), item_id, reason), back)


@pages.get("/digitisations/<uuid:digitisation_id>/check")
def checking(digitisation_id: UUID) -> ResponseReturnValue:
    """The next document to be looked at, page by page, with the keys of the check."""
    found = show_digitisation(actor(), archive(), digitisation_id)
    waiting = [item for item in found.items if item.sampled and item.state == "added" and item.seen]
    if not waiting or found.state not in ("checking", "checked"):
        return redirect(url_for("digitisations.show", digitisation_id=digitisation_id))
    return render_template("digitisation_check.html", one=found, scan=waiting[0], left=len(waiting), reasons=REASONS)


@pages.post("/digitisations/<uuid:digitisation_id>/items/<uuid:item_id>/check")
def check(digitisation_id: UUID, item_id: UUID) -> ResponseReturnValue:
    form = request.form
    finding = Finding(
        "accept" in form, tuple(form.getlist("reason")) if "accept" not in form else (), form.get("note", "")
    )
    back = url_for("digitisations.checking", digitisation_id=digitisation_id)
    return done(lambda: check_item(actor(), archive(), item_id, finding), back)


@pages.get("/digitisations/<uuid:digitisation_id>/list.<any('json','csv'):form>")
def exported(digitisation_id: UUID, form: str) -> ResponseReturnValue:
    content = list_file(actor(), archive(), digitisation_id, form)
    response = Response(content, mimetype="application/json" if form == "json" else "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="daftar-arsip-alih-media.{form}"'
    return response


@pages.get("/digitisations/<uuid:digitisation_id>/papers/<kind>.docx")
def draft(digitisation_id: UUID, kind: str) -> ResponseReturnValue:
    """A paper that is drawn up, as a draft to edit."""
    made = draft_digitisation_paper(actor(), archive(), digitisation_id, kind)
    return attachment_of(io.BytesIO(made.content), made.name, DOCX_TYPE)


def _worker() -> Actor:
    who = capturers_only()
    if who.office_id is None:
        raise NotFound()
    return who


def _office(who: Actor) -> UUID:
    assert who.office_id is not None, "a worker has an office"
    return who.office_id


def _signers(found: DigitisationView) -> object:
    try:
        return minutes_signers(actor(), archive(), found.id)
    except Refused as why:
        flash(error_text(why.message), "bad")
        return ()
