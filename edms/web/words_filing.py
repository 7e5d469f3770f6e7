"""What is said while documents are filed together."""

from flask import Flask

from edms.web.language import gettext, message

FILING_ERRORS = (
    message("it does not wait for its description any more"),
    message("look at the record"),
    message("at most %(number)s documents are filed at once"),
    message("choose fewer"),
)
LIKENESSES = {
    "sender": message("the same sender"),
    "record_type": message("the same kind of document"),
    "source": message("the same way in"),
    "folder": message("the same folder"),
}
FIELDS = {
    "class_code": message("Class"),
    "level": message("Level"),
    "title": message("Title"),
    "number": message("Number"),
    "document_date": message("Date"),
    "sender": message("From"),
    "recipient": message("To"),
    "record_type": message("Type"),
    "kip": message("Public information"),
}


def likeness_name(kind: str) -> str:
    """What documents have in common, in words."""
    return gettext(LIKENESSES.get(kind, kind))


def field_name(field: str) -> str:
    """The name of a field of the description."""
    return gettext(FIELDS.get(field, field))


def install(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(likeness=likeness_name, field_name=field_name)
