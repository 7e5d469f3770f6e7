"""The first steps: examine what came in, make the copy that people open.

Each step reads, computes outside any transaction, and returns what to write. Blobs a step makes are durable before
the transaction that names them (invariant 2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edms.capture.attachments import Kept, keep_attachments, recognised_attachments, replace_attachments
from edms.capture.batch_model import Batch
from edms.capture.batch_steps import divide, read_batch, review
from edms.capture.declaring import seal
from edms.capture.findings import Findings, refuse_flagged, refuse_malware
from edms.capture.office_copies import printed, provenance, will_print
from edms.capture.photograph_steps import WorkingCopy, examine_photographs, photographs_of, working_copy
from edms.capture.quarantine import MALWARE, accepted
from edms.capture.ranges import is_long, joined, recognise, spread
from edms.capture.redaction_steps import redact_join, redact_pages
from edms.capture.renditions import MAY_HOLD_SIGNATURES, recognised, sealed_copy, sealed_joined, signature_facts
from edms.capture.results import JSON_TYPE, PDF_TYPE, StepResult, Unfit, load, original_of
from edms.capture.screening import malware_text, scan_content
from edms.capture.states import Step
from edms.jobs.model import Lane
from edms.jobs.queue import Claim
from edms.operation.door import Operation
from edms.proposals.types import Proposal
from edms.records.archive import Archive
from edms.records.components import attach, open_component, pages_to_bytes, read_pages, seal_bytes
from edms.records.model import Component, ComponentRole, Record
from edms.records.page_ranges import forget_ranges, ranges_of
from edms.records.proposals import keep_proposals, read_proposals
from edms.records.searching import INDEX_TOPIC
from edms.signing.errors import SignerUnavailable
from edms.text.ocr import OcrOutcome
from edms.text.office_printer import PRINTABLE
from edms.text.types import PageText, Reading
from edms.vault.vault import SealedBlob

_COPY_MADE = "record.access_copy_made"


def examine(archive: Archive, claimed: Claim) -> StepResult:
    """Screen, identify by content, read the text. Unreadable files go to quarantine with the reader's reason."""
    record = load(archive, claimed)
    photographs = photographs_of(record)
    if photographs:
        return examine_photographs(archive, record, photographs)
    original = original_of(record)
    scan = scan_content(archive, original.blob.sha256, lambda: open_component(archive, original))
    refuse_malware(record, scan)
    with open_component(archive, original) as stream:
        reading = archive.reader.read(stream, record.file_name)
    found = Findings.of(record, reading, scan)
    if reading.problem is not None:
        if accepted(record, "code", reading.problem.code):
            return _kept_as_it_is(record, found)
        raise Unfit.by(reading.problem, found.write)
    kept = keep_attachments(archive, reading.attachments)
    found = found.with_attached(archive, {flag for one in kept for flag in one.flags}, [one.scan for one in kept])
    _refuse_attached(record, found, kept)
    refuse_flagged(archive, record, found)
    needs_ocr = any(page.needs_ocr for page in reading.pages if page.part == 0)
    text = _worth_keeping(archive, reading, needs_ocr=needs_ocr)
    slow = needs_ocr or will_print(archive, reading.identification.media_type)
    lane = _lane_after(archive, claimed, slow, kept)
    told_of_text = {"needs_ocr": needs_ocr, "languages": _languages(reading)}
    found.apply(original, **told_of_text)  # as its row will be
    copy = _copy_at_once(archive, record, original, reading) if lane is Lane.QUICK else None

    def write(operation: Operation) -> Step:
        row = operation.session.get_one(Record, record.id)
        found.write(operation)
        part = original_of(row)
        part.facts = {**part.facts, **told_of_text}
        row.page_count = reading.page_count
        replace_attachments(operation, archive, row, kept)
        if text is not None:
            attach(operation, archive, row, ComponentRole.TEXT, text, "text.json", JSON_TYPE)
        row.version += 1
        operation.outbox(INDEX_TOPIC, row.id)
        if copy is not None:
            operation.audit("record.examined", "record", row.id, **told)
            return copy.write(operation, archive, row)
        if operation.session.get(Batch, row.id):
            return Step.READ_BATCH
        return Step.SPREAD if needs_ocr and is_long(archive, reading.page_count) else Step.ACCESS_COPY

    details = {"puid": reading.identification.puid, "media_type": reading.identification.media_type, "ocr": needs_ocr}
    told = {**details, "attachments": len(kept)}
    if copy is not None:
        return StepResult(_COPY_MADE, write, {"made": copy.blob is not None, "recognised": False}, lane)
    return StepResult("record.examined", write, told, lane)


def _lane_after(archive: Archive, claimed: Claim, slow: bool, kept: list[Kept]) -> Lane:
    """Recognition takes seconds for each page, and so do printing an office document and reading a batch."""
    with archive.database.reader() as session:
        batch = session.get(Batch, claimed.subject_id) is not None
    return Lane.LONG if batch or slow or any(one.told.needs_ocr for one in kept) else Lane.QUICK


def _worth_keeping(archive: Archive, reading: Reading, *, needs_ocr: bool) -> SealedBlob | None:
    """The typed pages of a mixed file are findable at once, and stay so where nothing can recognise the others."""
    if needs_ocr and not any(page.text.strip() for page in reading.pages):
        return None
    return seal_bytes(archive, pages_to_bytes(reading.pages), ComponentRole.TEXT)


def _languages(reading: Reading) -> list[str]:
    return sorted({page.language for page in reading.pages if page.language})


def _refuse_attached(record: Record, found: Findings, kept: list[Kept]) -> None:
    """Raise Unfit for malware in a file within, under its name."""
    for one in kept:
        if one.malware and not accepted(record, MALWARE, one.malware):
            assert one.scan is not None
            raise Unfit(MALWARE, malware_text(one.scan), found.infected(one.scan).write)


def _kept_as_it_is(record: Record, found: Findings) -> StepResult:
    """A person has released a file that cannot be read: it goes on without text and access copy."""

    def write(operation: Operation) -> Step:
        found.write(operation)
        row = operation.session.get_one(Record, record.id)
        row.version += 1
        operation.outbox(INDEX_TOPIC, row.id)
        return Step.SEAL

    return StepResult("record.kept_as_it_is", write, {"media_type": found.identification.media_type})


@dataclass(frozen=True)
class _Copy:
    """A copy that people open, sealed (`blob` is None where such a file has none), and what is written with it.

    `facts` are those of the original from now on, `told` those of the copy. `text` and `pages` are given where they
    were recognised.
    """

    blob: SealedBlob | None
    facts: dict[str, Any]
    told: dict[str, Any]
    proposals: list[Proposal]
    text: SealedBlob | None = None
    pages: int | None = None

    def write(self, operation: Operation, archive: Archive, row: Record) -> Step:
        original_of(row).facts = self.facts
        keep_proposals(operation, archive, row.id, self.proposals)
        if self.blob is not None:
            attach(
                operation, archive, row, ComponentRole.ACCESS_COPY, self.blob, "access-copy.pdf", PDF_TYPE, self.told
            )
        if self.text is not None:
            attach(operation, archive, row, ComponentRole.TEXT, self.text, "text.json", JSON_TYPE)
        if self.pages is not None:
            row.page_count = self.pages
        return Step.SEAL if row.class_code and row.level else Step.CLASSIFY


def _copy_at_once(archive: Archive, record: Record, original: Component, reading: Reading) -> _Copy | None:
    """Make the copy of a file that needs nothing for it but our seal, in the step that examined it.

    None where its seal cannot be made now: what was read is kept and found, and the copy is a step of its own.
    """
    if original.media_type in PRINTABLE:
        return None
    facts = dict(original.facts)
    try:
        _judge_signatures(archive, original, facts)
        blob, sealing = sealed_copy(archive, original, None, facts)
    except SignerUnavailable:
        return None
    proposals = _proposals(archive, record, [page.text for page in reading.pages])
    return _Copy(blob, facts, {**_kind(None, None), **sealing}, proposals)


def access_copy(archive: Archive, claimed: Claim) -> StepResult:
    """Make the copy that people open: searchable PDF/A for scans, for born-digital ones the PDF with our seal."""
    record = load(archive, claimed)
    original = original_of(record)
    facts = dict(original.facts)
    outcome, unsealed, working = None, None, _working_copy(archive, record)
    last = claimed.attempts >= archive.settings.worker.max_attempts
    with archive.database.reader() as session:
        spread_over = bool(ranges_of(session, record.id))
    if spread_over:
        unsealed, archival, pages = joined(archive, record, original)
        outcome, facts["ocr"] = OcrOutcome(b"", pages, archival), "done"
    elif facts.get("needs_ocr"):
        outcome, facts["ocr"] = _recognised_unless_released(archive, record, original, working)
    _judge_signatures(archive, original, facts)
    office, told_of_office = (None, {}) if outcome or working else printed(archive, original, last=last)
    facts.update(told_of_office)
    blob: SealedBlob | None
    if unsealed is not None:
        blob, sealing = sealed_joined(archive, unsealed, facts)
    else:
        seen = outcome.pdf if outcome else working.pdf if working else office.pdf if office else None
        blob, sealing = sealed_copy(archive, original, seen, facts)
    told = {**(provenance(original, office) if office else _kind(outcome, working)), **sealing}
    texts = [page.text for page in outcome.pages] if outcome else None
    copy = _Copy(
        blob,
        facts,
        told,
        _proposals(archive, record, texts),
        _recognised_text(archive, record, outcome, last=last),
        len(outcome.pages) if outcome else office.pages if office else None,
    )

    def write(operation: Operation) -> Step:
        row = operation.session.get_one(Record, record.id)
        if spread_over:
            forget_ranges(operation.session, row.id)
        row.version += 1
        operation.outbox(INDEX_TOPIC, row.id)
        return copy.write(operation, archive, row)

    return StepResult(_COPY_MADE, write, {"made": blob is not None, "recognised": outcome is not None})


def _judge_signatures(archive: Archive, original: Component, facts: dict[str, Any]) -> None:
    """Add to `facts` the verdicts on the signatures that came with a file that may have some."""
    if "signed" in facts.get("flags", ()) or original.media_type in MAY_HOLD_SIGNATURES:
        facts["signatures"] = signature_facts(archive, original)


def _proposals(archive: Archive, record: Record, texts: list[str] | None) -> list[Proposal]:
    """What the text proposes for the description, where a person is still to give it (nothing is declared by guess).

    `texts`: those of the pages, where they are not the ones that are kept already.
    """
    if record.class_code and record.level:
        return []
    if texts is None:
        texts = [page["text"] for page in read_pages(archive, record)]
    return read_proposals(archive, record, texts)


def _recognised_text(archive: Archive, record: Record, outcome: OcrOutcome | None, *, last: bool) -> SealedBlob | None:
    """The text anew where pages of the document or of its attachments were recognised; None where nothing was."""
    attached = recognised_attachments(archive, record, last=last)
    if outcome is None and not attached:
        return None
    anew = {page.part for page in attached} | ({0} if outcome else set())
    known = [PageText(**page) for page in read_pages(archive, record)]
    pages = [*(outcome.pages if outcome else ()), *(page for page in known if page.part not in anew), *attached]
    return seal_bytes(archive, pages_to_bytes(tuple(sorted(pages, key=_place))), ComponentRole.TEXT)


def _place(page: PageText) -> tuple[int, int]:
    return page.part, page.number


def _working_copy(archive: Archive, record: Record) -> WorkingCopy | None:
    photographs = photographs_of(record)
    return working_copy(archive, photographs) if photographs else None


def _recognised_unless_released(
    archive: Archive, record: Record, original: Component, working: WorkingCopy | None
) -> tuple[OcrOutcome | None, str]:
    try:
        return recognised(archive, original, working.pdf if working else None)
    except Unfit as unfit:
        if accepted(record, "code", unfit.code):
            return None, "not_recognisable"
        raise


def _kind(outcome: OcrOutcome | None, working: WorkingCopy | None) -> dict[str, Any]:
    told = working.facts if working else {}
    if outcome is None:
        return {"kind": "PDF of straightened photographs" if working else "the PDF as received", **told}
    return {"kind": "PDF/A-2b with recognised text" if outcome.archival else "PDF with recognised text", **told}


def classify(_archive: Archive, _claimed: Claim) -> StepResult:
    """A person has classified the record while it waited here: go on to the seal."""

    def write(operation: Operation) -> Step:
        row = operation.session.get_one(Record, _claimed.subject_id)
        return Step.SEAL if row.class_code and row.level else Step.CLASSIFY

    return StepResult("record.classification_seen", write)


STEPS: dict[Step, Callable[[Archive, Claim], StepResult]] = {
    Step.EXAMINE: examine,
    Step.ACCESS_COPY: access_copy,
    Step.CLASSIFY: classify,
    Step.SEAL: seal,
    Step.READ_BATCH: read_batch,
    Step.REVIEW: review,
    Step.DIVIDE: divide,
    Step.SPREAD: spread,
    Step.RECOGNISE: recognise,
    Step.REDACT_PAGES: redact_pages,
    Step.REDACT_JOIN: redact_join,
}
