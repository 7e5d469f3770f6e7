"""Looking after uploads that nobody asks for any more: whole ones become records, abandoned ones go."""

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from edms.access.actors import Actor, system_actor
from edms.access.model import Person
from edms.access.people import actor_of, serves
from edms.access.policy import Action
from edms.capture.model import Upload
from edms.capture.uploads import FILE, UploadBusy, finish
from edms.core.errors import EdmsError, NotFound
from edms.core.ids import parse_id
from edms.records.archive import Archive

KEEPER = system_actor("uploads")
_MOST_AT_ONCE = 500

log = logging.getLogger("edms.capture")


def look_after_uploads(archive: Archive) -> int:
    """Finish whole uploads whose sender has gone, then remove what has expired; returns how many were removed.

    A process that was killed between the last piece and the record leaves a whole upload: the clerk may have closed
    the page by then, so the record is made in the clerk's name, with the clerk's rights as they are now.
    """
    with archive.database.reader() as session:
        waiting = list(
            session.scalars(
                select(Upload).where(Upload.record_id.is_(None), Upload.purpose == FILE).limit(_MOST_AT_ONCE * 20)
            )
        )
    for row in waiting:
        _finish_if_whole(archive, row)
    removed = _expire(archive)
    _collect(archive)
    return removed


def _finish_if_whole(archive: Archive, row: Upload) -> None:
    if archive.staging.offset(row.id) != row.length:
        return
    actor = _sender(archive, row.actor_id)
    try:
        finish(actor, archive, row.id)
    except (NotFound, UploadBusy):
        return
    except EdmsError as error:
        log.warning("upload %s is whole and cannot be finished: %s", row.id, error)


def _sender(archive: Archive, actor_id: str) -> Actor | None:
    person_id = parse_id(actor_id)
    with archive.database.reader() as session:
        person = session.get(Person, person_id) if person_id else None
        today = archive.clock.today()
        return actor_of(session, person, today) if person is not None and serves(session, person, today) else None


def _expire(archive: Archive) -> int:
    """Remove the rows whose time is over, then their parts; the event says how many files were given up."""
    now = archive.clock.now()
    with archive.door.write(KEEPER, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        query = select(Upload.id, Upload.record_id).where(Upload.expires_at <= now).limit(_MOST_AT_ONCE)
        over = operation.session.execute(query).all()
        operation.session.execute(delete(Upload).where(Upload.id.in_([one for one, _record in over])))
        given_up = sum(record is None for _one, record in over)
        operation.about("archive", "", "uploads.expired")
        operation.note(removed=given_up)
        if not given_up:
            operation.unrecorded()
    for upload_id, _record in over:
        archive.staging.remove(upload_id)
    return given_up


def _collect(archive: Archive) -> None:
    """Remove folders that no row names, and pieces of crashed writes, after the grace period of blobs."""
    older_than = archive.clock.now() - timedelta(hours=archive.settings.storage.garbage_grace_hours)
    with archive.database.reader() as session:
        known: set[UUID] = set(session.scalars(select(Upload.id)))
    for upload_id, changed in archive.staging.all():
        if upload_id in known:
            archive.staging.clean(upload_id, older_than)
        elif changed < older_than:
            archive.staging.remove(upload_id)
