"""Disposal (penyusutan): the list, and a page where each step is a form for the one whose turn it is."""

import io
import re
from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.access.actors import Role
from edms.access.levels import Level
from edms.core.destruction_format import COMMITTEE_CAPACITIES, SIGNING
from edms.core.errors import NotFound, Refused
from edms.disposal.batches import Letter
from edms.disposal.certificate import certificate
from edms.disposal.closing import ask_for_signatures, close, signer_choices
from edms.disposal.course import PROVEN, Tier
from edms.disposal.destruction import (
    Inspected,
    NewBatch,
    approve,
    assess_items,
    cancel,
    conclude,
    decide_destruction,
    exclude,
    open_batch,
    propose,
    reject,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.drafts import draft_paper
from edms.disposal.execution import Execution, carry_out, execute
from edms.disposal.papers import draw_up
from edms.disposal.views import list_batches, show_batch
from edms.records.file_plan import selectable_classes
from edms.records.office_draft import DOCX_TYPE
from edms.web.acts import done, refused
from edms.web.arguments import date_asked
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext
from edms.web.views.files import attachment_of

pages = Blueprint("disposals", __name__)

AT_ONCE = 200
"""How many records one press of the button destroys; the next press goes on."""
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@pages.get("/disposals")
def listing() -> ResponseReturnValue:
    who = actor()
    found = list_batches(who, archive())
    opens = who is not None and who.office_id is not None and who.has(Role.RECORDS_OFFICER)
    return render_template(
        "disposals.html", items=found, opens=opens, tiers=list(Tier),
        levels=list(Level.up_to(who.clearance)) if who else [], classes=selectable_classes(archive()) if opens else (),
    )  # fmt: skip


@pages.post("/disposals")
def begin() -> ResponseReturnValue:
    who, form = actor(), request.form
    if who is None or who.office_id is None or not who.has(Role.RECORDS_OFFICER):
        raise NotFound()
    try:
        told = NewBatch(who.office_id, Tier(form.get("tier", "")), form.get("title", ""), Level(form.get("level", "")),
                        form.get("class_code", ""))  # fmt: skip
    except ValueError:
        abort(400)
    try:
        made = open_batch(who, archive(), told)
    except Refused as why:
        return refused(why, url_for("disposals.listing"))
    return redirect(url_for("disposals.show", batch_id=made))


@pages.get("/disposals/<uuid:batch_id>")
def show(batch_id: UUID) -> ResponseReturnValue:
    found = show_batch(actor(), archive(), batch_id)
    signers = signer_choices(actor(), archive(), batch_id) if found.may("execute") and archive().personal else ()
    return render_template(
        "disposal.html", one=found, capacities=COMMITTEE_CAPACITIES, signing=SIGNING, signers=signers,
        method=archive().settings.disposal.method,
    )  # fmt: skip


@pages.post(
    "/disposals/<uuid:batch_id>/<any('committee','select','propose','assess','conclude','request','approve','decide',"
    "'draw-up','execute','continue','ask','close','reject','cancel'):act>"
)
def advance(batch_id: UUID, act: str) -> ResponseReturnValue:
    """Take a step. Approving, deciding and carrying out ask for proof of who it is, which is no form's to give."""
    if act in PROVEN:
        require_proof()
    form, who, where = request.form, actor(), archive()
    number, reason = form.get("number", ""), form.get("reason", "")
    acts: dict[str, Callable[[], object]] = {
        "committee": lambda: set_committee(who, where, batch_id, _named(COMMITTEE_CAPACITIES), _letter()),
        "select": lambda: select_due(who, where, batch_id),
        "propose": lambda: propose(who, where, batch_id, number),
        "assess": lambda: assess_items(who, where, batch_id, _inspected()),
        "conclude": lambda: conclude(who, where, batch_id, form.get("opinion", "")),
        "request": lambda: request_approval(who, where, batch_id, number),
        "draw-up": lambda: draw_up(who, where, batch_id),
        "approve": lambda: approve(who, where, batch_id, _letter()),
        "decide": lambda: decide_destruction(who, where, batch_id, _letter()),
        "execute": lambda: execute(who, where, batch_id, _execution()),
        "continue": lambda: carry_out(who, where, batch_id, AT_ONCE),
        "ask": lambda: ask_for_signatures(who, where, batch_id),
        "close": lambda: close(who, where, batch_id),
        "reject": lambda: reject(who, where, batch_id, reason),
        "cancel": lambda: cancel(who, where, batch_id, reason),
    }
    return done(acts[act], url_for("disposals.show", batch_id=batch_id))


@pages.post("/disposals/<uuid:batch_id>/items/<uuid:item_id>/exclude")
def take_out(batch_id: UUID, item_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return done(lambda: exclude(actor(), archive(), item_id, reason), url_for("disposals.show", batch_id=batch_id))


@pages.get("/disposals/<uuid:batch_id>/certificate.json")
def certified(batch_id: UUID) -> ResponseReturnValue:
    response = Response(certificate(actor(), archive(), batch_id), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="sertifikat-pemusnahan-{batch_id}.json"'
    return response


@pages.get("/disposals/<uuid:batch_id>/papers/<kind>.docx")
def draft(batch_id: UUID, kind: str) -> ResponseReturnValue:
    """A paper that is drawn up, as a draft to edit."""
    made = draft_paper(actor(), archive(), batch_id, kind)
    return attachment_of(io.BytesIO(made.content), made.name, DOCX_TYPE)


def _letter() -> Letter:
    """The letter of a form: its record by id, or by the address of its page."""
    form = request.form
    dated, record = date_asked(form.get("dated")), _ID.search(form.get("record", ""))
    if dated is None or record is None:
        raise Refused("this step needs its letter: number, date and the record that it is kept as")
    return Letter(form.get("number", ""), dated, UUID(record.group()))


def _named(capacities: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((capacity, request.form.get(capacity, "").strip()) for capacity in capacities)


def _execution() -> Execution:
    form = request.form
    return Execution(form.get("number", ""), form.get("place", ""), _named(SIGNING), form.get("method", ""))


def _inspected() -> dict[UUID, Inspected]:
    """What was ticked, all with the verdict and the note of this form."""
    verdict, note = request.form.get("verdict", ""), request.form.get("note", "")
    try:
        chosen = [UUID(item) for item in request.form.getlist("item")]
    except ValueError:
        abort(400)
    if not chosen:
        raise Refused(gettext("Choose at least one record."))
    return {item: Inspected(verdict, note) for item in chosen}
