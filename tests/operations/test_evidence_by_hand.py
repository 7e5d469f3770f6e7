"""Every command in the README of a real bundle, run in an unpacked folder: all hold; on a tampered one they fail."""

import dataclasses
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from archive_fixtures import pdf
from trails import grow

from edms.access.actors import Actor, console_actor
from edms.audit.cosignature import cosign, witness_key
from edms.audit.model import AuditCosignature
from edms.audit.publication import newest_checkpoint
from edms.audit.witness_client import Witness
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.checkpoints import tend_checkpoints
from edms.records.evidence import bundle_bytes, new_checkpoint, public_keys
from edms.records.evidence_renewal import renew_evidence
from edms.signing.authority import create_authority

SEED = b"w" * 32
WITNESS = witness_key("kabupaten-witness", SEED)


@pytest.fixture
def archive_today(embedded: Archive) -> Archive:
    """OpenSSL judges certificates as of now, so that the archive's clock has to tell the same time."""
    assert isinstance(embedded.clock, FixedClock)
    embedded.clock.set(max(embedded.clock.now(), datetime.now(UTC)))
    return dataclasses.replace(embedded, witnesses=(Witness("http://127.0.0.1:9", WITNESS),))


@pytest.fixture
def bundle(
    archive_today: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor]
) -> tuple[bytes, str]:
    """A bundle with everything that one can have: evidence record, timestamped and cosigned checkpoint."""
    archive = archive_today
    record_id = capture(archive, pdf("Keputusan"), name="Surat keputusan 'lama'.pdf").record_id
    renew_evidence(console_actor("tests"), archive)
    tend_checkpoints(archive)
    with archive.database.writer() as session:
        newest = newest_checkpoint(session)
        assert newest is not None
        line = cosign(newest.note, WITNESS.name, SEED, archive.clock.now())
        session.add(AuditCosignature(size=newest.size, witness=WITNESS.name, line=line))
        session.commit()
    return bundle_bytes(person(archive, "auditor"), archive, record_id), public_keys(archive)


def unpacked(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        package.extractall(folder)
    return folder


def commands(readme: str) -> str:
    """Return every command of part B: the indented lines between paragraphs of prose."""
    lines = readme[readme.index("B. ") :].splitlines()
    kept, inside = [], False
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("   ") and (inside or not before.strip()):
            prose = not inside and line[3:4].isupper()
            inside = not prose
            if inside:
                kept.append(line[3:])
        else:
            inside = False
    return "\n".join(kept)


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    script = "set -e\n" + commands((folder / "README.txt").read_text("utf-8"))
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_every_command_of_the_readme_holds(bundle: tuple[bytes, str], tmp_path: Path) -> None:
    content, keys = bundle
    folder = unpacked(tmp_path / "unpacked", content)
    (folder / "archive.pem").write_text(keys)
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert said.count("Verification: OK") == 3, "seal, checkpoint and evidence record are timestamped"
    assert said.count("Signature Verified Successfully") == 2, "the trail and the witness signed"
    assert "CMS Verification successful" in said
    used = ("sha256sum", "cms", "x509", "ts", "pkeyutl", "python3")
    assert all(word in commands((folder / "README.txt").read_text("utf-8")) for word in used)


def test_without_keys_from_elsewhere_the_copy_in_the_bundle_is_used(bundle: tuple[bytes, str], tmp_path: Path) -> None:
    assert run(unpacked(tmp_path / "unpacked", bundle[0])).returncode == 0


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "seal.p7s", "audit/leaf.json", "audit/checkpoint.txt", "timestamps/seal.tst",
     "timestamps/seal.bin", "timestamps/checkpoint.tst", "evidence/record.ers", "components/original/*"],
)  # fmt: skip
def test_on_a_tampered_bundle_they_fail(bundle: tuple[bytes, str], tmp_path: Path, name: str) -> None:
    content, keys = bundle
    folder = unpacked(tmp_path / "unpacked", content)
    (folder / "archive.pem").write_text(keys)
    (file,) = folder.glob(name)
    flipped(file)
    assert run(folder).returncode != 0


def test_a_witness_that_did_not_sign_fails(bundle: tuple[bytes, str], tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "unpacked", bundle[0])
    (folder / "witnesses.txt").write_text(witness_key(WITNESS.name, b"v" * 32).text + "\n")
    assert run(folder).returncode != 0


def test_a_proof_for_another_place_fails(bundle: tuple[bytes, str], tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "unpacked", bundle[0])
    proof = folder / "audit" / "proof.json"
    proof.write_text(proof.read_text().replace('"index": ', '"index": 1'))
    assert run(folder).returncode != 0


def test_a_forged_bundle_fails_by_keys_from_elsewhere(bundle: tuple[bytes, str], tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "unpacked", bundle[0])
    other = create_authority("Orang lain", "ID", FixedClock(datetime.now(UTC)), 5)
    (folder / "archive.pem").write_text(other.public_pem())
    assert run(folder).returncode != 0


def test_exporting_twice_gives_the_same_bytes_until_the_trail_is_signed_anew(
    bundle: tuple[bytes, str], archive_today: Archive, person: Callable[[Archive, str], Actor]
) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle[0])) as package:
        record = package.read("manifest.json")
    auditor, record_id = person(archive_today, "auditor"), UUID(json.loads(record)["record"])
    assert bundle_bytes(auditor, archive_today, record_id) == bundle[0]
    grow(archive_today, 3)
    new_checkpoint(console_actor("tests"), archive_today)
    again = bundle_bytes(auditor, archive_today, record_id)
    assert differing(bundle[0], again) == {
        "audit/checkpoint.txt", "audit/proof.json", "timestamps/checkpoint.tst", "keys/witnesses.txt"
    }  # fmt: skip


def differing(one: bytes, other: bytes) -> set[str]:
    def read(content: bytes) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return {name: package.read(name) for name in package.namelist()}

    first, second = read(one), read(other)
    return {name for name in first | second if first.get(name) != second.get(name)}
