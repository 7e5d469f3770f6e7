"""The steps of a batch: its pages are looked at, a person confirms the cut, its parts become records.

A part is made and accepted as a file of its own, one transaction each, with its place in the batch as the key: after a
kill those that are there are passed over. The batch itself keeps the bytes as received (ADR 0055).
"""

import io
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import intake_actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS, Level
from edms.batches.cutting import Duplex, PageFacts, cut
from edms.batches.plan import Plan, PlannedDocument, plan_from
from edms.capture.accept import Accepted, accept
from edms.capture.batch_model import Batch, BatchPart
from edms.capture.batch_places import may_go_unreviewed, placement_of
from edms.capture.incoming import BATCH, IncomingFile
from edms.capture.results import StepResult, Unfit, load, original_of
from edms.capture.states import Step
from edms.core.errors import Refused
from edms.core.sandbox import SandboxFault
from edms.jobs.model import Lane
from edms.jobs.queue import Claim, held
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, Record, RecordState
from edms.records.searching import INDEX_TOPIC
from edms.text.ocr import ocr_available
from edms.text.reader import problem_of

PAGES_AT_ONCE = 16
UNREVIEWED = "system:capture"


def read_batch(archive: Archive, claimed: Claim) -> StepResult:
    """Look at every page and propose how the batch is cut; it then waits for its review, unless none is needed."""
    record = load(archive, claimed)
    original = original_of(record)
    if original.media_type != "application/pdf" and not original.media_type.startswith("image/"):
        raise Unfit("no_batch", "a batch is a PDF or a TIFF; bring this file by itself")
    facts = _looked_at(archive, original, record.page_count or 0)
    with archive.database.reader() as session:
        plan = cut(facts, Duplex(session.get_one(Batch, record.id).duplex))
    if "signed" in original.facts.get("flags", ()):
        plan = Plan(plan.documents, plan.left_out, (*plan.doubts, "signed"))

    def write(operation: Operation) -> Step:
        row, batch = operation.session.get_one(Record, record.id), operation.session.get_one(Batch, record.id)
        row.state = RecordState.BATCH.value
        row.version += 1
        operation.outbox(INDEX_TOPIC, row.id)
        if batch.confirmed_at is not None:
            return Step.DIVIDE
        batch.plan, batch.history = plan.as_dict(), {"plans": []}
        batch.version += 1
        if not may_go_unreviewed(operation.session, archive, row, batch, plan):
            return Step.REVIEW
        batch.confirmed_by, batch.confirmed_at = UNREVIEWED, operation.now
        return Step.DIVIDE

    told = {"pages": len(facts), "documents": len(plan.documents), "doubts": list(plan.doubts)}
    return StepResult("record.batch_read", write, told, Lane.LONG)


def _looked_at(archive: Archive, original: Component, pages: int) -> list[PageFacts]:
    """Look a few pages at a time, so that time and memory of one process are bounded whatever the batch has."""
    upright = ocr_available(archive.settings.text).available
    found: list[dict[str, Any]] = []
    try:
        with open_component(archive, original) as stream:
            for first in range(1, pages + 1, PAGES_AT_ONCE):
                last = min(pages, first + PAGES_AT_ONCE - 1)
                found += archive.reader.look_at_batch(stream, original.media_type, first, last, upright=upright)
        facts = [
            PageFacts(int(one["number"]), bool(one["blank"]), tuple(map(str, one["codes"])), int(one["turn"]) % 360,
                      bool(one["sure"]))
            for one in found
        ]  # fmt: skip
    except SandboxFault as fault:
        raise Unfit.by(problem_of(fault)) from fault
    except (KeyError, TypeError, ValueError):
        facts = []
    if [one.number for one in facts] != list(range(1, pages + 1)):
        raise Unfit("damaged", "not every page of the batch can be drawn")
    return facts


def review(_archive: Archive, claimed: Claim) -> StepResult:
    """A person has confirmed the cut while the batch waited here: go on to its parts."""

    def write(operation: Operation) -> Step:
        batch = operation.session.get_one(Batch, claimed.subject_id)
        return Step.DIVIDE if batch.confirmed_at else Step.REVIEW

    return StepResult("record.batch_review_seen", write, lane=Lane.LONG)


def divide(archive: Archive, claimed: Claim) -> StepResult:
    """Make the records of all parts that are not there yet."""
    record = load(archive, claimed)
    with archive.database.reader() as session:
        plan = plan_from(session.get_one(Batch, record.id).plan)
        made = set(session.scalars(select(BatchPart.position).where(BatchPart.batch_id == record.id)))
    for position, document in enumerate(plan.documents):
        if position not in made:
            _make(archive, claimed, record, position, document)

    def write(operation: Operation) -> Step | None:
        operation.session.get_one(Batch, record.id).divided_at = operation.now
        return None

    return StepResult("record.batch_divided", write, {"documents": len(plan.documents)})


def _make(archive: Archive, claimed: Claim, batch: Record, position: int, document: PlannedDocument) -> None:
    original = original_of(batch)
    pages = [[page.number, page.turn] for page in document.pages]
    try:
        with open_component(archive, original) as stream:
            content = archive.reader.part_of_batch(stream, original.media_type, pages)
    except SandboxFault as fault:
        raise Unfit.by(problem_of(fault)) from fault
    with archive.database.reader() as session:
        try:
            placement = placement_of(session, archive, batch, document.sheet)
        except Refused as refused:
            raise Unfit("batch_placement", f"document {position + 1}: {refused.message}") from refused
    told = {"record": str(batch.id), "sha256": original.blob.sha256, "pages": pages}
    stem = batch.file_name.rpartition(".")[0] or batch.file_name
    incoming = IncomingFile(f"{stem}-{position + 1:03}.pdf", io.BytesIO(content), len(content), facts={BATCH: told})
    actor = intake_actor(BATCH, frozenset((placement.office_id,)), placement.level or UNCLASSIFIED_COUNTS_AS)
    accept(actor, archive, incoming, placement, _settled(claimed, batch, position))


def _settled(claimed: Claim, batch: Record, position: int) -> Any:
    """Note the part in the transaction that makes its record; raises LeaseLost when another worker is at the batch."""

    def settle(operation: Operation, accepted: Accepted) -> None:
        held(operation.session, claimed)
        if not accepted.duplicate:
            operation.session.get_one(Record, accepted.record_id).received_by = batch.received_by
        operation.session.add(
            BatchPart(batch_id=batch.id, position=position, record_id=accepted.record_id, duplicate=accepted.duplicate)
        )
        operation.note(batch=str(batch.id), part=position)

    return settle


def parts_of(session: Any, batch_id: UUID) -> list[BatchPart]:
    """Return what was made of a batch, in order."""
    query = select(BatchPart).where(BatchPart.batch_id == batch_id).order_by(BatchPart.position)
    return list(session.scalars(query))


def level_of(record: Record) -> Level | None:
    return Level(record.level) if record.level else None
