"""Personal signatures: asking for them, the queue of what waits for mine, signing, and the signer's own certificate."""

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import EdmsError, NotFound, NotSignedIn, Refused
from edms.core.secret import Secret
from edms.operation.door import NotPermitted
from edms.records.describe import record_title
from edms.records.signatures import (
    MOST_SIGNERS,
    SignaturePlan,
    decline_signature,
    request_signatures,
    signer_choices,
    supersede_request,
    waiting_signatures,
    withdraw_request,
)
from edms.records.signatures_identities import (
    change_passphrase,
    issue_certificate,
    own_identity,
    revoke_own_certificate,
)
from edms.records.signatures_shown import SPOTS
from edms.records.signatures_sign import sign_document, signing_picture, signing_view
from edms.web.identity import actor, archive, require_proof
from edms.web.language import gettext
from edms.web.sentences import error_sentence

pages = Blueprint("signatures", __name__)

_MOST_PASSPHRASE = 500


@pages.get("/signatures")
def waiting() -> ResponseReturnValue:
    mine, made = waiting_signatures(actor(), archive())
    return render_template("signatures.html", mine=mine, made=made)


@pages.get("/records/<uuid:record_id>/signatures/new")
def new(record_id: UUID) -> ResponseReturnValue:
    return _plan_form(record_id, "")


@pages.post("/records/<uuid:record_id>/signatures")
def ask(record_id: UUID) -> ResponseReturnValue:
    form = request.form
    plan = SignaturePlan(
        tuple(name for name in form.getlist("signer")[:MOST_SIGNERS] if name),
        form.get("reason", ""),
        form.get("location", ""),
        max(0, form.get("page", 0, type=int)),
        form.get("spot", SPOTS[0]),
    )
    try:
        request_signatures(actor(), archive(), record_id, plan)
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except Refused as refused:
        return _plan_form(record_id, error_sentence(refused)), 400
    flash(gettext("The first signer has the document before them now."), "good")
    return redirect(url_for("record.show", record_id=record_id))


def _plan_form(record_id: UUID, problem: str) -> str:
    choices = signer_choices(actor(), archive(), record_id)
    return render_template(
        "signature_request.html",
        record_id=record_id,
        title=record_title(actor(), archive(), record_id),
        choices=choices,
        places=range(min(MOST_SIGNERS, len(choices))),
        spots=SPOTS,
        problem=problem,
    )


@pages.get("/signatures/<uuid:signature_id>")
def sign(signature_id: UUID) -> ResponseReturnValue:
    require_proof()
    return _signing_page(signature_id, "")


@pages.post("/signatures/<uuid:signature_id>")
def give(signature_id: UUID) -> ResponseReturnValue:
    """Sign. The passphrase goes to the signer alone: it is in no other variable, and no page shows it again."""
    require_proof()
    try:
        sign_document(
            actor(),
            archive(),
            signature_id,
            request.form.get("shown", ""),
            Secret(request.form.get("passphrase", "")[:_MOST_PASSPHRASE]),
        )
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except EdmsError as fault:
        return _signing_page(signature_id, error_sentence(fault)), 400
    flash(gettext("You have signed the document."), "good")
    return redirect(url_for("signatures.waiting"))


def _signing_page(signature_id: UUID, problem: str) -> str:
    view = signing_view(actor(), archive(), signature_id)
    return render_template("signature_sign.html", view=view, problem=problem)


@pages.get("/signatures/<uuid:signature_id>/pages/<int:page>")
def picture(signature_id: UUID, page: int) -> ResponseReturnValue:
    return Response(signing_picture(actor(), archive(), signature_id, page), mimetype="image/png")


@pages.post("/signatures/<uuid:signature_id>/decline")
def decline(signature_id: UUID) -> ResponseReturnValue:
    decline_signature(actor(), archive(), signature_id, request.form.get("reason", ""))
    flash(gettext("You have declined. Whoever asked is told why."), "good")
    return redirect(url_for("signatures.waiting"))


@pages.post("/signature-requests/<uuid:request_id>/withdraw")
def withdraw(request_id: UUID) -> ResponseReturnValue:
    withdraw_request(actor(), archive(), request_id, request.form.get("reason", ""))
    flash(gettext("The request is withdrawn."), "good")
    return redirect(url_for("signatures.waiting"))


@pages.post("/signature-requests/<uuid:request_id>/supersede")
def supersede(request_id: UUID) -> ResponseReturnValue:
    supersede_request(actor(), archive(), request_id, request.form.get("reason", ""))
    flash(gettext("The signed document is marked as superseded."), "good")
    return redirect(url_for("signatures.waiting"))


@pages.get("/signing-certificate")
def certificate() -> ResponseReturnValue:
    return render_template("signing_certificate.html", identity=own_identity(actor(), archive()), problem="")


@pages.post("/signing-certificate/<act>")
def change_certificate(act: str) -> ResponseReturnValue:
    told = {
        "issue": gettext("Your certificate is made. Nobody can recover its passphrase: keep it well."),
        "passphrase": gettext("The passphrase is changed."),
        "revoke": gettext("Your certificate is revoked."),
    }
    if act not in told:
        raise NotFound()
    try:
        _change(act)
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except EdmsError as fault:
        problem = error_sentence(fault)
        identity = own_identity(actor(), archive())
        return render_template("signing_certificate.html", identity=identity, problem=problem), 400
    flash(told[act], "good")
    return redirect(url_for("signatures.certificate"))


def _change(act: str) -> None:
    if act == "revoke":
        revoke_own_certificate(actor(), archive(), request.form.get("reason", ""))
        return
    if request.form.get("passphrase", "") != request.form.get("again", ""):
        raise Refused("the two are not the same", "nothing was changed; try again")
    if act == "issue":
        issue_certificate(actor(), archive(), _secret("password"), _secret("passphrase"))
    else:
        change_passphrase(actor(), archive(), _secret("old"), _secret("passphrase"))


def _secret(name: str) -> Secret:
    return Secret(request.form.get(name, "")[:_MOST_PASSPHRASE])
