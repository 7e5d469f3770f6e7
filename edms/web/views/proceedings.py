"""Transfers, reviews and hand-overs: lists, one page for each with its next step. Every change is a form."""

import io
import os
from collections.abc import Callable
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.errors import Refused
from edms.exchange.certificate import removal_certificate
from edms.exchange.drafts import draft_proceeding_paper
from edms.exchange.drawing import ask_for_signatures, draw_up, paper_signers
from edms.exchange.handing_over import (
    Approval,
    HandoverDecision,
    approve_handover,
    assess_handover,
    decide_handover,
)
from edms.exchange.removing import RemovalOrder, carry_out_removal, order_removal
from edms.exchange.sending import close_handover, package_handover, receive_receipt, send_handover
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.records.file_plan import selectable_classes
from edms.records.office_draft import DOCX_TYPE
from edms.records.people import all_offices, office_choices
from edms.records.proceedings import NewProceeding, add_items, cancel_proceeding, exclude_item, open_proceeding
from edms.records.proceedings_views import Kind, ProceedingView, due_records, list_proceedings, show_proceeding
from edms.records.reviewing import Panel, assess_review, decide_review, findings_from, folders_to_refile
from edms.web.acts import done, refused
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext
from edms.web.views.files import attachment_of
from edms.web.words import error_text

pages = Blueprint("proceedings", __name__)

MOST_IN_MEMORY = 512 * 1024 * 1024
AT_ONCE = 200
"""Of how many records one press of the button removes the content; the next press goes on."""
PROVEN = ("order-removal", "remove")
_SIGNERS_ASKED = (("transfer", "draft"), ("handover", "approved"))


@pages.get("/proceedings")
def listing() -> ResponseReturnValue:
    kind, who = _kind(request.args.get("kind", "transfer")), actor()
    found = list_proceedings(who, archive(), kind)
    works = who is not None and who.office_id is not None and who.has(Role.CLERK, Role.RECORDS_OFFICER)
    return render_template(
        "proceedings.html", items=found, kind=kind.value, kinds=list(Kind), works=works,
        levels=list(Level.up_to(who.clearance)) if who else [], classes=selectable_classes(archive()) if works else (),
        offices=office_choices(archive(), who) if who and works else (),
        all_offices=all_offices(who, archive()) if works else (),
    )  # fmt: skip


@pages.post("/proceedings")
def begin() -> ResponseReturnValue:
    form = request.form
    kind = _kind(form.get("kind", ""))
    try:
        level = Level(form.get("level", ""))
        office = UUID(form.get("office", ""))
        to = UUID(form["to_office"]) if kind is Kind.TRANSFER and form.get("to_office") else None
    except ValueError:
        abort(400)
    told = NewProceeding(kind, office, level, form.get("title", ""), form.get("class_code") or None, to)
    try:
        made = open_proceeding(actor(), archive(), told)
    except Refused as why:
        return refused(why, url_for("proceedings.listing", kind=kind))
    return redirect(url_for("proceedings.show", proceeding_id=made))


@pages.get("/proceedings/<uuid:proceeding_id>")
def show(proceeding_id: UUID) -> ResponseReturnValue:
    who = actor()
    found = show_proceeding(who, archive(), proceeding_id)
    drafting = found.may_work and found.state == "draft"
    reviewing = found.kind == "review" and found.may_decide and found.state in ("draft", "assessed")
    return render_template(
        "proceeding.html", one=found, due=due_records(who, archive(), proceeding_id) if drafting else (),
        signers=_signers(found), today=archive().clock.today(),
        folders=folders_to_refile(who, archive(), proceeding_id) if reviewing else (),
    )  # fmt: skip


@pages.post("/proceedings/<uuid:proceeding_id>/items")
def add(proceeding_id: UUID) -> ResponseReturnValue:
    try:
        chosen = [UUID(one) for one in request.form.getlist("record")]
    except ValueError:
        abort(400)
    return done(lambda: add_items(actor(), archive(), proceeding_id, chosen), _back(proceeding_id))


@pages.post("/proceedings/<uuid:proceeding_id>/items/<uuid:item_id>/exclude")
def exclude(proceeding_id: UUID, item_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return done(lambda: exclude_item(actor(), archive(), item_id, reason), _back(proceeding_id))


@pages.post(
    "/proceedings/<uuid:proceeding_id>/<any('list','draw-up','ask','take-over','assess','approve','decide','send','close',"
    "'order-removal','remove','cancel'):act>"
)
def advance(proceeding_id: UUID, act: str) -> ResponseReturnValue:
    """Take a step. What ends with content being removed asks for proof of who it is, which is no form's to give."""
    if act in PROVEN:
        require_proof()
    kind = show_proceeding(actor(), archive(), proceeding_id).kind
    acts: dict[str, Callable[[UUID, str], object]] = {
        "list": _list, "assess": _assess, "approve": _approve, "decide": _decide,
        "draw-up": lambda made, _kind: draw_up(actor(), archive(), made),
        "ask": lambda made, _kind: ask_for_signatures(actor(), archive(), made),
        "take-over": lambda made, _kind: receive_transfer(actor(), archive(), made),
        "send": lambda made, _kind: send_handover(actor(), archive(), made, _told("how")),
        "close": lambda made, _kind: close_handover(actor(), archive(), made, _told("note")),
        "order-removal": lambda made, _kind: order_removal(
            actor(), archive(), made, RemovalOrder(_told("number"), _told("reason"))
        ),
        "remove": lambda made, _kind: carry_out_removal(actor(), archive(), made, AT_ONCE),
        "cancel": lambda made, _kind: cancel_proceeding(actor(), archive(), made, _told("reason")),
    }  # fmt: skip
    return done(lambda: acts[act](proceeding_id, kind), _back(proceeding_id))


@pages.post("/proceedings/<uuid:proceeding_id>/package")
def package(proceeding_id: UUID) -> ResponseReturnValue:
    """Packed whole before the first byte goes out, in memory outside the heap: plaintext never touches the disk."""
    content = os.fdopen(os.memfd_create("package", os.MFD_CLOEXEC), "w+b")
    try:
        package_handover(actor(), archive(), proceeding_id, content, MOST_IN_MEMORY)
    except Refused as why:
        content.close()
        return refused(why, _back(proceeding_id))
    except BaseException:
        content.close()
        raise
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    response: Response = attachment_of(content, f"penyerahan-{str(proceeding_id)[:13]}.zip", "application/zip")
    response.content_length = size
    return response


@pages.get("/proceedings/<uuid:proceeding_id>/papers/<kind>.docx")
def draft(proceeding_id: UUID, kind: str) -> ResponseReturnValue:
    """A paper that is drawn up, as a draft to edit."""
    made = draft_proceeding_paper(actor(), archive(), proceeding_id, kind)
    return attachment_of(io.BytesIO(made.content), made.name, DOCX_TYPE)


@pages.get("/proceedings/<uuid:proceeding_id>/certificate.json")
def certified(proceeding_id: UUID) -> ResponseReturnValue:
    """What an outsider checks of content that was removed here."""
    response = Response(removal_certificate(actor(), archive(), proceeding_id), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="sertifikat-penghapusan-isi-{proceeding_id}.json"'
    return response


@pages.post("/proceedings/<uuid:proceeding_id>/receipt")
def receipt(proceeding_id: UUID) -> ResponseReturnValue:
    files = request.files
    if not files.get("receipt") or not files.get("signature"):
        flash(gettext("Choose the receipt and its signature."), "bad")
        return redirect(_back(proceeding_id))
    content, signature = files["receipt"].read(), files["signature"].read()
    return done(lambda: receive_receipt(actor(), archive(), proceeding_id, content, signature), _back(proceeding_id))


def _list(made: UUID, _kind: str) -> None:
    list_transfer(actor(), archive(), made, _told("number"), _told("head"), _told("head_of_archive"))


def _assess(made: UUID, kind: str) -> None:
    members = tuple(name for name in _told("members").splitlines() if name.strip())
    panel = Panel(_told("decree"), members, _told("opinion"), _told("minutes"))
    if kind == "handover":
        assess_handover(actor(), archive(), made, panel, "looked_at" in request.form)
        return
    view = show_proceeding(actor(), archive(), made)
    listed = [item for item in view.items if item.state == "listed" and item.seen]
    told = {
        str(item.record): {name: _told(f"{name}-{item.id}") for name in ("choice", "reason", "years", "fate", "folder")}
        for item in listed
    }
    items = {str(item.record): item.id for item in listed}
    assess_review(actor(), archive(), made, panel, findings_from(told, items))


def _approve(made: UUID, _kind: str) -> None:
    told = Approval(_told("letter"), _day(), _told("receiver"), _told("keys"))
    approve_handover(actor(), archive(), made, told)


def _decide(made: UUID, kind: str) -> None:
    if kind == "review":
        decide_review(actor(), archive(), made, _told("reason"), _told("number"))
        return
    decide_handover(actor(), archive(), made, HandoverDecision(_told("number"), _day(), _told("head")))


def _day() -> date:
    day = date_asked(request.form.get("on"))
    if day is None:
        raise Refused("this is not a date")
    return day


def _told(name: str) -> str:
    return request.form.get(name, "")


def _signers(found: ProceedingView) -> object:
    if (found.kind, found.state) not in _SIGNERS_ASKED:
        return ()
    try:
        return paper_signers(actor(), archive(), found.id)
    except Refused as why:
        flash(error_text(why.message), "bad")
        return ()


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        abort(400)


def _back(proceeding_id: UUID) -> str:
    return url_for("proceedings.show", proceeding_id=proceeding_id)
