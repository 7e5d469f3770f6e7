"""Rebuilding what is derived, and removing what interrupted uploads left."""

from datetime import timedelta

from sqlalchemy import select

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.records.archive import Archive
from edms.records.searching import drain, every_document
from edms.vault.model import StoredBlob

KEEPER = system_actor("upkeep")


def rebuild_index(actor: Actor | None, archive: Archive, engine: str = "") -> int:
    """Build a new index generation while the old one serves; returns the number of documents.

    `engine`: build this one beside the one that serves. Raises ConfigurationError when there is no such engine.
    """
    name = engine or archive.index.serving
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        archive.index.require(name)
        operation.about("index", name if engine else "", "index.rebuild")
    with archive.database.reader() as session:
        if name == archive.index.serving:
            count = archive.index.rebuild(every_document(archive, session))
        else:
            count = archive.index.build(name, every_document(archive, session))
    while drain(archive):
        pass
    return count


def drop_index(actor: Actor | None, archive: Archive, engine: str) -> None:
    """Leave nothing in the index of an engine that does not serve. Raises ConfigurationError."""
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        archive.index.require_beside(engine)
        operation.about("index", engine, "index.dropped")
    archive.index.drop(engine)


def collect_garbage(archive: Archive) -> int:
    """Remove sealed files that no row names and that are older than the grace period; returns how many.

    A blob comes before its row (invariant 2), so what an interrupted upload leaves is garbage that nobody was told of.
    """
    older_than = archive.clock.now() - timedelta(hours=archive.settings.storage.garbage_grace_hours)
    with archive.database.reader() as session:
        known = set(session.scalars(select(StoredBlob.name)))
    removed = archive.vault.collect_garbage(known, older_than)
    if removed:
        with archive.door.write(KEEPER, Action.ARCHIVE_MAINTAIN) as operation:
            operation.decide()
            operation.about("archive", "", "archive.garbage_collected")
            operation.note(removed=removed)
    return removed
