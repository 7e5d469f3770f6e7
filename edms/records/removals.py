"""Content that is with an archival institution and no longer here: when it may go, and what tells of it (R45, R82)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.model import Record, RecordState
from edms.records.oversight import may_look
from edms.records.proceedings import facts_of
from edms.records.proceedings_list import local_day
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.removals_model import RemovedContent
from edms.records.visible import decided_record, seen_of
from edms.retention.proceedings import Act, ItemState, Kind, State

REMOVAL = "removal"
"""The paper on what was removed; `removal_2` of the second time, and so on."""
KEPT = "content kept: "
"""What the reason of an item begins with whose content stays; codes follow."""


@dataclass(frozen=True)
class StubView:
    """What is left of a record whose content is with an institution. `paper`: the record of that on its removal.
    `receipt` and `paper` for who may see them; `may_look`: whether the reader is shown the hand-over."""

    record: UUID
    proceeding: UUID
    receiver: str
    accession: str
    reference: str
    receipt: UUID | None
    receipt_sha256: str
    components: tuple[dict[str, Any], ...]
    removed_at: datetime
    removed_by: str
    order_number: str
    paper: UUID | None
    may_look: bool

    def as_dict(self) -> dict[str, Any]:
        """What `edms record show --json` tells of it."""
        return {
            "receiver": self.receiver, "accession": self.accession, "reference": self.reference,
            "receipt_sha256": self.receipt_sha256, "removed_at": self.removed_at.isoformat(),
            "order": self.order_number, "handover": str(self.proceeding), "components": list(self.components),
        }  # fmt: skip


def removable_from(archive: Archive, row: Proceeding) -> date | None:
    """Return the first day on which the removal of content of a hand-over may be ordered; None before it is closed."""
    closed = next((one.at for one in reversed(row.steps) if one.act == Act.CLOSE.value), None)
    if closed is None:
        return None
    return local_day(archive, closed) + timedelta(days=archive.settings.disposal.keep_after_handover_days)


def due_removals(session: Session, archive: Archive) -> Iterator[tuple[Proceeding, date]]:
    """Yield the closed hand-overs whose keeping time is over and of which content is here still, each with its day."""
    accepted = select(ProceedingItem.proceeding_id).where(ProceedingItem.state == ItemState.HANDED_OVER.value)
    query = select(Proceeding).where(
        Proceeding.kind == Kind.HANDOVER.value, Proceeding.state == State.CLOSED.value, Proceeding.id.in_(accepted)
    )
    today = archive.clock.today()
    for row in session.scalars(query.order_by(Proceeding.since, Proceeding.id)):
        day = removable_from(archive, row)
        if day is not None and day <= today:
            yield row, day


def require_content(session: Session, record: Record) -> None:
    """Say where content is that is not here, to somebody who may see the record. Raises Refused."""
    if record.state == RecordState.HANDED_OVER.value:
        row = session.get(RemovedContent, record.id)
        if row is not None:
            raise Refused(f"the content is with {row.receiver}, under {row.reference}", "ask for it there")


def stub_of(actor: Actor | None, archive: Archive, record_id: UUID) -> StubView | None:
    """Return what is left of a record whose content was removed, or None for one whose was not. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        decided_record(operation, record_id)
        row = operation.session.get(RemovedContent, record_id)
        if row is None:
            return None
        proceeding = operation.session.get_one(Proceeding, row.proceeding_id)
        papers = {paper.kind: paper.record_id for paper in proceeding.papers}
        told = [papers.get("receipt"), papers.get(paper_kind(proceeding, row.order_position))]
        seen = seen_of(operation.session, operation.viewing, [one for one in told if one])
        receipt, paper = (one if one in seen else None for one in told)
        return StubView(
            row.record_id, row.proceeding_id, row.receiver, row.accession, row.reference, receipt,
            row.receipt_sha256, tuple(row.components["components"]), row.removed_at, row.remover_name,
            row.order_number, paper, may_look(operation, Action.CUSTODY_VIEW, facts_of(proceeding)),
        )  # fmt: skip


def paper_kind(row: Proceeding, order_position: int) -> str:
    """Return the kind of the paper on what was removed by the order at this place among the steps."""
    orders = [one.position for one in row.steps if one.act == Act.ORDER_REMOVAL.value]
    number = orders.index(order_position) + 1
    return REMOVAL if number == 1 else f"{REMOVAL}_{number}"
