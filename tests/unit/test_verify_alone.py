"""The checker in one file takes and refuses what the program's own checker does, and needs next to nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_verify_bundle import MATRIX, MOMENT, Entries, Office, entries_of, office, written, zipped

from edms.audit.cosignature import cosign, witness_key
from edms.verify import alone

WITNESS = b"w" * 32


@pytest.fixture(scope="module")
def ours() -> Office:
    return office(bytes(range(32)))


@pytest.fixture(scope="module")
def genuine(ours: Office) -> bytes:
    return written(ours.parts())


def judged(folder: Path, bundle: bytes, keys: str, *more: str) -> int:
    (folder / "bundle.zip").write_bytes(bundle)
    (folder / "archive.pem").write_text(keys)
    return alone.main([str(folder / "bundle.zip"), "--key", str(folder / "archive.pem"), *more])


def test_a_genuine_bundle_holds(
    tmp_path: Path, ours: Office, genuine: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(tmp_path, genuine, ours.keys) == 0
    told = capsys.readouterr().out
    assert told.startswith("GENUINE: Undangan rapat")
    assert "leaf 5 of 8 in the trail edms/arsip-kota" in told
    assert "2026-11-24 03:00:00 UTC" in told


@pytest.mark.parametrize("alter", [case[1] for case in MATRIX], ids=[case[0] for case in MATRIX])
def test_what_the_other_checker_refuses_is_refused(
    tmp_path: Path, ours: Office, genuine: bytes, alter: Callable[[Entries], Entries]
) -> None:
    assert judged(tmp_path, zipped(alter(entries_of(genuine))), ours.keys) == 1


def test_a_forgery_by_other_keys_is_refused(tmp_path: Path, ours: Office) -> None:
    forged = office(bytes(32))
    assert judged(tmp_path, written(forged.parts()), forged.keys) == 0
    assert judged(tmp_path, written(forged.parts()), ours.keys) == 1
    certificates, _keys = ours.keys.rsplit("-----BEGIN PUBLIC", 1)
    _certificates, key = forged.keys.rsplit("-----BEGIN PUBLIC", 1)
    assert judged(tmp_path, written(ours.parts()), f"{certificates}-----BEGIN PUBLIC{key}") == 1


def test_every_bit_of_the_seal_counts(tmp_path: Path, ours: Office, genuine: bytes) -> None:
    """The leaf names the seal's digest, so that not even a byte that no signature covers can be another."""
    entries = entries_of(genuine)
    seal = entries["seal.p7s"]
    for place in range(0, len(seal), 101):
        altered = seal[:place] + bytes([seal[place] ^ 1]) + seal[place + 1 :]
        assert judged(tmp_path, zipped(entries | {"seal.p7s": altered}), ours.keys) == 1


def test_a_witness_that_is_named_must_have_cosigned(tmp_path: Path, ours: Office, genuine: bytes) -> None:
    entries = entries_of(genuine)
    note = entries["audit/checkpoint.txt"].decode()
    witness = witness_key("kabupaten-witness", WITNESS)
    cosigned = note + cosign(note, witness.name, WITNESS, MOMENT)
    bundle = zipped(entries | {"audit/checkpoint.txt": cosigned.encode()})
    assert judged(tmp_path, bundle, ours.keys) == 0
    assert judged(tmp_path, bundle, ours.keys, "--witness", witness.text) == 0
    assert judged(tmp_path, genuine, ours.keys, "--witness", witness.text) == 1
    moved = note + cosign(note.replace("\n8\n", "\n9\n"), witness.name, WITNESS, MOMENT)
    forged = zipped(entries | {"audit/checkpoint.txt": moved.encode()})
    assert judged(tmp_path, forged, ours.keys, "--witness", witness.text) == 1


def test_it_runs_with_cryptography_alone(tmp_path: Path, ours: Office, genuine: bytes) -> None:
    """In a process that finds no package but cryptography and what that needs."""
    (tmp_path / "bundle.zip").write_bytes(genuine)
    (tmp_path / "archive.pem").write_text(ours.keys)
    source = Path(alone.__file__)
    copied = tmp_path / "alone.py"
    copied.write_bytes(source.read_bytes())
    blocked = (
        "import sys, runpy\n"
        "class Only:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] not in sys.stdlib_module_names | {'cryptography', 'cffi', '_cffi_backend'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Only())\n"
        f"sys.argv = ['alone.py', {str(tmp_path / 'bundle.zip')!r}, '--key', {str(tmp_path / 'archive.pem')!r}]\n"
        f"runpy.run_path({str(copied)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", blocked], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def test_files_that_cannot_be_read(tmp_path: Path, ours: Office) -> None:
    assert alone.main([str(tmp_path / "none.zip"), "--key", str(tmp_path / "none.pem")]) == 2
    assert judged(tmp_path, b"no zip", ours.keys) == 2
