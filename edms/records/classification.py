"""Checks on what a person says of a document: class, level and KIP category must exist and fit together."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from edms.access.levels import Level
from edms.core.errors import Refused
from edms.records.rules import book_in_force

KIP_CATEGORIES = ("berkala", "serta_merta", "setiap_saat", "dikecualikan")


@dataclass(frozen=True)
class ChosenClass:
    """A class as it stood when it was chosen; the record keeps this snapshot (R3)."""

    code: str
    title: str
    edition: str
    default_level: str | None
    who_may: str | None = None
    personal_data: bool = False


def checked_class(session: Session, code: str, today: date) -> ChosenClass:
    """Return the class with `code` in the edition in force. Raises Refused when it is unknown or has no schedule."""
    book = book_in_force(session)
    if book is None:
        raise Refused("no file plan has been applied yet", "apply one: edms retention apply DIR")
    node = book.class_node(code, today)
    if node is None:
        raise Refused(f"there is no class {code[:40]!r} in the file plan", "choose a code from the file plan")
    if not book.selectable(code, today):
        raise Refused(
            f"class {code} ({node.title}) has no retention schedule, so nothing can be filed under it",
            "choose a class below it, or have the schedule extended",
        )
    scheme = book.security_nodes(code, today)
    return ChosenClass(
        node.code,
        node.title,
        node.edition,
        book.default_security(code, today),
        next((one.who_may for one in scheme if one.who_may), None),
        any(one.personal_data for one in scheme),
    )


def check_kip(level: Level | None, kip: str | None) -> None:
    """Refuse an unknown KIP category and one that contradicts the security level (R67)."""
    if kip is None:
        return
    if kip not in KIP_CATEGORIES:
        raise Refused(f"{kip[:40]!r} is not a KIP category", f"one of {', '.join(KIP_CATEGORIES)}")
    excluded = kip == "dikecualikan"
    if excluded and level is Level.OPEN:
        raise Refused("an open record cannot be excluded information", "raise its level or change its KIP category")
    if not excluded and level in (Level.SECRET, Level.TOP_SECRET):
        raise Refused(f"a {level.value} record cannot be public information", "its KIP category must be dikecualikan")
