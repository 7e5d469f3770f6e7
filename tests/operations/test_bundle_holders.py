"""Who holds a bundle, a checkpoint or a cosignature finds an archive that was rewound or told another history."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixtures import MOMENT, pdf
from trails import grow, rewind

from edms.access.actors import Actor, console_actor
from edms.audit.cosignature import WitnessKey, cosign, witness_key
from edms.audit.model import AuditCosignature
from edms.audit.publication import newest_checkpoint
from edms.audit.witness_client import Witness
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.records.archive import Archive
from edms.records.evidence import bundle_bytes, consistency_proof, new_checkpoint, public_keys
from edms.records.people import console_person
from edms.verify.bundle import check_bundle
from edms.verify.report import BundleReport
from edms.verify.trust import trusted_from_pem

CONSOLE = console_actor("tests")
SEED = b"w" * 32
WITNESS = witness_key("kabupaten-witness", SEED)


class Holder:
    """A citizen with a bundle from yesterday, the archive's public keys and whatever else was kept."""

    def __init__(self, file: Path, keys: str) -> None:
        self.file, self.keys = file, keys

    def checks(self, *kept: str, witnesses: tuple[WitnessKey, ...] = ()) -> BundleReport:
        return check_bundle(self.file, trusted_from_pem(self.keys.encode()), FixedClock(MOMENT), witnesses, kept)

    def faults(self, *kept: str) -> list[str]:
        return [fault.detail for fault in self.checks(*kept).faults]


@pytest.fixture
def before(embedded: Archive) -> int:
    """The size of the trail before the record came in, to which it will be rewound."""
    grow(embedded, 3)
    with embedded.database.reader() as session:
        return embedded.trail.size(session)


@pytest.fixture
def ours(embedded: Archive, before: int) -> Archive:
    return dataclasses.replace(embedded, witnesses=(Witness("http://127.0.0.1:9", WITNESS),))


@pytest.fixture
def holder(
    ours: Archive, capture: Callable[..., Accepted], person: Callable[[Archive, str], Actor], tmp_path: Path
) -> Holder:
    """The bundle of a record under a cosigned checkpoint."""
    record_id = capture(ours, pdf("Keputusan")).record_id
    note = new_checkpoint(CONSOLE, ours)
    with ours.database.writer() as session:
        newest = newest_checkpoint(session)
        assert newest is not None
        line = cosign(note, WITNESS.name, SEED, MOMENT)
        session.add(AuditCosignature(size=newest.size, witness=WITNESS.name, line=line))
        session.commit()
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle_bytes(person(ours, "auditor"), ours, record_id))
    return Holder(file, public_keys(ours))


def size_of(holder: Holder) -> int:
    (told,) = (note for note in holder.checks().notes if note.startswith("leaf "))
    return int(told.split()[3])


def proof(archive: Archive, size: int) -> str:
    """What `edms audit prove --from SIZE --as auditor` prints."""
    return json.dumps(consistency_proof(console_person(archive, "auditor", "tests"), archive, size))


def test_a_bundle_carries_the_cosignatures(holder: Holder) -> None:
    report = holder.checks(witnesses=(WITNESS,))
    assert report.faults == []
    assert report.cosignatures == {"found": 1, "valid": 1, "required": 1}
    assert holder.checks().cosignatures == {"found": 1, "valid": 1, "required": 0}
    assert any("by a key that only the bundle names" in note for note in holder.checks().notes)


@pytest.mark.parametrize(
    "witness", [witness_key("other-witness", SEED), witness_key(WITNESS.name, b"v" * 32)], ids=["other", "same name"]
)
def test_a_witness_that_is_asked_for_must_have_cosigned(holder: Holder, witness: WitnessKey) -> None:
    report = holder.checks(witnesses=(witness,))
    assert [fault.kind for fault in report.faults] == ["cosignature"]
    assert report.cosignatures["required"] == 1


def test_an_honest_archive_that_grew_agrees(ours: Archive, holder: Holder) -> None:
    size = size_of(holder)
    grow(ours, 20)
    new_checkpoint(CONSOLE, ours)
    assert holder.faults(proof(ours, size)) == []


def test_a_later_checkpoint_alone_shows_nothing_and_says_what_to_ask_for(ours: Archive, holder: Holder) -> None:
    size = size_of(holder)
    grow(ours, 20)
    (fault,) = holder.faults(new_checkpoint(CONSOLE, ours))
    assert f"edms audit prove --from {size}" in fault


def test_a_rewound_archive_that_is_still_shorter_is_named(ours: Archive, holder: Holder, before: int) -> None:
    rewind(ours, before)
    (fault,) = holder.faults(new_checkpoint(CONSOLE, ours))
    assert "the trail was rewound" in fault


def test_a_rewound_archive_that_grew_past_the_bundle_is_a_fork(ours: Archive, holder: Holder, before: int) -> None:
    size = size_of(holder)
    rewind(ours, before)
    grow(ours, 60, "test.another_act")
    (fault,) = holder.faults(proof(ours, size))
    assert fault.startswith("a fork: ")


def test_a_rewound_archive_of_the_same_length_is_a_fork(ours: Archive, holder: Holder, before: int) -> None:
    size = size_of(holder)
    rewind(ours, before)
    grow(ours, size - before, "test.another_act")
    (fault,) = holder.faults(new_checkpoint(CONSOLE, ours))
    assert fault.startswith("a fork: ")


@pytest.mark.parametrize("kept", ["", "{", "{}", "[]", "no checkpoint", '{"checkpoint": 1}', "{" * 9999])
def test_what_is_no_checkpoint_is_a_fault(holder: Holder, kept: str) -> None:
    (fault,) = holder.faults(kept)
    assert "kept elsewhere" in fault


def test_a_checkpoint_by_another_key_is_a_fault(ours: Archive, holder: Holder) -> None:
    note = new_checkpoint(CONSOLE, ours)
    assert "not by the trail's key" in holder.faults(note.replace("\n\n— ", "\n\n— x"))[0]


ALONE = """
import socket, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or name in BLOCKED:
            raise ImportError(name)

BLOCKED = {"sqlalchemy", "sqlcipher3", "psycopg", "sqlite3", "alembic", "flask", "pydantic", "whoosh", "edms.bootstrap",
           "edms.schema", "edms.core.database", "edms.core.config", "edms.core.settings", "edms.records", "edms.vault",
           "edms.operation", "edms.web", "edms.cli", "edms.audit.model"}
sys.meta_path.insert(0, Nothing())

def refused(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__",):
        raise SystemExit(f"the network was used: {event} {arguments}")

sys.addaudithook(refused)
from edms.verify.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_it_needs_no_database_no_configuration_and_no_network(
    holder: Holder, repository_root: Path, tmp_path: Path
) -> None:
    """In a process that cannot import them and dies at the first call into the network; without one where it can be."""
    keys = tmp_path / "archive.pem"
    keys.write_text(holder.keys)
    command = [sys.executable, "-c", ALONE, str(holder.file), "--key", str(keys), "--witness", WITNESS.text, "--json"]
    isolated = ["unshare", "--user", "--map-root-user", "--net", *command]
    probe = subprocess.run([*isolated[:4], "true"], capture_output=True, check=False)
    done = subprocess.run(
        isolated if probe.returncode == 0 else command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository_root), "EDMS_CONFIG": "/nowhere.toml"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["ok"], told["trust"]) == (True, "given")
    assert told["cosignatures"] == {"found": 1, "valid": 1, "required": 1}
