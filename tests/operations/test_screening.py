"""Screening for malware in the pipeline: held without a verdict, set aside with malware, scanned once, and again."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from archive_fixtures import OWNER, pdf, settle
from scanners import MALWARE, NAME, STREAM_LIMIT, ClamdServer
from sqlalchemy import select

from edms.access.actors import Actor, console_actor
from edms.capture.accept import Accepted
from edms.capture.progress import progress_of
from edms.capture.screening import rescan, rescan_when_newer
from edms.capture.work import work_until_idle
from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError
from edms.jobs.model import Job
from edms.reconcile.doctor import examine
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.screening.clamd import Clamd
from edms.screening.model import ContentScan
from edms.screening.protocol import ScannerUnavailable

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
CONSOLE = console_actor("tests")


def guarded(archive: Archive, address: str, most: int = 10**9) -> Archive:
    """The archive with a scanner at `address`."""
    return dataclasses.replace(archive, scanner=Clamd(address, 120, most))


def state(archive: Archive, accepted: Accepted, person: Person) -> tuple[str, str, str]:
    (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
    return found.state, found.reason_code, found.reason


def original_facts(archive: Archive, accepted: Accepted, person: Person) -> dict[str, Any]:
    details = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id)
    return dict(next(part["facts"] for part in details.components if part["role"] == "original"))


def later(archive: Archive, **by: float) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(**by))


def test_clean_files_go_on_and_what_scanned_them_is_kept(
    archive: Archive, capture: Capture, person: Person, clamd: ClamdServer
) -> None:
    accepted = capture(guarded(archive, clamd.address), pdf("Surat bersih"))
    assert state(archive, accepted, person)[0] == "declared"
    original = original_facts(archive, accepted, person)
    scan = original["malware_scan"]
    assert (scan["outcome"], scan["engine"][:7]) == ("clean", "ClamAV ")


def test_malware_is_set_aside_by_its_name_and_never_parsed(
    archive: Archive, capture: Capture, person: Person, clamd: ClamdServer
) -> None:
    accepted = capture(guarded(archive, clamd.address), pdf("Surat") + MALWARE)
    assert state(archive, accepted, person) == ("quarantined", "malware", f"malware was found in it: {NAME}")
    (original,) = record_details(person(archive, "clerk-dinkes"), archive, accepted.record_id).components
    assert original["media_type"] == "application/octet-stream", "nobody looked at what it is"


def test_without_a_verdict_a_file_waits_for_days_and_spends_no_attempt(
    archive: Archive, capture: Capture, person: Person, own_clamd: ClamdServer
) -> None:
    held = guarded(archive, own_clamd.address)
    accepted = capture(held, pdf("Surat yang menunggu"), work=False)
    for _day in range(8):
        work_until_idle(held, OWNER)
        (found,) = progress_of(person(archive, "clerk-dinkes"), archive, [accepted.record_id])
        assert (found.state, "cannot be reached" in found.postponed) == ("processing", True)
        with archive.database.reader() as session:
            job = session.scalars(select(Job).where(Job.subject_id == accepted.record_id)).one()
            assert job.attempts == 0
        later(archive, days=1)
    own_clamd.start()
    settle(held)
    assert state(archive, accepted, person)[0] == "declared"


def test_a_scanner_that_dies_in_between_holds_the_rest(
    embedded: Archive, capture: Capture, person: Person, own_clamd: ClamdServer
) -> None:
    own_clamd.start()
    held = guarded(embedded, own_clamd.address)
    first = capture(held, pdf("Yang pertama"))
    own_clamd.stop()
    second = capture(held, pdf("Yang kedua") + MALWARE)
    assert state(embedded, first, person)[0] == "declared"
    assert state(embedded, second, person)[0] == "processing"
    own_clamd.start()
    later(embedded, hours=1)
    settle(held)
    assert state(embedded, second, person)[1] == "malware"


def test_what_is_too_large_to_scan_is_not_clean(
    embedded: Archive, capture: Capture, person: Person, clamd: ClamdServer
) -> None:
    large = pdf("Surat besar") + b"\n%" + b"x" * STREAM_LIMIT
    accepted = capture(guarded(embedded, clamd.address), large)
    assert state(embedded, accepted, person)[:2] == ("quarantined", "flag_too_large_to_scan")
    lenient = embedded.settings.screening.model_copy(update={"quarantine": ()})
    permitting = dataclasses.replace(embedded, settings=embedded.settings.model_copy(update={"screening": lenient}))
    other = capture(guarded(permitting, clamd.address), large + b"y")
    assert state(embedded, other, person)[0] == "declared"
    original = original_facts(embedded, other, person)
    assert "too_large_to_scan" in original["flags"]


def test_one_content_is_scanned_once_for_all_offices(embedded: Archive, capture: Capture, clamd: ClamdServer) -> None:
    content = pdf("Edaran untuk semua")
    capture(guarded(embedded, clamd.address), content)
    with embedded.database.reader() as session:
        before = session.scalars(select(ContentScan)).one().scanned_at
    later(embedded, hours=2)
    capture(guarded(embedded, clamd.address), content, by="clerk-bappeda")
    with embedded.database.reader() as session:
        assert session.scalars(select(ContentScan)).one().scanned_at == before
    later(embedded, days=2)
    capture(guarded(embedded, clamd.address), content, by="records", office="setda")
    with embedded.database.reader() as session:
        assert session.scalars(select(ContentScan)).one().scanned_at > before


def test_a_newer_signature_finds_what_came_in_before(
    archive: Archive, capture: Capture, person: Person, own_clamd: ClamdServer
) -> None:
    own_clamd.start()
    scanned = guarded(archive, own_clamd.address)
    declared = capture(scanned, pdf("Surat lama") + b"BARU-DIKENAL")
    waiting = capture(scanned, pdf("Surat menunggu") + b"BARU-DIKENAL", class_code=None)
    assert rescan(CONSOLE, scanned, everything=False).scanned == 0
    own_clamd.stop()
    own_clamd.know("Edms.Test.Newer", b"BARU-DIKENAL")
    own_clamd.start()
    report = rescan(CONSOLE, scanned, everything=True)
    assert report.scanned == 2
    assert sorted(report.found) == sorted([str(declared.record_id), str(waiting.record_id)])
    assert state(archive, waiting, person)[:2] == ("quarantined", "malware")
    assert state(archive, declared, person)[0] == "declared", "evidence stays evidence"
    history = record_details(person(archive, "clerk-dinkes"), archive, declared.record_id).history
    assert "record.malware_found" in [event["action"] for event in history]
    assert any("malware was found later in 1 declared" in finding.what for finding in examine(CONSOLE, scanned))
    assert rescan(CONSOLE, scanned, everything=True).found == [], "what is known is not found anew"


def test_workers_look_again_when_the_signatures_have_another_name(
    archive: Archive, capture: Capture, person: Person, clamd: ClamdServer
) -> None:
    scanned = guarded(archive, clamd.address)
    capture(scanned, pdf("Surat kemarin"))
    assert rescan_when_newer(scanned) is False
    with archive.database.writer() as session:
        session.scalars(select(ContentScan)).one().engine = "ClamAV 1.0.0/26000"
        session.commit()
    later(archive, days=archive.settings.screening.rescan_days + 1)
    assert rescan_when_newer(scanned) is False, "it came in too long ago"
    later(archive, days=-2)
    assert rescan_when_newer(scanned) is True
    assert rescan_when_newer(scanned) is False


def test_without_a_scanner_nothing_can_be_scanned_again_and_doctor_says_so(embedded: Archive) -> None:
    with pytest.raises(ConfigurationError, match="no malware scanner"):
        rescan(CONSOLE, embedded, everything=False)
    assert rescan_when_newer(embedded) is False
    assert any("not scanned for malware" in finding.what for finding in examine(CONSOLE, embedded))
    away = guarded(embedded, "unix:/nonexistent/clamd.sock")
    assert any(finding.level == "error" and "cannot be reached" in finding.what for finding in examine(CONSOLE, away))
    with pytest.raises(ScannerUnavailable):
        rescan(CONSOLE, away, everything=False)
