"""The page that asks once more who somebody is, and leads back to what was under way."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edms.operation.proof import ask_for_own_passkey, proof_by_code, proof_by_password, prove_by_passkey
from edms.operation.sign_in import SignInRefused
from edms.records.directory_sign_in import prove_here
from edms.records.provider_sign_in import may_prove_by_provider
from edms.web.cookies import session_token
from edms.web.identity import archive, safe_target
from edms.web.language import gettext
from edms.web.views.account_passkeys import MOST_CREDENTIAL, as_json, keep_challenge, kept_challenge, relying_party
from edms.web.views.session import refusal_text, visit

pages = Blueprint("proof", __name__)


@pages.get("/prove")
def ask() -> ResponseReturnValue:
    return _page(safe_target(request.args.get("next", "")), "")


@pages.post("/prove")
def take() -> ResponseReturnValue:
    target, typed = safe_target(request.form.get("next", "")), request.form.get("proof", "")[:200]
    try:
        prove_here(archive(), _token(), typed, visit())
    except SignInRefused as refused:
        problem, status = refusal_text(refused, gettext("That was wrong. Nothing was done yet."))
        return _page(target, problem), status
    return redirect(target)


@pages.post("/prove/passkey/options")
def options() -> ResponseReturnValue:
    told, challenge = ask_for_own_passkey(archive().door, archive().settings.access, relying_party(), _token())
    keep_challenge(challenge)
    return as_json(told)


@pages.post("/prove/passkey")
def take_passkey() -> ResponseReturnValue:
    target = safe_target(request.form.get("next", ""))
    credential, access = request.form.get("credential", "")[:MOST_CREDENTIAL], archive().settings.access
    try:
        prove_by_passkey(archive().door, access, relying_party(), kept_challenge(), credential, _token())
    except SignInRefused:
        flash(gettext("That was wrong. Nothing was done yet."), "bad")
        return redirect(url_for("proof.ask", next=target))
    return redirect(target)


def _token() -> str:
    return session_token()


def _page(target: str, problem: str) -> str:
    by_code = proof_by_code(archive().door, archive().settings.access, _token())
    by_provider = may_prove_by_provider(archive(), _token())
    by_password = proof_by_password(archive().door, archive().settings.access, _token())
    ways = {"by_code": by_code, "by_password": by_password, "by_provider": by_provider}
    return render_template("prove.html", next=target, problem=problem, **ways)
