"""Bundles carry the evidence record; it is checked off line, by the program and by hand with OpenSSL and Python."""

import dataclasses
import io
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf

from edms.access.actors import Actor, console_actor
from edms.audit.bundle_format import EVIDENCE
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.evidence import bundle_bytes, public_keys
from edms.records.evidence_renewal import renew_evidence
from edms.signing.authority import AuthorityMaterial, renew_authority
from edms.signing.local import DevelopmentTimestamps
from edms.verify.bundle import check_bundle
from edms.verify.report import BundleReport
from edms.verify.trust import trusted_from_pem

CONSOLE = console_actor("tests")
Bundled = tuple[bytes, bytes, str]


@pytest.fixture
def bundled(embedded: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor]) -> Bundled:
    """Two bundles of records under one tree, after a renewal of each kind, and the archive's public keys."""
    assert isinstance(embedded.clock, FixedClock)
    ids = [capture(embedded, pdf(f"Surat {number}"), name=f"{number}.pdf").record_id for number in range(2)]
    capture(embedded, b"Catatan", name="catatan.txt")
    renew_evidence(CONSOLE, embedded)
    embedded.clock.set(MOMENT + timedelta(days=1640))
    material = AuthorityMaterial.from_json(embedded.keys.secret("authority"))
    renewed = renew_authority(material, "Pemerintah Kota", "ID", embedded.clock, 5)
    archive = dataclasses.replace(embedded, timestamps=DevelopmentTimestamps(renewed, embedded.clock))
    renew_evidence(CONSOLE, archive)
    signing = archive.settings.signing.model_copy(update={"evidence_algorithm": "sha512"})
    archive = dataclasses.replace(archive, settings=archive.settings.model_copy(update={"signing": signing}))
    renew_evidence(CONSOLE, archive)
    auditor = person(archive, "auditor")
    return bundle_bytes(auditor, archive, ids[0]), bundle_bytes(auditor, archive, ids[1]), public_keys(archive)


def checked(folder: Path, content: bytes, keys: str, years: float) -> BundleReport:
    file = folder / "bundle.zip"
    file.write_bytes(content)
    return check_bundle(file, trusted_from_pem(keys.encode()), FixedClock(MOMENT + timedelta(days=365 * years)))


def with_entry(content: bytes, name: str, replacement: bytes | None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry) if entry.filename != name else replacement
            if data is not None:
                new.writestr(entry, data)
    return out.getvalue()


def entry(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return bundle.read(name)


def test_it_holds_years_after_the_seal_has_aged(bundled: Bundled, tmp_path: Path) -> None:
    first, _second, keys = bundled
    report = checked(tmp_path, first, keys, 8)
    assert report.faults == []
    assert report.checked["evidence records"] == 1
    assert any(f"it existed by {MOMENT.isoformat()}, shown by 3 timestamps" in note for note in report.notes)
    assert any("development authority" in note for note in report.notes)


def test_it_does_not_hold_when_the_newest_timestamp_has_aged(bundled: Bundled, tmp_path: Path) -> None:
    first, _second, keys = bundled
    (fault,) = checked(tmp_path, first, keys, 11).faults
    assert (fault.kind, fault.id) == ("evidence", EVIDENCE)
    assert "timestamp 3 of 3: its certificate ended" in fault.detail


@pytest.mark.parametrize(
    "altered",
    [
        lambda first, second: with_entry(first, EVIDENCE, entry(second, EVIDENCE)),
        lambda first, _second: with_entry(first, EVIDENCE, entry(first, EVIDENCE)[:-1]),
        lambda first, _second: with_entry(first, EVIDENCE, b""),
        lambda first, _second: with_entry(
            first, EVIDENCE, entry(first, EVIDENCE).replace(b"contoh", b"Contoh", 1)[::-1]
        ),
    ],
    ids=["of another record", "cut", "empty", "backwards"],
)
def test_another_evidence_record_is_named(
    bundled: Bundled, tmp_path: Path, altered: Callable[[bytes, bytes], bytes]
) -> None:
    first, second, keys = bundled
    faults = checked(tmp_path, altered(first, second), keys, 8).faults
    assert {fault.kind for fault in faults} == {"evidence"}


def test_another_component_is_not_what_the_evidence_covers(bundled: Bundled, tmp_path: Path) -> None:
    first, _second, keys = bundled
    altered = with_entry(first, "components/text/text.json", b"{}")
    assert {fault.kind for fault in checked(tmp_path, altered, keys, 8).faults} == {"component", "evidence"}


def test_a_record_that_is_not_covered_has_none(
    embedded: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor], tmp_path: Path
) -> None:
    record_id = capture(embedded, b"Catatan", name="catatan.txt").record_id
    content = bundle_bytes(person(embedded, "auditor"), embedded, record_id)
    report = checked(tmp_path, content, public_keys(embedded), 1)
    assert report.ok
    assert "evidence records" not in report.checked


def by_hand(folder: Path, content: bytes, keys: str, moment: datetime) -> subprocess.CompletedProcess[str]:
    """Do step 6 of the README as it stands there; OpenSSL is told the time of checking, which is not today's."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        bundle.extractall(folder)
    (folder / "roots.pem").write_text(keys)
    readme = (folder / "README.txt").read_text()
    lines = readme[readme.index("6. Bukti") :].splitlines()
    commands = [line[3:] for line in lines if line.startswith("   ") and not line.startswith("   The ")]
    at = int(moment.timestamp())
    script = "\n".join(commands).replace("-CAfile roots.pem", f"-CAfile roots.pem -attime {at}")
    return subprocess.run(["bash", "-e", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def test_by_hand(bundled: Bundled, tmp_path: Path) -> None:
    first, second, keys = bundled
    moment = MOMENT + timedelta(days=1641)
    (tmp_path / "good").mkdir()
    done = by_hand(tmp_path / "good", first, keys, moment)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("Verification: OK") == 3
    (tmp_path / "wrong").mkdir()
    done = by_hand(tmp_path / "wrong", with_entry(first, EVIDENCE, entry(second, EVIDENCE)), keys, moment)
    assert "the documents are not covered" in done.stderr
