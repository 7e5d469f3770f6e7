"""A clock years ahead, certificates at their end: no invalid seal comes out, and `edms init` makes new certificates."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf, settings_in, settle

from edms.access.actors import Actor, console_actor
from edms.bootstrap import initialise, open_archive
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import ConfigurationError
from edms.core.settings import SigningSettings
from edms.reconcile.doctor import examine
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.evidence import export_bundle
from edms.records.model import Record
from edms.verify.bundle import check_bundle
from edms.verify.trust import trusted_from_pem

CONSOLE = console_actor("tests")
YEARS_LATER = MOMENT + timedelta(days=366 * 5 + 10)


def state(archive: Archive, accepted: Accepted) -> Record:
    with archive.database.reader() as session:
        return session.get_one(Record, accepted.record_id)


def reopened(archive: Archive, folder: Path, clock: FixedClock) -> Archive:
    """The archive as a service started again opens it, with the test process's parsers."""
    archive.database.close()
    opened = open_archive(settings_in(folder), clock)
    return dataclasses.replace(opened, sandbox=archive.sandbox, reader=archive.reader, ocr=archive.ocr)


def test_no_seal_after_the_end_and_a_renewal_mends_it(
    embedded: Archive,
    installation: Path,
    capture: Callable[..., Accepted],
    person: Callable[[Archive, str], Actor],
    tmp_path: Path,
) -> None:
    before = capture(embedded, pdf("Sebelum habis masa berlaku"))
    assert state(embedded, before).state == "declared"
    clock = FixedClock(YEARS_LATER)
    late = reopened(embedded, installation, clock)
    findings = [finding for finding in examine(CONSOLE, late) if finding.level == "error"]
    assert any("certificate of the seal" in finding.what and "edms init" in finding.mend for finding in findings)

    after = capture(late, pdf("Sesudah habis masa berlaku"))
    assert state(late, after).state == "pending"
    assert state(late, after).declared_at is None
    assert verify_all(CONSOLE, late).ok

    initialise(settings_in(installation), CONSOLE, demo=True, clock=clock)
    renewed = reopened(late, installation, clock)
    assert renewed.keys.names().count("authority-2") == 1
    for _attempt in range(6):
        clock.set(clock.now() + timedelta(minutes=10))
        settle(renewed)
    assert state(renewed, after).state == "declared"
    report = verify_all(CONSOLE, renewed)
    assert report.ok, report.faults
    assert report.checked["seals"] == 2
    for accepted in (before, after):
        target = tmp_path / f"{accepted.record_id}.zip"
        export_bundle(person(renewed, "auditor"), renewed, accepted.record_id, target)
        for known in (embedded.public_pem, renewed.public_pem):
            assert check_bundle(target, trusted_from_pem(known.encode())).faults == []
    initialise(settings_in(installation), CONSOLE, demo=True, clock=clock)
    assert "authority-3" not in renewed.keys.names()
    renewed.database.close()


def test_doctor_warns_before_the_end(embedded: Archive, installation: Path) -> None:
    soon = reopened(embedded, installation, FixedClock(MOMENT + timedelta(days=366 * 5 - 60)))
    assert any("certificate of the seal ends" in finding.what for finding in examine(CONSOLE, soon))
    soon.database.close()


def test_doctor_sees_a_clock_that_was_ahead(embedded: Archive, installation: Path) -> None:
    """The trail keeps the order of things: what came in under a wrong clock stays dated so, and must be noticed."""
    behind = reopened(embedded, installation, FixedClock(MOMENT - timedelta(days=1)))
    assert any("audit trail already has an entry" in finding.what for finding in examine(CONSOLE, behind))
    behind.database.close()


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), (b"no pem", "signing.timestamp_roots"), (b"", "not a PEM")]
)
def test_an_authority_of_others_needs_its_root(
    installation: Path, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_bytes(content)
    signing = SigningSettings(timestamp_url="http://127.0.0.1:9/", timestamp_roots=file)
    with pytest.raises(ConfigurationError, match=told):
        open_archive(settings_in(installation).model_copy(update={"signing": signing}))
    with pytest.raises(ConfigurationError, match="timestamp_roots is not"):
        open_archive(
            settings_in(installation).model_copy(
                update={"signing": SigningSettings(timestamp_url="http://127.0.0.1:9/")}
            )
        )
