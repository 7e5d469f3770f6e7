"""What the workers have before them: for whoever runs the machine, and for the records officer."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from edms.capture.lanes import MOST_LISTED, lanes_now
from edms.web.identity import actor, archive
from edms.web.words_lanes import step_text

pages = Blueprint("lanes", __name__)


@pages.get("/lanes")
def listing() -> ResponseReturnValue:
    return render_template("lanes.html", now=lanes_now(actor(), archive()), most=MOST_LISTED, step_text=step_text)
