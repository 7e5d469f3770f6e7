"""Passkeys at the web: who asks for them, signing in with one, and the forms about one's own."""

import base64
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.operation.passkeys import RelyingParty
from edms.records.account_passkeys import add_passkey, begin_passkey, remove_passkey, rename_passkey
from edms.web.cookies import session_token
from edms.web.identity import actor, archive, keep_token, require_proof
from edms.web.language import gettext

pages = Blueprint("account_passkeys", __name__)
CHALLENGE = "challenge"
MOST_CREDENTIAL = 20_000


def relying_party() -> RelyingParty:
    """Return who asks for passkeys: the host of `[server] public_url`, else `localhost` on this machine.

    Raises Refused elsewhere: browsers bind passkeys to a name, never to an address of numbers.
    """
    told = archive().settings.server.public_url or f"{request.scheme}://{request.host}"
    parts = urlsplit(told)
    host = parts.hostname or ""
    if archive().settings.server.public_url:
        fit = bool(host.strip("0123456789.")) and ":" not in host
    else:
        fit = host == "localhost"
    if not fit:
        raise Refused(
            "passkeys are bound to a name, and this page was opened by an address of numbers",
            "set [server] public_url; on this machine open http://localhost with its port",
        )
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc}", archive().settings.archive.name)


def keep_challenge(challenge: bytes) -> None:
    """Bind a challenge to this browser: it is in a signed cookie, and an answer is looked at with it alone."""
    session[CHALLENGE] = base64.b64encode(challenge).decode("ascii")


def kept_challenge() -> bytes:
    """Return the challenge of this browser, and forget it."""
    return base64.b64decode(session.pop(CHALLENGE, ""))


def as_json(options: str) -> Response:
    return Response(options, mimetype="application/json")


@pages.post("/account/passkeys/options")
def options() -> ResponseReturnValue:
    require_proof()
    told, challenge = begin_passkey(actor(), archive(), relying_party())
    keep_challenge(challenge)
    return as_json(told)


@pages.post("/account/passkeys")
def add() -> ResponseReturnValue:
    require_proof()
    credential = request.form.get("credential", "")[:MOST_CREDENTIAL]
    held, name = session_token(), request.form.get("name", "")
    codes, token = add_passkey(actor(), archive(), relying_party(), kept_challenge(), credential, name, held)
    if codes:
        response = make_response(render_template("account_recovery.html", codes=codes))
    else:
        flash(gettext("The passkey is added."), "good")
        response = make_response(redirect(url_for("account.show")))
    keep_token(response, token)
    return response


@pages.post("/account/passkeys/<uuid:passkey_id>/rename")
def rename(passkey_id: UUID) -> ResponseReturnValue:
    rename_passkey(actor(), archive(), passkey_id, request.form.get("name", ""))
    return redirect(url_for("account.show"))


@pages.post("/account/passkeys/<uuid:passkey_id>/remove")
def remove(passkey_id: UUID) -> ResponseReturnValue:
    require_proof()
    remove_passkey(actor(), archive(), passkey_id)
    flash(gettext("The passkey is removed. Delete it on the device too."), "good")
    return redirect(url_for("account.show"))
