"""Faults are told once, stay until mended, and are never silent; reading goes round, whatever is killed in between."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from sqlalchemy import func, select, update

from edms.access.actors import Actor, console_actor
from edms.audit.model import AuditLeaf
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import IntegrityFault, Refused
from edms.reconcile import rolling
from edms.reconcile.rolling import status, verify_share
from edms.reconcile.whole import verify_all, verify_record
from edms.records.alerts import Unseen, acknowledge, count_alerts, open_alerts
from edms.records.alerts_model import FixityCheck, VerificationRun
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.model import Component, ComponentRole, Record

CONSOLE = console_actor("tests")
Capture = Callable[..., Accepted]
People = Callable[[Archive, str], Actor]


def blob_of(archive: Archive, record: object, role: ComponentRole = ComponentRole.ORIGINAL) -> Path:
    with archive.database.reader() as session:
        query = select(Component).where(Component.record_id == record, Component.role == role.value)
        name = session.scalars(query).one().blob.name
    return next(path for path in (archive.settings.storage.path / "blobs").rglob(name))


def flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def events(archive: Archive, action: str) -> int:
    with archive.database.reader() as session:
        return session.scalar(select(func.count()).select_from(AuditLeaf).where(AuditLeaf.action == action)) or 0


def failed(archive: Archive, record: object) -> bool:
    with archive.database.reader() as session:
        return session.scalars(select(Record.fixity_failed).where(Record.id == record)).one()


def read_all(archive: Archive) -> int:
    """Do slices until there is nothing to do now; return how many."""
    return next(count for count in range(200) if not verify_share(archive))


def test_a_fault_is_told_once_and_cleared_when_mended(archive: Archive, capture: Capture) -> None:
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    path = blob_of(archive, record)
    flip(path)
    for _day in range(3):
        assert not verify_all(CONSOLE, archive).ok
    assert events(archive, "alert.raised") == 1
    assert [(one.kind, one.subject) for one in open_alerts(CONSOLE, archive)] == [("blob", path.name)]
    assert failed(archive, record)
    flip(path)
    assert verify_all(CONSOLE, archive).ok
    assert events(archive, "alert.cleared") == 1
    assert open_alerts(CONSOLE, archive) == []
    assert not failed(archive, record)


def test_a_fault_met_on_reading_is_never_silent(archive: Archive, capture: Capture, person: People) -> None:
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    flip(blob_of(archive, record))
    for _again in range(2):
        got = download(person(archive, "records"), archive, record, ComponentRole.ORIGINAL)
        with got.stream, pytest.raises(IntegrityFault):
            got.stream.read()
    assert count_alerts(person(archive, "records"), archive) == Unseen(1)
    assert failed(archive, record)
    assert events(archive, "record.read_fault") == 2
    report = verify_record(CONSOLE, archive, record)
    assert len(report.faults) == len(open_alerts(CONSOLE, archive)) == 1


def test_somebody_says_that_they_looked(archive: Archive, capture: Capture, person: People) -> None:
    record = capture(archive, pdf("Surat"), number="1/2026").record_id
    flip(blob_of(archive, record))
    verify_record(CONSOLE, archive, record)
    officer, administrator = person(archive, "records"), person(archive, "admin")
    alert = open_alerts(officer, archive)[0]
    assert open_alerts(administrator, archive)[0].subject == "", "that there is one, not on what"
    with pytest.raises(Refused):
        acknowledge(officer, archive, alert.id, " ")
    acknowledge(officer, archive, alert.id, "cadangan diminta")
    assert count_alerts(officer, archive) == Unseen()
    assert open_alerts(officer, archive)[0].note == "cadangan diminta"
    with archive.database.reader() as session:
        query = select(AuditLeaf.body).where(AuditLeaf.action == "alert.acknowledged")
        assert all(b"cadangan" not in body for body in session.scalars(query))


def test_every_record_is_read_in_its_days(archive: Archive, capture: Capture) -> None:
    """A share each day, the oldest first, new ones between slices too; after the days each was read."""
    ids = [capture(archive, pdf(f"Surat {number}"), number=f"{number}/2026").record_id for number in range(6)]
    days = 3
    settings = archive.settings.verification.model_copy(update={"every_days": days, "bytes_per_second": 0})
    object.__setattr__(archive.settings, "verification", settings)
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    per_day = []
    for day in range(days):
        clock.set(MOMENT + timedelta(days=day))
        read_all(archive)
        with archive.database.reader() as session:
            seen = select(func.count()).select_from(FixityCheck).where(FixityCheck.checked_at == clock.now())
            per_day.append(session.scalar(seen))
        if day == 0:
            ids.append(capture(archive, pdf("Surat baru"), number="9/2026").record_id)
    assert per_day == [2, 3, 3], "a third of what there is, rounded up"
    with archive.database.reader() as session:
        read = {row.record_id for row in session.scalars(select(FixityCheck)) if row.checked_at}
    assert read == set(ids)
    assert status(CONSOLE, archive)["never_read"] == 0


@pytest.mark.parametrize("years", [-20, 20], ids=["back", "ahead"])
def test_a_clock_years_off_neither_starves_nor_stops(archive: Archive, capture: Capture, years: int) -> None:
    for number in range(3):
        capture(archive, pdf(f"Surat {number}"), number=f"{number}/2026")
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    clock.set(MOMENT + timedelta(days=365 * years))
    read_all(archive)
    clock.set(MOMENT + timedelta(days=1))
    for day in range(1, 4):
        clock.set(MOMENT + timedelta(days=day))
        read_all(archive)
    with archive.database.reader() as session:
        times = list(session.scalars(select(FixityCheck.checked_at)))
        assert len(times) == 3
        assert all(moment and MOMENT < moment < MOMENT + timedelta(days=5) for moment in times)


def test_a_run_that_was_killed_goes_on_where_it_was(
    archive: Archive, capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read stays read; a fault that was found before is in the answer of the run that goes on."""
    ids = [capture(archive, pdf(f"Surat {number}"), number=f"{number}/2026").record_id for number in range(4)]
    flip(blob_of(archive, ids[0]))
    monkeypatch.setattr("edms.reconcile.whole.CHUNK", 2)
    kept = rolling.keep_records

    def killed(actor, archive, run_id, found, part):  # type: ignore[no-untyped-def]
        kept(actor, archive, run_id, found, part)
        raise KeyboardInterrupt

    monkeypatch.setattr("edms.reconcile.whole.keep_records", killed)
    with pytest.raises(KeyboardInterrupt):
        verify_all(CONSOLE, archive)
    monkeypatch.setattr("edms.reconcile.whole.keep_records", kept)
    report = verify_all(CONSOLE, archive, resume=True)
    assert report.checked["records"] == 4
    assert [fault.kind for fault in report.faults] == ["blob"]
    with archive.database.reader() as session:
        assert len(list(session.scalars(select(VerificationRun)))) == 1


def test_a_worker_that_was_killed_gives_its_lease_back_in_time(archive: Archive) -> None:
    clock = archive.clock
    assert isinstance(clock, FixedClock)
    rolling.begin_run(rolling.VERIFIER, archive, everything=False)
    assert not verify_share(archive), "another worker has it"
    clock.set(MOMENT + timedelta(minutes=16))
    assert verify_share(archive)
    with archive.database.writer() as session:
        session.execute(update(VerificationRun).values(leased_until=MOMENT + timedelta(days=9000)))
        session.commit()
    assert verify_share(archive), "a lease from a clock that was ahead holds nobody up"


def test_reading_keeps_below_its_limit() -> None:
    rested: list[float] = []
    throttle = rolling.Throttle(1000, rested.append)
    throttle.rest(500, 0.1)
    throttle.rest(10, 0.1)
    assert rested == [0.4]
