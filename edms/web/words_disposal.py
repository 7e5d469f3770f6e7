"""What is said of a disposal: why a step is not taken, why a record was taken out."""

from flask import Flask

from edms.disposal.exclusions import exclusion_text
from edms.web.language import current_language, message

DISPOSAL_ERRORS = (
    message("the clock stands before what happened already"),
    message("the administrator sets the clock right"),
    message("this step needs its letter: number, date and the record that it is kept as"),
    message("this step needs a number"),
    message("a letter has a number"),
    message("there is no record of this letter"),
    message("capture the letter first"),
    message("the letter is not declared yet"),
    message("wait until it is evidence"),
    message("the letter is in the disposal itself"),
    message("look at the date of the letter"),
    message("the letter is dated before the one of an earlier step"),
    message("there is no certificate before it was carried out"),
    message("the disposal is not carried out yet"),
    message("see where the disposal stands"),
    message("the berita acara is not signed by all yet"),
    message("a disposal that is %(state)s has no step %(step)s"),
    message("%(first)s comes before %(second)s"),
    message("the list is not the one that was proposed"),
    message("run: edms verify --all"),
    message("the approval is dated before the list was proposed"),
    message("nothing is left in this disposal"),
    message("take it back, or refuse it"),
    message("a disposal has a title"),
    message("a records officer of this office does it"),
    message("a record of these is not eligible in this tier"),
    message("look at its explanation"),
    message("nothing is due for destruction in this tier"),
    message("a disposal has at most %(count)s records"),
    message("nothing is taken out of this disposal now"),
    message("not every record was looked at yet"),
    message("its papers are not drawn up yet"),
    message("the records unit draws them up: edms disposal draw-up"),
    message("the opinion is given in a few sentences"),
    message("a record of these is not due, is in another disposal, of another office or above the level"),
    message("a record of these is of another office or above the level"),
    message("take it out first"),
    message("it is no longer part of the disposal"),
    message("say of each record what was seen, and whether it is destroyed or kept"),
    message("the disposal is not being carried out"),
    message(
        "the berita acara is signed by the heads of both units and by witnesses of the legal unit "
        "and of supervision, each another person"
    ),
    message("a destruction has at least two witnesses"),
    message("the berita acara needs its place"),
    message("not everything is carried out yet"),
    message("carry on"),
    message("a disposal is witnessed by somebody who had no other part in it"),
    message("name another one"),
    message("the witness of the legal unit does not belong to it"),
    message("the witness of supervision does not belong to it"),
    message("the head of the unit is not the head of this office"),
    message("the list of what was destroyed is drawn up first"),
    message("ask somebody else"),
    message("it is not said which office this is"),
    message("the administrator sets the offices of [disposal] by their codes"),
    message("a committee has a chair, the head of the unit and an archivist, each another person"),
    message("%(user)s cannot be of this committee"),
    message("name people in service who did not prepare it"),
    message("the head of the office whose records these are does it"),
    message("a member of the committee does it"),
    message("the regional head does it"),
    message("the regional archives enter the letter of the National Archives"),
    message("a records officer of the regional archives does it"),
    message("a disposal is prepared by somebody who had no other part in it"),
    message("a disposal is assessed by somebody who had no other part in it"),
    message("a disposal is approved by somebody who had no other part in it"),
    message("a disposal is decided by somebody who had no other part in it"),
    message("a disposal is carried out by somebody who had no other part in it"),
)


def why_taken_out(reason: str) -> str:
    """Why a record was taken out of a disposal: codes as sentences, what a person said as it was typed."""
    return exclusion_text(reason, current_language())


def install(app: Flask) -> None:
    """Register the filter."""
    app.jinja_env.filters["exclusion"] = why_taken_out
