"""Putting the berita acara before those whom it names: in order, the head of the unit last."""

from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.digitisation_views import MINUTES, facts_of, request_on, stage_of
from edms.records.digitisations import decided_digitisation
from edms.records.signatures import SignaturePlan, SignerChoice, choices_for, request_signatures


def minutes_signers(actor: Actor | None, archive: Archive, digitisation_id: UUID) -> tuple[SignerChoice, ...]:
    """Return who could sign the berita acara of a digitisation, by name. Raises NotFound, Refused."""
    with archive.door.read(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id)
        return choices_for(operation.session, archive, facts_of(row))


def ask_for_signatures(actor: Actor | None, archive: Archive, digitisation_id: UUID) -> UUID:
    """Ask those named in the berita acara for their signatures; returns the request. Again after one declined.

    Raises NotFound; Refused before it is drawn up and declared, or while it is being signed.
    """
    with archive.door.read(actor, Action.DIGITISATION_WORK) as operation:
        row = decided_digitisation(operation, digitisation_id)
        stage, _waits = stage_of(row, request_on(operation.session, row))
        if stage not in ("to_ask", "declined"):
            raise Refused("the berita acara cannot be put before its signers now", "see where the digitisation stands")
        record = next(paper.record_id for paper in row.papers if paper.kind == MINUTES)
        plan = SignaturePlan(
            tuple(one["user"] for one in row.signers["signers"]),
            f"Berita Acara Alih Media Nomor {row.number}", row.place, 0, "bottom_left",
        )  # fmt: skip
    return request_signatures(actor, archive, record, plan)
