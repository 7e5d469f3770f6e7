"""What is said of events, holds and the reviews of what is kept, in the reader's language."""

from edms.web.language import message

RETENTION_EVENTS = {
    "events.recorded": message("retention events noted by list"),
    "events.verified": message("retention events verified together"),
    "hold.followed": message("held searches followed"),
    "hold.place": message("hold placed"),
    "hold.release": message("hold ended"),
    "retention.awaiting_reported": message("looked at what waits for an event"),
}
RETENTION_ERRORS = (
    message("an event needs its evidence"),
    message("name the decree, minutes or letter that shows it"),
    message("the date of the document belongs to its description and is not recorded as an event"),
    message("an event of kind OTHER needs a label that says what happened"),
    message("an event is what has happened; this day has not come yet"),
    message("note it when it has"),
    message("an event is verified by somebody else than the one who noted it"),
    message("the event is verified or voided already"),
    message("there is nothing like that, or it is not yours to deal with"),
    message("no record or folder is named"),
    message("no day that can be read"),
    message("the list names it twice"),
    message("several records bear this number"),
    message("the list is not in UTF-8"),
    message("save it as CSV UTF-8"),
    message("a list has at most %(count)s lines"),
    message("a list has 1 to %(count)s lines"),
    message("cut it in parts"),
    message("name an office"),
    message("at most %(count)s events are verified at once"),
    message("say on which day it happened"),
    message("the evidence is named by the id of its record"),
    message("there is no such kind of event"),
    message("a hold needs a title, a mandate and a reason"),
    message("a hold is put on something"),
    message("name records, a folder, a class or a search"),
    message("a case needs its number"),
    message("the hold is released already"),
    message("a hold is released by somebody else than the one who placed it"),
    message("the search index has not taken in what changed in these records"),
)
