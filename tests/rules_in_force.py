"""Putting rules into force in tests as the procedure asks: one person reviews, another applies."""

from edms.access.actors import console_actor
from edms.records.archive import Archive
from edms.records.drafts import review_rules
from edms.records.people import console_person
from edms.records.retention import apply_rules
from edms.retention.rulebook import RuleBook

CONSOLE = console_actor("tests")


def put_into_force(archive: Archive, book: RuleBook) -> int:
    """Let the records officer review `book` and the console apply it; return what `apply_rules` returns."""
    review_rules(console_person(archive, "records", "tests"), archive, book)
    return apply_rules(CONSOLE, archive, book)
