"""What is said of searches that are kept, in the reader's language."""

from edms.web.language import message

SEARCHES_EVENTS = {
    "index.set_aside": message("set a damaged index aside"),
    "search.saved": message("kept a search"),
    "search.saved_listed": message("looked at the own searches"),
    "search.saved_opened": message("opened an own search"),
    "search.saved_changed": message("changed an own search"),
    "search.saved_dropped": message("removed an own search"),
    "record.similar": message("looked at records like it"),
    "search.completed": message("was offered words for the search box"),
    "search.exported": message("began to take a list of results away as a file"),
    "search.export_ended": message("took a list of results away as a file"),
    "search.history_forgotten": message("had the own questions forgotten"),
}
SEARCHES_ERRORS = (
    message("there is nothing to keep"),
    message("type something, or narrow the list, and search first"),
    message("the question is too long"),
    message("you keep %(count)s searches already"),
    message("remove one that you do not need any more"),
    message("a name has 1 to %(count)s characters"),
    message("a PDF lists at most %(count)s records"),
    message("take CSV or XLSX, or narrow the search"),
)
