"""A long scan is recognised some pages at a time: a job for each range, on however many cores, and then joined.

A worker or a parser that is killed loses the range it was at. What is done is sealed in the vault and named in the
database; the last range makes the record's own job ready again, in the same transaction.
"""

import os
import threading
from functools import partial
from itertools import pairwise
from typing import BinaryIO

from sqlalchemy import func, select

from edms.capture.renditions import unrecognised
from edms.capture.results import StepResult, Unfit, load, original_of
from edms.capture.states import RANGE_KIND, Step
from edms.core.errors import IntegrityFault
from edms.core.ids import new_id
from edms.core.sandbox import SandboxFault
from edms.jobs.model import Job, Lane
from edms.jobs.queue import Claim, enqueue, resume
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component, pages_from_bytes, pages_to_bytes, seal_bytes
from edms.records.model import Component, ComponentRole, Record
from edms.records.page_ranges import forget_ranges, ranges_of
from edms.records.range_model import PageRange
from edms.text.ocr import NotRecognisable, OcrUnavailable, ocr_available
from edms.text.types import PageText
from edms.vault.model import StoredBlob
from edms.vault.rows import add_blob
from edms.vault.vault import SealedBlob


def is_long(archive: Archive, pages: int) -> bool:
    return pages > archive.settings.text.pages_at_once


def spread(archive: Archive, claimed: Claim) -> StepResult:
    """Make a job for each range of pages."""
    record = load(archive, claimed)
    step, count = archive.settings.text.pages_at_once, record.page_count or 0
    if not ocr_available(archive.settings.text).available:
        return StepResult("record.recognition_unavailable", lambda _operation: Step.ACCESS_COPY, lane=Lane.LONG)

    def write(operation: Operation) -> Step:
        forget_ranges(operation.session, record.id)
        for first in range(1, count + 1, step):
            row = PageRange(
                id=new_id(archive.clock), record_id=record.id, first=first, last=min(count, first + step - 1)
            )
            operation.session.add(row)
            enqueue(operation.session, archive.clock, RANGE_KIND, row.id, Step.RECOGNISE, record.office_id, Lane.LONG)
        return Step.ACCESS_COPY

    return StepResult("record.recognition_spread", write, {"pages": count}, parts=True)


def recognise(archive: Archive, claimed: Claim) -> StepResult:
    """Recognise one range; after the last one of its record the access copy is made."""
    record = load(archive, claimed)
    with archive.database.reader() as session:
        row = session.get_one(PageRange, claimed.subject_id)
    original = original_of(record)
    try:
        lender = partial(open_component, archive, original)
        outcome = archive.ocr.searchable_range(lender, original.media_type, row.first, row.last)
    except OcrUnavailable as fault:
        raise Unfit("ocr_unavailable", fault.message) from fault
    except NotRecognisable as fault:
        raise Unfit(fault.code, fault.message) from fault
    except SandboxFault as fault:
        raise unrecognised(fault, f"the pages {row.first} to {row.last}") from fault
    made = seal_bytes(archive, outcome.pdf, ComponentRole.ACCESS_COPY)
    text = seal_bytes(archive, pages_to_bytes(outcome.pages), ComponentRole.TEXT)

    def write(operation: Operation) -> Step | None:
        session = operation.session
        waiting = session.scalars(select(Job).where(Job.subject_id == record.id).with_for_update()).one()
        known = session.get_one(PageRange, row.id)
        for sealed in (made, text):
            add_blob(session, archive.vault, sealed, operation.now)
        session.flush()
        known.pdf_id, known.text_id = made.blob_id, text.blob_id
        session.flush()
        left = select(func.count()).where(PageRange.record_id == record.id, PageRange.pdf_id.is_(None))
        if not session.scalar(left):
            resume(waiting, archive.clock, waiting.step, lane=Lane.LONG)
        return None

    told = {"first": row.first, "last": row.last}
    return StepResult("record.pages_recognised", write, told, record_id=record.id)


def joined(archive: Archive, record: Record, original: Component) -> tuple[SealedBlob, bool, tuple[PageText, ...]]:
    """Return the joined copy, sealed as it is written, whether it is PDF/A-2b, and the text of all pages in order."""
    with archive.database.reader() as session:
        rows = ranges_of(session, record.id)
        blobs = [(session.get_one(StoredBlob, row.pdf_id), session.get_one(StoredBlob, row.text_id)) for row in rows]
    if not rows or any(before.last + 1 != after.first for before, after in pairwise(rows)):
        raise IntegrityFault(f"the ranges of the pages of record {record.id} do not follow each other")
    lenders = [partial(open_component, archive, original)]
    lenders += [partial(archive.vault.open, pdf.sealed()) for pdf, _text in blobs]
    made, archival = _written(archive, lenders, original.media_type, [row.last - row.first + 1 for row in rows])
    pages = []
    for _pdf, text in blobs:
        with archive.vault.open(text.sealed()) as stream:
            pages += [PageText(**page) for page in pages_from_bytes(stream.read())]
    return made, archival, tuple(pages)


def _written(
    archive: Archive, lenders: list[partial[BinaryIO]], media_type: str, counts: list[int]
) -> tuple[SealedBlob, bool]:
    """Seal what the sandbox writes while it writes it. Nothing is left when it did not come to its end."""
    reading, writing = os.pipe()
    told: list[bool | Exception] = []

    def work() -> None:
        try:
            told.append(archive.ocr.join(lenders, media_type, counts, writing))
        except Exception as fault:  # noqa: BLE001 - raised below, in the caller's thread
            told.append(fault)

    thread = threading.Thread(target=work, name="joining", daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as stream:
        sealed = archive.vault.put(stream, ComponentRole.ACCESS_COPY.value)
    thread.join()
    outcome = told[0]
    if isinstance(outcome, bool):
        return sealed, outcome
    archive.vault.delete(sealed)
    if isinstance(outcome, SandboxFault):
        raise unrecognised(outcome, "its pages") from outcome
    raise outcome
