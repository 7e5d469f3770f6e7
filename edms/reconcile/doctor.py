"""Looking at an installation and saying what to mend."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import StorageFault
from edms.core.migrations import current_revision
from edms.jobs.model import Job, JobState
from edms.operation.model import OutboxEntry
from edms.reconcile.directory import directory_findings
from edms.reconcile.disks import space_findings
from edms.reconcile.memory import memory_findings
from edms.reconcile.search import search_findings
from edms.records.alerts import unseen
from edms.records.archive import Archive
from edms.records.findings import Finding, worst_first
from edms.records.model import Component, Record
from edms.records.retention import RETENTION_TOPIC
from edms.screening.model import ContentScan
from edms.screening.protocol import ScannerUnavailable
from edms.search.synonyms import read as read_synonyms
from edms.signing.authority import RENEW_BEFORE
from edms.signing.errors import RevocationUnavailable, SignerUnavailable
from edms.text.ocr import ocr_available
from edms.text.office_printer import printer_status
from edms.vault.file_provider import is_locked, permission_findings
from edms.vault.model import KeyRotation, StoredBlob

_LONG_QUIET = timedelta(days=180)
_CLOCK_TOLERANCE = timedelta(minutes=10)


def examine(actor: Actor | None, archive: Archive) -> list[Finding]:
    """Return findings, the worst first."""
    archive.door.permit(actor, Action.ARCHIVE_MAINTAIN)
    found = [
        *_keys(archive),
        *_programs(archive),
        *memory_findings(archive),
        *_scanner(archive),
        *directory_findings(archive),
        *space_findings(archive),
        *_work(archive),
        *_synonyms(archive),
        *search_findings(archive),
        *_facts(archive),
    ]
    return worst_first(found)


def _keys(archive: Archive) -> Iterator[Finding]:
    settings = archive.settings
    keys = settings.keys_path
    if keys.is_relative_to(settings.storage.path):
        yield Finding(
            "warning",
            f"the keys lie beside the data they open ({keys}): who copies the storage folder reads the archive",
            "stop the service, move the folder to another disk or key medium, set [keys] path to it, start again",
        )
    for problem in permission_findings(keys):
        yield Finding("error", problem, "chmod 700 the folder and 600 the files in it")
    if settings.keys.provider == "file" and not is_locked(keys):
        yield Finding(
            "warning",
            "the key file has no passphrase: it opens the archive as it lies",
            "for production set one: edms keys passphrase",
        )
    yield from _certificate(archive)
    yield from _personal(archive)
    with archive.database.reader() as session:
        if session.scalar(select(func.count()).select_from(KeyRotation).where(KeyRotation.finished_at.is_(None))):
            yield Finding("warning", "a rotation of the keys was interrupted", "finish it: edms keys rotate")
    yield from _signer(archive)
    if archive.timestamps.development:
        yield Finding(
            "warning",
            "timestamps are by the built-in development authority, which proves nothing to outsiders",
            "set [signing] timestamp_url to a recognised RFC 3161 authority",
        )
    elif settings.signing.fall_back_to_development:
        yield Finding(
            "warning",
            "the built-in development authority stamps when no other answers: such times prove nothing to outsiders",
            "set [signing] fall_back_to_development to false, or look at `edms evidence status` for how many there are",
        )


def _signer(archive: Archive) -> Iterator[Finding]:
    """Who seals, whether a seal could be made now, and whether it would reach the level that is asked for."""
    signer, rules = archive.signer, archive.seal_rules
    ends = f"{signer.certificate.not_valid_after:%Y-%m-%d}"
    yield Finding(
        "info", f"seals are made by: {signer.provider}, level {rules.profile}; its certificate ends on {ends}"
    )
    if signer.pilot:
        yield Finding(
            "warning", "seals are made by a local pilot authority", "configure a recognised signer: [signing] provider"
        )
    try:
        signer.require_ready()
        if rules.profile != "B-T":
            known, roots = list(signer.pyhanko().cert_registry), archive.trust.roots
            rules.revocation.collect(signer.certificate, known, roots, archive.clock.now())
    except RevocationUnavailable as fault:
        what = "wait" if rules.waits else "are made at B-T"
        yield Finding(
            "error" if rules.waits else "warning",
            f"seals {what}: the level {rules.profile} cannot be reached: {fault.message}",
            "see [signing] profile and without_revocation_data",
        )
    except SignerUnavailable as fault:
        yield Finding("error", f"seals wait: {fault.message}", fault.mend)


def _personal(archive: Archive) -> Iterator[Finding]:
    """Personal signatures: by whom, and whether the address in their QR codes is known."""
    if archive.personal is None:
        return
    if archive.personal.pilot:
        yield Finding(
            "warning",
            "officials sign with certificates of the pilot authority, which nobody outside recognises",
            "set [signing] personal to bsre when the officials have certificates of the certified service",
        )
    if not archive.settings.server.public_url:
        yield Finding(
            "warning",
            "personal signatures are on and [server] public_url is empty: their QR codes would lead nowhere",
            "set it to the address under which people outside reach this archive; until then nothing can be signed",
        )


def _certificate(archive: Archive) -> Iterator[Finding]:
    """Whether seals can be made now, and for how long; and whether the clock can be right at all."""
    now, certificate = archive.clock.now(), archive.signer.certificate
    first, last = certificate.not_valid_before, certificate.not_valid_after
    renew = "edms init makes new certificates; then start the service again"
    if not archive.signer.pilot:
        renew = "get a new certificate, save it first in the file of [signing] certificates; then start again"
    if not first <= now <= last:
        yield Finding(
            "error",
            f"the certificate of the seal is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}, "
            f"and it is {now:%Y-%m-%d}: nothing can be declared",
            f"is the clock of this machine right? If it is: {renew}",
        )
    elif last < now + RENEW_BEFORE:
        yield Finding("warning", f"the certificate of the seal ends on {last:%Y-%m-%d}", renew)
    with archive.database.reader() as session:
        newest = archive.trail.newest_time(session)
    if newest is not None and newest > now + _CLOCK_TOLERANCE:
        yield Finding(
            "error",
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, and the audit trail already has an entry of "
            f"{newest:%Y-%m-%d %H:%M}",
            "set the clock right; if it was ahead before, the trail keeps that time until the clock has caught up",
        )
    elif newest is not None and newest < now - _LONG_QUIET:
        yield Finding(
            "warning",
            f"the clock says {now:%Y-%m-%d}, and the newest entry of the audit trail is of {newest:%Y-%m-%d}",
            "if the archive was in use since then, the clock is ahead: set it right before anything is captured",
        )


def _programs(archive: Archive) -> Iterator[Finding]:
    status = ocr_available(archive.settings.text)
    if not status.available:
        yield Finding("warning", f"scans are kept but not recognised: {status.reason}", status.mend)
    printer = printer_status(archive.settings.text)
    if not printer.available:
        yield Finding("warning", f"office documents have no PDF/A copy: {printer.reason}", printer.mend)
    with contextlib.suppress(StorageFault):  # the findings about the disks tell of it
        yield Finding("info", f"parsers are isolated by: {archive.sandbox.isolation()}")


def _scanner(archive: Archive) -> Iterator[Finding]:
    if archive.scanner is None:
        yield Finding("warning", "files are not scanned for malware", "install clamd and name it in [screening] clamd")
        return
    try:
        yield Finding("info", f"files are scanned for malware by {archive.scanner.engine()}")
    except ScannerUnavailable as fault:
        yield Finding("error", f"{fault.message}: files wait for it", fault.mend)
    with archive.database.reader() as session:
        infected = select(func.count(Record.id.distinct())).join(Component).join(StoredBlob)
        infected = infected.join(ContentScan, ContentScan.sha256 == StoredBlob.sha256)
        count = session.scalar(infected.where(ContentScan.outcome == "infected", Record.state == "declared"))
    if count:
        yield Finding("error", f"malware was found later in {count} declared records", "see their history")


def _work(archive: Archive) -> Iterator[Finding]:
    now = archive.clock.now()
    with archive.database.reader() as session:
        alerts = unseen(session)
        late = session.scalar(
            select(func.count())
            .select_from(Job)
            .where(Job.state == JobState.READY.value, Job.created_at < now - timedelta(minutes=10))
        )
        failed = session.scalar(select(func.count()).select_from(Job).where(Job.state == JobState.FAILED.value))
        waiting = session.scalar(
            select(func.count())
            .select_from(OutboxEntry)
            # What retention is to look at waits for the night.
            .where(OutboxEntry.created_at < now - timedelta(minutes=10), OutboxEntry.topic != RETENTION_TOPIC)
        )
    if alerts:
        yield Finding("error", f"{alerts} faults that nobody has looked at", "edms alerts list")
    if late:
        yield Finding(
            "warning", f"{late} files wait longer than ten minutes", "is a worker running? edms serve or edms worker"
        )
    if waiting:
        yield Finding(
            "warning", f"{waiting} changes wait longer than ten minutes for the index", "edms reindex, then look again"
        )
    if failed:
        yield Finding("info", f"{failed} files are in quarantine", "see the quarantine page")


def _synonyms(archive: Archive) -> Iterator[Finding]:
    folder = archive.settings.search.synonyms
    for problem in read_synonyms(folder).problems if folder else ():
        yield Finding("warning", f"{problem}: not read as a synonym", f"mend it in {folder}; nothing is started again")


def _facts(archive: Archive) -> Iterator[Finding]:
    kind = "SQLite under SQLCipher" if archive.database.is_sqlite else "PostgreSQL"
    yield Finding("info", f"database: {kind}, revision {current_revision(archive.database)}")
