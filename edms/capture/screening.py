"""Screening for malware: each content once, its verdict kept by its hash, and again when signatures are newer.

A file passes the scanner before any parser of ours opens it. A scanner that gives no verdict holds the file:
ScannerUnavailable is a fault of the surroundings, so that no attempt is counted and the step is taken again.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from edms.access.actors import Actor, system_actor
from edms.access.policy import Action
from edms.capture.quarantine import MALWARE, set_aside
from edms.core.errors import ConfigurationError
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.searching import INDEX_TOPIC
from edms.screening.model import ContentScan
from edms.screening.protocol import MalwareScanner, Outcome, ScanVerdict
from edms.vault.model import StoredBlob

# A database of one's own signatures changes without clamd telling it, so a verdict is taken over for a day at most.
_TAKEN_OVER_FOR = timedelta(days=1)
_AT_ONCE = 20
_SCANNED_ROLES = (ComponentRole.ORIGINAL.value, ComponentRole.ATTACHMENT.value)
KEEPER = system_actor("screening")


@dataclass(frozen=True)
class Scan:
    """A verdict on the content with this hash. `fresh`: it was made now and is to be written down."""

    sha256: str
    verdict: ScanVerdict
    at: datetime
    fresh: bool = True

    def as_facts(self) -> dict[str, str]:
        """What is kept with the component: outcome, detail, engine, time."""
        told = self.verdict
        return {
            "outcome": told.outcome.value,
            "detail": told.detail,
            "engine": told.engine,
            "at": self.at.isoformat(),
        }


@dataclass
class RescanReport:
    """What a rescan did: contents scanned, and the records in which malware was found."""

    scanned: int = 0
    found: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {"scanned": self.scanned, "found": self.found}


def scan_content(archive: Archive, sha256: str, opened: Callable[[], AbstractContextManager[BinaryIO]]) -> Scan | None:
    """Return the verdict on a content; None where no scanner is configured. Raises ScannerUnavailable.

    The same content is not scanned again while the signatures are the same and the verdict is of the last day.
    """
    scanner = archive.scanner
    if scanner is None:
        return None
    now = archive.clock.now()
    with archive.database.reader() as session:
        known = session.get(ContentScan, sha256)
    if known is not None and now - known.scanned_at < _TAKEN_OVER_FOR and known.engine == scanner.engine():
        verdict = ScanVerdict(Outcome(known.outcome), known.detail, known.engine)
        return Scan(sha256, verdict, known.scanned_at, fresh=False)
    return _scan(scanner, sha256, opened, now)


def _scan(
    scanner: MalwareScanner, sha256: str, opened: Callable[[], AbstractContextManager[BinaryIO]], now: datetime
) -> Scan:
    with opened() as stream:
        return Scan(sha256, scanner.scan(stream), now)


def remember(session: Session, scans: list[Scan]) -> None:
    """Write the fresh verdicts down, in place of older ones on the same contents."""
    for scan in scans:
        if scan.fresh:
            try:
                with session.begin_nested():
                    _write(session, scan)
            except IntegrityError:  # another worker has just scanned the same content
                _write(session, scan)


def _write(session: Session, scan: Scan) -> None:
    row = session.get(ContentScan, scan.sha256, populate_existing=True)
    if row is None:
        row = ContentScan(sha256=scan.sha256, first_scanned_at=scan.at)
        session.add(row)
    row.outcome, row.detail = scan.verdict.outcome.value, scan.verdict.detail[:300]
    row.engine, row.scanned_at = scan.verdict.engine[:200], scan.at
    session.flush()


def malware_text(scan: Scan) -> str:
    """Return the reason for the quarantine of a file in which malware was found."""
    return f"malware was found in it: {scan.verdict.detail}"


def rescan(actor: Actor | None, archive: Archive, everything: bool) -> RescanReport:
    """Scan again what was last scanned with other signatures, or `everything`. Raises ScannerUnavailable.

    What is found in a record that is not declared puts it into quarantine. A declared record is evidence and stays:
    the finding is shown with it, warns before each download, and `edms doctor` tells of it.
    """
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    if archive.scanner is None:
        raise ConfigurationError("no malware scanner is configured", "name it in [screening] clamd")
    report, began = RescanReport(), archive.clock.now()
    engine = archive.scanner.engine()
    last = ""
    while contents := _contents(archive, last, None if everything else engine):
        for sha256, part in contents:
            _again(actor, archive, archive.scanner, sha256, part, report)
        last = contents[-1][0]
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        operation.about("archive", "", "archive.screened_again")
        operation.note(scanned=report.scanned, found=len(report.found), engine=engine, began=began.isoformat())
    return report


def rescan_when_newer(archive: Archive) -> bool:
    """Scan some recently captured contents again when the signatures are newer. For a worker between captures."""
    days = archive.settings.screening.rescan_days
    if archive.scanner is None or not days:
        return False
    report = RescanReport()
    query = select(ContentScan.sha256).where(
        ContentScan.first_scanned_at >= archive.clock.now() - timedelta(days=days),
        ContentScan.engine != archive.scanner.engine(),
    )
    with archive.database.reader() as session:
        contents = list(session.scalars(query.limit(_AT_ONCE)))
        parts = [(sha256, session.scalars(_parts_of(sha256).limit(1)).first()) for sha256 in contents]
    for sha256, part in parts:
        if part is not None:
            _again(KEEPER, archive, archive.scanner, sha256, part, report)
    return report.scanned > 0


def _contents(archive: Archive, after: str, other_than: str | None) -> list[tuple[str, Component]]:
    """The next contents by hash, each with one component that holds it."""
    query = (
        select(StoredBlob.sha256, Component)
        .join(Component, Component.blob_id == StoredBlob.id)
        .outerjoin(ContentScan, ContentScan.sha256 == StoredBlob.sha256)
        .where(Component.role.in_(_SCANNED_ROLES), StoredBlob.sha256 > after)
        .options(selectinload(Component.blob))
        .order_by(StoredBlob.sha256, Component.id)
        .limit(_AT_ONCE)
    )
    if other_than is not None:
        query = query.where(or_(ContentScan.engine.is_(None), ContentScan.engine != other_than))
    with archive.database.reader() as session:
        found: dict[str, Component] = {}
        for sha256, part in session.execute(query):
            found.setdefault(sha256, part)
        return list(found.items())


def _parts_of(sha256: str) -> Select[Component]:
    return (
        select(Component)
        .join(StoredBlob, StoredBlob.id == Component.blob_id)
        .where(StoredBlob.sha256 == sha256, Component.role.in_(_SCANNED_ROLES))
        .options(selectinload(Component.blob))
    )


def _again(
    actor: Actor | None, archive: Archive, scanner: MalwareScanner, sha256: str, part: Component, report: RescanReport
) -> None:
    scan = _scan(scanner, sha256, lambda: open_component(archive, part), archive.clock.now())
    report.scanned += 1
    with archive.door.write(actor, Action.ARCHIVE_MAINTAIN) as operation:
        operation.decide()
        operation.unrecorded()
        before = operation.session.get(ContentScan, sha256)
        known = before is not None and before.outcome == Outcome.INFECTED.value
        remember(operation.session, [scan])
        if scan.verdict.outcome is Outcome.INFECTED and not known:
            for record in _holders(operation.session, sha256):
                _found_in(operation, archive, record, scan)
                report.found.append(str(record.id))


def _holders(session: Session, sha256: str) -> Iterator[Record]:
    """Every record that holds this content, locked."""
    held = {part.record_id for part in session.scalars(_parts_of(sha256))}
    yield from session.scalars(select(Record).where(Record.id.in_(held)).order_by(Record.id).with_for_update())


def _found_in(operation: Operation, archive: Archive, record: Record, scan: Scan) -> None:
    if record.state == RecordState.PENDING.value:
        set_aside(operation, archive, record, MALWARE, malware_text(scan))
    operation.outbox(INDEX_TOPIC, record.id)
    operation.audit(
        "record.malware_found", "record", record.id, signature=scan.verdict.detail, engine=scan.verdict.engine
    )
