"""Files within a file as components of their own: sealed, screened and identified like what was handed in."""

import io
from dataclasses import dataclass

from edms.capture.findings import flags_of
from edms.capture.incoming import safe_name
from edms.capture.renditions import recognised
from edms.capture.results import Unfit
from edms.capture.screening import Scan, scan_content
from edms.core.canonical import sha256_hex
from edms.core.sandbox import SandboxFault
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import attach, seal_bytes
from edms.records.model import ComponentRole, Record
from edms.screening.protocol import Outcome
from edms.text.types import AttachedFile, Identification, PageText
from edms.vault.vault import SealedBlob

ROLE = ComponentRole.ATTACHMENT
_UNKNOWN = Identification("application/octet-stream", None, "application/octet-stream")


@dataclass(frozen=True)
class Kept:
    """One attachment, durable in the vault and not yet in the database."""

    told: AttachedFile
    identification: Identification
    flags: frozenset[str]
    scan: Scan | None
    sealed: SealedBlob

    @property
    def malware(self) -> str:
        return self.scan.verdict.detail if self.scan and self.scan.verdict.outcome is Outcome.INFECTED else ""

    def write(self, operation: Operation, archive: Archive, record: Record) -> None:
        """Give the record this component."""
        told = self.told
        name = safe_name(told.name, archive.settings.capture.max_name_length)
        facts = {
            "name": name,
            "parent": told.parent,
            "flags": sorted(self.flags),
            "format": self.identification.format_name,
            "needs_ocr": told.needs_ocr,
            **({"problem": told.problem} if told.problem else {}),
            **({"malware_scan": self.scan.as_facts()} if self.scan else {}),
        }
        # Two attachments may have one name; in a bundle each has a place of its own.
        part = attach(
            operation,
            archive,
            record,
            ROLE,
            self.sealed,
            f"{told.position:03d} {name}"[:255],
            self.identification.media_type,
            facts,
            told.position,
        )
        part.puid = self.identification.puid


def keep_attachments(archive: Archive, attached: tuple[AttachedFile, ...]) -> list[Kept]:
    """Screen, identify and seal what lay in a file. Raises ScannerUnavailable before anything is kept."""
    scans = [_scan(archive, one) for one in attached]
    return [_keep(archive, one, scan) for one, scan in zip(attached, scans, strict=True)]


def replace_attachments(operation: Operation, archive: Archive, record: Record, kept: list[Kept]) -> None:
    """Put these in place of what an earlier round had found."""
    for part in [part for part in record.components if part.role == ROLE]:
        record.components.remove(part)
        operation.session.delete(part.blob)
    operation.session.flush()
    for one in kept:
        one.write(operation, archive, record)


def recognised_attachments(archive: Archive, record: Record, *, last: bool) -> list[PageText]:
    """Recognise the scans among the attachments; what cannot be recognised is kept without text.

    Raises Unfit when recognition died and this is not the `last` attempt.
    """
    pages = []
    for part in record.components:
        if part.role == ROLE and part.facts.get("needs_ocr"):
            try:
                outcome, _how = recognised(archive, part)
            except Unfit as unfit:
                if unfit.again and not last:
                    raise
                continue
            for page in outcome.pages if outcome else ():
                pages.append(PageText(page.number, page.text, page.source, False, part.position, page.language))
    return pages


def _scan(archive: Archive, one: AttachedFile) -> Scan | None:
    return scan_content(archive, sha256_hex(one.content), lambda: io.BytesIO(one.content))


def _keep(archive: Archive, one: AttachedFile, scan: Scan | None) -> Kept:
    try:
        identification = archive.reader.identify(io.BytesIO(one.content))
    except SandboxFault:
        identification = _UNKNOWN
    flags = flags_of(one.name, identification, one.flags, scan)
    return Kept(one, identification, flags, scan, seal_bytes(archive, one.content, ROLE))
