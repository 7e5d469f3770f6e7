"""After it was carried out: the berita acara is signed by both heads and the witnesses, and the disposal is closed."""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.core.errors import Refused
from edms.disposal.batches import begin_step, decided_batch, move_of, take_step
from edms.disposal.course import State, Step
from edms.disposal.papers import MINUTES, draw_up
from edms.disposal.people import require_capacity
from edms.disposal.views import request_on
from edms.records.archive import Archive
from edms.records.signatures import SignaturePlan, SignerChoice, choices_for, request_signatures
from edms.records.signatures_states import RequestState


def signer_choices(actor: Actor | None, archive: Archive, batch_id: UUID) -> tuple[SignerChoice, ...]:
    """Return who could sign the berita acara, by name: it is open, so that witnesses of other offices can."""
    with archive.door.read(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch = decided_batch(operation, batch_id)
        return choices_for(operation.session, archive, RecordFacts(batch.office_id, Level.OPEN, Stage.DECLARED))


def ask_for_signatures(actor: Actor | None, archive: Archive, batch_id: UUID) -> UUID:
    """Draw up what is missing, then ask those named for their signatures; returns the request.

    Raises NotFound, NotPermitted; Refused before it is carried out, or before the berita acara is declared.
    """
    draw_up(actor, archive, batch_id)
    with archive.door.read(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch = decided_batch(operation, batch_id)
        if batch.state != State.EXECUTED.value:
            raise Refused("the disposal is not carried out yet", "see where the disposal stands")
        require_capacity(operation, archive, batch, move_of(batch, Step.CLOSE))
        record = next(paper.record_id for paper in batch.papers if paper.kind == MINUTES)
        plan = SignaturePlan(
            tuple(one["user"] for one in batch.signers["signers"]),
            f"Berita Acara Pemusnahan Arsip Nomor {batch.number}"[:200], batch.place or "", 0, "bottom_left",
        )  # fmt: skip
    return request_signatures(actor, archive, record, plan)


def close(actor: Actor | None, archive: Archive, batch_id: UUID) -> None:
    """Close a disposal whose berita acara all have signed. Raises NotFound, NotPermitted, Refused."""
    with archive.door.write(actor, Action.DISPOSAL_EXECUTE) as operation:
        batch, found = begin_step(operation, archive, batch_id, Step.CLOSE)
        request = request_on(operation.session, batch)
        if request is None or request.state != RequestState.COMPLETE.value:
            raise Refused("the berita acara is not signed by all yet")
        take_step(operation, archive, batch, found)
        batch.ended_at = operation.now
        minutes = next(paper for paper in batch.papers if paper.kind == MINUTES)
        operation.note(minutes=str(minutes.record_id), minutes_sha256=minutes.sha256, request=str(request.id))
