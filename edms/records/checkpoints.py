"""Keeping the trail's state signed, timestamped and cosigned, so that little of it can be rewritten unseen."""

import hashlib
import logging
from datetime import timedelta

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.audit.model import AuditCheckpoint
from edms.audit.publication import newest_checkpoint
from edms.core.errors import EdmsError
from edms.records.archive import Archive
from edms.records.witnessing import ask_witnesses
from edms.signing.timestamping import request_token

KEEPER = system_actor("checkpoints")
log = logging.getLogger("edms.checkpoints")


def tend_checkpoints(archive: Archive) -> bool:
    """Sign the trail when it is due; timestamp and have cosigned the newest checkpoint where that is still missing.

    Returns whether anything was done. An authority or a witness that does not answer is asked again next time.
    """
    archive.door.integrate()
    made = _sign_when_due(archive)
    stamped = _timestamp_newest(archive)
    asked = ask_witnesses(archive)
    for answer in asked:
        if answer.problem:
            log.warning("the witness %s did not cosign: %s", answer.witness, answer.problem)
    return made or stamped or any(not answer.problem for answer in asked)


def _sign_when_due(archive: Archive) -> bool:
    """The trail has grown when there is more behind the newest checkpoint than the event of its own making."""
    with archive.database.reader() as session:
        newest = newest_checkpoint(session)
        size = archive.trail.size(session)
    if newest is not None:
        pause = timedelta(minutes=archive.settings.audit.checkpoint_minutes)
        rests = newest.made_at is not None and newest.made_at + pause > archive.clock.now()
        if rests or size <= newest.size + 1:
            return False
    with archive.door.write(KEEPER, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        archive.trail.checkpoint(operation.session)
        operation.about("audit", "", "audit.checkpoint")
    return True


def _timestamp_newest(archive: Archive) -> bool:
    with archive.database.reader() as session:
        newest = newest_checkpoint(session)
    if newest is None or newest.timestamp is not None:
        return False
    try:
        token, _told = request_token(
            archive.timestamps, "sha256", note_digest(newest.note), archive.trust.timestamps, archive.clock.now()
        )
    except EdmsError as fault:
        log.warning("the checkpoint of %s leaves was not timestamped: %s", newest.size, fault.message)
        return False
    with archive.door.write(KEEPER, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        operation.session.get_one(AuditCheckpoint, newest.size).timestamp = token
        operation.about("audit", str(newest.size), "audit.timestamped")
        operation.note(token_sha256=hashlib.sha256(token).hexdigest())
    return True


def note_digest(note: str) -> bytes:
    """Return what a checkpoint's timestamp is over: the SHA-256 of the note as we signed it."""
    return hashlib.sha256(note.encode()).digest()
