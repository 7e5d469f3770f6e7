"""The file plan as people choose from it."""

from dataclasses import dataclass

from edms.records.archive import Archive
from edms.records.rules import book_in_force


@dataclass(frozen=True)
class ClassChoice:
    """A class that something can be filed under."""

    code: str
    title: str
    default_level: str | None


def selectable_classes(archive: Archive) -> tuple[ClassChoice, ...]:
    """Return the classes with a schedule, in order of their codes; none before a file plan was applied."""
    with archive.database.reader() as session:
        book = book_in_force(session)
    if book is None:
        return ()
    today = archive.clock.today()
    return tuple(
        ClassChoice(node.code, node.title, book.default_security(node.code, today))
        for node in book.selectable_nodes(today)
    )


def class_titles(archive: Archive) -> dict[str, str]:
    """Return the titles of all classes by code, for showing facets."""
    with archive.database.reader() as session:
        book = book_in_force(session)
    return {node.code: node.title for node in book.nodes(archive.clock.today())} if book else {}
