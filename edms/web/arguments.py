"""What an address or a form names, read into values: levels, dates, pages of a list."""

from datetime import date

from flask import Request

from edms.access.levels import Level
from edms.core.errors import Refused
from edms.web.language import gettext

FURTHEST_PAGE = 10_000


def page_asked(request: Request, furthest: int = FURTHEST_PAGE) -> int:
    """Return the page of a list that the address names, from 1; a wrong or absurd number is brought into the range."""
    return min(max(1, request.args.get("page", 1, type=int)), furthest)


def level_asked(text: str | None) -> Level | None:
    """Return the level that a form names, or None for an empty field. Raises Refused for another word."""
    if not text:
        return None
    try:
        return Level(text)
    except ValueError:
        raise Refused(gettext("there is no such security level")) from None


def date_asked(text: str | None) -> date | None:
    """Return the day that a form names as YYYY-MM-DD, or None for an empty field. Raises Refused for anything else."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(gettext("this is not a date")) from None
