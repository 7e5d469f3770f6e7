"""Accounts into which an administrator gave a way, for those who confirm that their people have them."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.operation.door import NotPermitted
from edms.records.account_confirmations import confirm_account, unconfirmed_accounts
from edms.web.acts import refused
from edms.web.identity import actor, archive, require_proof

pages = Blueprint("confirmations", __name__)


@pages.get("/confirmations")
def listing() -> ResponseReturnValue:
    return render_template("confirmations.html", accounts=unconfirmed_accounts(actor(), archive()))


@pages.post("/confirmations/<username>")
def confirm(username: str) -> ResponseReturnValue:
    require_proof()
    back = url_for("confirmations.listing")
    try:
        confirm_account(actor(), archive(), username)
    except NotPermitted:
        raise
    except Refused as why:
        return refused(why, back)
    return redirect(back)
