"""Proposals for the description of a record: made when its text is known, shown to who classifies, never taken over
by themselves. What a proposal quotes is content and lies sealed until the record is declared; then it goes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.core.errors import IntegrityFault
from edms.operation.door import Operation
from edms.proposals.letter import read_letter
from edms.proposals.types import Field, Proposal, Source
from edms.records.archive import Archive
from edms.records.class_learning import LEARNED_UP_TO, suggestions_for
from edms.records.model import Record
from edms.records.proposal_model import RecordProposals
from edms.records.rules import RuleBook, book_in_force
from edms.records.sealed_rows import seal_row, unseal_row
from edms.records.visible import decided_record

__all__ = ["Field", "Source"]  # so that faces need not know the mechanism

_PURPOSE = b"edms:record-proposals:1:"


@dataclass(frozen=True)
class Shown:
    """A proposal as shown to one person: `label` in words (the title of a class), `fits` when it can be taken over."""

    proposal: Proposal
    label: str
    fits: bool

    def as_dict(self) -> dict[str, object]:
        """One line of the stable JSON of `edms proposals show`."""
        return {**asdict(self.proposal), "label": self.label, "fits": self.fits}


def read_proposals(archive: Archive, record: Record, pages: Sequence[str]) -> list[Proposal]:
    """Return what can be proposed for `record` from the text of its pages and from what its office has filed."""
    found = read_letter(pages)
    parts = [record.title, *(one.value for one in found if one.field in (Field.TITLE, Field.SENDER, Field.RECIPIENT))]
    return [*found, *suggestions_for(archive, record.office_id, "\n".join([*parts, *pages]))]


def keep_proposals(operation: Operation, archive: Archive, record_id: UUID, proposals: Sequence[Proposal]) -> None:
    """Store the proposals for a record, in place of earlier ones."""
    forget_proposals(operation.session, record_id)
    if proposals:
        content = json.dumps([asdict(one) for one in proposals], ensure_ascii=False).encode()
        sealed = seal_row(archive, content, _PURPOSE + record_id.bytes)
        operation.session.add(RecordProposals(record_id=record_id, made_at=operation.now, sealed=sealed))


def forget_proposals(session: Session, record_id: UUID) -> None:
    """Remove what was proposed for a record: it is declared, or its content is destroyed."""
    session.execute(delete(RecordProposals).where(RecordProposals.record_id == record_id))


def proposals_of(actor: Actor | None, archive: Archive, record_id: UUID) -> dict[Field, list[Shown]]:
    """Return the proposals by field, the surest first, as `actor` may see and use them. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_CLASSIFY) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, Action.RECORD_VIEW.value)  # it was read in the document
        operation.seldom()
        return shown_proposals(archive, operation, record)


def shown_proposals(archive: Archive, operation: Operation, record: Record) -> dict[Field, list[Shown]]:
    """Return the proposals for a record on which `operation` has decided."""
    book = book_in_force(operation.session)
    shown: dict[Field, list[Shown]] = {}
    for proposal in _kept(archive, operation.session, record.id):
        if proposal.source is Source.FILED and not operation.actor.clearance.permits(LEARNED_UP_TO):
            continue
        one = _shown(archive, operation.actor, book, proposal)
        if one is not None:
            shown.setdefault(proposal.field, []).append(one)
    return {field: sorted(found, key=lambda one: -one.proposal.precedence) for field, found in shown.items()}


def taken_over(archive: Archive, session: Session, record: Record) -> dict[str, str]:
    """Return which fields of `record` stand as they were proposed, with the reason code of the proposal."""
    found: dict[str, str] = {}
    for proposal in sorted(_kept(archive, session, record.id), key=lambda one: one.precedence):
        value = getattr(record, proposal.field.value, None)
        if value is not None and str(value) == proposal.value:
            found[proposal.field.value] = proposal.because
    return found


def _shown(archive: Archive, actor: Actor, book: RuleBook | None, proposal: Proposal) -> Shown | None:
    """Put the label to a proposal; a class that nothing can be filed under is no proposal."""
    if proposal.field is Field.CLASS:
        today = archive.clock.today()
        node = book.class_node(proposal.value, today) if book else None
        if book is None or node is None or not book.selectable(proposal.value, today):
            return None
        return Shown(proposal, node.title, True)
    if proposal.field is Field.LEVEL:
        return Shown(proposal, proposal.value, actor.clearance.permits(Level(proposal.value)))
    return Shown(proposal, proposal.value, True)


def _kept(archive: Archive, session: Session, record_id: UUID) -> list[Proposal]:
    """Read what is kept for a record; a damaged row proposes nothing, for it is derived and hurts nobody."""
    row = session.get(RecordProposals, record_id)
    if row is None:
        return []
    try:
        told = json.loads(unseal_row(archive, row.sealed, _PURPOSE + record_id.bytes))
    except IntegrityFault:
        return []
    return [replace(Proposal(**one), field=Field(one["field"]), source=Source(one["source"])) for one in told]
