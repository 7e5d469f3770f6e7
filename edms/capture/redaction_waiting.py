"""Waiting at the console for a redaction that workers make."""

import time
from uuid import UUID

from edms.access.actors import Actor
from edms.capture.places import take_place
from edms.capture.work import LONG, lanes_of, work_once
from edms.records.archive import Archive
from edms.records.redactions import RedactionView, State, show_redaction

POLL_SECONDS = 0.5


def wait_for_redaction(actor: Actor, archive: Archive, redaction_id: UUID) -> RedactionView:
    """Return the redaction once it is made, or came to nothing, or waits for its surroundings, which may take days.

    The work is done here when no worker is alive. Raises NotFound.
    """
    place, lane = None, lanes_of(LONG)
    try:
        while True:
            view = show_redaction(actor, archive, redaction_id)
            if view.state is not State.MAKING or (view.work is not None and view.work.postponed):
                return view
            # Tried each time round: the worker that was alive may have died.
            place = place or take_place(archive, first_only=True)
            if place is None or not work_once(archive, place.owner, lane):
                time.sleep(POLL_SECONDS)
    finally:
        if place is not None:
            place.leave()
