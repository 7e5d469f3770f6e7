"""What examining a file brought to light, kept with its component; and whether that lets the file go on.

Which flags set a file aside is a setting. A person who releases a file accepts what was known of it then; what is
found later, or was not there before, sets it aside again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from edms.capture.incoming import BATCH, GIVEN_PATH, LOCATION, MAIL, PHOTOGRAPH
from edms.capture.quarantine import FLAGGED, MALWARE, RELEASED, accepted
from edms.capture.results import Unfit, original_of
from edms.capture.screening import Scan, malware_text, remember
from edms.core.flags import FLAGS
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, Record
from edms.screening.protocol import Outcome
from edms.text.names import contradicts, is_program_name
from edms.text.types import Identification, Reading

_KEPT = (RELEASED, GIVEN_PATH, LOCATION, MAIL, BATCH, PHOTOGRAPH)


@dataclass(frozen=True)
class Findings:
    """All that is known of one file. `kept` are facts of the component that examining again does not change."""

    record: Record
    identification: Identification
    flags: frozenset[str]
    facts: dict[str, Any]
    scans: tuple[Scan, ...]
    kept: dict[str, Any] = field(default_factory=dict)
    position: int = 0

    @classmethod
    def of(cls, record: Record, reading: Reading, scan: Scan | None, position: int = 0) -> "Findings":
        original = original_of(record, position)
        flags = flags_of(original.name, reading.identification, reading.flags, scan)
        facts = {"format": reading.identification.format_name, **reading.facts}
        if scan is not None:
            facts["malware_scan"] = scan.as_facts()
        kept = {name: original.facts[name] for name in _KEPT if name in original.facts}
        return cls(record, reading.identification, flags, facts, (scan,) if scan else (), kept, position)

    def with_attached(self, archive: Archive, flags: Iterable[str], scans: Iterable[Scan | None]) -> "Findings":
        """The same, and what the files within brought to light: what sets them aside sets the whole aside."""
        grave = {flag for flag in flags if flag in archive.settings.screening.quarantine or flag == "macros"}
        told = {**self.facts, "attached_flags": sorted(grave)} if grave else self.facts
        return replace(
            self,
            flags=self.flags | grave,
            facts=told,
            scans=(*self.scans, *(scan for scan in scans if scan is not None)),
        )

    def infected(self, scan: Scan) -> "Findings":
        """The same, with the verdict that sets the whole aside."""
        return replace(self, facts={**self.facts, "malware_scan": scan.as_facts()})

    def write(self, operation: Operation) -> None:
        """Put them down with the original, and the scanner's verdicts by their hashes."""
        part = original_of(operation.session.get_one(Record, self.record.id), self.position)
        self.apply(part)
        remember(operation.session, list(self.scans))

    def apply(self, part: Component, **more: Any) -> None:
        part.media_type, part.puid = self.identification.media_type, self.identification.puid
        part.facts = {**self.facts, "flags": sorted(self.flags), **more, **self.kept}


def flags_of(name: str, identification: Identification, found: Iterable[str], scan: Scan | None) -> frozenset[str]:
    """Return every flag of a file: from its bytes, its content, its name, and the scanner."""
    flags = {*identification.flags, *found}
    if contradicts(name, identification.media_type):
        flags.add("type_mismatch")
    if is_program_name(name):
        flags.add("executable")
    if scan is not None and scan.verdict.outcome is Outcome.NOT_SCANNED:
        flags.add("too_large_to_scan")
    return frozenset(flags)


def refuse_malware(record: Record, scan: Scan | None, position: int = 0) -> None:
    """Raise Unfit for a content with malware in it, before anything of ours opens it."""
    if scan is None or scan.verdict.outcome is not Outcome.INFECTED or accepted(record, MALWARE, scan.verdict.detail):
        return
    original = original_of(record, position)

    def write(operation: Operation) -> None:
        part = original_of(operation.session.get_one(Record, record.id), position)
        part.facts = {**original.facts, "malware_scan": scan.as_facts()}
        remember(operation.session, [scan])

    raise Unfit(MALWARE, malware_text(scan), write)


def refuse_flagged(archive: Archive, record: Record, found: Findings) -> None:
    """Raise Unfit when the file has a flag that sets files aside here, and nobody has accepted it."""
    wrong = [
        flag
        for flag in FLAGS
        if flag in found.flags and flag in archive.settings.screening.quarantine and not accepted(record, "flag", flag)
    ]
    if wrong:
        raise Unfit(FLAGGED + wrong[0], "; ".join(FLAGS[flag] for flag in wrong), found.write)
