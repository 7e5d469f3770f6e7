"""What is said of the cut of a batch: why a plan, or where a document would go, is not taken."""

from edms.web.language import message

BATCH_ERRORS = (
    message("there is no such folder in this office"),
    message("there is no such level"),
    message("there is no such open folder in this office"),
    message("from 1 to %(number)s sheets are printed at once"),
    message("this is too long, or is no text"),
    message("this is too long for the code on the sheet"),
    message("shorten it"),
    message("document %(number)s: you may not file there, or not at that level"),
    message("document %(number)s: %(reason)s"),
    message("there is nothing to take back"),
    message("there is no document in the plan"),
    message("restore a page, or leave the batch as it is"),
    message("the batch is not waiting for a review"),
)
