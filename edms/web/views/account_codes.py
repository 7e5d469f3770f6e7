"""The pages of an app for codes: its QR code, the code that confirms it, and the recovery codes, shown once."""

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from edms.core.errors import EdmsError, NotFound, NotSignedIn
from edms.operation.door import NotPermitted
from edms.records.account_codes import (
    Enrolment,
    begin_codes,
    begun_codes,
    confirm_codes,
    give_up_codes,
    own_factors,
    renew_own_recovery_codes,
)
from edms.records.account_passkeys import own_passkeys
from edms.web.cookies import session_token
from edms.web.identity import actor, archive, keep_token, require_proof
from edms.web.language import gettext
from edms.web.sentences import error_sentence

pages = Blueprint("account_codes", __name__)
_MOST_CODE = 40


@pages.get("/account/second-factor")
def second_factor() -> ResponseReturnValue:
    return render_template(
        "account_factors.html", factors=own_factors(actor(), archive()), passkeys=own_passkeys(actor(), archive())
    )


@pages.post("/account/codes")
def begin() -> ResponseReturnValue:
    require_proof()
    return _codes_page(begin_codes(actor(), archive()), "")


@pages.post("/account/codes/confirm")
def confirm() -> ResponseReturnValue:
    require_proof()
    code = request.form.get("code", "")[:_MOST_CODE]
    try:
        codes, token = confirm_codes(actor(), archive(), code, session_token())
    except (NotFound, NotPermitted, NotSignedIn):
        raise
    except EdmsError as fault:
        return _codes_page(begun_codes(actor(), archive()), error_sentence(fault)), 400
    if codes:
        response = make_response(render_template("account_recovery.html", codes=codes))
    else:
        flash(gettext("From now on the code of the app is asked for, or a passkey."), "good")
        response = make_response(redirect(url_for("account.show")))
    keep_token(response, token)
    return response


@pages.post("/account/recovery-codes")
def renew() -> ResponseReturnValue:
    require_proof()
    return render_template("account_recovery.html", codes=renew_own_recovery_codes(actor(), archive()))


@pages.post("/account/codes/give-up")
def give_up() -> ResponseReturnValue:
    require_proof()
    give_up_codes(actor(), archive())
    flash(gettext("The app for codes is given up."), "good")
    return redirect(url_for("account.show"))


def _codes_page(enrolment: Enrolment, problem: str) -> str:
    drawn = segno.make(enrolment.address, error="m").svg_inline(scale=5, border=4, light="#fff")
    secret = " ".join(enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4))
    picture = Markup(drawn)  # noqa: S704 # nosec B704 # drawn by us, of squares alone
    return render_template("account_codes.html", picture=picture, secret=secret, problem=problem)
