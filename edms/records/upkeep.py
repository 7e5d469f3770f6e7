"""Rebuilding what is derived."""

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.records.archive import Archive
from edms.records.searching import drain, every_document


def rebuild_index(actor: Actor | None, archive: Archive) -> int:
    """Build a new index generation while the old one serves; returns the number of documents."""
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        operation.about("index", "", "index.rebuild")
    with archive.database.reader() as session:
        count = archive.index.rebuild(every_document(archive, session))
    while drain(archive):
        pass
    return count
