"""The steps of a photographed document that differ: every photograph is examined, and the copy is made of their pages.

What the copy is made by stands with it: the digests of the photographs, corners, turns, contrast, and the programs.
"""

from dataclasses import dataclass
from typing import Any

from edms.capture.findings import Findings, refuse_flagged, refuse_malware
from edms.capture.incoming import PHOTOGRAPH
from edms.capture.photographs import reader_of
from edms.capture.quarantine import accepted
from edms.capture.results import StepResult, Unfit
from edms.capture.screening import scan_content
from edms.capture.states import Step
from edms.jobs.model import Lane
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, ComponentRole, Record
from edms.records.searching import INDEX_TOPIC
from edms.text.photograph_reader import PageParameters, PhotographFault
from edms.text.types import Problem


@dataclass(frozen=True)
class WorkingCopy:
    """The PDF of the straightened pages; `facts` say how it was made."""

    pdf: bytes
    facts: dict[str, Any]


def photographs_of(record: Record) -> list[Component]:
    """Return the photographs that a record was made of, in order; none for every other record."""
    return [part for part in record.components if part.role == ComponentRole.ORIGINAL and PHOTOGRAPH in part.facts]


def examine_photographs(archive: Archive, record: Record, photographs: list[Component]) -> StepResult:
    """Screen, identify and open every photograph; one that is none, or harms, sets the document aside."""
    found, unreadable = [], False
    for part in photographs:
        one, problem = _examined(archive, record, part)
        unreadable = unreadable or problem
        refuse_flagged(archive, record, one)
        found.append(one)

    def write(operation: Operation) -> Step:
        row = operation.session.get_one(Record, record.id)
        for one in found:
            one.write(operation)
            part = row.component(ComponentRole.ORIGINAL, one.position)
            assert part is not None
            part.facts = {**part.facts, "needs_ocr": not unreadable}
        row.page_count = len(photographs)
        row.version += 1
        operation.outbox(INDEX_TOPIC, row.id)
        return Step.SEAL if unreadable else Step.ACCESS_COPY

    told = {"photographs": len(photographs), "ocr": not unreadable}
    return StepResult("record.examined", write, told, Lane.QUICK if unreadable else Lane.LONG)


def _examined(archive: Archive, record: Record, part: Component) -> tuple[Findings, bool]:
    scan = scan_content(archive, part.blob.sha256, lambda: open_component(archive, part))
    refuse_malware(record, scan, part.position)
    with open_component(archive, part) as stream:
        reading = archive.reader.read(stream, part.name)
    found = Findings.of(record, reading, scan, part.position)
    problem = reading.problem
    if problem is None and not reading.identification.media_type.startswith("image/"):
        problem = Problem("no_picture", "it is no picture that can be read")
    if problem is not None and not accepted(record, "code", problem.code):
        raise Unfit.by(problem, found.write)
    return found, problem is not None


def working_copy(archive: Archive, photographs: list[Component]) -> WorkingCopy:
    """Make the pages, one process each, and the PDF of them. Raises Unfit."""
    reader, pages, made_from = reader_of(archive), [], []
    try:
        for part in photographs:
            told = PageParameters.of(part.facts[PHOTOGRAPH])
            with open_component(archive, part) as stream:
                page = reader.page(stream, told)
            pages.append(page.jpeg)
            made_from.append({"sha256": part.blob.sha256, **told.as_dict(), "dpi": page.dpi, "paper": page.paper,
                              "width": page.width, "height": page.height})  # fmt: skip
        pdf, made_by = reader.joined(pages)
    except PhotographFault as fault:
        raise Unfit.by(fault.problem) from fault
    return WorkingCopy(pdf, {"made_from": made_from, "made_by": made_by})
