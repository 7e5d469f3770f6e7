"""An act asked for by a form: done, and back to the page; or refused, and the page says why and what to do."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from edms.core.errors import Refused
from edms.records.digitisation_items import WrongScan
from edms.web.words import error_text

_MOST_TOLD = 20


def done(act: Callable[[], object], back: str) -> ResponseReturnValue:
    """Do it and lead `back`, an address of ours; when it is refused, with the reason."""
    try:
        act()
    except Refused as why:
        return refused(why, back)
    return redirect(back)


def refused(why: Refused, back: str) -> ResponseReturnValue:
    """Lead `back` and say why it was refused, of several pages each, and what to do."""
    told = why.sentences[:_MOST_TOLD] if isinstance(why, WrongScan) else (why.message,)
    for sentence in (*told, why.mend):
        if sentence:
            flash(error_text(sentence), "bad")
    return redirect(back)
