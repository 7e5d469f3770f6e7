"""Signed reports of reconciliation, kept: what became of everything that an ingest or an import was given."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.capture.ingest import IngestReport, SignedReport
from edms.capture.intake_model import Reconciliation
from edms.core.errors import NotFound
from edms.core.ids import new_id, parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.visible import visible_to

_AT_ONCE = 500
COUNTS = ("given", "captured", "duplicate", "quarantined", "refused")


@dataclass(frozen=True)
class ReconciliationLine:
    """One report of the list."""

    id: UUID
    kind: str
    made_by: str
    made_at: datetime
    sha256: str
    totals: dict[str, int]


def sign_and_keep(
    actor: Actor, archive: Archive, report: IngestReport, kind: str, office_id: UUID, **told: Any
) -> SignedReport:
    """Sign the report with the archive's seal and keep it for the records officer. `told` goes into the report.

    Raises SignerUnavailable; what was captured is captured, and the same command tells it again.
    """
    facts = RecordFacts(office_id, None, Stage.PENDING)
    archive.door.permit(actor, Action.RECORD_CAPTURE, facts)
    signed = report.sign(archive, actor, **told)
    totals = report.totals()
    with archive.door.write(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(facts)
        row = Reconciliation(
            id=new_id(archive.clock),
            kind=kind,
            made_by=operation.actor.name,
            made_at=operation.now,
            office_id=office_id,
            sha256=signed.sha256,
            content=signed.content,
            signature=signed.signature,
            **{name: totals[name] for name in COUNTS},
        )
        operation.session.add(row)
        operation.about("reconciliation", row.id, "reconciliation.signed")
        operation.note(kind=kind, sha256=signed.sha256, **totals)
    return signed


def list_reconciliations(
    actor: Actor | None, archive: Archive, limit: int = 50, offset: int = 0
) -> tuple[Sequence[ReconciliationLine], int]:
    """Return a window of the reports, the newest first, and how many there are."""
    with archive.door.read(actor, Action.RECONCILIATION_READ) as operation:
        operation.decide()
        query = select(Reconciliation).order_by(Reconciliation.made_at.desc(), Reconciliation.id.desc())
        rows = operation.session.scalars(query.limit(limit).offset(offset))
        total = operation.session.scalar(select(func.count()).select_from(Reconciliation)) or 0
        return [_line(row) for row in rows], total


def read_reconciliation(
    actor: Actor | None, archive: Archive, report_id: UUID
) -> tuple[ReconciliationLine, SignedReport]:
    """Return one report with its signature, if the actor may see every record that it names.

    It is signed, so that nothing of it can be left out. Raises NotFound.
    """
    with archive.door.disclose(actor, Action.RECONCILIATION_READ) as operation:
        operation.decide()
        operation.about("reconciliation", report_id, "reconciliation.read")
        row = operation.session.get(Reconciliation, report_id)
        if row is None or _names_hidden(operation, row.content):
            raise NotFound
        return _line(row), SignedReport(row.content, row.signature)


def _names_hidden(operation: Operation, content: bytes) -> bool:
    """Whether a report names a record that the actor may not see."""
    told = json.loads(content)["files"]
    ids = sorted({found for line in told if (found := parse_id(line["record"] or "")) is not None})
    hidden = case((visible_to(operation.viewing), False), else_=True)
    for start in range(0, len(ids), _AT_ONCE):
        query = select(Record.id).where(Record.id.in_(ids[start : start + _AT_ONCE]), hidden)
        if operation.session.scalars(query.limit(1)).first() is not None:
            return True
    return False


def _line(row: Reconciliation) -> ReconciliationLine:
    totals = {name: int(getattr(row, name)) for name in COUNTS}
    return ReconciliationLine(row.id, row.kind, row.made_by, row.made_at, row.sha256, totals)
